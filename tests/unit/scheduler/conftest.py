"""A world for each test, from a database that is migrated once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from goflow.store import Store
from tests.unit.scheduler.kit import World


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without anything in it."""
    path = tmp_path_factory.mktemp("store") / "empty.sqlite3"
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    store.close()
    return path


@pytest.fixture
def world(empty_database: Path, tmp_path: Path) -> Iterator[World]:
    """A store of its own, virtual time, a scheduler."""
    path = tmp_path / "world.sqlite3"
    shutil.copy(empty_database, path)
    world = World(path)
    yield world
    world.store.close()
