"""Fixtures of the importer's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from goflow.store import Store
from tests.unit.importer.kit import Kit

MakeKit = Callable[..., Kit]


@pytest.fixture
def make_kit(tmp_path: Path, sqlite_store: Store) -> Iterator[MakeKit]:
    """Makes kits over ``tmp_path / "dags"`` with settings of one's own; their processes are ended."""
    made: list[Kit] = []
    (tmp_path / "dags").mkdir()

    def make(**settings: Any) -> Kit:
        made.append(Kit(settings.pop("root", tmp_path / "dags"), settings.pop("store", sqlite_store), **settings))
        return made[-1]

    yield make
    for kit in made:
        kit.scanner.close()


@pytest.fixture
def kit(make_kit: MakeKit) -> Kit:
    """An empty DAG folder with a store."""
    return make_kit()
