"""Namespaces that have no room for another Job (a ResourceQuota): what is planned there waits and says so.

One launch of each asks again now and then; when that is taken, the others follow. So a namespace that is full costs a
call every half minute at most, however many tasks wait for it, and no other namespace waits with it.
https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass

from goflow.domain.clock import Clock
from goflow.executor.backend import BackendAwayError
from goflow.executor.share import Share
from goflow.store import Store, launches
from goflow.telemetry.waiting import Waits

LONGEST_PAUSE_S = 30.0
LOOKED_AT = 500
"""Launches of a namespace that are looked at for one of this daemon's."""
QUOTA = "quota"
"""What is waited for, as metrics and ``/readyz`` have it."""


@dataclass(slots=True)
class Hold:
    """Nothing is launched there for REASON, in words MESSAGE, until a moment; then by ASKER alone."""

    reason: str
    message: str
    until: float
    pause_s: float
    asker: str = ""


class Holds:
    """Those of the launches of STORE on BACKEND; this daemon asks for those of its SHARE. Thread-safe."""

    def __init__(self, store: Store, backend: str, clock: Clock, waits: Waits, share: Share) -> None:
        self._store = store
        self._backend = backend
        self._clock = clock
        self._waits = waits
        self._share = share
        self._lock = threading.Lock()
        self._found: dict[str, Hold] = {}

    def of(self, namespace: str, launch_ids: Collection[str]) -> Hold | None:
        """Why none of those launches may be asked for in NAMESPACE now; None when they may."""
        hold = self._found.get(namespace)
        return None if hold is None or hold.asker in launch_ids else hold

    def refused(self, namespace: str, problem: BackendAwayError) -> None:
        """There is no room in NAMESPACE: all that is planned there says so and waits."""
        message = str(problem)
        with self._lock:
            before = self._found.get(namespace)
            pause = problem.retry_after_s if before is None else min(LONGEST_PAUSE_S, 2 * before.pause_s)
            hold = Hold(problem.reason, message, self._clock.monotonic() + pause, pause)
            self._found[namespace] = hold
        self._waits.begin(QUOTA, message, where=namespace, blocks=False)
        self._tell(namespace, hold)

    def taken(self, namespace: str) -> bool:
        """A launch in NAMESPACE was taken; whether others had waited for that."""
        with self._lock:
            hold = self._found.pop(namespace, None)
        self._waits.end(QUOTA, where=namespace)
        return hold is not None

    def namespaces(self) -> list[str]:
        """Where nothing is launched now."""
        return list(self._found)

    def ask_again(self) -> list[str]:
        """A launch of each namespace whose time to ask again has come. Those that say nothing yet are told to wait."""
        now = self._clock.monotonic()
        found: list[str] = []
        for namespace, hold in list(self._found.items()):
            if hold.until > now:
                continue
            with self._store.reading() as tx:
                first = launches.planned_ids(tx, self._backend, limit=LOOKED_AT, namespace=namespace)
            ours = [launch_id for launch_id, _ in first if self._share.may_have(launch_id)]
            if not ours:
                self.taken(namespace)  # nothing waits any more
                continue
            hold.asker, hold.until = ours[0], now + hold.pause_s
            self._tell(namespace, hold)
            found.append(hold.asker)
        return found

    def _tell(self, namespace: str, hold: Hold) -> None:
        with self._store.transaction() as tx:
            launches.tell_waiting(tx, self._backend, namespace, reason=hold.reason, message=hold.message)
