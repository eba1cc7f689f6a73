"""A person's word for the end of a task or of a run: marked, with what follows from it for others."""

from __future__ import annotations

from collections.abc import Collection

from goflow.domain.errors import ConflictError, InvalidRequestError, NotFoundError
from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.spec import Dialect
from goflow.domain.state import (
    FAILED_STATES,
    SUSPENDED_STATES,
    TERMINAL_RUN_STATES,
    TERMINAL_TASK_STATES,
    RunState,
    TaskState,
)
from goflow.scheduler import markers, selection
from goflow.scheduler.clearing import Part, joined, parts
from goflow.scheduler.graph import Graph
from goflow.scheduler.operations import TaskKey, clear_instances
from goflow.store import Tx, runs, tasks, transitions, versions

Ends = list[tuple[TaskInstance, TaskState]]
_BEGUN = SUSPENDED_STATES | {TaskState.RUNNING, TaskState.UP_FOR_RESCHEDULE}
"""States of tasks that get, with all of their copies, the state that their run is marked with
(``_set_dag_run_terminal_state``)."""
MARKABLE = frozenset({TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED})


def mark_task(
    tx: Tx,
    dag_id: str,
    run_id: str,
    task_id: str,
    state: TaskState,
    *,
    who: str,
    map_index: int | None = None,
    upstream: bool = False,
    downstream: bool = False,
    past: bool = False,
    future: bool = False,
    note: str | None = None,
    note_all: bool = False,
    dry_run: bool = False,
) -> list[TaskInstance]:
    """Let a person's word be the end of a task (all its copies without MAP_INDEX); what runs is told to stop.

    Tasks below that have failed, or have not run because of it, begin anew (``set_task_instance_state``), those that
    this has marked failed as well, and so does what failed of that which they name in other DAGs (`markers.follow`).
    PAST, FUTURE: in the runs of an earlier, or a later, logical date as well; marked is only what has a date of the
    schedule. NOTE is written to what is marked, with NOTE_ALL also to what of the task in this run has that state
    already. The instances that are marked, as they were before; DRY_RUN: that would be. Raises NotFoundError and
    InvalidRequestError.
    """
    if state not in MARKABLE:
        raise InvalidRequestError(f"a task cannot be marked {state}", hint=", ".join(sorted(MARKABLE)))
    copies = {} if map_index is None else {task_id: [map_index]}
    marked = []
    below: list[Part] = []
    tx.lock_name("scheduling")
    run = runs.by_run_id(tx, dag_id, run_id)
    graph_of = selection.graphs(tx)
    meant = selection.runs_meant(tx, run, past=past, future=future)
    for each in selection.of_schedule(tx, meant):
        graph = graph_of(each.reading_id)
        if each is not run and task_id not in graph.tasks:
            continue
        wanted = selection.to_mark(graph, [task_id], upstream=upstream, downstream=downstream)
        rows = tasks.of_run(tx, each.id)
        chosen = selection.instances(rows, wanted, copies=copies)
        if not chosen and each is run:
            raise NotFoundError(f"task {task_id} with map index {map_index} in run {run_id} of DAG {dag_id}")
        mine = [row for row in chosen if row.state not in {state, TaskState.REMOVED}]
        marked += mine
        if dry_run:
            continue
        _mark(tx, mine, state, note, who)
        for row in chosen if note_all and each is run else ():
            if row.task_id == task_id and (note is None or row not in mine):
                tasks.set_note(tx, row, note, who=who)
    for each in meant if marked and not dry_run else ():
        graph = graph_of(each.reading_id)
        if task_id in graph.tasks:
            further = selection.to_clear(graph, [task_id], upstream=False, downstream=True)
            below.append(Part(each, graph, each.reading_id, wanted=further))
    for part in joined([*below, *markers.follow(tx, below, parts(tx, False), only=FAILED_STATES)]):
        part.wanted.discard(task_id)  # as a marker it counts; of what is cleared Airflow leaves that id out everywhere
        clear_instances(tx, part.run, part.graph, part.instances(tx, FAILED_STATES), who)
    return marked


def _mark(tx: Tx, rows: Collection[TaskInstance], state: TaskState, note: str | None, who: str) -> None:
    for row in rows:
        transitions.mark_task(tx, row.id, state, who=who)
        if note is not None:
            tasks.set_note(tx, row, note, who=who)


def mark_run(
    tx: Tx,
    dag_id: str,
    run_id: str,
    state: RunState,
    *,
    who: str,
    note: str | None = None,
    with_note: bool = False,
) -> list[TaskKey]:
    """Let a person's word be the end of a run, ``success`` or ``failed`` (``set_dag_run_state_to_...``); ``queued`` has
    one that is over go on with what of it has not ended.

    What runs or is suspended gets the same state and is told to stop, and so do all other copies of its task; what has
    not begun is skipped. Under Airflow 2 everything has succeeded in a run that is marked ``success``. Teardowns are
    left to do their work, and then the run ends by itself. WITH_NOTE: NOTE is written to the run. The instances that
    changed. Raises NotFoundError, InvalidRequestError, and ConflictError for ``queued`` where it is running.
    """
    if state is RunState.RUNNING:
        raise InvalidRequestError(f"a run cannot be marked {state}", hint="queued, success or failed")
    tx.lock_name("scheduling")
    run = runs.by_run_id(tx, dag_id, run_id)
    if with_note:
        runs.set_note(tx, run, note, who=who)
    if state is RunState.QUEUED:
        if run.state is RunState.RUNNING:
            raise ConflictError(f"run {run_id} of DAG {dag_id} is running already")
        transitions.advance_run(tx, run.id, TERMINAL_RUN_STATES, RunState.QUEUED, who=who, reason="marked")
        return []
    ends, left = _ends(tx, run, state)
    changed = []
    for row, new in ends:
        if transitions.mark_task(tx, row.id, new, who=who, reason=f"the run was marked {state}"):
            changed.append((row.task_id, row.map_index))
    if not left and run.state is not state:
        transitions.advance_run(tx, run.id, run.state, state, who=who, reason="marked")
    return changed


def would_mark_run(tx: Tx, dag_id: str, run_id: str, state: RunState) -> tuple[Ends, bool]:
    """What `mark_run` with ``success`` or ``failed`` would do now: the instances that would get another state;
    whether the run would have its own at once, not only after teardowns. Raises NotFoundError."""
    ends, left = _ends(tx, runs.by_run_id(tx, dag_id, run_id), state)
    return ends, not left


def _ends(tx: Tx, run: DagRun, state: RunState) -> tuple[Ends, bool]:
    """The task instances of RUN that its being marked STATE ends, with how; and whether teardowns are left."""
    graph = Graph(versions.spec(tx, run.reading_id))
    as_run = {RunState.SUCCESS: TaskState.SUCCESS, RunState.FAILED: TaskState.FAILED}[state]
    rows = tasks.of_run(tx, run.id)
    with_run = {row.task_id for row in rows if row.state in _BEGUN}
    all_succeed = graph.spec.dialect is Dialect.AIRFLOW2 and state is RunState.SUCCESS
    if all_succeed:
        with_run = {row.task_id for row in rows}
    ends: Ends = []
    left = False
    for row in rows:
        is_over = row.state in TERMINAL_TASK_STATES
        if row.task_id in graph.tasks and graph.tasks[row.task_id].teardown:
            left = left or not is_over or all_succeed  # where it has ended, the run's end follows from its tasks
        elif row.task_id in with_run and row.state not in {as_run, TaskState.REMOVED}:
            ends.append((row, as_run))
        elif not is_over:
            ends.append((row, TaskState.SKIPPED))
    return ends, left
