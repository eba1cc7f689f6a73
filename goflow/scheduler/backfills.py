"""What people may order of backfills: make one, only say what it would do, pause it, let it go on, cancel it.

The runs are made in the transaction that makes the backfill, so that it is there with all of them or not at all. They
wait in their line (`goflow.scheduler.lines`), and the scheduler begins them. The rules are those of Airflow 3.3
(``airflow.models.backfill``), for DAGs of both dialects.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from goflow.domain.backfills import Backfill, BackfillOrder, BackfillRun, Reprocess, Skipped
from goflow.domain.errors import AlreadyExistsError, ConflictError, InvalidRequestError
from goflow.domain.partitions import is_partitioned
from goflow.domain.runs import DagRun
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec
from goflow.domain.state import TERMINAL_RUN_STATES, RunState, RunType
from goflow.scheduler import clearing, operations, selection
from goflow.scheduler.making import check_allowed, check_conf, make_run
from goflow.scheduler.selection import GraphOf
from goflow.scheduler.timetables import Restriction, RunInfo, is_periodic, next_run, partitions_between
from goflow.store import Store, Tx, backfills, dags, runs, transitions, versions
from goflow.store.rows import Dag

MOST_RUNS = 10_000
"""How many dates one backfill has at most: it is made in one transaction."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One date of a backfill: a new run of it (no RUN), RUN again, or none, for the reason that is given."""

    info: RunInfo
    run: DagRun | None = None
    reason: Skipped | None = None


def dry_run(store: Store, order: BackfillOrder) -> list[RunInfo]:
    """The runs that ORDER would make or run again, in the order in which they would begin (``_do_dry_run``).

    Raises NotFoundError and InvalidRequestError.
    """
    with store.reading() as tx:
        dag, spec = _checked(tx, order, store.clock.now())
        return [one.info for one in _plan(tx, dag, spec, order, store.clock.now()) if one.reason is None]


def create(store: Store, order: BackfillOrder, *, who: str) -> Backfill:
    """Make a backfill with its runs (``_create_backfill``).

    Raises NotFoundError, InvalidRequestError, and AlreadyExistsError while another backfill of the DAG is not over.
    """
    with store.transaction() as tx:
        tx.lock_name("scheduling")
        now = store.clock.now()
        dag, spec = _checked(tx, order, now)
        planned = _plan(tx, dag, spec, order, now)
        if not planned:
            dates = f"from {order.from_date.isoformat()} to {order.to_date.isoformat()}"
            raise InvalidRequestError(f"DAG {order.dag_id} has no runs {dates}", hint="both ends are logical dates")
        latest = clearing.goes_on_with_newest(tx, dag.dag_id, order.run_on_latest_version, otherwise=True)
        backfill = transitions.create_backfill(tx, replace(order, run_on_latest_version=latest), who=who)
        graph_of = selection.graphs(tx)
        dates_of_it = [
            _carry_out(tx, dag, graph_of, backfill, place, one, who) for place, one in enumerate(planned, start=1)
        ]
        transitions.add_backfill_runs(tx, dates_of_it)
        return backfill


def pause(store: Store, backfill_id: int, *, who: str) -> Backfill:
    """Begin no more runs of it; those that run go on. Raises NotFoundError, and ConflictError when it is over."""
    return _set_paused(store, backfill_id, True, who)


def unpause(store: Store, backfill_id: int, *, who: str) -> Backfill:
    """Let it go on. Raises NotFoundError, and ConflictError when it is over."""
    return _set_paused(store, backfill_id, False, who)


def cancel(store: Store, backfill_id: int, *, who: str) -> Backfill:
    """End it: runs that have not begun fail, those that run go on.

    Raises NotFoundError, and ConflictError when it is over already.
    """
    with store.transaction() as tx:
        tx.lock_name("scheduling")
        backfill = _active(tx, backfill_id)
        transitions.set_backfill_paused(tx, backfill_id, True, who=who)
        for key in backfills.queued_runs(tx, backfill):
            transitions.advance_run(
                tx, key, RunState.QUEUED, RunState.FAILED, who=who, reason=f"backfill {backfill_id} was cancelled"
            )
        transitions.complete_backfill(tx, backfill_id, who=who, cancelled=True)
        return backfills.get(tx, backfill_id)


def _set_paused(store: Store, backfill_id: int, paused: bool, who: str) -> Backfill:
    with store.transaction() as tx:
        _active(tx, backfill_id)
        transitions.set_backfill_paused(tx, backfill_id, paused, who=who)
        return backfills.get(tx, backfill_id)


def _active(tx: Tx, backfill_id: int) -> Backfill:
    backfill = backfills.get(tx, backfill_id)
    if backfill.completed_at is not None:
        raise ConflictError(f"backfill {backfill_id} is over already")
    return backfill


