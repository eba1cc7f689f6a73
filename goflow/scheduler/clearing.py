"""Parts of runs that are to begin anew, before anything is changed: of which run, which tasks, and by which version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from goflow.domain.canonical import Json
from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.state import TaskState
from goflow.scheduler import selection
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import new_tasks
from goflow.scheduler.selection import GraphOf
from goflow.store import Tx, dags, events, runs, tasks, versions
from goflow.store.rows import NewTask


@dataclass(slots=True)
class Part:
    """What of RUN begins anew: the tasks WANTED, of those in COPIES only these map indexes. GRAPH is how the run goes
    on, READING_ID whose it is; NEW are tasks that are made for that."""

    run: DagRun
    graph: Graph
    reading_id: int
    new: Sequence[NewTask] = ()
    wanted: set[str] = field(default_factory=set)
    copies: dict[str, set[int]] = field(default_factory=dict)

    def instances(self, tx: Tx, only: Collection[TaskState] | None) -> list[TaskInstance]:
        """Its task instances as they are now, in one of the states ONLY if these are given; NEW ones, which are not
        made yet, are without an id."""
        there = tasks.of_run(tx, self.run.id)
        if self.new:
            made = {row.task_id for row in there}
            there = [*there, *(_to_be_made(self.run, task) for task in self.new if task.task_id not in made)]
        return selection.instances(there, self.wanted, only=only, copies=self.copies)

    def add(self, whole: Collection[str]) -> None:
        """Have those tasks, as a whole, begin anew as well."""
        self.wanted.update(whole)
        self.copies = {task_id: indexes for task_id, indexes in self.copies.items() if task_id not in whole}


PartOf = Callable[[DagRun], Part]
"""The part of a run of which nothing is wanted yet."""


def parts(tx: Tx, newest_version: bool | None) -> PartOf:
    """Gives empty parts, by the version that the runs of each DAG go on with: the newest or their own, as was asked by
    NEWEST_VERSION, else as the DAG itself says."""
    graph_of = selection.graphs(tx)
    is_newest = cache(lambda dag_id: goes_on_with_newest(tx, dag_id, newest_version, otherwise=False))

    def part_of(run: DagRun) -> Part:
        if not is_newest(run.dag_id):
            return Part(run, graph_of(run.reading_id), run.reading_id)
        graph, new = as_newest(tx, run, graph_of)
        return Part(run, graph, dags.get(tx, run.dag_id).reading_id, new)

    return part_of


def joined(found: Iterable[Part]) -> list[Part]:
    """FOUND with one part for each run, in the order in which the runs come; later ones name tasks as a whole."""
    by_run: dict[int, Part] = {}
    for part in found:
        if part.run.id in by_run:
            by_run[part.run.id].add(part.wanted)
        else:
            by_run[part.run.id] = part
    return list(by_run.values())


def goes_on_with_newest(tx: Tx, dag_id: str, asked: bool | None, *, otherwise: bool) -> bool:
    """Whether a run that begins anew goes on with the newest version: as was ASKED, else as the DAG itself has it now
    (``rerun_with_latest_version``), else OTHERWISE (``resolve_run_on_latest_version``)."""
    if asked is not None:
        return asked
    said = versions.spec(tx, dags.get(tx, dag_id).reading_id).rerun_with_latest_version
    return otherwise if said is None else said


def as_newest(tx: Tx, run: DagRun, graph_of: GraphOf) -> tuple[Graph, list[NewTask]]:
    """The run's graph as the DAG's newest version has it, and the tasks that `repin` would make."""
    dag = dags.get(tx, run.dag_id)
    graph = graph_of(dag.reading_id)
    if (dag.version_id, dag.reading_id) == (run.version_id, run.reading_id):
        return graph, []
    there = {row.task_id for row in tasks.of_run(tx, run.id)}
    return graph, [new for new in new_tasks(graph, run, tx.now()) if new.task_id not in there]


def repin(tx: Tx, run: DagRun, new: Sequence[NewTask], who: str) -> DagRun:
    """Let the run go on with the DAG's newest version: tasks that are NEW, as `as_newest` tells, are made."""
    dag = dags.get(tx, run.dag_id)
    if (dag.version_id, dag.reading_id) == (run.version_id, run.reading_id):
        return run
    runs.pin(tx, run.id, version_id=dag.version_id, reading_id=dag.reading_id)
    data: dict[str, Json] = {"id": run.id, "version_id": dag.version_id, "reading_id": dag.reading_id}
    events.emit(tx, events.RUN_PINNED, dag_id=run.dag_id, run_id=run.run_id, who=who, data=data)
    tasks.create_many(tx, run, new, who=who)
    return runs.get(tx, run.id)


def _to_be_made(run: DagRun, new: NewTask) -> TaskInstance:
    """What NEW will be in RUN, still without an id."""
    return TaskInstance(
        id=0, dag_run_id=run.id, dag_id=run.dag_id, run_id=run.run_id, task_id=new.task_id, map_index=new.map_index
    )
