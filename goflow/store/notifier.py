"""Hearing of what other processes wrote: LISTEN on PostgreSQL, a slow look at the event sequence on SQLite.

Both only say *that* there is something; what it is stands in the events table, and is read from there in order. So a
notification that is lost is made up for by the next one, or by the slow look that PostgreSQL gets as well.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from goflow.domain.runs import Event
from goflow.service import ThreadService
from goflow.store.databases import Database
from goflow.store.publisher import Publisher

log = structlog.get_logger(__name__)

CHANNEL = "goflow_events"
"""The PostgreSQL notification channel; the payload is the identity of the store that wrote."""

Reader = Callable[[int | None], list[Event]]
"""Given a number, the events after it; given None, one event or none: the newest."""


class Notifier(ThreadService):
    """One thread that reads others' events and hands them to the PUBLISHER.

    IDENTITY is the payload of our own notifications. POLL_S: seconds between looks when nothing is heard.
    """

    def __init__(self, database: Database, read: Reader, publisher: Publisher, *, identity: str, poll_s: float) -> None:
        super().__init__("store notifications")
        self._database = database
        self._read = read
        self._publisher = publisher
        self._identity = identity
        self._poll_s = poll_s
        self._seen = 0
        self._interrupted = False
        """It has said so, and has heard nothing since."""

    def start(self) -> None:
        """Begin behind the newest event; what comes later is told."""
        if not self.started.is_set():
            newest = self._read(None)
            self._seen = newest[-1].seq if newest else 0
        super().start()

    def run(self) -> None:
        """Wait for a word, then read what is new, until stopped. A database that is away is waited for, whatever it
        raises meanwhile."""
        while not self.stopping.is_set():
            try:
                if self._database.dialect == "postgresql":
                    self._listen()
                else:
                    self.wake.wait(self._poll_s)
                    self.catch_up()
            except Exception as problem:
                told = log.debug if self._interrupted else log.warning
                told("notifications interrupted", problem=str(problem))
                self._interrupted = True
                self.stopping.wait(1.0)

    def catch_up(self) -> None:
        """Hand on every event that another process wrote since the last look."""
        while not self.stopping.is_set():
            self._seen = self._publisher.skip_own(self._seen)
            batch = self._read(self._seen)
            self._interrupted = False
            if not batch:
                return
            self._seen = batch[-1].seq
            foreign = [event for event in batch if not self._publisher.is_own(event.seq)]
            self._publisher.put(foreign)
            self._publisher.deliver()

    def _listen(self) -> None:
        import psycopg  # 9 MB that a daemon on SQLite does not need

        dsn = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(dsn, autocommit=True, application_name="goflow notifications") as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self.catch_up()
            waited = 0.0
            while not self.stopping.is_set():
                heard = [note.payload for note in connection.notifies(timeout=0.5, stop_after=1)]
                waited = 0.0 if heard else waited + 0.5
                if any(payload != self._identity for payload in heard) or waited >= self._poll_s:
                    waited = 0.0
                    self.catch_up()
