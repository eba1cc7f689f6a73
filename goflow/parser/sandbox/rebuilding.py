"""The DAGs, groups and tasks of an account as the objects that evaluating the file would have made.

The calls of the account are made once more, at the models of Airflow that evaluation uses: so defaults, checks and what
is known of operators are the same. What a file's own code did between them is taken from what came out of it.
"""

from __future__ import annotations

from typing import Any

from goflow.domain.diagnostics import Span
from goflow.parser.interpreter.session import Session
from goflow.parser.libraries.airflow.dag import DagValue, dag_class
from goflow.parser.libraries.airflow.graph import GroupNode, TaskNode
from goflow.parser.libraries.airflow.groups import GroupValue, group_class, mapped_group_class
from goflow.parser.libraries.airflow.operators import OperatorValue, TaskValue, finish, native_init
from goflow.parser.libraries.airflow.params import ParamsValue
from goflow.parser.libraries.airflow.state import state_of
from goflow.parser.libraries.airflow.taskflow import task_decorator
from goflow.parser.libraries.airflow.xcom_args import PlainXComArg
from goflow.parser.sandbox.classes import Classes
from goflow.parser.sandbox.values import LineAt, Values, expansion_of

_PLACES = {"dag", "task_group"}
_INTERNAL = {"dag", "task_group", "default_args", "params", "task_id"}


