"""Metrics from events: what is counted is what was stored."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from goflow.domain.runs import Event
from goflow.domain.state import TERMINAL_RUN_STATES, TERMINAL_TASK_STATES, LaunchState, TaskState
from goflow.members.roster import Roster
from goflow.server.ended import Ended
from goflow.store import Store, Tx, cronjobs, dags, events, import_errors, runs, triggers, usage
from goflow.store.absence import DATABASE
from goflow.store.errors import DatabaseBusyError
from goflow.telemetry import metrics
from goflow.telemetry.dag_labels import DagLabels

_OF_CRONJOBS = frozenset({events.CRONJOB_DRIFTED, events.CRONJOB_MENDED, events.CRONJOB_MISSED})
MOST_SCHEDULED = 100_000
OPEN = ("scheduled", "queued", "running", "restarting")
"""States of task instances that are counted."""
_OVER = frozenset({LaunchState.ENDED, LaunchState.LOST})
_DEADLINES = frozenset({events.DEADLINE_MET, events.DEADLINE_MISSED, events.DEADLINE_FAILED})


class EventMetrics:
    """Counts events of STORE as they are written; gauges are read when Prometheus asks. LABELS of DAGs are bounded;
    ENDED is told of launches and runs that are over.

    Of a DAG's runs it tells from 0 on, before the first has ended: of what is 1 when it is seen first, Prometheus does
    not know that it has risen, and the first failure after a start of the daemon would be none."""

    def __init__(self, store: Store, labels: DagLabels | None = None, ended: Ended | None = None) -> None:
        self.store = store
        self._labels = labels or DagLabels(0)
        self._ended = ended
        self._scheduled: dict[object, dt.datetime] = {}
        """Task instances that wait for their launch, and since when."""
        self._open: tuple[float, dict[str, float]] = (-math.inf, {})
        for state in OPEN:
            metrics.TASKS.labels(state).set_function(lambda state=state: self._open_tasks(state))  # type: ignore[misc]
        self._begin_with_all()
        metrics.DAGS.set_function(self._dags)
        metrics.IMPORT_ERRORS.set_function(self._import_errors)
        metrics.OPEN_RUNS.set_function(self._open_runs)
        for placed, name in ((True, "placed"), (False, "watched")):
            for state in cronjobs.STATES:
                gauge = metrics.CRONJOBS.labels(name, state)
                gauge.set_function(partial(self._read, partial(_cronjobs, placed=placed, state=state)))
        metrics.CRONJOB_JOBS_OPEN.set_function(lambda: self._read(cronjobs.count_open_jobs))
        metrics.TRIGGERS_WAITING.set_function(lambda: self._read(triggers.count_waiting))
        metrics.TRIGGERS_UNHELD.set_function(lambda: self._read(_unheld))
        metrics.TRIGGER_RUNNERS.set_function(lambda: self._read(lambda tx: len(triggers.runners(tx))))

    def take(self, happened: Sequence[Event]) -> None:
        """Count; called after each commit."""
        for event in happened:
            metrics.EVENTS.labels(event.kind).inc()
            to = str(event.data.get("to"))
            if event.kind == events.TASK_STATE:
                self._task(event, to)
            elif event.kind == events.RUN_STATE and to in TERMINAL_RUN_STATES:
                metrics.RUNS_ENDED.labels(to, self._labels.of(event.dag_id)).inc()
                if self._ended is not None:
                    self._ended.dag_run(event.dag_id or "", event.run_id or "")
            elif event.kind in (events.RUN_STATE, events.DAG_UNPAUSED):
                self._begin(event.dag_id)
            elif event.kind == events.LAUNCH_STATE:
                metrics.LAUNCHES.labels(to).inc()
                if self._ended is not None and to in _OVER:
                    self._ended.launch(str(event.data["launch_id"]))
            elif event.kind == events.CALLBACK_STATE:
                metrics.CALLBACKS.labels(to).inc()
            elif event.kind in _DEADLINES:
                metrics.DEADLINES.labels(event.kind.removeprefix("deadline.")).inc()
            elif event.kind in _OF_CRONJOBS:
                metrics.CRONJOB_EVENTS.labels(event.kind.removeprefix("cronjob.")).inc()
            elif event.kind == events.SLA_MISSED:
                metrics.SLAS_MISSED.inc()
            elif event.kind == events.TRIGGER_FIRED:
                metrics.TRIGGERS_FIRED.labels(str(event.data.get("kind"))).inc()

    def _begin_with_all(self) -> None:
        """The DAGs that may have runs, where there is a label for each; else those have one that have runs first."""
        most = self._labels.most
        with contextlib.suppress(DatabaseBusyError), self.store.reading() as tx:
            found = dags.list_(tx, paused=False, limit=most + 1)
            if len(found) <= most:
                for dag in found:
                    self._begin(dag.dag_id)

    def _begin(self, dag_id: str | None) -> None:
        for state in TERMINAL_RUN_STATES:
            metrics.RUNS_ENDED.labels(state, self._labels.of(dag_id))

    def _task(self, event: Event, to: str) -> None:
        ti_id = event.data.get("ti")
        if to == TaskState.SCHEDULED:
            if len(self._scheduled) >= MOST_SCHEDULED:  # none of them is missed but by a histogram
                self._scheduled.clear()
            self._scheduled[ti_id] = event.at
            return
        since = self._scheduled.pop(ti_id, None)
        if to == TaskState.QUEUED and since is not None:
            metrics.TASK_QUEUE_SECONDS.observe(max(0.0, (event.at - since).total_seconds()))
        elif to in TERMINAL_TASK_STATES:
            metrics.TASKS_ENDED.labels(to).inc()

    def _open_tasks(self, state: str) -> float:
        """How many task instances are in STATE; all states are counted once for one who asks for them in a row."""
        at, found = self._open
        if time.monotonic() - at > 1.0:
            found = self._counted()
            self._open = (time.monotonic(), found)
        return found.get(state, 0.0)

    def _counted(self) -> dict[str, float]:
        unknown = dict.fromkeys(OPEN, math.nan)
        if self.store.waits.is_on_any(DATABASE):
            return unknown
        try:
            with self.store.reading() as tx:
                return {state: float(count) for state, count in usage.count_open(tx).items()}
        except DatabaseBusyError:
            return unknown

    def _read(self, count: Callable[[Tx], int]) -> float:
        """A gauge's value; NaN while the database is away, so that the other metrics are told all the same."""
        if self.store.waits.is_on_any(DATABASE):
            return math.nan
        try:
            with self.store.reading() as tx:
                return count(tx)
        except DatabaseBusyError:
            return math.nan

    def _dags(self) -> float:
        return self._read(dags.count)

    def _import_errors(self) -> float:
        return self._read(import_errors.count)

    def _open_runs(self) -> float:
        return self._read(runs.count_open)


