"""The service that looks after CronJobs: one thread, on the daemon that has the duty.

Events of the store and of the cluster wake it; a slow tick looks after what has no event: first days, moments that were
missed. Whatever it was about to do when it was killed, it finds to be done again.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from typing import Any

import structlog

from goflow.cronjobs.following import Jobs
from goflow.cronjobs.keeping import Keeper
from goflow.cronjobs.missed import MissedSchedules, Moments
from goflow.cronjobs.placing import Placer
from goflow.cronjobs.recording import Follows, Recorder
from goflow.cronjobs.view import ClusterView
from goflow.cronjobs.watched import Watch, is_watched
from goflow.domain.cronjobs import CronJobRule, watched_id
from goflow.domain.runs import Event
from goflow.kube.api import KubeApi
from goflow.kube.errors import KubeError
from goflow.members.duties import Duty, NotLeadingError
from goflow.members.on_duty import OnDuty
from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.store import DatabaseBusyError, Store, cronjobs, events, installation

log = structlog.get_logger(__name__)

LOOK_S = 5.0
SOON_S = 0.5
"""The next look while a log is being read, or something is to be tried again."""
AWAY_S = 2.0
WELL_S = 30.0
"""Seconds that watches have to work after a break before something counts as missed."""
READ_DAGS_S = 60.0
"""That often all DAGs are looked through, whatever events have told."""
_OF_DAGS = frozenset(
    {
        *(events.DAG_VERSION, events.DAG_PAUSED, events.DAG_UNPAUSED, events.DAG_ACTIVATED, events.DAG_DEACTIVATED),
        *(events.DAG_DELETED, events.DAG_HELD, events.DAG_RELEASED),
    }
)


class CronJobs(OnDuty):
    """Looks after the CronJobs of NAMESPACES. FOLLOWER reads logs, MOMENTS knows schedules."""

    def __init__(
        self,
        store: Store,
        api: KubeApi,
        follower: Follows,
        *,
        rule: CronJobRule,
        defaults: Defaults,
        site: Site,
        namespaces: Sequence[str],
        moments: Moments,
        duty: Duty,
    ) -> None:
        super().__init__("cronjobs", store, duty)
        self._api = api
        self._namespaces = tuple(dict.fromkeys(namespaces))
        self._installation = defaults.installation
        self._placer = Placer(
            api, store, duty, self._note, installation=defaults.installation, namespaces=self._namespaces
        )
        self._keeper = Keeper(store, self._placer, Watch(store, duty), rule, defaults, site)
        self._jobs = Jobs(api, store, Recorder(store, follower, duty), defaults.installation)
        self._missed = MissedSchedules(store, duty, moments)
        self._view: ClusterView | None = None
        self._dags_changed = True
        self._read_dags_at = 0.0
        self._well_since = 0.0
        self._first_day: dt.datetime | None = None
        self._is_reconciled = False
        self._stop_asked = threading.Event()
        self._trouble: str | None = None
        self._told: str | None = None

    # the service

    def run(self) -> None:
        """Turn after turn until stopped; then nothing is watched any more."""
        try:
            super().run()
        finally:
            self._leave()

    def rest(self) -> None:
        """Another daemon watches."""
        self._leave()

    def work(self) -> float:
        """A look, and how it went, for others to see."""
        pause = AWAY_S
        try:
            pause = self.look()
        except (NotLeadingError, DatabaseBusyError):
            raise
        except KubeError as problem:
            self._trouble = str(problem)
            log.warning("CronJobs are not looked after now", problem=str(problem))
        except Exception as problem:
            self._trouble = f"{type(problem).__name__}: {problem}"
            log.exception("looking after CronJobs failed")
        self._tell_trouble()
        return pause

    def look(self) -> float:
        """Everything that there is to do now; seconds after which to look again. Raises UnavailableError,
        NotLeadingError and DatabaseBusyError."""
        view = self._opened()
        if not view.has_cronjobs():
            self._trouble = view.trouble()
            return SOON_S if self._trouble is None else AWAY_S
        self._read_dags()
        has_open_jobs = self._has_open_jobs()
        for placed in (True, False):
            if has_open_jobs or self._keeper.needs_jobs(view, placed=placed):
                view.look_at_jobs(placed=placed)
        again = self._keeper.keep(view)
        if self._stop_asked.is_set():
            self._stop_asked.clear()
            view.all_again()
        watched = _watched(view)
        again = self._jobs.take(view, watched) or again
        if view.has_jobs():
            if not self._is_reconciled:
                self._jobs.reconcile(view)
                self._is_reconciled = True
            if self._sees_all(view):
                self._missed.look(lambda: self._jobs.moments(view, watched))
        self._trouble = view.trouble()
        return SOON_S if again or not view.has_jobs() else LOOK_S

    def _sees_all(self, view: ClusterView) -> bool:
        """Whether all watches have worked for a while: what they had not heard of meanwhile they have by now."""
        now = self.store.clock.monotonic()
        if view.trouble() is not None:
            self._well_since = now + WELL_S
        return now >= self._well_since

    def _opened(self) -> ClusterView:
        if self._view is None:
            self._view = ClusterView(self._api, self._namespaces, self._installation, self.wake.set)
            self._dags_changed, self._is_reconciled = True, False
            self._keeper.forget()
        return self._view

    def _leave(self) -> None:
        """Another daemon has the duty, or nobody shall have it here any more."""
        if self._view is not None:
            self._view.stop()
            self._view = None

    def _note(self, cronjob: dict[str, Any]) -> None:
        if self._view is not None:
            self._view.note(cronjob)

    def _read_dags(self) -> None:
        now = self.store.clock.monotonic()
        first_day = self._first_day is not None and self._first_day <= self.store.clock.now()
        if self._dags_changed or first_day or now - self._read_dags_at >= READ_DAGS_S:
            self._dags_changed = False
            try:
                self._keeper.read_dags()
                self._first_day = self._keeper.next_change()
            except BaseException:
                self._dags_changed = True
                raise
            self._read_dags_at = now
            if self._jobs.waits_for_dags():
                self._opened().all_again()

    def _has_open_jobs(self) -> bool:
        """Whether there are Jobs of which not all is stored, whatever has become of their CronJobs."""
        with self.store.reading() as tx:
            return cronjobs.count_open_jobs(tx) > 0

    def is_news(self, event: Event) -> bool:
        """Whether DAGs have changed, or a Job is to be stopped; either is remembered."""
        if event.kind in _OF_DAGS:
            self._dags_changed = True
        if event.kind == events.LAUNCH_STOP:
            self._stop_asked.set()
        return event.kind in _OF_DAGS or event.kind == events.LAUNCH_STOP

    def _tell_trouble(self) -> None:
        """Write down for others why CronJobs are not looked after, or that they are."""
        words = self._trouble or ""
        if words == self._told:
            return
        try:
            with self.store.transaction() as tx:
                self.duty.check(tx)
                installation.set_(tx, cronjobs.TROUBLE, words)
            self._told = words
        except (DatabaseBusyError, NotLeadingError) as problem:
            log.debug("it is told later", problem=str(problem))

    def pods(self) -> list[tuple[str, dict[str, Any]]]:
        """The launches of CronJobs' Jobs that run, each with its pod."""
        return self._jobs.pods()

    def in_words(self) -> str:
        """How it fares, for ``/readyz?verbose``."""
        if not self.duty.leads:
            return "another daemon looks after them"
        if self._trouble:
            return f"not looked after now: {self._trouble}"
        with self.store.reading() as tx:
            counts = cronjobs.count(tx)
        placed = sum(number for (is_placed, _), number in counts.items() if is_placed)
        return f"{placed} placed, {sum(counts.values()) - placed} watched"


def _watched(view: ClusterView) -> dict[str, tuple[str, str]]:
    """The uid of each watched CronJob to its name and its DAG."""
    return {
        live["metadata"]["uid"]: (name, watched_id(namespace, name))
        for (namespace, name), live in view.cronjobs().items()
        if is_watched(live)
    }
