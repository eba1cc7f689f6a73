"""Fixtures of the server's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from goflow.store import Store
from tests.unit.runner.kit import Bell, TaskServer


@pytest.fixture
def server(sqlite_store: Store, tmp_path: Path) -> Iterator[TaskServer]:
    """A task API that listens."""
    made = TaskServer(sqlite_store, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    """What a task rings when it has begun."""
    made = Bell(tmp_path / "bell")
    yield made
    made.close()
