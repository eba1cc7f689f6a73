"""How many copies a mapped task has, and which copies of an upstream task matter to one of them.

The rules are those of ``airflow.models.expandinput``, ``.taskmap`` and ``taskinstance._get_relevant_map_indexes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod

from goflow.domain.canonical import Json, tag_of, walk
from goflow.scheduler.graph import Graph

XComLength = Callable[[str, str], int | None]
"""From a task id and an XCom key to how many copies a task mapped over that result has; None: not known (yet)."""


def count_of(graph: Graph, task_id: str, xcom: XComLength) -> int | None:
    """How many copies the task is to have, those of the mapped groups around it multiplied in; None: not known yet.

    Only for tasks that need expansion.
    """
    around = _groups_count(graph, graph.mapped_groups[task_id], xcom)
    own = _input_length(dict(graph.tasks[task_id].expand), xcom) if graph.tasks[task_id].mapped else 1
    return None if around is None or own is None else around * own


def literal_count(graph: Graph, task_id: str) -> int | None:
    """The same where it stands in the file; None when it hangs on results."""
    return count_of(graph, task_id, lambda _task_id, _key: None)


def references(graph: Graph, task_id: str) -> tuple[str, ...]:
    """The tasks whose results decide how many copies there are: of the task itself, else of the group around it.

    (``iter_mapped_dependencies``)
    """
    task, groups = graph.tasks[task_id], graph.mapped_groups[task_id]
    value: Json = dict(task.expand) if task.mapped else graph.groups[groups[0]].expand if groups else None
    return tuple(dict.fromkeys(name for name in _xcom_tasks(value) if name in graph.tasks))


def relevant_indexes(graph: Graph, task_id: str, map_index: int, parent: str, xcom: XComLength) -> range | None:
    """Which copies of PARENT copy MAP_INDEX of TASK_ID depends on; None: all of them."""
    groups, theirs = graph.mapped_groups[task_id], graph.mapped_groups[parent]
    common = next((group for group in groups if group in theirs), None)
    if common is None:
        return None
    if map_index >= 0 and graph.in_step(task_id, parent):
        return range(map_index, map_index + 1)
    mine = count_of(graph, task_id, xcom)
    shared = _groups_count(graph, groups[groups.index(common) :], xcom)
    if not mine or not shared:
        return None
    index = map_index * shared // mine
    if not graph.tasks[parent].mapped and theirs[0] == common:
        return range(index, index + 1)
    # Airflow divides the task's own count here, which is right only where task and parent have equally many copies.
    further = (count_of(graph, parent, xcom) or 0) // shared
    return range(index * further, (index + 1) * further)


def _groups_count(graph: Graph, groups: tuple[str, ...], xcom: XComLength) -> int | None:
    """How many copies the task groups GROUPS, each inside the next, have together."""
    lengths = [_input_length(graph.groups[group_id].expand, xcom) for group_id in groups]
    known = [length for length in lengths if length is not None]
    return prod(known) if len(known) == len(lengths) else None


def _input_length(value: Json, xcom: XComLength) -> int | None:
    if not isinstance(value, dict) or tag_of(value) is not None:
        return value_length(value, xcom)
    if set(value) == {"*"}:
        return value_length(value["*"], xcom)
    if not value:
        return 0
    lengths = [value_length(inner, xcom) for inner in value.values()]
    known = [length for length in lengths if length is not None]
    return prod(known) if len(known) == len(lengths) else None


def value_length(value: Json, xcom: XComLength) -> int | None:
    """How many copies VALUE, as it stands in a spec, gives; None: not known."""
    tag = tag_of(value)
    if tag is None:
        return len(value) if isinstance(value, list | dict) else None
    assert isinstance(value, dict)
    inner = value[tag]
    if tag == "$xcom" and isinstance(inner, dict):
        return _xcom_length(inner, xcom)
    return len(inner) if tag in {"$tuple", "$set", "$dict"} and isinstance(inner, list) else None


def _xcom_length(inner: Mapping[str, Json], xcom: XComLength) -> int | None:
    """The forms are those of ``goflow.parser.libraries.airflow.xcom_args``: plain, ``map``, ``zip``, ``concat``."""
    for kind, combine in (("zip", max if "fill" in inner else min), ("concat", sum)):
        parts = inner.get(kind)
        if isinstance(parts, list):
            lengths = [value_length(part, xcom) for part in parts]
            known = [length for length in lengths if length is not None]
            return combine(known) if known and len(known) == len(lengths) else None
    if "map" in inner:
        return value_length(inner["map"], xcom)
    return xcom(str(inner["task_id"]), str(inner.get("key") or "return_value")) if "task_id" in inner else None


def _xcom_tasks(value: Json) -> Iterator[str]:
    for inner in walk(value):
        if tag_of(inner) == "$xcom":
            assert isinstance(inner, dict)
            reference = inner["$xcom"]
            if isinstance(reference, dict) and "task_id" in reference:
                yield str(reference["task_id"])
