"""What people and programs may order: trigger, pause, clear, delete, note; `marking` has what they mark. Used by the
CLI's server and the task API; each order is one transaction, writes its events with WHO gave it, and tells what it did.

The scheduler hears of it by those events. Nothing here plans: a cleared task goes to ``none``, and planning finds it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from goflow.domain.errors import AlreadyExistsError, ConflictError, InvalidRequestError, NotFoundError, did_you_mean
from goflow.domain.partitions import check_key, date_of_key
from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec, Dialect
from goflow.domain.state import (
    FAILED_STATES,
    OPEN_LAUNCH_STATES,
    TERMINAL_RUN_STATES,
    RunState,
    RunType,
    TaskState,
)
from goflow.scheduler import clearing, markers, selection
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import (
    by_partition,
    check_allowed,
    check_conf,
    check_is_ours,
    make_run,
    run_id_for,
)
from goflow.scheduler.selection import GraphOf
from goflow.scheduler.timetables import RunInfo, manual_interval
from goflow.scheduler.told_dates import ask_for_dates
from goflow.store import Store, Tx, dags, launches, runs, tasks, transitions, versions
from goflow.store.rows import Dag

TaskKey = tuple[str, int]
"""Task id and map index."""


def trigger(
    store: Store,
    dag_id: str,
    *,
    who: str,
    run_id: str | None = None,
    conf: Mapping[str, Any] | None = None,
    logical_date: dt.datetime | None = None,
    run_after: dt.datetime | None = None,
    interval: tuple[dt.datetime, dt.datetime] | None = None,
    without_logical_date: bool = False,
    note: str | None = None,
    inside: DagRun | None = None,
    by_operator: bool = False,
    partition_key: str | None = None,
) -> DagRun:
    """Make a manual run of the DAG's newest version; BY_OPERATOR: a task makes it, which Airflow 3 tells apart.

    INSIDE is the run that it is a part of (Airflow 2's SubDagOperator): it has its dates, and begins although nobody
    has unpaused the DAG.

    Without a LOGICAL_DATE it is now, as Airflow's page and operators have it, unless WITHOUT_LOGICAL_DATE asks for none
    (as Airflow 3 allows). INTERVAL is its data interval, in place of what the timetable gives. CONF is held against the
    DAG's params; DAGs with partitions alone take a PARTITION_KEY.
    Raises NotFoundError, AlreadyExistsError (run id or logical date) and InvalidRequestError.
    """
    with store.transaction() as tx:
        tx.lock_name("scheduling")
        dag = dags.get(tx, dag_id)
        if not dag.is_active:
            raise InvalidRequestError(f"DAG {dag_id} is not active", hint="its file is gone or broken")
        spec, airflow2 = versions.spec(tx, dag.reading_id), dag.dialect is Dialect.AIRFLOW2
        run_type = RunType.OPERATOR_TRIGGERED if by_operator and not airflow2 else RunType.MANUAL
        check_allowed(spec, run_type)
        conf = dict(conf or {})
        now = store.clock.now()
        check_conf(spec, conf, now)
        check_key(dag_id, spec.schedule, partition_key)
        if logical_date is None and run_after is None:
            while runs.by_logical_date(tx, dag_id, now) is not None:
                now += dt.timedelta(microseconds=1)  # a DAG has one run for each logical date
        info = _manual_info(dag, spec.schedule, now, logical_date, run_after, without_logical_date)
        if by_operator and not airflow2 and info.start is not None:
            # Airflow 3 infers it from when the run is due, and not from its logical date, for operators alone.
            since, until = manual_interval(spec.schedule, info.run_after)
            info = dataclasses.replace(info, start=since, end=until)
        if interval is not None and info.logical_date is not None:
            info = dataclasses.replace(info, start=interval[0], end=interval[1])
        date = date_of_key(spec.schedule, partition_key)
        info = dataclasses.replace(info, partition_key=partition_key, partition_date=date)
        if inside is not None:
            start, end = inside.data_interval_start, inside.data_interval_end
            info, run_id = RunInfo(inside.logical_date, start, end, inside.run_after), inside.run_id
            dags.set_paused(tx, dag_id, False, who=who)
        else:
            run_id = _free_run_id(tx, dag, spec, info) if run_id is None else _checked_run_id(run_id)
        run, _ = make_run(
            tx,
            dag,
            Graph(spec),
            info,
            run_type=run_type,
            who=who,
            run_id=run_id,
            conf=conf,
            note=note,
            triggered_by=who,
        )
        ask_for_dates(tx, spec, run, who=who)
        return run


def _manual_info(
    dag: Dag,
    schedule: Any,
    now: dt.datetime,
    logical_date: dt.datetime | None,
    run_after: dt.datetime | None,
    bare: bool,
) -> RunInfo:
    if bare and logical_date is None and dag.dialect is Dialect.AIRFLOW3:
        return RunInfo(None, None, None, run_after or now)
    date = logical_date or run_after or now
    if asks_its_author(schedule):
        return RunInfo(date, None, None, run_after or now)
    start, end = manual_interval(schedule, date)
    return RunInfo(date, start, end, run_after or now)


def _free_run_id(tx: Tx, dag: Dag, spec: DagSpec, info: RunInfo) -> str:
    """Airflow's id; where two are triggered for the same moment, the later one gets a number."""
    wanted = run_id_for(RunType.MANUAL, info, dag.dialect, by_partition=by_partition(spec))
    found, number = wanted, 1
    while runs.find(tx, dag.dag_id, found) is not None:
        number += 1
        found = f"{wanted}_{number}"
    return found


def _checked_run_id(run_id: str) -> str:
    if not run_id or len(run_id) > 250 or run_id.startswith(("scheduled__", "backfill__")) or "/" in run_id:
        raise InvalidRequestError(f"run id {run_id!r}", hint="at most 250 characters, no '/', not a scheduled run's")
    return run_id


def pause(store: Store, dag_id: str, *, who: str) -> bool:
    """Begin nothing new of the DAG; what runs goes on. Whether that changed anything. Raises NotFoundError."""
    with store.transaction() as tx:
        return dags.set_paused(tx, dag_id, True, who=who)


def unpause(store: Store, dag_id: str, *, who: str) -> bool:
    """Let the DAG go on. Whether that changed anything. Raises NotFoundError."""
    with store.transaction() as tx:
        return dags.set_paused(tx, dag_id, False, who=who)


def release(store: Store, dag_id: str, *, who: str) -> bool:
    """A person's word that a held catch-up may go on. Whether it was held. Raises NotFoundError."""
    with store.transaction() as tx:
        return dags.release(tx, dag_id, who=who)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What `clear` did: the run as it is now and which tasks of it begin anew; INSTANCES: of all runs that were meant,
    as they were before."""

    run: DagRun
    tasks: tuple[TaskKey, ...]
    instances: tuple[TaskInstance, ...] = ()


def clear(
    tx: Tx,
    dag_id: str,
    run_id: str,
    *,
    who: str,
    task_ids: Collection[str] | None = None,
    copies: Collection[tuple[str, int]] = (),
    upstream: bool = False,
    downstream: bool = False,
    past: bool = False,
    future: bool = False,
    only_failed: bool = False,
    only_running: bool = False,
    only_new: bool = False,
    newest_version: bool | None = None,
    reset_runs: bool = True,
    spare_running: bool = False,
    note: str | None = None,
    run_note: str | None = None,
    dependents: bool = True,
    dry_run: bool = False,
) -> Cleared:
    """Let tasks of a run (all without TASK_IDS) begin anew; a run that is over is queued again, unless RESET_RUNS is
    false. Who tells of it does so in the same transaction: the scheduler goes on with the next.

    What is queued or running is told to stop, is ``restarting`` until it has, and begins anew then. COPIES are named
    beside TASK_IDS: (task id, map index). Setups and teardowns that the tasks need are cleared with them. PAST, FUTURE:
    of the runs of an earlier, or a later, logical date as well. NEWEST_VERSION: the runs go on with the DAG as it is
    now (None: if it says so itself), where anything of them is cleared (``clear_task_instances``); tasks that are new
    there are made, and are among what is cleared; ONLY_NEW: they alone are meant. NOTE is written to what is cleared,
    RUN_NOTE to the run. DEPENDENTS: what ``ExternalTaskMarker`` names in other DAGs as well (`markers.follow`).
    DRY_RUN: only say which they are. Raises NotFoundError, InvalidRequestError, and with SPARE_RUNNING ConflictError
    where one of them is running.
    """
    only = _ONLY[only_failed, only_running]
    tx.lock_name("scheduling")
    run = runs.by_run_id(tx, dag_id, run_id)
    check_is_ours(versions.spec(tx, run.reading_id))
    part_of = clearing.parts(tx, True if only_new else newest_version)
    meant: list[clearing.Part] = []
    for each in selection.runs_meant(tx, run, past=past, future=future):
        part = part_of(each)
        ids = [task.task_id for task in part.new] if only_new else task_ids
        named = _named(part.graph, ids, copies, strictly=each.id == run.id)
        part.wanted, part.copies = selection.copies_to_clear(
            part.graph, *named, upstream=upstream, downstream=downstream
        )
        meant.append(part)
    if dependents and not only_new:  # what is new has never run: nobody has seen anything of it
        meant = clearing.joined([*meant, *markers.follow(tx, meant, part_of, only=only)])
    found: list[TaskInstance] = []
    for part in meant:
        chosen = part.instances(tx, only)
        if spare_running and any(row.state is TaskState.RUNNING for row in chosen):
            raise ConflictError(f"tasks of run {part.run.run_id} are running", hint="wait for them to end")
        if chosen and not dry_run:
            chosen = _begin_anew(tx, part, only, who, reset_run=reset_runs)
            for row in chosen if note is not None else ():
                tasks.set_note(tx, row, note, who=who)
        found += chosen
    if run_note is not None and not dry_run:
        runs.set_note(tx, run, run_note, who=who)
    mine = tuple((row.task_id, row.map_index) for row in found if row.dag_run_id == run.id)
    return Cleared(run if dry_run else runs.get(tx, run.id), mine, tuple(found))


def _begin_anew(
    tx: Tx, part: clearing.Part, only: Collection[TaskState] | None, who: str, *, reset_run: bool
) -> list[TaskInstance]:
    """Clear what PART names; the instances that begin anew, as they were before."""
    anew = {(task.task_id, task.map_index) for task in part.new}
    run = clearing.repin(tx, part.run, part.new, who) if part.reading_id != part.run.reading_id else part.run
    chosen = part.instances(tx, only)
    anew.update(clear_instances(tx, run, part.graph, chosen, who, reset_run=reset_run))
    return [row for row in chosen if (row.task_id, row.map_index) in anew]


def _named(
    graph: Graph, task_ids: Collection[str] | None, copies: Collection[tuple[str, int]], *, strictly: bool
) -> tuple[list[str], dict[str, set[int]]]:
    """The tasks that are meant as a whole, and of which of them only copies are; unless STRICTLY, those that are in
    GRAPH."""
    if task_ids is None and not copies:
        return list(graph.tasks), {}
    single: dict[str, set[int]] = {}
    for task_id, index in copies:
        if strictly or task_id in graph.tasks:
            single.setdefault(task_id, set()).add(index)
    return [task_id for task_id in task_ids or () if strictly or task_id in graph.tasks], single


_ONLY: dict[tuple[bool, bool], frozenset[TaskState] | None] = {
    (False, False): None,
    (True, False): FAILED_STATES,
    (False, True): frozenset({TaskState.RUNNING}),
    (True, True): FAILED_STATES | {TaskState.RUNNING},
}


def clear_run(tx: Tx, run: DagRun, graph_of: GraphOf, *, newest_version: bool, who: str) -> None:
    """Let all tasks of a run that is over begin anew, in the caller's transaction; as `clear` does otherwise.

    GRAPH_OF is `selection.graphs`.
    """
    if newest_version:
        _, new = clearing.as_newest(tx, run, graph_of)
        run = clearing.repin(tx, run, new, who)
    graph = graph_of(run.reading_id)
    clear_instances(tx, run, graph, selection.instances(tasks.of_run(tx, run.id), graph.tasks.keys()), who)


def clear_instances(
    tx: Tx, run: DagRun, graph: Graph, chosen: Collection[TaskInstance], who: str, *, reset_run: bool = True
) -> tuple[TaskKey, ...]:
    """Clear those instances; a run that is over goes back to ``queued`` if there are any (``clear_task_instances``)."""
    limits = {row.id: row.try_number + graph.tasks[row.task_id].retries for row in chosen}
    changed = set(transitions.clear_tasks(tx, limits, who=who))
    anew = [row for row in chosen if row.id in changed or row.state is TaskState.NONE]
    if reset_run and anew and run.state in TERMINAL_RUN_STATES:
        transitions.advance_run(tx, run.id, TERMINAL_RUN_STATES, RunState.QUEUED, who=who, reason="cleared")
    if reset_run and anew:
        transitions.move_deadlines(tx, run, queued_at=tx.now())
    return tuple((row.task_id, row.map_index) for row in chosen if row.id in changed)


def delete_run(store: Store, dag_id: str, run_id: str, *, who: str) -> None:
    """Delete a run that is over, with all that it left.

    Raises NotFoundError, and ConflictError while it is open or a container of it has not ended.
    """
    with store.transaction() as tx:
        tx.lock_name("scheduling")
        run = runs.by_run_id(tx, dag_id, run_id)
        for row in tasks.of_run(tx, run.id):
            latest = launches.latest(tx, row.id)
            if latest is not None and latest.state in OPEN_LAUNCH_STATES:
                raise ConflictError(f"task {row.task_id} of run {run_id} has not ended", hint="mark the run first")
        runs.delete_(tx, run.id, who=who)


def set_run_note(tx: Tx, dag_id: str, run_id: str, note: str | None, *, who: str) -> None:
    """Write a person's note to a run. Raises NotFoundError."""
    runs.set_note(tx, runs.by_run_id(tx, dag_id, run_id), note, who=who)


def set_task_note(
    tx: Tx, dag_id: str, run_id: str, task_id: str, note: str | None, *, map_index: int | None = None, who: str
) -> None:
    """Write a person's note to a task instance, to all its copies without MAP_INDEX. Raises NotFoundError."""
    rows = tasks.of_run(tx, runs.by_run_id(tx, dag_id, run_id).id)
    chosen = [row for row in rows if row.task_id == task_id and map_index in {None, row.map_index}]
    if not chosen:
        which = task_id if map_index is None else f"{task_id}[{map_index}]"
        hint = did_you_mean(task_id, {row.task_id for row in rows} - {task_id})
        raise NotFoundError(f"task instance {which} in run {run_id} of DAG {dag_id}", hint=hint)
    for row in chosen:
        tasks.set_note(tx, row, note, who=who)


__all__ = [
    "AlreadyExistsError",
    "Cleared",
    "clear",
    "delete_run",
    "pause",
    "release",
    "set_run_note",
    "set_task_note",
    "trigger",
    "unpause",
]
