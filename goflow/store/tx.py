"""`Tx`: one transaction, and the few ways in which query modules run statements through it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Row, Table, bindparam, func, insert, select, text
from sqlalchemy.sql import Executable

from goflow.domain.clock import SystemClock
from goflow.domain.runs import Event
from goflow.store import bulk, databases
from goflow.store.sealer import Sealer

if TYPE_CHECKING:
    from goflow.store.engine import Store

Params = Mapping[str, Any]
T = TypeVar("T")
_DATABASE_NOW = select(func.clock_timestamp())
MOST_KEYS = 10_000
"""How many keys one statement takes; PostgreSQL knows 65,535 parameters and SQLite 32,766."""


def in_parts(items: Sequence[T], most: int = MOST_KEYS) -> Iterator[Sequence[T]]:
    """ITEMS in their order, up to MOST at a time; nothing for none."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


class Tx:
    """One transaction. Query modules run statements through it; others hand it on and never look inside.

    Events that are emitted are kept back and written in one statement right before the commit, so that on PostgreSQL
    their numbers are given out in the order in which transactions become visible.
    """

    def __init__(self, store: Store, connection: Connection, *, writable: bool) -> None:
        self.store = store
        self.connection = connection
        self.writable = writable
        self.locks_rows = writable and store.dialect == "postgresql"
        self.pending: list[Event] = []
        self.remembered: dict[tuple[str, int], Any] = {}
        """What query modules have read in this transaction and need not read again."""

    @property
    def sealer(self) -> Sealer:
        """What encrypts and decrypts."""
        return self.store.sealer

    def now(self) -> dt.datetime:
        """The moment by the store's clock."""
        return self.store.clock.now()

    def shared_now(self) -> dt.datetime:
        """The moment by the one clock that all daemons have: PostgreSQL's own, where the store's is the machine's."""
        if self.store.dialect == "postgresql" and isinstance(self.store.clock, SystemClock):
            moment: dt.datetime = self.value(_DATABASE_NOW)
            return moment
        return self.now()

    def wait_at_most(self, seconds: float) -> None:
        """Wait no longer than that for each lock of this transaction (PostgreSQL); then it fails: DatabaseBusyError."""
        if self.locks_rows:
            self.connection.execute(text(f"SET LOCAL lock_timeout = {int(seconds * 1000)}"))

    def rows(self, statement: Executable, params: Params | None = None) -> Sequence[Row[Any]]:
        """All rows that STATEMENT gives."""
        return self._run(statement, params).fetchall()

    def tuples(self, statement: Executable, params: Params | None = None) -> Sequence[tuple[Any, ...]]:
        """The same as the database's own values, in plain tuples: of tens of thousands of rows each is an object that
        the garbage collector looks through all others for."""
        with self._run(statement, params) as found:
            assert found.cursor is not None
            return found.cursor.fetchall()

    def first(self, statement: Executable, params: Params | None = None) -> Row[Any] | None:
        """The first row, or None."""
        return self._run(statement, params).first()

    def value(self, statement: Executable, params: Params | None = None) -> Any:
        """The first column of the first row, or None."""
        return self._run(statement, params).scalar()

    def change(self, statement: Executable, params: Params | None = None) -> int:
        """Run a statement that changes rows; how many it changed."""
        return self._run(statement, params).rowcount

    def _run(self, statement: Executable, params: Params | None) -> CursorResult[Any]:
        """STATEMENT with PARAMS, of which some may be lists of keys."""
        if params and self.store.dialect == "postgresql":
            lists = {name: list(value) for name, value in params.items() if isinstance(value, list | tuple)}
            if lists:
                return self.connection.execute(bulk.with_arrays(statement), {**params, **lists})
        return self.connection.execute(statement, params)

    def change_many(self, statement: Executable, params: Sequence[Params]) -> int:
        """The same statement for each of PARAMS, nothing for none; how many rows that changed. Those of an update are
        for different rows."""
        if not params:
            return 0
        if len(params) >= bulk.FEWEST and self.store.dialect == "postgresql":
            together = bulk.for_many(statement, tuple(params[0]))
            if together is not None:
                return self.connection.execute(together, bulk.as_json(params)).rowcount
        return self.connection.execute(statement, list(params)).rowcount

    def upsert(self, table: Table, values: Params, keep: Collection[str] = ()) -> None:
        """Insert VALUES, or update the row of that primary key with them, but for the columns in KEEP."""
        self.upsert_many(table, [values], keep)

    def upsert_many(self, table: Table, rows: Sequence[Params], keep: Collection[str] = ()) -> None:
        """The same for several ROWS with the same columns."""
        if rows:
            self.connection.execute(_upsert(self.store.dialect, table, tuple(rows[0]), tuple(keep)), list(rows))

    def insert_new(self, table: Table, rows: Sequence[Params]) -> None:
        """Insert those of ROWS whose unique keys are not there yet; all rows have the same columns."""
        if rows:
            self.connection.execute(_insert_new(self.store.dialect, table, tuple(rows[0])), list(rows))

    def insert(self, table: Table, values: Params) -> int:
        """Insert a row and give its ``id``. Raises IntegrityError when one with one of its unique keys is there."""
        return int(self.connection.execute(_insert_returning(table, tuple(values)), values).scalar_one())

    def insert_or_none(self, table: Table, values: Params) -> int | None:
        """Insert a row and give its ``id``; None when one with one of its unique keys is there. Never spoils the Tx."""
        key = self.connection.execute(_insert_new(self.store.dialect, table, tuple(values), True), values).scalar()
        return None if key is None else int(key)

    def lock_name(self, name: str) -> None:
        """Hold NAME exclusively until the transaction ends (PostgreSQL; on SQLite there is only one writer anyway)."""
        self.lock_names([name])

    def lock_names(self, names: Sequence[str]) -> None:
        """The same for several, in their order."""
        if self.locks_rows and names:
            databases.lock_names(self.connection, names)


def _insert(dialect: str, table: Table) -> Any:
    """The database's own kind of insert; only the module of the database that is used is loaded."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


@functools.lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, columns: tuple[str, ...], keep: tuple[str, ...]) -> Executable:
    made = _insert(dialect, table)
    keys = [column.name for column in table.primary_key]
    changed = {name: made.excluded[name] for name in columns if name not in keys and name not in keep}
    statement: Any = made.values({name: bindparam(name) for name in columns})
    if not changed:
        statement = statement.on_conflict_do_nothing()
    else:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    return cast("Executable", statement)


@functools.lru_cache(maxsize=256)
def _insert_returning(table: Table, columns: tuple[str, ...]) -> Executable:
    return insert(table).values({name: bindparam(name) for name in columns}).returning(table.c.id)


@functools.lru_cache(maxsize=256)
def _insert_new(dialect: str, table: Table, columns: tuple[str, ...], returning: bool = False) -> Executable:
    made = _insert(dialect, table)
    statement = made.values({name: bindparam(name) for name in columns}).on_conflict_do_nothing()
    return cast("Executable", statement.returning(table.c.id) if returning else statement)
