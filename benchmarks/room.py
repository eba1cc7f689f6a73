"""Where something is measured: a folder and a database of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.oracle.postgres import postgres


@contextmanager
def room(name: str) -> Iterator[Path]:
    """A new folder, with NAME in its own, as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix=f"goflow-{name}-") as place:
        work = Path(place)
        work.chmod(0o755)  # PostgreSQL's own user has its folder below
        yield work


@contextmanager
def database(work: Path) -> Iterator[str]:
    """The URL of a new database on a server that runs as long as the block does, with its data below WORK."""
    with postgres(work / "postgres") as (_, address):
        with psycopg.connect(f"postgresql://{address}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE goflow")
        yield f"postgresql://{address}/goflow"