def observe_parts(checks: Mapping[str, Callable[[], str | None]], *, version: str, backend: str, database: str) -> None:
    """Tell whether the parts of a daemon are ready, when Prometheus asks, and what daemon that is."""
    for part, check in checks.items():
        metrics.READY.labels(part).set_function(lambda check=check: 1.0 if check() is None else 0.0)  # type: ignore[misc]
    metrics.BUILD.labels(version, backend, database).set(1)


def observe_transactions(store: Store) -> None:
    """Have the transactions of STORE measured."""
    observe = {kind: metrics.DATABASE_SECONDS.labels(kind).observe for kind in ("read", "write")}
    store.took = lambda kind, seconds: observe[kind](seconds)


def observe_members(roster: Roster) -> None:
    """Tell of ROSTER when Prometheus asks; nothing is asked of the database for it."""
    metrics.DAEMONS.set_function(lambda: len(roster.live))
    metrics.MEMBER.set_function(lambda: roster.is_sure)
    for name, duty in roster.duties.items():
        metrics.LEADS.labels(name).set_function(lambda duty=duty: duty.leads)  # type: ignore[misc]
        metrics.LEASE_EPOCH.labels(name).set_function(lambda duty=duty: duty.epoch or 0)  # type: ignore[misc]
        metrics.LEASE_AGE.labels(name).set_function(lambda duty=duty: math.nan if duty.age_s is None else duty.age_s)  # type: ignore[misc]


def _unheld(tx: Tx) -> int:
    return triggers.count_for_runners(tx, unheld=True)


def _cronjobs(tx: Tx, *, placed: bool, state: str) -> int:
    return cronjobs.count(tx).get((placed, state), 0)