def _checked(tx: Tx, order: BackfillOrder, now: dt.datetime) -> tuple[Dag, DagSpec]:
    """The DAG, if ORDER can be carried out (``_validate_backfill_params``)."""
    dag = dags.get(tx, order.dag_id)
    if not dag.is_active:
        raise InvalidRequestError(f"DAG {dag.dag_id} is not active", hint="its file is gone or broken")
    spec = versions.spec(tx, dag.reading_id)
    check_allowed(spec, RunType.BACKFILL)
    if asks_its_author(spec.schedule):
        what = f"the dates of DAG {dag.dag_id} are those of a timetable class of its own"
        raise InvalidRequestError(what, hint="trigger its runs with their logical dates: goflow dags trigger")
    if not is_periodic(spec.schedule):
        raise InvalidRequestError(f"DAG {dag.dag_id} has no periodic schedule: there are no dates to fill in")
    if order.from_date > order.to_date:
        raise InvalidRequestError(f"it begins ({order.from_date.isoformat()}) after its end")
    if order.from_date >= now:
        raise InvalidRequestError("all of it lies in the future")
    if order.max_active_runs < 1:
        raise InvalidRequestError("max_active_runs must be at least 1")
    if any(task.depends_on_past or task.wait_for_downstream for task in spec.tasks):
        if order.run_backwards:
            raise InvalidRequestError("it cannot run backwards: tasks of the DAG have depends_on_past")
        if order.reprocess_behavior is Reprocess.NONE:
            hint = "reprocess failed or completed runs, so that each run has the one before it"
            raise InvalidRequestError("tasks of the DAG have depends_on_past", hint=hint)
    if order.dag_run_conf is not None:
        check_conf(spec, order.dag_run_conf, now)
    return dag, spec


def _plan(tx: Tx, dag: Dag, spec: DagSpec, order: BackfillOrder, now: dt.datetime) -> list[Planned]:
    if is_partitioned(spec.schedule):
        return _plan_partitions(tx, dag, spec, order)
    planned = []
    for info in runs_between(spec, order.from_date, order.to_date, now, backwards=order.run_backwards):
        assert info.logical_date is not None
        run = runs.by_logical_date(tx, dag.dag_id, info.logical_date)
        planned.append(Planned(info, run, None if run is None else _why_not(run, order.reprocess_behavior)))
    return planned


def _plan_partitions(tx: Tx, dag: Dag, spec: DagSpec, order: BackfillOrder) -> list[Planned]:
    """A new run for each partition, beside one that is there already and may be run again, as in Airflow; those to come
    too, which wait for their moment."""
    planned: list[Planned] = []
    for info in partitions_between(spec.schedule, order.from_date, order.to_date):
        if len(planned) == MOST_RUNS:
            raise InvalidRequestError(f"more than {MOST_RUNS:,} runs", hint="order it in several parts")
        assert info.partition_date is not None
        run = runs.of_partition(tx, dag.dag_id, info.partition_date)
        reason = None if run is None else _why_not(run, order.reprocess_behavior)
        planned.append(Planned(info, None if reason is None else run, reason))
    return planned[::-1] if order.run_backwards else planned


def runs_between(
    spec: DagSpec, from_date: dt.datetime, to_date: dt.datetime, now: dt.datetime, *, backwards: bool = False
) -> list[RunInfo]:
    """The runs of the schedule with logical dates in that range whose data interval is over (``_get_info_list``).

    Raises ScheduleError, and InvalidRequestError when there are more than `MOST_RUNS`.
    """
    bounds = Restriction(from_date, to_date, catchup=True)
    found: list[RunInfo] = []
    info = next_run(spec.schedule, None, bounds, now, spec.dialect)
    while info is not None and info.end is not None and info.end < now:
        if len(found) == MOST_RUNS:
            raise InvalidRequestError(f"more than {MOST_RUNS:,} runs", hint="order it in several parts")
        found.append(info)
        info = next_run(spec.schedule, info, bounds, now, spec.dialect)
    return found[::-1] if backwards else found


def _why_not(run: DagRun, reprocess: Reprocess) -> Skipped | None:
    """Why a run that is there is left as it is; None: it is run again (``_get_dag_run_no_create_reason``)."""
    if run.state not in TERMINAL_RUN_STATES:
        return Skipped.IN_FLIGHT
    again = {
        Reprocess.NONE: frozenset[RunState](),
        Reprocess.FAILED: {RunState.FAILED},
        Reprocess.COMPLETED: TERMINAL_RUN_STATES,
    }
    return None if run.state in again[reprocess] else Skipped.ALREADY_EXISTS


def _carry_out(
    tx: Tx, dag: Dag, graph_of: GraphOf, backfill: Backfill, place: int, planned: Planned, who: str
) -> BackfillRun:
    """Make the run of one date, or run it again."""
    run, reason = planned.run, planned.reason
    if run is not None and reason is None:
        operations.clear_run(tx, run, graph_of, newest_version=backfill.run_on_latest_version is True, who=who)
        transitions.take_over_run(tx, run, backfill, who=who)
    elif run is None:
        try:
            run, _ = make_run(
                tx,
                dag,
                graph_of(dag.reading_id),
                planned.info,
                run_type=RunType.BACKFILL,
                conf=backfill.dag_run_conf,
                triggered_by=RunType.BACKFILL.value,
                backfill_id=backfill.id,
                who=who,
            )
        except AlreadyExistsError:  # a run with the id that this one would have has another logical date
            reason = Skipped.IN_FLIGHT
    return BackfillRun(
        backfill_id=backfill.id,
        sort_ordinal=place,
        logical_date=planned.info.logical_date,
        partition_key=planned.info.partition_key,
        dag_run_id=None if run is None or reason is not None else run.id,
        exception_reason=reason,
    )
