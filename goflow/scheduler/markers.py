"""What depends on a task in other DAGs: the tasks that Airflow 2's ``ExternalTaskMarker`` names, when one is cleared.

Airflow 3 has the operator and does nothing with it, so neither do its DAGs here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import pendulum

from goflow.domain.errors import InvalidRequestError
from goflow.domain.patterns import allows
from goflow.domain.runs import UNMAPPED, TaskInstance
from goflow.domain.spec import Dialect, TaskSpec
from goflow.domain.state import TaskState
from goflow.operators.launch_time import is_known_here
from goflow.scheduler import selection
from goflow.scheduler.clearing import Part, PartOf
from goflow.scheduler.making import check_is_ours
from goflow.store import Tx, runs, tasks, variables, xcoms
from goflow.templating import context as contexts
from goflow.templating.environment import LimitedEnvironment, RenderError, environment, render

MARKER = "ExternalTaskMarker"
_DEPTH = 10
_MASKED = "***"


class _Named(NamedTuple):
    """What a marker names."""

    dag_id: str
    task_id: str
    logical_date: dt.datetime


def follow(tx: Tx, parts: Iterable[Part], part_of: PartOf, *, only: Collection[TaskState] | None) -> list[Part]:
    """What is cleared with PARTS since a marker among their instances names it: that task in the run of that DAG and
    logical date, with everything below it, and what markers there name in turn (``DAG._get_task_instances`` with
    ``include_dependent_dags``). Where there is no such DAG, run or task, nothing.

    As in Airflow an instance is followed once, so that a circle ends; of the markers themselves those in a state of
    ONLY count, as do the tasks they name; and how far it goes is said by the first (``recursion_depth``). Raises
    InvalidRequestError where it would go further, and where it cannot be known what a marker names.
    """
    walk = _Walk(tx, part_of, only)
    found: list[Part] = []
    visited: set[tuple[int, str, int]] = set()
    depth: int | None = None
    ways = [iter([pair for part in parts for pair in walk.markers(part)])]
    while ways:
        part, row = next(ways[-1], (None, None))
        if part is None or row is None:
            ways.pop()
            continue
        if (key := (row.dag_run_id, row.task_id, row.map_index)) in visited:
            continue
        visited.add(key)
        if depth is None:
            depth = _depth(part, row)
        if len(ways) > depth:
            raise InvalidRequestError(
                f"Maximum recursion depth {depth} reached for {MARKER} {_words(row)}",
                hint="it names too many tasks one after the other, or a circle of them; nothing is cleared",
            )
        below = walk.below(part, row)
        if below is not None:
            found.append(below)
            ways.append(iter(list(walk.markers(below))))
    return found


class _Walk:
    """Finds markers, and what they name."""

    def __init__(self, tx: Tx, part_of: PartOf, only: Collection[TaskState] | None) -> None:
        self._tx = tx
        self._part_of = part_of
        self._only = only

    def markers(self, part: Part) -> Iterator[tuple[Part, TaskInstance]]:
        """The markers among the instances of PART."""
        tasks_there = part.graph.tasks
        if part.graph.spec.dialect is not Dialect.AIRFLOW2:
            return
        # By the name of the class alone, as Airflow looks for them: classes of the author's own are not followed.
        if any(tasks_there[task_id].operator == MARKER for task_id in part.wanted):
            for row in part.instances(self._tx, self._only):
                if tasks_there[row.task_id].operator == MARKER:
                    yield part, row

    def below(self, part: Part, row: TaskInstance) -> Part | None:
        """What the marker ROW of PART names, with everything below it. Raises InvalidRequestError."""
        named = self._named(part, row)
        run = runs.by_logical_date(self._tx, named.dag_id, named.logical_date)
        if run is None or all(other.task_id != named.task_id for other in tasks.of_run(self._tx, run.id)):
            return None
        found = self._part_of(run)
        if named.task_id not in found.graph.tasks:
            return None
        check_is_ours(found.graph.spec)
        found.wanted = selection.to_clear(found.graph, [named.task_id], upstream=False, downstream=True)
        return found

    def _named(self, part: Part, row: TaskInstance) -> _Named:
        task = part.graph.tasks[row.task_id]
        date = "execution_date" if "execution_date" in task.fields else "logical_date"
        names = ("external_dag_id", "external_task_id", date)
        left = self._left(part, row)
        known = all(isinstance(left.get(name), str) and _MASKED not in left[name] for name in names)
        values = left if known else self._rendered(part, row, task, names)
        return _Named(values[names[0]], values[names[1]], _moment(row, date, values[date]))

    def _left(self, part: Part, row: TaskInstance) -> dict[str, Any]:
        """The fields as the last attempt had them, unless the run goes on with a version that may have others."""
        if part.reading_id != part.run.reading_id:
            return {}
        return tasks.rendered(self._tx, row.id) or {}

    def _rendered(self, part: Part, row: TaskInstance, task: TaskSpec, names: Collection[str]) -> dict[str, str]:
        rendered: dict[str, str] = {}
        for name in names:
            value = task.fields.get(name)
            hidden = name in task.expand or "*" in task.expand or not is_known_here(part.graph.spec, task, value)
            if hidden or not isinstance(value, str):
                raise _unknown(row, f"its {name} can only be known in its own process")
            try:
                rendered[name] = render(value, self._jinja, self._context(part, row, task), name)
            except RenderError as problem:
                raise _unknown(row, str(problem)) from problem
        return rendered

    @cached_property
    def _jinja(self) -> LimitedEnvironment:
        return environment(contexts.FILTERS)

    def _context(self, part: Part, row: TaskInstance, task: TaskSpec) -> dict[str, Any]:
        dag = part.graph.spec

        def pull(task_ids: Any, key: str = xcoms.RETURN_VALUE) -> Any:
            is_one, found = isinstance(task_ids, str), []
            for task_id in [task_ids] if is_one else list(task_ids):
                left = sorted(xcoms.pull(self._tx, part.run.id, task_id, key), key=lambda each: each.map_index)
                found.append(([each.value for each in left], any(each.map_index >= 0 for each in left)))
            return contexts.pull(found, is_one, dag.dialect)

        def find_variable(name: str) -> str | None:
            found = variables.find(self._tx, name) if allows(dag.variables, name) else None
            return None if found is None else found.value

        return contexts.build(dag, task, part.run, row, pull_xcom=pull, find_variable=find_variable)


def _depth(part: Part, row: TaskInstance) -> int:
    depth = part.graph.tasks[row.task_id].arguments.get("recursion_depth", _DEPTH)
    if not isinstance(depth, int):
        raise _unknown(row, "its recursion_depth can only be known in its own process")
    return depth


def _moment(row: TaskInstance, name: str, text: str) -> dt.datetime:
    """What Airflow reads TEXT as (``pendulum.parse``): without a zone it is UTC."""
    try:
        moment = pendulum.parse(text)
    except (ValueError, OverflowError) as problem:
        raise _unknown(row, f"its {name} {text!r} is no date: {problem}") from problem
    if not isinstance(moment, pendulum.DateTime):
        raise _unknown(row, f"its {name} {text!r} is no date")
    return dt.datetime.fromisoformat(moment.isoformat()).astimezone(dt.UTC)


def _words(row: TaskInstance) -> str:
    copy = "" if row.map_index == UNMAPPED else f"[{row.map_index}]"
    return f"{row.task_id}{copy} of DAG {row.dag_id}, run {row.run_id}"


def _unknown(row: TaskInstance, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"what {MARKER} {_words(row)} names is not known: {why}",
        hint="nothing is cleared; leave the marker out, or clear without what depends on it in other DAGs",
    )
