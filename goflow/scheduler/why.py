"""Why a task instance is not running yet, in words for people; read from the store, as the next batch would see it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cached_property

from goflow.domain.runs import DagRun, Launch, TaskInstance
from goflow.domain.spec import Dialect
from goflow.domain.state import (
    OCCUPYING_STATES,
    TERMINAL_RUN_STATES,
    TERMINAL_TASK_STATES,
    LaunchState,
    RunState,
    TaskState,
)
from goflow.domain.triggers import TriggerState
from goflow.scheduler import planning
from goflow.scheduler.book import Book, Cell
from goflow.scheduler.facts import StoreFacts
from goflow.scheduler.graph import Graph
from goflow.scheduler.limits import Bound, bounds
from goflow.scheduler.namespaces import NamespaceSlots
from goflow.scheduler.told_dates import waits_for
from goflow.store import Tx, backfills, dags, hitl, launches, pools, questions, runs, tasks, triggers, versions
from goflow.store.rows import Dag, Pool
from goflow.store.tasks import Occupancy


def of_run(
    tx: Tx, run: DagRun, slots: NamespaceSlots, parallelism: int = 0, *, task_id: str | None = None
) -> list[tuple[TaskInstance, str]]:
    """The instances of RUN (of TASK_ID alone) that neither run nor have ended, each with what it waits for.

    SLOTS are the namespaces' (`goflow.scheduler.namespaces`), PARALLELISM is `goflow.scheduler.limits.Ready`'s.
    """
    rows = tasks.of_run(tx, run.id)
    asked = [row for row in rows if task_id in {None, row.task_id} and _waits(row)]
    if not asked:
        return []
    why = _Why(tx, run, rows, slots, parallelism)
    return [(row, why.words(row)) for row in asked]


def _waits(row: TaskInstance) -> bool:
    return row.state not in TERMINAL_TASK_STATES and row.state is not TaskState.RUNNING


class _Why:
    def __init__(
        self, tx: Tx, run: DagRun, rows: Sequence[TaskInstance], slots: NamespaceSlots, parallelism: int
    ) -> None:
        self._tx, self._run, self._slots, self._parallelism = tx, run, slots, parallelism
        self._dag: Dag = dags.get(tx, run.dag_id)
        self._graph = Graph(versions.spec(tx, run.reading_id))
        self._book = Book(run, self._graph, [Cell.of(row) for row in rows])
        self._facts = StoreFacts(tx, tx.now(), lambda _dag, _run: None)
        self._of_run = self._run_words()

    def words(self, row: TaskInstance) -> str:
        cell = self._book.cell(row.task_id, row.map_index)
        match row.state:
            case TaskState.QUEUED:
                return self._queued(row)
            case TaskState.RESTARTING:
                return "it was cleared while it ran: it begins anew when what ran has stopped"
            case TaskState.DEFERRED | TaskState.AWAITING_INPUT:
                return self._deferred(row)
        if self._of_run:
            return self._of_run
        if cell is None:
            return "the version that the run is pinned to does not have this task"
        if row.state is TaskState.SCHEDULED:
            return next(self._without_slot(row, cell), "it is about to be queued")
        found = [*self._time(row), *planning.obstacles(self._book, cell, self._facts)]
        return "; ".join(found) or "nothing is in its way: the scheduler looks at it next (if not, its log says why)"

    def _run_words(self) -> str:
        """Why nothing of the run begins; empty where something may."""
        run, dag = self._run, self._dag
        if run.state in TERMINAL_RUN_STATES:
            return f"its run is over ({run.state}): `goflow runs mark {run.dag_id} {run.run_id} queued` lets it go on"
        if not dag.is_active:
            return "its DAG is not active: its file is gone or broken"
        if dag.is_paused:
            return f"its DAG is paused: `goflow dags unpause {dag.dag_id}`"
        return self._queued_run() if run.state is RunState.QUEUED else ""

    def _queued_run(self) -> str:
        run = self._run
        if run.due > self._facts.now:
            return f"its run begins at {_moment(run.due)}"
        backfill = None if run.backfill_id is None else backfills.find(self._tx, run.backfill_id)
        if backfill is not None and not backfill.most_running:
            return f"its backfill is paused: `goflow backfills unpause {backfill.id}`"
        most, whose = self._dag.max_active_runs, "of its DAG"
        if backfill is not None:
            most, whose = backfill.most_running, "of its backfill"
        running = runs.list_(self._tx, run.dag_id, states=[RunState.RUNNING], limit=None)
        beside = [other for other in running if other.backfill_id == run.backfill_id]
        if len(beside) >= most:
            return f"its run is queued: {len(beside)} runs {whose} are running, and max_active_runs is {most}"
        if lacking := waits_for(self._graph.spec, run):
            return f"its run is queued: its author's code has not told the {lacking} yet"
        return "its run is about to begin"

    def _time(self, row: TaskInstance) -> Iterator[str]:
        if row.next_at is None or row.next_at <= self._facts.now:
            return
        if row.state is TaskState.UP_FOR_RETRY:
            yield f"attempt {row.try_number} failed; the next of {row.max_tries + 1} is due at {_moment(row.next_at)}"
        else:
            yield f"it looks again at {_moment(row.next_at)}"

    def _queued(self, row: TaskInstance) -> str:
        launch = launches.latest(self._tx, row.id)
        if launch is None:
            return "its launch is being written"
        told = ": ".join(part for part in (launch.reason, launch.message) if part)
        what = _STAGES.get(launch.state, "its launch has ended, and what follows is being stored")
        since = _since(launch)
        return f"{what}{f' (since {_moment(since)})' if since else ''}{f'; {told}' if told else ''}"

    def _deferred(self, row: TaskInstance) -> str:
        asked = hitl.find(self._tx, row.id)
        if asked is not None and asked.answer is None:
            return f"it waits for a person's answer: `goflow tasks respond {row.dag_id} {row.run_id} {row.task_id}`"
        trigger = triggers.of_task(self._tx, row.id)
        if trigger is None or trigger.state is TriggerState.FIRED:
            return "its trigger has fired: it is about to go on"
        until = f", until {_moment(row.next_at)} at most" if row.next_at else ""
        if trigger.due_at is None and trigger.runner_id is None:
            return f"it waits for {trigger.classpath}{until}; no trigger runner has taken that yet"
        return f"it waits for {trigger.classpath}{until}"

    def _without_slot(self, row: TaskInstance, cell: Cell) -> Iterator[str]:
        if cell.task_id in self._graph.strategies:
            question = questions.about(self._tx, f"weight {row.id}")
            if question is not None and question.is_open:
                yield "it waits for what its weight_rule, a class of the file's, says that it weighs"
        if 0 < self._parallelism <= self._in_all:
            limit = f"parallelism (GOFLOW_PARALLELISM) is {self._parallelism}"
            yield f"{self._in_all} tasks are under way in all, and {limit}"
        pool = self._pools.get(row.pool)
        if pool is None:
            yield f"pool {row.pool} does not exist: `goflow pools set {row.pool} SLOTS`"
            return
        if 0 <= pool.slots < row.pool_slots:
            yield f"it needs {row.pool_slots} slots of pool {pool.name}, which has {pool.slots}"
        elif pool.open is not None and pool.open < row.pool_slots:
            free = f"{max(0, pool.open)} of {pool.slots} slots are free"
            yield f"pool {pool.name} is full: {free}, it needs {row.pool_slots}"
        namespace = self._slots.bound(self._graph, cell.task_id)
        for bound in bounds(self._book, cell.task_id, self._dag.max_active_tasks, namespace):
            used = self._used(bound)
            if used >= bound.most:
                yield f"{used} {_COUNTED[bound.place[0]]}, and {_LIMITS[bound.place[0]]} is {bound.most}"

    @cached_property
    def _pools(self) -> dict[str, Pool]:
        return {pool.name: pool for pool in pools.list_(self._tx)}

    @cached_property
    def _in_all(self) -> int:
        """How many tasks hold a slot, of whatever DAG."""
        return tasks.count(self._tx, states=OCCUPYING_STATES)

    @cached_property
    def _occupancy(self) -> Occupancy:
        """How full the DAG is, and every namespace of its tasks that has a bound."""
        found = (self._slots.bound(self._graph, task_id) for task_id in self._graph.tasks)
        namespaces = {bound.place[1] for bound in found if bound is not None}
        mine = [self._run.dag_id]
        counts_suspended = self._graph.spec.dialect is Dialect.AIRFLOW3
        return tasks.occupancy(self._tx, (), mine, namespaces, with_suspended=mine if counts_suspended else ())

    def _used(self, bound: Bound) -> int:
        scope, *place = bound.place
        run, used = self._run, self._occupancy
        match scope:
            case "namespace":
                return used.namespaces.get(place[0], 0)
            case "dag":
                return used.dags.get(run.dag_id, 0)
            case "run":
                return used.runs.get(run.id, 0)
            case "task":
                return used.tasks.get((run.dag_id, place[-1]), 0)
        return used.tasks_in_run.get((run.id, place[-1]), 0)


_STAGES = {
    LaunchState.PLANNED: "its container is about to be asked for",
    LaunchState.CREATED: "its container was asked for and has not begun",
    LaunchState.CLAIMED: "its container has begun",
}
_COUNTED = {
    "dag": "tasks of its DAG are under way",
    "run": "tasks of its run are under way",
    "task": "of its instances are under way over all runs",
    "task_in_run": "of its instances are under way in its run",
    "namespace": "tasks are under way in its namespace",
}
_LIMITS = {
    "dag": "max_active_tasks",
    "run": "max_active_tasks",
    "task": "max_active_tis_per_dag",
    "task_in_run": "max_active_tis_per_dagrun",
    "namespace": "the namespace's limit (GOFLOW_NAMESPACE_SLOTS)",
}


def _since(launch: Launch) -> dt.datetime | None:
    return launch.created_at if launch.state is LaunchState.CREATED else launch.planned_at


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
