"""The daemons of one database: each says every few seconds that it is there, and sees who else is.

One that was not heard of for its time to live is given up by whoever notices: what its sessions have begun in the
database is ended, so that a process that was stopped in the middle holds nobody up, and its row is removed. Should it
wake, it finds its duties fenced off (`goflow.members.duties`), does nothing while it is not sure of its membership, and
joins anew. Times between daemons are the database's; a daemon judges its own silence by its monotonic clock.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import structlog

from goflow.domain.errors import GoFlowError
from goflow.domain.runs import Event
from goflow.members.duties import LeasedDuty, renew_all
from goflow.members.lessors import DatabaseLessor, Lessor
from goflow.members.shares import owner
from goflow.service import ThreadService
from goflow.store import Store, Tx, events, leases, members
from goflow.store.errors import DatabaseBusyError
from goflow.store.rows import Daemon

log = structlog.get_logger(__name__)

BEATS = 3
"""How often a lease is renewed within its time."""
VALID = 0.9
"""The part of its time for which a daemon trusts what it has renewed: its clock may run slower than others'."""
AFTER_TROUBLE_S = 0.5
_WAKING = frozenset({events.DAEMON_JOINED, events.DAEMON_LEFT, events.LEASE_RELEASED})


class OtherBackendError(GoFlowError):
    """The daemons of one database have the same backend"""


class SupersededError(GoFlowError):
    """Another process says that it is this daemon; this one does nothing as long as that lives"""


class NotHeardOfError(DatabaseBusyError):
    """This daemon could not say lately that it is there: others may have what it had"""


