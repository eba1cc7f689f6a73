"""The groups and tasks of a dag-factory DAG, and the edges between them (as its ``DagBuilder`` makes them)."""

from __future__ import annotations

from typing import Any

from goflow.domain.errors import did_you_mean
from goflow.parser.interpreter.values import At
from goflow.parser.libraries.airflow.groups import group_class
from goflow.parser.libraries.dagfactory.callbacks import settle_callbacks
from goflow.parser.libraries.dagfactory.shapes import Place, as_list, as_mapping, is_true, keywords, refuse
from goflow.parser.libraries.dagfactory.tasks import TaskMaker

NO_ARGUMENTS = ("operator", "dependencies", "task_group_name", "parent_group_name")
"""Keys of tasks and groups that dag-factory reads itself (its ``SYSTEM_PARAMS``)."""


class Wiring:
    """Fills DAG. TASKS and GROUPS are their entries by name, PLACE gives places in the DAG's entry."""

    def __init__(self, dag: Any, tasks: dict[Any, Any], groups: dict[Any, Any], place: Place, *, old: bool) -> None:
        self.dag, self.place, self.old = dag, place, old
        self.session = place().session
        self.tasks = {name: as_mapping(one, place("tasks", name), f"task {name!r}") for name, one in tasks.items()}
        self.groups = {
            name: as_mapping(one, place("task_groups", name), f"task group {name!r}") for name, one in groups.items()
        }
        self.made: dict[Any, Any] = {}
        self.made_groups: dict[Any, Any] = {}

    def make(self) -> None:
        """Make the groups, the tasks in the order of their dependencies, and then the edges."""
        for name in self.groups:
            self._group(name, [])
        for name in self._ordered():
            self._task(name)
        for name, entry in {**self.tasks, **self.groups}.items():
            self._edges(name, entry)

    # -- groups ---------------------------------------------------------------------------------------------------

    def _group(self, name: Any, around: list[Any]) -> Any:
        if name in self.made_groups:
            return self.made_groups[name]
        entry, at = self.groups[name], self.place("task_groups", name)
        if name in around:
            words = " -> ".join(map(str, (*around[around.index(name) :], name)))
            refuse(at, f"Circular dependency detected: {words}", kind="Exception")
        if is_true(entry.get("parent_group_name")):
            above = entry["parent_group_name"]
            if not isinstance(above, str | int | float) or above not in self.groups:
                hint = did_you_mean(str(above), map(str, self.groups))
                where = self.place("task_groups", name, "parent_group_name")
                refuse(where, f"there is no task group {above!r}", hint)
            entry["parent_group"] = self._group(above, [*around, name])
        entry["group_id"], entry["dag"] = name, self.dag
        if isinstance(entry.get("default_args"), dict):
            settle_callbacks(
                entry["default_args"], lambda *path: self.place("task_groups", name, "default_args", *path)
            )
        arguments = {key: value for key, value in entry.items() if key not in NO_ARGUMENTS}
        named = keywords(arguments, lambda *path: self.place("task_groups", name, *path), f"task group {name!r}")
        self.made_groups[name] = group_class(self.session).call([], named, at)
        return self.made_groups[name]

    # -- tasks ----------------------------------------------------------------------------------------------------

    def _ordered(self) -> list[Any]:
        """The tasks, each after those that it depends on (Kahn's order, as ``topological_sort_tasks`` has it)."""
        below: dict[Any, list[Any]] = {name: [] for name in self.tasks}
        waits = dict.fromkeys(self.tasks, 0)
        for name, entry in self.tasks.items():
            for above in self._dependencies("tasks", name, entry):
                if isinstance(above, str | int | float) and above in self.tasks:
                    below[above].append(name)
                    waits[name] += 1
        free = [name for name, count in waits.items() if not count]
        for name in free:  # it grows on the way
            for next_one in below[name]:
                waits[next_one] -= 1
                if not waits[next_one]:
                    free.append(next_one)
        stuck = [name for name in self.tasks if waits[name]]
        if stuck:
            at = self.place("tasks", stuck[0], "dependencies")
            names = ", ".join(map(str, stuck))
            refuse(at, f"Cycle detected in task dependencies! They wait for each other: {names}", kind="ValueError")
        return free

    def _dependencies(self, key: str, name: Any, entry: dict[Any, Any]) -> list[Any]:
        if "dependencies" not in entry:
            return []
        if key == "task_groups" and not is_true(entry["dependencies"]):
            return []
        place = self._where(key, name, "dependencies")
        return as_list(entry["dependencies"], place, f"dependencies of {name!r}")

    def _where(self, key: str, name: Any, *path: Any) -> At:
        return self.place(key, name, *path)

    def _task(self, name: Any) -> None:
        entry = self.tasks[name]
        entry["task_id"], entry["dag"] = name, self.dag
        group = entry.get("task_group_name")
        if self.made_groups and is_true(group):
            if not isinstance(group, str | int | float) or group not in self.made_groups:
                hint = did_you_mean(str(group), map(str, self.made_groups))
                where = self.place("tasks", name, "task_group_name")
                refuse(where, f"there is no task group {group!r}", hint)
            entry["task_group"] = self.made_groups[group]
        arguments = {key: value for key, value in entry.items() if key not in NO_ARGUMENTS}
        place: Place = lambda *path: self.place("tasks", name, *path)  # noqa: E731
        maker = TaskMaker(keywords(arguments, place, f"task {name!r}"), self.made, place, old=self.old)
        if "operator" in entry:
            task = maker.of_operator(entry["operator"])
            self.made[task.node.task_id] = task
        elif "decorator" in entry:
            self.made[name] = maker.of_decorator()
        else:
            refuse(place(), "Tasks must define either 'operator' or 'decorator'")

    # -- edges ----------------------------------------------------------------------------------------------------

    def _edges(self, name: Any, entry: dict[Any, Any]) -> None:
        key = "tasks" if name in self.tasks else "task_groups"
        known = {**self.made, **self.made_groups}
        for index, above in enumerate(self._dependencies(key, name, entry)):
            at = self._where(key, name, "dependencies", index)
            if not self._is_known(above):
                hint = did_you_mean(str(above), map(str, (*self.tasks, *self.groups)))
                refuse(at, f"{name!r} depends on {above!r}, which is neither a task nor a group", hint)
            found = [self._found(one, known, at) for one in (name, above)]
            found[0].get_attribute("set_upstream", at).call([found[1]], {}, at)

    def _is_known(self, name: Any) -> bool:
        return isinstance(name, str | int | float) and (name in self.tasks or name in self.groups)

    def _found(self, name: Any, known: dict[Any, Any], at: At) -> Any:
        """The task or group of that NAME; one in a group by the id that dag-factory looks for."""
        entry = self.groups[name] if name in self.groups else self.tasks[name]
        key = f"{entry['task_group'].node.group_id}.{name}" if entry.get("task_group") is not None else name
        if key not in known:
            words = f"dag-factory does not find {key!r}: it looks for tasks of groups by the group's id and the task's"
            hint = (
                "tasks with a decorator, and those in a group without prefix_group_id, cannot have dependencies there"
            )
            refuse(at, words, hint)
        return known[key]
