"""A world for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.scheduler.kit import World


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A store of its own, virtual time, a scheduler."""
    world = World(sqlite_url)
    yield world
    world.store.close()