class Roster(ThreadService):
    """The membership of this daemon, DAEMON_ID, in STORE's database. NAME and VERSION are for people. TTL_S: seconds
    of silence after which others give it up. LESSOR gives the leases of its duties; the database, unless given."""

    def __init__(
        self,
        store: Store,
        daemon_id: str,
        *,
        name: str,
        backend: str,
        version: str,
        ttl_s: float,
        lessor: Lessor | None = None,
    ) -> None:
        super().__init__("membership")
        self.store = store
        self.id = daemon_id
        self.ttl_s = ttl_s
        self.duties: dict[str, LeasedDuty] = {}
        self.live: tuple[Daemon, ...] = ()
        """Who is there, as far as is known; this daemon, too."""
        self._about = {"name": name, "backend": backend, "session": store.identity, "version": version}
        self._lessor: Lessor = lessor or DatabaseLessor(store, daemon_id, ttl_s)
        self._ids: tuple[str, ...] = (daemon_id,)
        self._seen: tuple[tuple[str, str], ...] = ()
        self._valid_until = 0.0
        self._next_expiry_s = ttl_s
        self._left = False
        self._troubles: set[str] = set()
        self._looking = threading.RLock()
        self._callbacks: list[Callable[[], None]] = []
        self._unsubscribe: Callable[[], None] = lambda: None

    # What others ask ---------------------------------------------------------------------------------------------

    def duty(self, name: str) -> LeasedDuty:
        """What only one of the daemons does; asked for before the start."""
        made = LeasedDuty(name, self.id, self._lessor, self.store.clock, self.ttl_s * VALID)
        return self.duties.setdefault(name, made)

    def watch(self, callback: Callable[[], None]) -> None:
        """Call CALLBACK, from this service's thread, when daemons have come or gone, or this one was given up."""
        self._callbacks.append(callback)

    @property
    def is_sure(self) -> bool:
        """Whether this daemon has said lately that it is there, so that others leave its share alone."""
        return self.store.clock.monotonic() < self._valid_until

    def has(self, key: str) -> bool:
        """Whether KEY is in this daemon's share. Raises NotHeardOfError when it cannot be sure of that."""
        if not self.is_sure:
            raise NotHeardOfError(self.id)
        return owner(key, self._ids) == self.id

    def may_have(self, key: str) -> bool:
        """False where another daemon has KEY for sure."""
        return not self.is_sure or owner(key, self._ids) == self.id

    def is_live(self, daemon_id: str) -> bool:
        """Whether that daemon is there."""
        return daemon_id in self._ids

    # Life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Join. Raises OtherBackendError when daemons of another backend are there and stay."""
        if not self.started.is_set():
            self._wait_for_others()
            self._join()
            self._unsubscribe = self.store.subscribe(self._heard)
            self.wake.set()
        super().start()

    def run(self) -> None:
        """Look again and again until stopped."""
        while not self.stopping.is_set():
            self.wake.wait(self._pause_s())
            self.wake.clear()
            if not self.stopping.is_set():
                self.look()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Leave, unless it has left."""
        self.leave()
        super().stop(timeout_s)

    def leave(self) -> None:
        """Let others have everything at once: duties and shares. What is under way here is brought to its end."""
        self.stopping.set()
        self.wake.set()
        with self._looking:
            if self._left or not self.started.is_set():
                return
            self._left = True
            self._unsubscribe()
            self._valid_until = 0.0
            with self._told_once("leaving"):
                self._leave()

    def _leave(self) -> None:
        for duty in self.duties.values():
            duty.release()
        with self.store.transaction() as tx:
            tx.wait_at_most(2.0)
            if members.leave(tx, self.id, self.store.identity):
                self._tell(tx, events.DAEMON_LEFT, self.id)

    # A look ------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Say that this daemon is there, see who else is, and renew or take the leases of its duties."""
        with self._looking:
            if self._left:
                return
            with self._told_once("the heartbeat"):
                self._beat()
            if self.is_sure:
                self._keep_leases()

    def _keep_leases(self) -> None:
        """Renew those that this daemon has, and take those that are free."""
        noted: dict[str, Callable[[], None]] = {}
        with self._told_once("the leases"):
            alone = len(self.live) == 1
            noted = renew_all(self.duties.values(), self._lessor, self.store.clock, alone=alone)
        for name, duty in self.duties.items():
            with self._told_once(f"the lease {name}"):
                if name in noted:
                    noted[name]()
                duty.turn(preferred=owner(name, self._ids) == self.id)

    def _beat(self) -> None:
        asked_at = self.store.clock.monotonic()
        with self.store.transaction() as tx:
            tx.wait_at_most(2.0)
            known = members.beat(tx, self.id, self.store.identity, self.ttl_s)
            everyone, now = members.all_(tx), tx.shared_now()
        if not known and any(one.id == self.id and one.expires_at > now for one in everyone):
            self._valid_until = 0.0
            raise SupersededError(f"daemon {self.id}: a copy of its home, or a later life of it")
        if not known:
            log.warning("this daemon was given up by others, and joins again", daemon=self.id)
            self._join()
            return
        self._valid_until = asked_at + self.ttl_s * VALID
        expired = [one for one in everyone if one.expires_at <= now and one.id != self.id]
        live = [one for one in everyone if one not in expired]
        others = [(one.expires_at - now).total_seconds() for one in live if one.id != self.id]
        self._next_expiry_s = max(0.0, min(others, default=self.ttl_s))
        for one in expired:
            self._give_up(one)
        self._see(live)

    def _join(self) -> None:
        with self.store.reading() as tx:
            earlier = [one for one in members.all_(tx) if one.id == self.id and one.session != self.store.identity]
        for one in earlier:
            self._end_sessions(one)
        asked_at = self.store.clock.monotonic()
        with self.store.transaction() as tx:
            members.join(tx, daemon_id=self.id, ttl_s=self.ttl_s, **self._about)
            live = [one for one in members.all_(tx) if one.expires_at > tx.shared_now()]
            self._tell(tx, events.DAEMON_JOINED, self.id)
        self._valid_until = asked_at + self.ttl_s * VALID
        self._seen = ()
        self._see(live)

    def _see(self, live: Sequence[Daemon]) -> None:
        self.live = tuple(live)
        seen = tuple((one.id, one.session) for one in live)
        if seen == self._seen:
            return
        self._seen, self._ids = seen, tuple(one.id for one in live)
        log.info("daemons of this database", live=[one.name for one in live])
        for callback in self._callbacks:
            callback()

    def _give_up(self, one: Daemon) -> None:
        log.warning("a daemon has fallen silent; others have what it had", daemon=one.name, id=one.id)
        self._end_sessions(one)
        with self.store.transaction() as tx:
            tx.wait_at_most(2.0)
            if members.leave(tx, one.id, one.session):
                self._tell(tx, events.DAEMON_LEFT, one.id, lost=True)

    def _end_sessions(self, one: Daemon) -> None:
        with self.store.transaction() as tx:
            ended = members.end_sessions(tx, one.session)
        if ended:
            log.warning("transactions of a daemon that fell silent are ended", daemon=one.name, transactions=ended)

    def _wait_for_others(self) -> None:
        """A daemon of another backend may be about to be given up."""
        deadline = time.monotonic() + self.ttl_s + 2
        while True:
            with self.store.reading() as tx:
                now, everyone = tx.shared_now(), members.all_(tx)
            others = [one for one in everyone if one.backend != self._about["backend"] and one.expires_at > now]
            if not others:
                return
            if time.monotonic() > deadline:
                raise OtherBackendError(
                    f"{others[0].name} runs tasks on {others[0].backend!r}",
                    hint="give this daemon a database of its own, or the same backend",
                )
            self.stopping.wait(0.2)

    def _pause_s(self) -> float:
        """A third of the time to live; less where somebody's is over before."""
        waits = [self.ttl_s / BEATS, self._next_expiry_s, *(duty.wait_s() for duty in self.duties.values())]
        return AFTER_TROUBLE_S if self._troubles else max(min(waits), 0.02)

    def _heard(self, happened: Sequence[Event]) -> None:
        if any(event.kind in _WAKING and event.who != self.id for event in happened):
            self.wake.set()

    def _tell(self, tx: Tx, kind: str, daemon_id: str, **more: bool) -> None:
        events.emit(tx, kind, who=self.id, data={"daemon": daemon_id, "name": self._about["name"], **more})

    @contextlib.contextmanager
    def _told_once(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as problem:
            if what not in self._troubles:
                log.warning("not now; it is tried again", what=what, problem=str(problem))
            self._troubles.add(what)
        else:
            self._troubles.discard(what)

    # For people --------------------------------------------------------------------------------------------------

    def ready(self) -> str | None:
        """Why this daemon holds back, for ``/readyz``; None when it does not."""
        return None if self.is_sure else "it could not say lately that it is there; others may have its work"

    def status(self) -> dict[str, Any]:
        """For the status page: who is there, and who has which lease."""
        with self.store.reading() as tx:
            now, known = tx.shared_now(), leases.all_(tx)
        names = {one.id: one.name for one in self.live}
        return {
            "daemon": self.id,
            "sure": self.is_sure,
            "daemons": [
                {"id": one.id, "name": one.name, "version": one.version, "since": one.started_at.isoformat()}
                for one in self.live
            ],
            "leases": [
                {
                    "name": lease.name,
                    "holder": lease.holder,
                    "holder_name": names.get(lease.holder, ""),
                    "epoch": lease.epoch,
                    "age_s": round(self.ttl_s - (lease.expires_at - now).total_seconds(), 3),
                    "expired": lease.expires_at <= now,
                }
                for lease in known
            ],
        }

    def in_words(self) -> str:
        """The same as one line, without a question to anybody."""
        mine = [f"{duty.name} (epoch {duty.epoch})" for duty in self.duties.values() if duty.leads]
        return f"{len(self.live)} daemons; this one has {', '.join(mine) or 'no lease'}"
