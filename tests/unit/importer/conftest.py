"""Fixtures of the importer's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from goflow.importer.pool import ReaderPool
from goflow.importer.settings import ImportSettings
from goflow.store import Store
from tests.unit.importer.kit import Kit, Readers

MakeKit = Callable[..., Kit]


@pytest.fixture(scope="session")
def shared_readers() -> Iterator[Readers]:
    """Reading processes that many tests use one after the other: their beginning is what costs."""
    pools: dict[tuple[Any, ...], ReaderPool] = {}

    def of(settings: ImportSettings) -> ReaderPool:
        key = (settings.parser, settings.processes, settings.parse_memory_mb, settings.parse_timeout_s)
        if key not in pools:
            pools[key] = ReaderPool(settings)
        return pools[key]

    yield of
    for pool in pools.values():
        pool.close()


@pytest.fixture
def make_kit(tmp_path: Path, sqlite_store: Store, shared_readers: Readers) -> MakeKit:
    """Makes kits over ``tmp_path / "dags"`` with settings of one's own."""
    (tmp_path / "dags").mkdir()

    def make(**settings: Any) -> Kit:
        root, store = settings.pop("root", tmp_path / "dags"), settings.pop("store", sqlite_store)
        return Kit(root, store, shared_readers, **settings)

    return make


@pytest.fixture
def kit(make_kit: MakeKit) -> Kit:
    """An empty DAG folder with a store."""
    return make_kit()
