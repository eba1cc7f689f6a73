"""`Store` opens the database and hands out transactions.

SQLite: one writer at a time in the process (a lock, then ``BEGIN IMMEDIATE``), any number of readers beside it (WAL).
PostgreSQL: a pool of connections, READ COMMITTED; whoever decides by what it has read locks the rows first.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from goflow.domain.clock import Clock, SystemClock
from goflow.domain.runs import Event, new_launch_id
from goflow.domain.spec import DagSpec
from goflow.store import databases, events, installation
from goflow.store.absence import DATABASE, DISK, READING, WRITING, told_as_ours
from goflow.store.cache import SharedCache
from goflow.store.notifier import Notifier
from goflow.store.publisher import Publisher
from goflow.store.sealer import Sealer
from goflow.store.tx import Tx
from goflow.telemetry.waiting import Waits

SPECS = 64
"""Specs of readings that are kept although nobody holds them: one of a DAG with thousands of tasks takes megabytes."""


class Store:
    """The database at URL: ``sqlite:////absolute/path`` or ``postgresql://user@host/database``.

    ENCRYPTION_KEY: one or more Fernet keys, comma separated, the first of them seals. CLOCK: where the time comes from.
    WAITS is told when the database is away and when it is back.
    """

    def __init__(
        self,
        url: str,
        *,
        encryption_key: str | None = None,
        clock: Clock | None = None,
        waits: Waits | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.sealer = Sealer(encryption_key)
        self.identity = new_launch_id()
        """Names this opening of the store, so that it knows its own notifications, and others its sessions."""
        self.database = databases.connect(url, self.identity)
        self.dialect = self.database.dialect
        self.waits = waits or Waits()
        self.ships_logs = False
        """Whether log lines leave the database (`goflow.logs`): then it is written down with them that they are to."""
        self.took: Callable[[str, float], None] = lambda kind, seconds: None
        """Is told how long each transaction took, ``read`` or ``write``; a command has nobody to tell."""
        self.publisher = Publisher()
        self.specs: SharedCache[int, DagSpec] = SharedCache(SPECS)
        self._thread = threading.local()
        self._ordered = threading.Lock()
        self._notifier: Notifier | None = None

    def upgrade(self, *, default_pool_slots: int = installation.DEFAULT_POOL_SLOTS) -> None:
        """Bring the schema up to date; does nothing when it is. Two that start at once wait for each other. A new
        database's default pool gets DEFAULT_POOL_SLOTS."""
        from goflow.store import migrate

        migrate.upgrade(self.database)
        with self.transaction() as tx:
            installation.prepare(tx, default_pool_slots)

    @functools.cached_property
    def installation_id(self) -> str:
        """The id of this installation, made when its database was."""
        with self.reading() as tx:
            return installation.get(tx, "id")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction that writes: committed at the end of the block, rolled back when the block raises.

        Subscribers hear of its events after the commit. Raises RuntimeError when the thread already is in one, and
        DatabaseBusyError when the database is away, or has chosen this transaction to end a deadlock.
        """
        if getattr(self._thread, "busy", False):
            raise RuntimeError("a transaction inside a transaction of the same thread")
        self._thread.busy = True
        begun = time.perf_counter()
        try:
            with told_as_ours(self.waits, WRITING), self.database.writing() as connection:
                tx = Tx(self, connection, writable=True)
                yield tx
                self._commit(tx)
        finally:
            self._thread.busy = False
            self.took("write", time.perf_counter() - begun)
        self.publisher.deliver()

    def _commit(self, tx: Tx) -> None:
        """Write the events, commit, and queue them for the subscribers while still alone with the writer's lock."""
        if not tx.pending:
            tx.connection.commit()
            return
        with self._ordered:
            events.flush(tx)
            written = tx.pending
            self.publisher.claim(written[0].seq, written[-1].seq)
            try:
                tx.connection.commit()
            except BaseException:
                self.publisher.disown(written[0].seq, written[-1].seq)
                raise
            self.publisher.put(written)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Tx]:
        """A transaction that only reads; on SQLite it sees one moment, and waits for nobody. DatabaseBusyError too."""
        begun = time.perf_counter()
        try:
            with told_as_ours(self.waits, READING), self.database.reading() as connection:
                yield Tx(self, connection, writable=False)
        finally:
            self.took("read", time.perf_counter() - begun)

    def look_again(self) -> None:
        """Ask once more for what is waited for, since nobody else may have anything to write. Raises
        DatabaseBusyError."""
        if self.waits.is_on_any(DATABASE, DISK):
            with self.reading() as tx:
                installation.find(tx, "id")
            with self.transaction() as tx:
                installation.set_(tx, "looked_at", tx.now().isoformat())

    def subscribe(self, callback: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        """Call CALLBACK with the events of each commit, in order of ``seq``; what comes back ends it.

        It runs in the thread that committed (or in the notifier's), outside any transaction, and should only note what
        it heard and wake somebody. An exception in it is logged and otherwise ignored.
        """
        return self.publisher.subscribe(callback)

    def start_notifications(self, *, poll_s: float = 2.0) -> None:
        """Let subscribers hear of what other processes write, too; see `goflow.store.notifier`."""
        if self._notifier is None:
            self._notifier = Notifier(
                self.database, self._read_events, self.publisher, identity=self.identity, poll_s=poll_s
            )
            self._notifier.start()

    def _read_events(self, seq: int | None) -> list[Event]:
        with self.reading() as tx:
            return events.before(tx, None, limit=1) if seq is None else events.after(tx, seq)

    def close(self) -> None:
        """End the notifications and close every connection; harmless when repeated."""
        if self._notifier is not None:
            self._notifier.stop()
            self._notifier = None
        self.database.close()
