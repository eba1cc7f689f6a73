"""How many tasks may hold a slot in one namespace at once (the setting ``namespace_slots``), and where a task goes."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from goflow.domain.spec import TaskSpec
from goflow.operators.registry import Way, way_of
from goflow.operators.request import namespace_of
from goflow.scheduler.graph import Graph
from goflow.scheduler.limits import Bound

EVERY_OTHER = "*"


class NamespaceSlots:
    """MOST maps a namespace, or ``*`` for every other, to its number of slots; DEFAULT is where tasks go whose file
    names none."""

    def __init__(self, most: Mapping[str, int], default: str) -> None:
        self._most = dict(most)
        self._default = default
        self._known: WeakKeyDictionary[Graph, dict[str, str]] = WeakKeyDictionary()

    def of(self, graph: Graph, task_id: str) -> str:
        """The namespace of the task's launches."""
        known = self._known.setdefault(graph, {})
        if task_id not in known:
            known[task_id] = _named(graph.tasks[task_id]) or namespace_of(
                graph.spec, graph.tasks[task_id], self._default
            )
        return known[task_id]

    def bound(self, graph: Graph, task_id: str) -> Bound | None:
        """The bound on the tasks of that namespace; None where it has none."""
        if not self._most:
            return None
        name = self.of(graph, task_id)
        most = self._most.get(name, self._most.get(EVERY_OTHER))
        return None if most is None else Bound(("namespace", name), most)


def _named(task: TaskSpec) -> str:
    """What a pod's own operator names, where that is no template: of that it is known when the pod is made."""
    found = {**task.arguments, **task.fields}.get("namespace") if way_of(task)[0] is Way.POD else None
    return found if isinstance(found, str) and "{" not in found else ""
