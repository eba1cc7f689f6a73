"""The DAG class: ``with DAG``, and what files ask a DAG object for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, TypeVar

from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue, Instance, initialise
from goflow.parser.interpreter.descriptors import bind
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Raised, Unknown, Value
from goflow.parser.libraries.airflow import schedules
from goflow.parser.libraries.airflow.attributes import unread_attributes
from goflow.parser.libraries.airflow.dag_making import init, timetable_from
from goflow.parser.libraries.airflow.dag_methods import METHODS
from goflow.parser.libraries.airflow.dates import moment_value
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.graph import DagGraph, TaskNode
from goflow.parser.libraries.airflow.groups import GroupValue, group_class
from goflow.parser.libraries.airflow.keys import GraphError
from goflow.parser.libraries.airflow.params import ParamsValue, make_params
from goflow.parser.libraries.airflow.schedules import Timetable
from goflow.parser.libraries.airflow.state import Taint, native, refuse, state_of, taint_if_undecided
from goflow.parser.libraries.logging_ import QUIET

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.operators import TaskValue


T = TypeVar("T")


class DagValue(Instance):
    """A DAG object. Its arguments, as Airflow's ``__init__`` leaves them, are its attributes.

    AT is where it is made, DESCRIBED_AT where its arguments stand: elsewhere for ``@dag``.
    """

    def __init__(self, cls: ClassValue, at: At) -> None:
        super().__init__(cls)
        self.at = at
        self.described_at = at
        self.graph = DagGraph("", self, airflow2=state_of(at.session).airflow2)
        self.timetable: Timetable = schedules.NULL
        self.zone: dt.tzinfo = dt.UTC
        self.params: ParamsValue = make_params(at, None)
        self.given: tuple[str, ...] = ()
        self.taints: list[Taint] = []
        self.chance: Taint | None = None
        """Why it is not known whether a global is this DAG in the end."""
        self._root: GroupValue | None = None
        self._joining: list[GroupValue | None] = []
        self._shown: list[tuple[str, Any, Any, At]] = []

    @property
    def dag_id(self) -> str:
        """Its id."""
        return self.graph.dag_id

    @property
    def default_args(self) -> Any:
        """Its default arguments: a dict of its own, or Unknown."""
        return self.attributes.get("default_args", {})

    @property
    def root_group(self) -> GroupValue:
        """The group without a name that all others are in."""
        if self._root is None:
            self._root = GroupValue(group_class(self.at.session), self.graph.root, self.at, {"default_args": {}})
        return self._root

    @property
    def open_group(self) -> GroupValue | None:
        """The group of this DAG that a ``with`` block has open, or that a task is just put into."""
        if self._joining:
            return self._joining[-1]
        groups = state_of(self.at.session).open_groups
        return groups[-1] if groups and groups[-1].dag is self else None

    def taint(self, what: str, unknown: Unknown, at: At, task_id: str | None = None) -> None:
        """WHAT, which the scheduler plans with, depends on UNKNOWN: the DAG cannot be taken as it is."""
        self.taints.append(Taint(what, unknown.reason, unknown.at or at, task_id))

    def shown(self, name: str, contents: T, at: At) -> T:
        """CONTENTS, a dict or a set, as the attribute NAME, which the file is not to change (`taint_changes`)."""
        self._shown.append((name, contents, contents.copy(), at))  # type: ignore[attr-defined]
        return contents

    def taint_changes(self) -> None:
        """What the file has changed past the methods of the DAG and its groups is not followed."""
        for name, contents, before, at in self._shown:
            same = contents.keys() == before.keys() if isinstance(contents, dict) else contents == before
            if not same or (isinstance(contents, dict) and any(contents[key] is not before[key] for key in before)):
                what = "which tasks there are" if isinstance(contents, dict) else "an edge"
                self.taint(what, Unknown(f"what the file does to {name}", at), at)

    def take(self, task: TaskValue, group: GroupValue | None, at: At) -> None:
        """Put TASK into the DAG and GROUP; the file's own ``add_task``, where its class has one, is in between."""
        own = self.cls.lookup("add_task")
        if isinstance(own, NativeFunction) or not isinstance(own, Value):
            self.add(task, group, at)
            return
        self._joining.append(group)
        try:
            bind(own, self, self.cls, at).call([task], {}, at)
        finally:
            self._joining.pop()

    def add(self, task: TaskValue, group: GroupValue | None, at: At) -> None:
        """Put TASK into the graph, and into GROUP. Raises what Airflow raises for an id that is taken."""
        try:
            self.graph.add(task.node, group.node if group is not None else None)
        except GraphError as problem:
            refuse(at, problem)

    def left_to_chance(self, why: Unknown, at: At) -> None:
        """Not known whether it is the one that a name has in the end."""
        self.chance = Taint("which DAG is the last", why.reason, self.at)

    def task_added(self, task: TaskNode) -> None:
        """The graph took in a task."""
        task.value.added_to(self)

    def enter(self, at: At) -> Any:
        """``with DAG(...) as dag:``."""
        own = self.own_method("__enter__", at)
        return self.open(at) if own is None else own.call([], {}, at)

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """The end of the block."""
        if self.own_method("__exit__", at) is not None:
            return super().leave(problem, at)
        self.close(at)
        return False

    def open(self, at: At) -> DagValue:
        """Have what follows be put into the DAG."""
        state_of(at.session).open_dags.append(self)
        return self

    def close(self, at: At) -> None:
        """The end of what is put into it, which registers the DAG."""
        state = state_of(at.session)
        if self in state.open_dags:
            state.open_dags.remove(self)
        if self.attributes.get("auto_register", True) is not False and self not in state.registered:
            state.registered.append(self)

    def truth(self, at: At) -> bool:
        """DAGs are true."""
        return True

    def get_attribute(self, name: str, at: At) -> Any:
        """What Airflow's DAG has."""
        found = self._own_attribute(name, at)
        return super().get_attribute(name, at) if found is MISSING else found

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``dag.name = value``."""
        taint_if_undecided(self, f"the attribute {name} of the DAG", at)
        if name == "params":
            self.params = make_params(at, value)
        elif name in {"timetable", "schedule_interval"}:
            self._reschedule(value, at)
        elif name in {"start_date", "end_date"}:
            self.store(name, value, at)
        elif name == "concurrency":
            self.store("max_active_tasks", value, at)
        elif name == "tasks":
            fail(at, "AttributeError", "DAG.tasks can not be modified. Use dag.add_task() instead.", code="GF203")
        elif name in _STRUCTURE:
            if not self.dag_id or value in (self.dag_id, self._root):  # before its `__init__`, which says it itself
                return
            self.taint("which tasks there are", Unknown(f"what the file sets {name} to", at), at)
        else:
            super().set_attribute(name, value, at)

    def text(self, at: At) -> Any:
        """``<DAG: id>``."""
        return f"<DAG: {self.dag_id}>"

    def _own_attribute(self, name: str, at: At) -> Any:
        graph = self.graph
        match name:
            case "dag_id" | "_dag_id" | "safe_dag_id":
                return self.dag_id
            case "params":
                return self.params
            case "start_date" | "end_date":
                return moment_value(self.attributes.get(name))
            case "timezone":
                return self.zone
            case "task_dict":
                return self.shown(name, {task_id: task.value for task_id, task in graph.tasks.items()}, at)
            case "tasks":
                return [task.value for task in graph.tasks.values()]
            case "task_ids":
                return list(graph.tasks)
            case "task_count" if at.session.dialect is Dialect.AIRFLOW2:
                return len(graph.tasks)
            case "task_group":
                return self.root_group
            case "task_group_dict":
                return {group.group_id: group.value for group in graph.root.groups() if group.group_id is not None}
            case "roots":
                return [task.value for task in graph.tasks.values() if not task.upstream]
            case "leaves":
                return [task.value for task in graph.tasks.values() if not task.downstream]
            case "fileloc" | "filepath":
                return at.session.loader.told(at.session.root / at.session.main.path)
            case "folder":
                return at.session.loader.told((at.session.root / at.session.main.path).parent)
            case "concurrency":
                return self.attributes.get("max_active_tasks")
            case "task":
                from goflow.parser.libraries.airflow.taskflow import task_decorators

                return task_decorators(at.session, self)
            case "owner":
                return ", ".join(sorted({str(task.value.attributes.get("owner")) for task in graph.tasks.values()}))
        return MISSING

    def _reschedule(self, value: Any, at: At) -> None:
        made = timetable_from(value, self.zone, at)
        if isinstance(made, Unknown):
            self.taint("the schedule", made, at)
        else:
            self.timetable = made


_STRUCTURE = frozenset({"dag_id", "_dag_id", "task_dict", "task_group", "_task_group"})
"""Attributes that say which DAG and tasks these are: where the file sets one, that is not followed."""


def dag_class(session: Session) -> ClassValue:
    """``DAG`` of this session."""
    return state_of(session).singleton("DAG", _make_class)


def _make_class() -> ClassValue:
    made = ClassValue(
        "DAG",
        (),
        {
            **{name: native(name, function) for name, function in METHODS.items()},
            "__init__": native("__init__", init),
            "__enter__": native("__enter__", lambda at, self: self.open(at)),
            "__exit__": native("__exit__", lambda at, self, *words: self.close(at)),
            "log": QUIET,
        },
        module_name="airflow.sdk.definitions.dag",
        construct=_construct,
        fallback=unread_attributes("DAG"),
    )
    made.data["bears_unknown"] = True
    return made


def _construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    dag = DagValue(cls, at)
    initialise(dag, args, kwargs, at)
    state_of(at.session).made.append(dag)
    taint_if_undecided(dag, "whether there is such a DAG", at)
    return dag
