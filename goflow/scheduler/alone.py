"""One task by itself: results that others are taken to have left, and which copies it has with them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.runs import UNMAPPED, DagRun
from goflow.scheduler import mapping
from goflow.scheduler.graph import Graph
from goflow.store import Tx, xcoms


def leave(tx: Tx, run: DagRun, graph: Graph, task_id: str, value: Any) -> None:
    """Let VALUE be the result of a task: of one that has copies each item that of a copy, of a dict each key's, too.

    Raises NotFoundError and InvalidRequestError.
    """
    if task_id not in graph.tasks:
        raise NotFoundError(f"task {task_id} in DAG {run.dag_id}")
    if graph.needs_expansion(task_id):
        if not isinstance(value, list):
            raise InvalidRequestError(f"the result of the mapped task {task_id} is a list: an item for each copy")
        for map_index, item in enumerate(value):
            _push(tx, run, task_id, map_index, item)
    else:
        _push(tx, run, task_id, UNMAPPED, value)


def _push(tx: Tx, run: DagRun, task_id: str, map_index: int, value: Any) -> None:
    keys = value if isinstance(value, dict) else {}
    for key, item in {**keys, xcoms.RETURN_VALUE: value}.items():
        length = len(item) if isinstance(item, list | dict) else None
        xcoms.push(tx, run.id, task_id, map_index, str(key), item, length)


def check_copy(tx: Tx, run: DagRun, graph: Graph, task_id: str, map_index: int) -> None:
    """Whether the task has that copy (of a task that is not mapped: MAP_INDEX -1). Raises NotFoundError and
    InvalidRequestError, which say what there is."""
    if task_id not in graph.tasks:
        close = get_close_matches(task_id, graph.tasks, n=1) or list(graph.tasks)[:10]
        raise NotFoundError(f"task {task_id} in DAG {run.dag_id}", hint=f"it has {', '.join(close)}")
    if not graph.needs_expansion(task_id):
        if map_index >= 0:
            raise InvalidRequestError(f"task {task_id} has no copies", hint="leave --map-index away")
        return

    def length(other: str, key: str) -> int | None:
        found = xcoms.lengths(tx, run.id, [other], key).get(other, {})
        return len(found) if graph.needs_expansion(other) else found.get(UNMAPPED)

    count = mapping.count_of(graph, task_id, length)
    if count is None:
        names = ", ".join(f"--xcom {name}=JSON" for name in mapping.references(graph, task_id))
        raise InvalidRequestError(
            f"how many copies task {task_id} has hangs on the results of other tasks",
            hint=f"say what they have left: {names}; or run the DAG with `goflow dags test`",
        )
    if not 0 <= map_index < count:
        words = f"task {task_id} is mapped and has {count} copies"
        raise InvalidRequestError(words, hint=f"choose one: --map-index 0 to {count - 1}" if count else "")
