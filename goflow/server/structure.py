"""A DAG as the page draws it: groups and tasks in the order of their dependencies, in columns and by their places.

It is made of the meaning as it is stored, without the objects of `goflow.domain.spec`: of 5,000 tasks these take longer
to make than all else of the page's first answer.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.domain.state import TaskState
from goflow.server.rest.naming import operator_words
from goflow.server.rest.strict import strict

LETTERS: Mapping[TaskState, str] = {
    TaskState.NONE: ".",
    TaskState.SCHEDULED: "s",
    TaskState.QUEUED: "q",
    TaskState.RUNNING: "r",
    TaskState.SUCCESS: "S",
    TaskState.FAILED: "F",
    TaskState.SKIPPED: "k",
    TaskState.UPSTREAM_FAILED: "U",
    TaskState.UP_FOR_RETRY: "y",
    TaskState.UP_FOR_RESCHEDULE: "e",
    TaskState.DEFERRED: "d",
    TaskState.AWAITING_INPUT: "a",
    TaskState.RESTARTING: "t",
    TaskState.REMOVED: "x",
}
"""A letter for each state of a task: the page reads a run as one text, a letter per task."""
ABSENT = " "
"""In the place of a task that a run does not have."""
_DRAWN = frozenset({"tasks", "groups", "edge_labels"})
Stored = Mapping[str, Any]
"""A part of a DAG's meaning as JSON (`DagSpec.to_json`): what has its default is not in it."""


@dataclass(frozen=True)
class Structure:
    """Columns of groups and tasks; PLACES says where each task stands. Nothing here ever changes for a reading."""

    columns: Mapping[str, Any]
    places: Mapping[str, int]
    edges: Sequence[tuple[int, int]]
    labels: Mapping[str, str]
    head: Mapping[str, Any]
    """All that the meaning says besides, and ``native``: whether any task is one of a native DAG."""

    @functools.cached_property
    def text(self) -> str:
        """The columns as JSON: written once, since it is most of the first answer for a large DAG."""
        return json.dumps(self.columns, ensure_ascii=False, separators=(",", ":"))


def structure_of(dag: Stored) -> Structure:
    """The structure of DAG. Tasks stand behind all that they depend on, otherwise in the file's order."""
    tasks = in_order(dag.get("tasks", ()))
    its_groups: Sequence[Stored] = dag.get("groups", ())
    places = {task["task_id"]: place for place, task in enumerate(tasks)}
    groups = {group["group_id"]: place for place, group in enumerate(its_groups)}
    names = operator_names(tasks)
    operators = {name: place for place, name in enumerate(dict.fromkeys(names))}
    columns = {
        "groups": {
            "id": list(groups),
            "label": [group.get("label") or group["group_id"].rpartition(".")[2] for group in its_groups],
            "parent": [groups.get(group.get("parent") or "", -1) for group in its_groups],
            "mapped": [int(group.get("expand") is not None) for group in its_groups],
            "tooltip": [group.get("tooltip", "") for group in its_groups],
        },
        "tasks": {
            "id": list(places),
            "label": [_label(task) for task in tasks],
            "group": [groups.get(task.get("group") or "", -1) for task in tasks],
            "operator": [operators[name] for name in names],
            "mapped": [int(task.get("mapped", False)) for task in tasks],
            "kind": ["s" if task.get("setup") else "t" if task.get("teardown") else "" for task in tasks],
        },
        "operators": list(operators),
    }
    edges = [
        (places[upper], place)
        for place, task in enumerate(tasks)
        for upper in task.get("upstream", ())
        if upper in places
    ]
    head = strict({name: value for name, value in dag.items() if name not in _DRAWN})
    head["native"] = any(task.get("native") is not None for task in tasks)
    return Structure(columns, places, edges, dict(dag.get("edge_labels", {})), head)


def operator_names(tasks: Sequence[Stored]) -> list[str]:
    """What the operator of each is shown as. Thousands of tasks have a few operators: each is looked up once."""
    known = [(str(task["operator"]), str(task.get("operator_path", ""))) for task in tasks]
    names = {pair: operator_words(*pair) for pair in set(known)}
    return [names[pair] for pair in known]


def in_order(tasks: Sequence[Stored]) -> list[Stored]:
    """TASKS, each behind those that it depends on, and otherwise in the order in which they are given."""
    known = {task["task_id"]: task for task in tasks}
    left = dict.fromkeys(known, 0)
    below: dict[str, list[str]] = {}
    for name, task in known.items():
        for upper in dict.fromkeys(task.get("upstream", ())):
            if upper in known:
                left[name] += 1
                below.setdefault(upper, []).append(name)
    ready = [name for name, count in left.items() if count == 0]
    for name in ready:  # it grows while it is gone through
        for lower in below.get(name, ()):
            left[lower] -= 1
            if left[lower] == 0:
                ready.append(lower)
    return [known[name] for name in ready]


def _label(task: Stored) -> str:
    """What stands in a row below the group's: the id without the group's, or the author's own name for it."""
    name: str = task.get("display_name") or ""
    if name:
        return name
    task_id: str = task["task_id"]
    return task_id.removeprefix(f"{task['group']}.") if task.get("group") else task_id
