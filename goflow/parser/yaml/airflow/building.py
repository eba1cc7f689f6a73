"""A document of Airflow's YAML to a DAG (``DagBuilder`` in Airflow's ``yaml_importer/builder.py``)."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from typing import Any

from goflow.domain.errors import did_you_mean
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Unknown
from goflow.parser.libraries.airflow.base_operators import base_parameters
from goflow.parser.libraries.airflow.dag import dag_class
from goflow.parser.libraries.airflow.dag_arguments import parameters
from goflow.parser.libraries.airflow.relations import connect
from goflow.parser.libraries.import_string import import_string
from goflow.parser.yaml.airflow import markers, temporal
from goflow.parser.yaml.airflow.grammar import Dag, Task, Teller
from goflow.parser.yaml.located import Path

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
_MANAGED = frozenset({"task_id", "dag", "task_group", "default_args"})
_RUN = "GoFlow has no handlers of Airflow's language SDKs; an operator by uses does the same in Python"


class Building:
    """Makes the DAG of one document. MADE are its tasks by id."""

    def __init__(self, dag: Dag, session: Session) -> None:
        self.dag, self.session = dag, session
        self.made: dict[str, Any] = {}
        self.upstreams: dict[str, set[str]] = {}

    def build(self) -> bool:
        """Make the DAG, and register it; false, and everything told, where something is wrong with it.

        Raises what Airflow refuses, at its place in the document.
        """
        order = self._checked_order()
        if order is None:
            return False
        at = self.dag.teller.at(("dag_id",))
        arguments = {
            name: temporal.as_argument(value, temporal.DAG.get(name), self.dag.teller.at((name,)))
            for name, value in self.dag.extra.items()
        }
        given = {"dag_id": self.dag.dag_id, "schedule": self._schedule(), **arguments}
        dag = dag_class(self.session).call([], given, at)
        dag.enter(at)
        tasks = {task.id: task for task in self.dag.tasks}
        for task_id in order:
            made = self._operator(tasks[task_id])
            if made is not None:
                self.made[task_id] = made
        failed = self.dag.teller.failed or any(task.teller.failed for task in self.dag.tasks)
        if not failed:
            for task in self.dag.tasks:
                for above in sorted(self.upstreams[task.id]):
                    connect(self.made[above], self.made[task.id], task.at(("needs",)), upstream=False)
        dag.leave(None, at)
        return not failed

    # -- checks ---------------------------------------------------------------------------------------------------

    def _checked_order(self) -> list[str] | None:
        """The tasks, each after those it depends on; None where something was told."""
        known = parameters(Dialect.AIRFLOW3)
        for name, value in self.dag.extra.items():
            if name not in known:
                hint = did_you_mean(name, (*known, "tasks", "templates"))
                self.dag.teller.tell("GF204", (name,), f"DAG has no argument {name!r}", hint)
            _refuse_markers(value, self.dag.teller, (name,))
        for task in self.dag.tasks:
            self._check_task(task)
        if self.dag.teller.failed or any(task.teller.failed for task in self.dag.tasks):
            return None
        try:
            return list(graphlib.TopologicalSorter(self.upstreams).static_order())
        except graphlib.CycleError as problem:
            circle = problem.args[1]
            task = next(task for task in self.dag.tasks if task.id == circle[0])
            task.teller.tell("GF201", ("needs",), f"tasks wait for each other: {' -> '.join(circle)}")
            return None

    def _check_task(self, task: Task) -> None:
        base = base_parameters(Dialect.AIRFLOW3)
        for name in task.extra:
            if name in _MANAGED:
                task.teller.tell("GF402", (name,), f"{name} cannot be set on a task")
            elif name not in base:
                hint = did_you_mean(name, base) or "what belongs to the operator stands under with"
                task.teller.tell("GF401", (name,), f"{name!r} is no argument that every task has", hint)
            _refuse_markers(task.extra[name], task.teller, (name,))
        for name in task.values:
            if name in _MANAGED:
                task.teller.tell("GF402", ("with", name), f"{name} cannot be set on a task")
            elif name in base:
                words = f"{name} is an argument of every task"
                task.teller.tell("GF402", ("with", name), words, "write it beside with, not under it")
        if task.run is not None:
            task.teller.tell("GF407", ("run",), f"the task {task.id!r} is carried out by a task handler", _RUN)
        for name, value in task.values.items():
            markers.check(value, task.teller, ("with", name))
        if not task.teller.failed:
            self.upstreams[task.id] = {*task.needs, *self._references(task)}

    def _references(self, task: Task) -> set[str]:
        known = {other.id for other in self.dag.tasks}
        found = set()
        for name, value in task.values.items():
            for above in markers.upstreams(value):
                if above == task.id:
                    task.teller.tell("GF201", ("with", name), f"the task {above!r} waits for itself")
                elif above not in known:
                    hint = did_you_mean(above, known)
                    task.teller.tell("GF402", ("with", name), f"there is no task {above!r}", hint)
                found.add(above)
        return found

    # -- making ---------------------------------------------------------------------------------------------------

    def _schedule(self) -> Any:
        schedule = self.dag.schedule
        if not isinstance(schedule, dict):
            return schedule
        at = self.dag.teller.at(("schedule", "uses"))
        cls = import_string(schedule["uses"], at)
        if isinstance(cls, Unknown):
            return cls
        kinds = temporal.kinds_of(getattr(cls, "path", ""))
        arguments = {}
        for name, value in (schedule.get("with") or {}).items():
            place = self.dag.teller.at(("schedule", "with", name))
            arguments[name] = self._temporal(value, name, kinds, cls, place)
        return cls.call([], arguments, at)

    @staticmethod
    def _temporal(value: Any, name: str, kinds: Mapping[str, str] | None, cls: Any, at: Any) -> Any:
        if kinds is None:
            return temporal.as_unknown_argument(value, name, getattr(cls, "name", "the class"), at)
        return temporal.as_argument(value, kinds.get(name), at)

    def _operator(self, task: Task) -> Any:
        cls = import_string(task.uses or EMPTY, task.at(("uses",)))
        fields = _template_fields(cls)
        if fields is None:
            words = f"which fields of {task.uses} are templates is not known here"
            hint = (
                "the class is not in GoFlow's catalogue, and its module neither in the DAG folder nor in import_roots"
            )
            task.teller.tell("GF407", ("uses",), words, hint)
            return None
        kinds = temporal.kinds_of(cls.path)
        arguments: dict[str, Any] = {}
        rendered = set()
        for name, value in task.values.items():
            path: Path = ("with", name)
            found = markers.kinds_in(value)
            if found & {markers.XCOM, markers.TEMPLATE}:
                rendered.add(name)
            if found - {markers.CONST} and name not in fields:
                words = f"{name} of {cls.name} is no template field: it takes no marker but $const"
                task.teller.tell("GF402", path, words, f"its template fields are {', '.join(fields) or 'none'}")
                continue
            lowering = markers.Lowering(task, self.made, self._read(task), rendered=name in rendered)
            arguments[name] = lowering.argument(value, path)
            if not found - {markers.CONST}:
                arguments[name] = self._temporal(arguments[name], name, kinds, cls, task.at(path))
        if task.teller.failed:
            return None
        for name, value in task.extra.items():
            arguments[name] = temporal.as_argument(value, temporal.BASE.get(name), task.at((name,)))
        made = cls.call([], {"task_id": task.id, **arguments}, task.at())
        kept = tuple(name for name in made.template_fields if name not in task.values or name in rendered)
        made.attributes["template_fields"], made.attributes["template_ext"] = kept, ()
        return made

    @staticmethod
    def _read(task: Task) -> Any:
        return lambda name, path: markers.read_beside(name, task, path)


def _refuse_markers(value: Any, teller: Teller, path: Path) -> None:
    """Tell of markers where they mean nothing: in arguments of the DAG, and in those of every task."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in markers.KEYS:
                teller.tell("GF402", (*path, key), f"the marker {key!r} can only stand under with")
            _refuse_markers(inner, teller, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_markers(inner, teller, (*path, index))


def _template_fields(cls: Any) -> tuple[str, ...] | None:
    """The template fields of an operator class; None where it, or one that it derives from, is known by name alone."""
    if not isinstance(cls, ClassValue):
        return None
    models = [base.data.get("model") for base in cls.mro]
    if not any(model is not None for model in models) or any(model and not model.sealed for model in models):
        return None
    found = cls.lookup("template_fields")
    return tuple(found) if isinstance(found, tuple | list) else None
