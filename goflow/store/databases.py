"""How each database is opened and how its transactions begin."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool

from goflow.domain.errors import InvalidRequestError

BUSY_TIMEOUT_MS = 15_000
"""How long SQLite waits for the writer of another process."""

WRITERS, READERS = 12, 13
"""Connections to PostgreSQL that a daemon has at most. A thread that finds none waits."""

_LARGEST_LOG = 64 << 20
"""Bytes that the write-ahead log is cut down to after a large transaction."""

_writer_locks: dict[str, threading.Lock] = {}
_writer_locks_guard = threading.Lock()


class Database(Protocol):
    """A database that is open."""

    dialect: str
    url: URL

    def writing(self) -> contextlib.AbstractContextManager[Connection]:
        """A connection in a transaction that may write; the caller commits, anything else rolls back."""

    def reading(self) -> contextlib.AbstractContextManager[Connection]:
        """A connection in a transaction that may only read."""

    def close(self) -> None:
        """Close all connections."""


def connect(url: str, identity: str = "") -> Database:
    """The database at URL; its sessions bear IDENTITY. Raises InvalidRequestError for a kind that is not known."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidRequestError(
            "the database URL cannot be read", hint="sqlite:////path or postgresql://..."
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return SqliteDatabase(parsed)
    if kind in {"postgresql", "postgres"}:
        return PostgresDatabase(parsed.set(drivername="postgresql+psycopg"), identity)
    raise InvalidRequestError(f"database URL {parsed.render_as_string()}", hint="sqlite:////path or postgresql://...")


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL; None for another database."""
    parsed = make_url(url)
    return Path(parsed.database or "").resolve() if parsed.get_backend_name() == "sqlite" else None


class SqliteDatabase:
    """A file. Readers have connections of their own; all writing goes through one, under a lock of the process."""

    dialect = "sqlite"

    def __init__(self, url: URL) -> None:
        if not url.database or url.database == ":memory:":
            raise InvalidRequestError("a SQLite database must be a file", hint="sqlite:////absolute/path")
        path = Path(url.database).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_private(path)
        self.url = url.set(drivername="sqlite+pysqlite", database=str(path))
        self._lock = _writer_lock(str(path))
        self._writer = self._engine("BEGIN IMMEDIATE", StaticPool)
        self._readers = self._engine("BEGIN", QueuePool, pool_size=4, max_overflow=28)

    def _engine(self, begin: str, pool: Any, **options: Any) -> Engine:
        engine = create_engine(self.url, poolclass=pool, connect_args={"check_same_thread": False}, **options)
        reader = begin == "BEGIN"

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None  # transactions begin where we say, not where the module guesses
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA cache_size=-8192")
            if reader:
                connection.execute("PRAGMA query_only=ON")
            else:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute(f"PRAGMA journal_size_limit={_LARGEST_LOG}")

        @event.listens_for(engine, "begin")
        def begin_transaction(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one writing connection, alone."""
        with self._lock, self._writer.connect() as connection:
            connection.begin()
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A reading connection: it sees the moment of its first statement until it ends."""
        with self._readers.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._readers.dispose()
        self._writer.dispose()


class PostgresDatabase:
    """A server. Sessions are in UTC; transactions are READ COMMITTED."""

    dialect = "postgresql"

    def __init__(self, url: URL, identity: str = "") -> None:
        self.url = url
        self.identity = identity
        self.engine = self._engine(WRITERS, "")
        # One statement sees as much alone as in a READ COMMITTED transaction, and costs a third of the round trips.
        self._readers = self._engine(READERS, " -c default_transaction_read_only=on", isolation_level="AUTOCOMMIT")
        for engine, other in ((self.engine, self._readers), (self._readers, self.engine)):
            event.listen(engine, "handle_error", functools.partial(_forget_lost, other))

    def _engine(self, most: int, session: str, **options: Any) -> Engine:
        """MOST connections, which stay open once they are: a new one costs the server milliseconds, and knows none of
        the statements that are prepared. The one used last comes first, so that idle ones stay idle."""
        return create_engine(
            self.url,
            poolclass=QueuePool,
            pool_size=most,
            max_overflow=0,
            pool_use_lifo=True,
            connect_args={
                "options": f"-c timezone=UTC -c lock_timeout=30s{session}",
                "application_name": session_name(self.identity),
            },
            **options,
        )

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction."""
        with self.engine.connect() as connection:
            connection.begin()
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that the server keeps from writing. Each statement sees what is committed when it begins."""
        with self._readers.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._readers.dispose()
        self.engine.dispose()


def _forget_lost(other: Engine, context: ExceptionContext) -> None:
    """A connection is lost, and with it most likely those of the OTHER engine, which waited meanwhile."""
    if context.is_disconnect:
        other.dispose()


def name_key(name: str) -> int:
    """The 64-bit key of an advisory lock for NAME."""
    return int.from_bytes(hashlib.sha256(b"goflow " + name.encode()).digest()[:8], "big", signed=True)


def session_name(identity: str) -> str:
    """What a daemon's sessions are called on PostgreSQL."""
    return f"goflow {identity}".strip()


_ADVISORY = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS names(key)")


def lock_names(connection: Connection, names: Sequence[str]) -> None:
    """Hold NAMES on PostgreSQL, one after the other, until the transaction ends."""
    connection.execute(_ADVISORY, {"keys": [name_key(name) for name in names]})


def _make_private(path: Path) -> None:
    """Make the file, readable by its owner alone; one that is there stays as it is."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _writer_lock(path: str) -> threading.Lock:
    with _writer_locks_guard:
        return _writer_locks.setdefault(path, threading.Lock())
