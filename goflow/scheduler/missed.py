"""Runs that should have begun and have not: while nobody was scheduling, and while a DAG had no room for them.

A moment of the schedule counts as missed where a grace after it there is no run for its logical date, or one that was
made only later, of a DAG that is active, unpaused and not held, and whose schedule has moments of its own. What was due
before the DAG came into force, or was unpaused, was never to begin then: catch-up makes those, late as they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog

from goflow.domain.alerts import MissedRuns, moment_in_words
from goflow.domain.cronjobs import CronJobRule
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec
from goflow.domain.state import RunType
from goflow.scheduler.agenda import info_of
from goflow.scheduler.timetables import Restriction, RunInfo, ScheduleError, is_periodic, next_run, restriction_of
from goflow.store import Tx, dags, events, runs, versions
from goflow.store.rows import Dag

log = structlog.get_logger(__name__)

MOST_POINTS = 1000
"""So many moments of one DAG are looked at."""
_IN_FORCE = (events.DAG_UNPAUSED, events.DAG_ACTIVATED, events.DAG_RELEASED, events.DAG_VERSION)
_AUTOMATED = (RunType.SCHEDULED, RunType.BACKFILL)


@dataclass(frozen=True, slots=True)
class ByScheduler:
    """Asks for all DAGs but those of which CRONJOBS says that Kubernetes makes their runs."""

    cronjobs: CronJobRule = field(default_factory=CronJobRule)

    def in_gap(self, tx: Tx, since: dt.datetime, until: dt.datetime, grace_s: float) -> Iterator[MissedRuns]:
        """`in_gap`."""
        return in_gap(tx, since, until, grace_s, self.cronjobs)

    def overdue(self, tx: Tx, now: dt.datetime, since: dt.datetime, grace_s: float) -> Iterator[MissedRuns]:
        """`overdue`: of a CronJob's DAG it is only written down when the next run comes, which nobody is to make."""
        found = overdue(tx, now, since, grace_s)
        return (one for one in found if not _is_followed_elsewhere(tx, dags.get(tx, one.dag_id), self.cronjobs))


def _is_followed_elsewhere(tx: Tx, dag: Dag, cronjobs: CronJobRule) -> bool:
    return cronjobs.is_followed_elsewhere(versions.spec(tx, dag.reading_id))


def in_gap(
    tx: Tx, since: dt.datetime, until: dt.datetime, grace_s: float, cronjobs: CronJobRule | None = None
) -> Iterator[MissedRuns]:
    """What was missed of each DAG while nobody was scheduling, from SINCE to UNTIL: by the schedule that was in force
    at SINCE, since what is in force now may have come with whoever schedules again."""
    for dag in dags.list_(tx):
        if not dag.is_active or dag.is_paused or dag.hold_reason or dag.created_date > since:
            continue
        if cronjobs is not None and _is_followed_elsewhere(tx, dag, cronjobs):
            continue  # Kubernetes goes on without us
        unpaused = _in_force_since(tx, dag, (events.DAG_UNPAUSED, events.DAG_ACTIVATED, events.DAG_RELEASED))
        try:
            spec = _spec_at(tx, dag, since)
            points = [info for info in _points(tx, dag, spec, since, until) if info.run_after >= unpaused]
        except ScheduleError as problem:
            log.warning("what was missed cannot be told", dag_id=dag.dag_id, problem=str(problem))
            continue
        late = [info.run_after for info in points if not _has_begun(tx, dag, info, grace_s, until)]
        if late:
            made = "catchup is on: they are made now" if spec.catchup else "catchup is off: only the latest is made now"
            away = f"Nobody was scheduling from {moment_in_words(since)} to {moment_in_words(until)}"
            yield MissedRuns(dag.dag_id, tuple(late), f"{away}; {made}.")


def overdue(tx: Tx, now: dt.datetime, since: dt.datetime, grace_s: float) -> Iterator[MissedRuns]:
    """DAGs whose next run is due for longer than a grace, although somebody is scheduling SINCE then."""
    before = now - dt.timedelta(seconds=grace_s)
    if since > before:
        return  # whoever schedules has only begun
    due = dags.due(tx, before, limit=1000)
    late = [(dag, point) for dag in due if (point := _overdue_point(tx, dag)) is not None]
    counts = runs.active_counts(tx) if late else {}
    for dag, point in late:
        active = sum(counts.get(dag.dag_id, (0, 0)))
        why = (
            f"It has {active} open runs, and may have no more than {dag.max_active_runs} (max_active_runs)."
            if active >= dag.max_active_runs
            else "Nobody has made it, and nothing that is known keeps it from being made."
        )
        yield MissedRuns(dag.dag_id, (point,), why)


def _overdue_point(tx: Tx, dag: Dag) -> dt.datetime | None:
    """When the next run of DAG, which is due, was to begin; None where it was not to begin then."""
    point = dag.next_run_after
    if point is None or not _is_told(versions.spec(tx, dag.reading_id)):
        return None
    catches_up = point < max(dag.created_date, _in_force_since(tx, dag, _IN_FORCE))
    return None if catches_up else point


def _is_told(spec: DagSpec) -> bool:
    return is_periodic(spec.schedule) and not asks_its_author(spec.schedule)


def _in_force_since(tx: Tx, dag: Dag, kinds: tuple[str, ...]) -> dt.datetime:
    """When the newest event of those KINDS was; the DAG's own beginning without one."""
    newest = events.newest(tx, dag.dag_id, kinds)
    return dag.created_date if newest is None else newest.at


def _spec_at(tx: Tx, dag: Dag, moment: dt.datetime) -> DagSpec:
    """The DAG as it was in force at MOMENT, as far as that is known."""
    known = [version for version in versions.list_(tx, dag.dag_id) if version.created_date <= moment]
    readings = versions.readings(tx, known[-1].id) if known else []
    readings = [reading for reading in readings if reading.created_date <= moment] or readings
    return versions.spec(tx, readings[-1].id if readings else dag.reading_id)


def _points(tx: Tx, dag: Dag, spec: DagSpec, since: dt.datetime, until: dt.datetime) -> Iterator[RunInfo]:
    """The runs that would have been made from SINCE to UNTIL, had anybody scheduled."""
    if not _is_told(spec):
        return
    newest = runs.newest_due_by(tx, dag.dag_id, since, _AUTOMATED)
    last = None if newest is None else info_of(newest)
    bounds = restriction_of(spec, since)
    info = next_run(spec.schedule, last, bounds, since, spec.dialect)
    every = Restriction(bounds.earliest, bounds.latest, catchup=True)
    for _ in range(MOST_POINTS):
        if info is None or info.run_after > until:
            return
        if info.run_after > since and info.logical_date is not None:
            yield info
        following = next_run(spec.schedule, info, every, until, spec.dialect)
        if following == info:
            return
        info = following


def _has_begun(tx: Tx, dag: Dag, info: RunInfo, grace_s: float, now: dt.datetime) -> bool:
    """Whether the run was there a grace after it was due; one that is due for less than that may still come."""
    deadline = info.run_after + dt.timedelta(seconds=grace_s)
    if deadline > now:
        return True
    assert info.logical_date is not None
    run = runs.by_logical_date(tx, dag.dag_id, info.logical_date)
    return run is not None and (run.queued_at is None or run.queued_at <= deadline)
