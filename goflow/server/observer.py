"""Metrics from events: what is counted is what was stored."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from goflow.domain.runs import Event
from goflow.domain.state import TERMINAL_RUN_STATES, TERMINAL_TASK_STATES
from goflow.members.roster import Roster
from goflow.store import Store, Tx, dags, events, import_errors, runs, triggers
from goflow.store.absence import DATABASE
from goflow.store.errors import DatabaseBusyError
from goflow.telemetry import metrics

_DEADLINES = frozenset({events.DEADLINE_MET, events.DEADLINE_MISSED, events.DEADLINE_FAILED})


class EventMetrics:
    """Counts events of STORE as they are written; gauges are read when Prometheus asks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        metrics.DAGS.set_function(self._dags)
        metrics.IMPORT_ERRORS.set_function(self._import_errors)
        metrics.OPEN_RUNS.set_function(self._open_runs)
        metrics.TRIGGERS_WAITING.set_function(lambda: self._read(triggers.count_waiting))
        metrics.TRIGGERS_UNHELD.set_function(lambda: self._read(_unheld))
        metrics.TRIGGER_RUNNERS.set_function(lambda: self._read(lambda tx: len(triggers.runners(tx))))

    def take(self, happened: Sequence[Event]) -> None:
        """Count; called after each commit."""
        for event in happened:
            metrics.EVENTS.labels(event.kind).inc()
            to = str(event.data.get("to"))
            if event.kind == events.TASK_STATE and to in TERMINAL_TASK_STATES:
                metrics.TASKS_ENDED.labels(to).inc()
            elif event.kind == events.RUN_STATE and to in TERMINAL_RUN_STATES:
                metrics.RUNS_ENDED.labels(to).inc()
            elif event.kind == events.LAUNCH_STATE:
                metrics.LAUNCHES.labels(to).inc()
            elif event.kind == events.CALLBACK_STATE:
                metrics.CALLBACKS.labels(to).inc()
            elif event.kind in _DEADLINES:
                metrics.DEADLINES.labels(event.kind.removeprefix("deadline.")).inc()
            elif event.kind == events.SLA_MISSED:
                metrics.SLAS_MISSED.inc()
            elif event.kind == events.TRIGGER_FIRED:
                metrics.TRIGGERS_FIRED.labels(str(event.data.get("kind"))).inc()

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
        return self._read(lambda tx: len(import_errors.list_(tx)))

    def _open_runs(self) -> float:
        return self._read(lambda tx: len(runs.open_(tx)))


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
