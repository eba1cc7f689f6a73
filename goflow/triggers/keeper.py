"""Keeps trigger runners: none while nothing is deferred, watched, asked or to be called, as many as are wanted
otherwise; and gives up those that fell silent, so that others get what they held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import structlog

from goflow.domain.runs import Event, new_launch_id
from goflow.members.duties import Always, Duty
from goflow.service import ThreadService
from goflow.store import DatabaseBusyError, Store, callbacks, events, questions, transitions, triggers, watches
from goflow.telemetry import metrics
from goflow.triggers import watching
from goflow.triggers.shares import LEASE_S

log = structlog.get_logger(__name__)

TICK_S = 1.0
IDLE_S = 60.0
"""Seconds without anything deferred after which runners are ended."""
FIRST_WORD_S = 30.0
"""Seconds that a runner has to say its first word."""
_OF_DAGS = frozenset(
    {
        *(events.DAG_VERSION, events.DAG_PAUSED, events.DAG_UNPAUSED, events.DAG_ACTIVATED, events.DAG_DEACTIVATED),
        events.DAG_DELETED,
    }
)
"""What may change which assets are watched."""
_WAKING = _OF_DAGS | {
    *(events.TRIGGER_WAITING, events.CALLBACK_STATE, events.ASSET_WATCHES, events.QUESTION_ASKED),
}
LONGEST_PAUSE_S = 30.0
"""Between two starts, when runners end again and again."""


class Place(Protocol):
    """Where runners run."""

    def begin(self, runner_id: str) -> None:
        """Start a runner of that name. Raises OSError."""

    def gone(self) -> Sequence[str]:
        """Runners of this place whose process is no more, each told once."""

    def living(self) -> Sequence[str]:
        """Runners of this place whose process lives, those of an earlier daemon too."""

    def end(self, timeout_s: float) -> None:
        """Have every runner of this place leave what it holds, and wait for that."""


class TriggerKeeper(ThreadService):
    """Keeps WANTED runners at PLACE (None: they are begun elsewhere, as a Deployment's pods) for STORE's triggers. Of
    several daemons the one does so that has the DUTY."""

    def __init__(
        self, store: Store, place: Place | None, *, wanted: int, capacity: int, duty: Duty | None = None
    ) -> None:
        super().__init__("trigger runners")
        self.store = store
        self.place = place if wanted else None
        self.wanted = wanted
        self.capacity = capacity
        self.duty: Duty = duty or Always()
        self._watches_changed = True
        self._idle_since: float | None = None
        self._start_after = 0.0
        self._failures = 0
        self._failed_at = 0.0

    def run(self) -> None:
        """Look after the runners while anything is deferred; sleep otherwise."""
        unsubscribe = self.store.subscribe(self._heard)
        try:
            self.duty.watch(self.wake.set)
            led = False
            while not self.stopping.is_set():
                self.wake.clear()
                if not self.duty.leads:
                    led = self._hand_over(led)
                    self.wake.wait()
                    continue
                if not led:
                    self._begin_duty()
                    led = True
                try:
                    busy = self.look()
                except DatabaseBusyError as problem:  # which the store has told, where it is away
                    log.debug("looking after trigger runners failed; it is tried again", problem=str(problem))
                    busy = True
                except Exception:
                    log.exception("looking after trigger runners failed; it is tried again")
                    busy = True
                self.wake.wait(TICK_S if busy else None)
        finally:
            unsubscribe()
            self._end_all()

    def _begin_duty(self) -> None:
        self._until_extended()
        self._watches_changed = True
        self._idle_since = None

    def _hand_over(self, led: bool) -> bool:
        """Where another daemon keeps runners now, those of this place leave what they hold. Whether it led before."""
        if not led or not self.duty.is_lost:
            return led
        try:
            self._end_all()
        except Exception as problem:
            log.warning("trigger runners could not be given up and will expire", problem=str(problem))
        return False

    def _until_extended(self) -> None:
        """Runners could not tell anybody that they are there while there was no daemon: they get time for it."""
        while not self.stopping.is_set():
            try:
                with self.store.transaction() as tx:
                    triggers.extend_all(tx, LEASE_S)
                return
            except Exception as problem:
                log.warning("the database is away", problem=str(problem))
                self.stopping.wait(TICK_S)

    def _heard(self, happened: Sequence[Event]) -> None:
        if any(event.kind in _OF_DAGS for event in happened):
            self._watches_changed = True
        if any(event.kind in _WAKING for event in happened):
            self.wake.set()

    def look(self) -> bool:
        """One look; whether there will be another soon without being asked."""
        gone = [] if self.place is None else self.place.gone()
        self._reconcile()
        with self.store.reading() as tx:
            known = triggers.runners(tx)
            needed = triggers.count_for_runners(tx) + callbacks.count_open(tx) + watches.count(tx)
            needed += questions.count_open(tx)
            now = tx.now()
        expired = any(runner.expires_at <= now for runner in known)
        if expired or any(runner.id in gone for runner in known):
            self._give_up(gone)
        if gone:
            self._pause_after(len(gone))
        if self.place is None:
            return bool(known or needed)
        living = self.place.living()
        if needed:
            self._idle_since = None
            heard = {runner.id for runner in known} - set(gone)
            missing = self.wanted - sum(runner_id in heard for runner_id in living)
            self._begin(min(missing, 2 * self.wanted - len(living)))  # one that fell silent may be stuck for ever
        elif living:
            self._end_idle()
        return bool(needed or living)

    def _reconcile(self) -> None:
        """DAGs have come, changed, gone or been paused: have their assets watched, or no more."""
        if self._watches_changed:
            self._watches_changed = False
            try:
                with self.store.transaction() as tx:
                    transitions.reconcile_watches(tx, who="triggers")
            except BaseException:
                self._watches_changed = True
                raise

    def _pause_after(self, failures: int) -> None:
        """Runners that end again and again are begun after pauses that grow."""
        now = self.store.clock.monotonic()
        if now - self._failed_at > IDLE_S:
            self._failures = 0
        self._failures, self._failed_at = self._failures + failures, now
        pause = min(LONGEST_PAUSE_S, 0.5 * 2 ** min(self._failures, 10)) if self._failures > 2 else 0.0
        self._start_after = now + pause

    def _give_up(self, gone: Sequence[str]) -> None:
        with self.store.transaction() as tx:
            for runner_id in gone:
                triggers.drop_runner(tx, runner_id)
            lost = [*gone, *triggers.drop_expired(tx)]
            transitions.lose_callbacks(tx, who="triggers")
        metrics.TRIGGER_RUNNERS_LOST.inc(len(lost))
        log.warning("trigger runners are gone; others get what they held", runners=lost)

    def _begin(self, count: int) -> None:
        assert self.place is not None
        if count <= 0 or self.store.clock.monotonic() < self._start_after:
            return
        for _ in range(count):
            runner_id = new_launch_id()
            with self.store.transaction() as tx:  # first, so that those that come first leave something for the others
                triggers.add_runner(tx, runner_id, capacity=self.capacity, ttl_s=FIRST_WORD_S)
            self.place.begin(runner_id)
            log.info("a trigger runner is begun", runner=runner_id)

    def _end_idle(self) -> None:
        now = self.store.clock.monotonic()
        if self._idle_since is None:
            self._idle_since = now
        elif now - self._idle_since >= IDLE_S:
            self._end_all()

    def _end_all(self) -> None:
        """Have every runner of this place leave what it holds; others may have it at once."""
        if self.place is None:
            return
        self.place.end(5.0)
        gone = self.place.gone()
        with self.store.transaction() as tx:
            for runner_id in gone:
                triggers.drop_runner(tx, runner_id)
            transitions.lose_callbacks(tx, who="triggers")

    def status(self) -> dict[str, Any]:
        """For the status page: what waits, and who holds how much of it."""
        with self.store.reading() as tx:
            waiting, unheld = triggers.count_waiting(tx), triggers.count_for_runners(tx, unheld=True)
            known, watched = triggers.runners(tx), watching.status(tx)
        held = {runner.id: runner.held for runner in known}
        return {"waiting": waiting, "unheld": unheld, "runners": held, "watches": watched}
