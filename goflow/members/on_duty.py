"""How a service works that only one daemon may run: again and again while this one has the duty, woken by events."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from goflow.domain.runs import Event
from goflow.members.duties import Duty, NotLeadingError
from goflow.service import ThreadService
from goflow.store import DatabaseBusyError, Store

log = structlog.get_logger(__name__)

PAUSE_AFTER_ERROR_S = 1.0
"""Seconds after which a service tries again after an error, the database being away among them."""


class OnDuty(ThreadService):
    """The service NAME over STORE. Subclasses write `work`, and `rest` for when another daemon has the DUTY; events of
    the store wake it where they are `is_news`, and so does the duty when it is taken or lost."""

    def __init__(self, name: str, store: Store, duty: Duty) -> None:
        super().__init__(name)
        self.store = store
        self.duty = duty

    def work(self) -> float | None:
        """All that there is to do now; seconds after which to look again (None: when it is woken). What it raises is
        logged, and it is called again."""
        raise NotImplementedError

    def rest(self) -> float | None:
        """In place of `work` while another daemon has the duty, or nobody shall have it here any more."""
        return None

    def is_news(self, event: Event) -> bool:
        """Whether EVENT gives it work. Called in the thread that has committed it."""
        raise NotImplementedError

    def run(self) -> None:
        """Turn after turn until stopped."""
        unsubscribe = self.store.subscribe(self._heard)
        self.duty.watch(self.wake.set)
        try:
            while not self.stopping.is_set():
                self.wake.clear()
                self.wake.wait(self._turn())
        finally:
            unsubscribe()

    def _heard(self, found: Sequence[Event]) -> None:
        news = [self.is_news(event) for event in found]  # of each: it may be remembered
        if any(news):
            self.wake.set()

    def _turn(self) -> float | None:
        try:
            return self.work() if self.duty.leads else self.rest()
        except NotLeadingError:
            log.info("another daemon does this now; nothing was written", service=self.name)
            return 0.0
        except DatabaseBusyError as problem:  # which the store has told, where it is away
            log.debug("it is tried again", service=self.name, problem=str(problem))
        except Exception:
            log.exception("it failed, and is tried again", service=self.name)
        self.stopping.wait(PAUSE_AFTER_ERROR_S)
        return 0.0
