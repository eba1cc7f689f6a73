"""Which task instances somebody means: these tasks, what is above or below them, those that failed; in which runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache

from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec
from goflow.domain.state import RunType, TaskState
from goflow.scheduler.graph import Graph
from goflow.scheduler.timetables import Restriction, ScheduleError, next_run
from goflow.store import Tx, runs, versions

GraphOf = Callable[[int], Graph]
"""By the key of a reading."""
_ALL: Mapping[str, Collection[int]] = {}
_OF_SCHEDULE = frozenset({RunType.SCHEDULED, RunType.BACKFILL})
_WITHOUT_PERIOD = frozenset({"once", "continuous", "assets"})


def graphs(tx: Tx) -> GraphOf:
    """Gives the shape of a DAG as a reading saw it, each worked out once however many runs are of that reading."""
    return cache(lambda reading_id: Graph(versions.spec(tx, reading_id)))


def runs_meant(tx: Tx, run: DagRun, *, past: bool, future: bool) -> list[DagRun]:
    """RUN itself and, with PAST or FUTURE, those of the same DAG with an earlier or a later logical date; with both all
    others, also those without one (``DAG.clear`` by dates). Raises InvalidRequestError for a run without a logical
    date."""
    if not past and not future:
        return [run]
    if run.logical_date is None:
        raise InvalidRequestError(f"run {run.run_id} has no logical date: nothing is before or after it")
    first, last = None if past else run.logical_date, None if future else run.logical_date
    found = runs.list_(tx, run.dag_id, logical_date_gte=first, logical_date_lte=last, limit=None)
    dateless = past and future
    return [run, *(other for other in found if other.id != run.id and (dateless or other.logical_date is not None))]


def of_schedule(tx: Tx, meant: Sequence[DagRun]) -> list[DagRun]:
    """Of runs that are MEANT those that a mark concerns (``get_run_ids``): the first, which was named, and of others
    only those with a date of its schedule, whoever has made them; all where the DAG has no schedule, and none where
    that has no period."""
    named, *others = meant
    spec = versions.spec(tx, named.reading_id)
    if not others or spec.schedule.kind in _WITHOUT_PERIOD:
        return [named]
    others = [other for other in others if other.logical_date is not None]
    if spec.schedule.kind == "none":
        return [named, *others]
    return [named, *(other for other in others if _is_scheduled(spec, other))]


def _is_scheduled(spec: DagSpec, run: DagRun) -> bool:
    """Whether the run's logical date is one of the schedule's; where only its author could tell that, or nobody,
    whether it was made by a schedule (steps of a fixed length may begin at any date)."""
    date, steps = run.logical_date, spec.schedule.time or spec.schedule
    if date is None or steps.kind == "delta" or asks_its_author(spec.schedule):
        return run.run_type in _OF_SCHEDULE
    try:
        found = next_run(spec.schedule, None, Restriction(date, date), date, spec.dialect)
    except ScheduleError:
        return run.run_type in _OF_SCHEDULE
    return found is not None and found.logical_date == date


def to_clear(graph: Graph, task_ids: Collection[str], *, upstream: bool, downstream: bool) -> set[str]:
    """TASK_IDS with the relatives that were asked for, and the setups and teardowns that clearing them needs.

    (``DAG.partial_subset``) Raises NotFoundError.
    """
    chosen = _known(graph, task_ids)
    found = set(chosen)
    for task_id in chosen:
        task = graph.tasks[task_id]
        plain = not task.setup and not task.teardown
        if downstream:
            below = list(graph.descendants(task_id))
            found.update(below)
            for other in below:
                if not graph.tasks[other].setup and not graph.tasks[other].teardown:
                    found.update(_setups_and_teardowns(graph, other))
        if upstream:
            for other in graph.ancestors(task_id):
                found.add(other)
                if graph.tasks[other].setup:
                    found.update(_teardowns_of(graph, other))
        elif plain:
            found.update(_setups_and_teardowns(graph, task_id))
        if task.setup and not downstream:
            found.update(_teardowns_of(graph, task_id))
    return found


def copies_to_clear(
    graph: Graph, task_ids: Collection[str], copies: Mapping[str, Collection[int]], *, upstream: bool, downstream: bool
) -> tuple[set[str], dict[str, set[int]]]:
    """The same where of the tasks in COPIES only those map indexes are meant: every task that is meant, and of which of
    them only copies are.

    Of the relatives of a copy in the same mapped group the copies of its own index are meant, of others all
    (``find_relevant_relatives``). A task that is meant as a whole is. Raises NotFoundError.
    """
    whole = to_clear(graph, task_ids, upstream=upstream, downstream=downstream)
    part: dict[str, set[int]] = {}
    for task_id, indexes in copies.items():
        for other in to_clear(graph, [task_id], upstream=upstream, downstream=downstream):
            if other == task_id or graph.in_step(task_id, other):
                part.setdefault(other, set()).update(indexes)
            else:
                whole.add(other)
    return whole | part.keys(), {task_id: indexes for task_id, indexes in part.items() if task_id not in whole}


def to_mark(graph: Graph, task_ids: Collection[str], *, upstream: bool, downstream: bool) -> set[str]:
    """TASK_IDS with the relatives that were asked for; teardowns below are left to do their work.

    (``airflow.api.common.mark_tasks.find_task_relatives``) Raises NotFoundError.
    """
    found = set(_known(graph, task_ids))
    for task_id in _known(graph, task_ids):
        if downstream:
            found.update(other for other in graph.descendants(task_id) if not graph.tasks[other].teardown)
        if upstream:
            found.update(graph.ancestors(task_id))
    return found


def instances(
    rows: Iterable[TaskInstance],
    task_ids: Collection[str],
    *,
    only: Collection[TaskState] | None = None,
    copies: Mapping[str, Collection[int]] = _ALL,
) -> list[TaskInstance]:
    """Those of ROWS that belong to TASK_IDS, and are in one of the states ONLY, if these are given; of the tasks in
    COPIES only those map indexes."""
    return [
        row
        for row in rows
        if row.task_id in task_ids
        and (only is None or row.state in only)
        and (row.task_id not in copies or row.map_index in copies[row.task_id])
    ]


def _known(graph: Graph, task_ids: Collection[str]) -> list[str]:
    unknown = [task_id for task_id in task_ids if task_id not in graph.tasks]
    if unknown:
        raise NotFoundError(f"task {', '.join(unknown)} in DAG {graph.spec.dag_id}")
    return list(task_ids)


def _teardowns_of(graph: Graph, setup: str) -> Iterable[str]:
    return (child for child in graph.downstream[setup] if graph.tasks[child].teardown)


def _setups_and_teardowns(graph: Graph, task_id: str) -> Iterable[str]:
    """(``get_upstreams_only_setups_and_teardowns``)"""
    for setup in graph.relevant_setups(task_id):
        yield setup
        yield from _teardowns_of(graph, setup)
