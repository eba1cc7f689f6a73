"""Reading processes as the daemon has them, over a folder of one's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from goflow.domain.spec import Dialect, Inputs
from goflow.importer.messages import Setup
from goflow.importer.pool import ReaderPool
from goflow.importer.settings import ImportSettings


@contextlib.contextmanager
def reading_in(root: Path, **settings: float) -> Iterator[tuple[ReaderPool, Setup]]:
    """One process that reads every file of ROOT, whatever it looks like; it is ended."""
    pool = ReaderPool(ImportSettings(root=root, processes=1, safe_mode=False, **settings))  # type: ignore[arg-type]
    setup = Setup(
        root=root,
        import_roots=(),
        parse_path=str(root),
        dialect=Dialect.AIRFLOW3,
        safe_mode=False,
        environment={},
        inputs=Inputs(),
        runs_files=False,
    )
    try:
        yield pool, setup
    finally:
        pool.close()
