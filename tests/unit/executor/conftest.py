"""Fixtures of the executor's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from goflow.store import Store
from tests.unit.executor.kit import World


@pytest.fixture
def world(sqlite_store: Store) -> Iterator[World]:
    """A store and a backend."""
    made = World(sqlite_store)
    yield made
    made.stop()