class Rebuilding:
    """Makes the objects of one ACCOUNT in SESSION; SHOWN is the path of a file of the run as diagnostics name it."""

    def __init__(self, session: Session, account: dict[str, Any], shown: dict[str, str]) -> None:
        self.session, self.account, self.shown = session, account, shown
        dotted = session.main.path.removesuffix(".py").replace("/", ".")
        self.values = Values(session, account["module"], dotted)
        self.classes = Classes(session, self.values)

    def run(self) -> None:
        """Make everything. Raises what the models of Airflow refuse."""
        made = self.account["made"]
        for told in made:
            path, line = told["at"]
            at = LineAt(self.session, self.session.main, Span(self.shown.get(path, path), line, 1 if line else 0))
            self.values.at = at
            if told.get("dag_default_args") is not None:
                self.values(told["dag"]).attributes["default_args"] = self.values(told["dag_default_args"])
            self.values.things[told["number"]] = getattr(self, f"_{told['kind']}")(told, at)
        for told in made:
            if told["kind"] in {"task", "mapped"}:
                self._wire(self._task_node(told["number"]), told)
        for told in made:
            if told["kind"] == "dag":
                self._complete(told["number"], told)

    def _dag(self, told: dict[str, Any], at: LineAt) -> DagValue:
        dag = dag_class(self.session).call([], self.values.mapping(told["arguments"]), at)
        assert isinstance(dag, DagValue)
        state_of(self.session).registered.append(dag)
        for name, value in self.values.mapping(told["changed"]).items():
            dag.set_attribute(name, value, at)
        self.values.things[told["number"]] = dag
        params = self.values(told["params"])
        if isinstance(params, ParamsValue):
            dag.params = params
        return dag

    def _group(self, told: dict[str, Any], at: LineAt) -> GroupValue:
        dag = self.values(told["dag"])
        parent = self.values(told["parent"]) or dag.root_group
        expansion = self.values(told["expansion"])
        cls = group_class(self.session) if expansion is None else mapped_group_class(self.session)
        node = GroupNode(told["own_id"], dag.graph, parent.node, told["prefix"])
        attributes = {
            "default_args": self.values(told["default_args"]),
            "tooltip": self.values(told["tooltip"]),
            "doc_md": self.values(told["doc_md"]),
            "group_display_name": self.values(told["display_name"]),
        }
        group = GroupValue(cls, node, at, attributes)
        node.upstream_groups.update(dict.fromkeys(told["upstream_groups"]))
        if expansion is not None:
            group.expansion = expansion_of(expansion)
            node.mapped = True
        return group

    def _task(self, told: dict[str, Any], at: LineAt) -> TaskValue:
        cls, own_classes = self.classes.of(told["class"])
        task = OperatorValue(cls, at)
        task.given = tuple(told["given"])
        levels = [level for level in told["levels"] if level[0] < own_classes]
        library = next((level for level in told["levels"] if level[0] >= own_classes), None)
        for _, _, full in levels:
            arguments = self.values.mapping(full)
            task.arguments.update({name: value for name, value in arguments.items() if name not in _INTERNAL})
        came, full = library[1:] if library is not None else ({"task_id": told["task_id"]}, {})
        if levels and came.get("params") == levels[-1][2].get("params"):  # handed on: the author's own are further out
            came = {**came, "params": levels[0][1].get("params")}
        kwargs = {name: self.values(value) for name, value in came.items() if name not in _PLACES}
        native_init(at, task, **kwargs, **(self._place(told) if "dag" in full else {}))
        finish(task, at)
        self._change(task, told["changed"], at)
        for name, value in told["fields"].items() if own_classes else ():
            if name not in task.attributes:
                task.attributes[name] = self.values(value)
        return task

    def _mapped(self, told: dict[str, Any], at: LineAt) -> TaskValue:
        cls, _ = self.classes.of(told["class"])
        kwargs = {name: self.values(value) for name, value in told["arguments"].items() if name not in _PLACES}
        kwargs |= self._place(told)
        decorator = told["decorator"]
        if decorator is None:
            partial = cls.get_attribute("partial", at).call([], kwargs, at)
        else:
            function = self.values(decorator["function"])
            partial = task_decorator(at, function, cls, kwargs, decorator["multiple_outputs"])
        expansion = self.values(told["expansion"])
        if isinstance(expansion, dict):
            made = partial.get_attribute("expand", at).call([], expansion, at)
        else:
            made = partial.get_attribute("expand_kwargs", at).call([expansion], {}, at)
        task = made.operator if isinstance(made, PlainXComArg) else made
        assert isinstance(task, TaskValue)
        self._change(task, told["changed"], at)
        return task

    def _place(self, told: dict[str, Any]) -> dict[str, Any]:
        dag, group = self.values(told["dag"]), self.values(told["group"])
        return {"dag": dag, "task_group": group or dag.root_group}

    def _change(self, task: TaskValue, changed: dict[str, Any], at: LineAt) -> None:
        """Attributes that were set by other code than Airflow's, or after the task was made."""
        for name, (late, value) in changed.items():
            if isinstance(task, OperatorValue):
                task.finished = late
            task.set_attribute(name, self.values(value), at)
        if isinstance(task, OperatorValue):
            task.finished = True

    def _task_node(self, number: int) -> TaskNode:
        task = self.values.things[number]
        assert isinstance(task, TaskValue)
        return task.node

    def _wire(self, node: TaskNode, told: dict[str, Any]) -> None:
        """The task's place, flags and edges as they were in the end."""
        dag, group = self.values(told["dag"]), self.values(told["group"])
        place = (group or dag.root_group).node
        if node.dag is None:
            dag.graph.add(node, place)
        elif node.group is not place:
            place.add(node, moving=True)
        node.setup, node.teardown = told["setup"], told["teardown"]
        if told["on_failure_fail_dagrun"]:
            node.value.attributes["on_failure_fail_dagrun"] = True

    def _complete(self, number: int, told: dict[str, Any]) -> None:
        """The DAG's tasks in their order, with all edges and labels."""
        dag = self.values.things[number]
        assert isinstance(dag, DagValue)
        tasks = dag.graph.tasks
        ordered = dict.fromkeys([*(task_id for task_id in told["tasks"] if task_id in tasks), *tasks])
        dag.graph.tasks = {task_id: tasks[task_id] for task_id in ordered}
        for other in self.account["made"]:
            if other["kind"] in {"task", "mapped"} and other["dag"] == {"dag": number}:
                for above in other["upstream"]:
                    tasks[above].downstream[other["task_id"]] = None
                    tasks[other["task_id"]].upstream[above] = None
        dag.graph.edge_labels.update({(above, below): label for above, below, label in told["labels"]})
