"""Where the steps of an executor are done, and for whom: what each kind of them is given."""

from __future__ import annotations

from dataclasses import dataclass

from goflow.domain.clock import Clock
from goflow.executor.backend import Backend
from goflow.executor.known import Known
from goflow.executor.plans import Planner
from goflow.executor.share import Share
from goflow.store import Store


@dataclass(frozen=True, slots=True)
class Place:
    """Launches of STORE on BACKEND, as PLANNER has them, for a daemon with that SHARE of them, which are KNOWN."""

    store: Store
    backend: Backend
    planner: Planner
    share: Share
    known: Known

    @property
    def clock(self) -> Clock:
        """The store's."""
        return self.store.clock
