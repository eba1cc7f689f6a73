"""Operator classes and tasks: what happens when ``SomeOperator(...)`` is called while a file is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from goflow.domain.moments import Moment
from goflow.parser.interpreter.classes import ClassValue, Instance, call_init
from goflow.parser.interpreter.functions import Kind, UserFunction
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.plain_values import plain_host, type_name
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Raised,
    Unknown,
    UnknownKey,
    Value,
    hidden_argument,
)
from goflow.parser.libraries.airflow.base_attributes import check_fail_fast, converted, settle_base
from goflow.parser.libraries.airflow.base_operators import base_parameters
from goflow.parser.libraries.airflow.configured import configured_for_task
from goflow.parser.libraries.airflow.dates import moment_value
from goflow.parser.libraries.airflow.edges import Dependency
from goflow.parser.libraries.airflow.enums import plain
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.graph import TaskNode
from goflow.parser.libraries.airflow.keys import GraphError, check_key
from goflow.parser.libraries.airflow.operator_arguments import Merged, fill_defaults, flat_of, merged_defaults
from goflow.parser.libraries.airflow.params import ParamsValue, make_params
from goflow.parser.libraries.airflow.relations import Dependable
from goflow.parser.libraries.airflow.state import refuse, state_of, taint_if_undecided
from goflow.parser.libraries.airflow.xcom_args import (
    enter_block,
    leave_block,
    references_in,
    unknown_references,
    xcom_of,
)

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue

_INTERNAL = {"dag", "task_group", "default_args", "params", "task_id"}


def names_in(found: Any) -> tuple[str, ...]:
    """The texts of what a class names its template fields by; a text alone is one (Airflow wraps it in a list)."""
    return (found,) if isinstance(found, str) else endings_in(found)


def endings_in(found: Any) -> tuple[str, ...]:
    """The endings of template files; of a text alone each letter, as Airflow goes through it."""
    if isinstance(found, set | frozenset):
        return tuple(sorted(name for name in found if isinstance(name, str)))
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list | tuple | str) else ()


class TaskValue(Dependable):
    """A task, mapped or not. NODE is its place in the graph, GIVEN the arguments of its author's own call."""

    def __init__(self, cls: ClassValue, at: At) -> None:
        super().__init__(cls)
        self.at = at
        self.node = TaskNode("", value=self)
        self.given: tuple[str, ...] = ()
        self.arguments: dict[str, Any] = {}
        """Every argument of every ``__init__`` on the way, default arguments merged in; template fields included."""
        self.own_params: ParamsValue | None = None

    @property
    def dag(self) -> DagValue | None:
        """The DAG it is in."""
        return self.node.dag.value if self.node.dag is not None else None

    @property
    def template_fields(self) -> tuple[str, ...]:
        """The names of its template fields."""
        return names_in(self.attributes.get("template_fields", self.cls.lookup("template_fields")))

    @property
    def template_ext(self) -> tuple[str, ...]:
        """The endings of template files."""
        return endings_in(self.attributes.get("template_ext", self.cls.lookup("template_ext")))

    def dependency(self) -> Dependency:
        """The task."""
        return self.node

    def added_to(self, dag: DagValue) -> None:
        """The graph of DAG took the task in."""

    def enter(self, at: At) -> Any:
        """``with setup_task:``."""
        return enter_block([self.node], at)

    def leave(self, problem: Raised | None, at: At) -> bool:
        """The end of the block."""
        return leave_block(at)

    def truth(self, at: At) -> bool:
        """Tasks are true."""
        return True

    def text(self, at: At) -> Any:
        """``<Task(BashOperator): id>``."""
        return f"<Task({self.cls.name}): {self.node.task_id}>"

    def representation(self, at: At) -> Any:
        """The same."""
        return self.text(at)

    def get_attribute(self, name: str, at: At) -> Any:
        """What Airflow's operators have."""
        found = self._own_attribute(name, at)
        return super().get_attribute(name, at) if found is MISSING else found

    def make_teardown(self, at: At, setups: Any, on_failure_fail_dagrun: Any) -> None:
        """``task.as_teardown(setups=...)``."""
        self.set_attribute("is_teardown", True, at)
        self.attributes["trigger_rule"] = "all_done_setup_success"
        if on_failure_fail_dagrun is not None:
            self.set_attribute("on_failure_fail_dagrun", on_failure_fail_dagrun, at)
        if setups is None:
            return
        many = elements(setups, at) if isinstance(setups, list | tuple | set) else [setups]
        for setup in many if isinstance(many, list) else []:
            if isinstance(setup, Dependable):
                setup.set_attribute("is_setup", True, at)
                setup.binary(">>", self, at, reflected=False)
            elif isinstance(setup, Unknown) and self.dag is not None:
                self.dag.taint("an edge", setup, at, self.node.task_id)

    def connect_references(self, at: At, value: Any) -> None:
        """Put the tasks of every XComArg in VALUE upstream."""
        try:
            for task in references_in(value):
                self.node.set_upstream([task])
            for unknown in unknown_references(value):
                if self.dag is not None:
                    self.dag.taint("an edge", unknown, at, self.node.task_id)
        except GraphError as problem:
            refuse(at, problem)

    def set_flag(self, name: str, value: Any, at: At) -> None:
        """``is_setup``, ``is_teardown`` and ``on_failure_fail_dagrun``, which exclude each other."""
        node = self.node
        if isinstance(value, Unknown) and self.dag is not None:
            self.dag.taint(name, value, at, node.task_id)
        if name == "is_setup":
            if value is True and node.teardown:
                text = f"Cannot mark task '{node.task_id}' as setup; task is already a teardown."
                fail(at, "ValueError", text, code="GF203")
            node.setup = value is True
        elif name == "is_teardown":
            if value is True and node.setup:
                text = f"Cannot mark task '{node.task_id}' as teardown; task is already a setup."
                fail(at, "ValueError", text, code="GF203")
            node.teardown = value is True
        elif value is True and not node.teardown:
            text = f"Cannot set task on_failure_fail_dagrun for '{node.task_id}' because it is not a teardown task."
            fail(at, "ValueError", text, code="GF203")
        self.attributes[name] = value

    def _own_attribute(self, name: str, at: At) -> Any:
        node = self.node
        match name:
            case "task_id" | "node_id":
                return node.task_id or MISSING
            case "dag" | "_dag":
                return self._dag_attribute(name, at)
            case "start_date" | "end_date" if isinstance(self.attributes.get(name), Moment):
                return moment_value(self.attributes[name])
            case "task_group":
                return node.group.value if node.group is not None else None
            case "output":
                return xcom_of(self, at)
            case "upstream_task_ids":
                return self._shown(name, set(node.upstream), at)
            case "downstream_task_ids":
                return self._shown(name, set(node.downstream), at)
            case "upstream_list":
                return [task.value for task in node.upstream_tasks()]
            case "downstream_list":
                return [task.value for task in node.downstream_tasks()]
            case "roots" | "leaves":
                return [self]
            case "is_setup":
                return node.setup
            case "is_teardown":
                return node.teardown
            case "dag_id":
                return node.dag.dag_id if node.dag is not None else f"adhoc_{self.attributes.get('owner')}"
            case "task_type":
                return self.cls.name
            case "operator_name":
                custom = self.cls.lookup("custom_operator_name")
                return self.cls.name if custom is MISSING else custom
            case "label":
                group = node.group
                prefixed = group is not None and group.group_id and group.prefix
                return node.task_id[len(group.node_id) + 1 :] if group is not None and prefixed else node.task_id
        return MISSING

    def _shown(self, name: str, ids: set[str], at: At) -> set[str]:
        return ids if self.dag is None else self.dag.shown(name, ids, at)

    def _dag_attribute(self, name: str, at: At) -> Any:
        if self.dag is not None or name == "_dag":
            return self.dag
        return fail(at, "RuntimeError", f"Operator {self.node.task_id} has not been assigned to a Dag yet")


class OperatorValue(TaskValue):
    """A task that an operator class made."""

    def __init__(self, cls: ClassValue, at: At) -> None:
        super().__init__(cls, at)
        self.finished = False

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Airflow converts some values on assignment, and takes edges from XComArgs."""
        if name == "dag":
            self._assign_dag(value, at)
            return
        if self.finished:
            taint_if_undecided(self.dag, f"the attribute {name} of task {self.node.task_id}", at)
        super().set_attribute(name, value, at)

    def store(self, name: str, value: Any, at: At) -> None:
        """As ``BaseOperator.__setattr__``."""
        if name in {"is_setup", "is_teardown", "on_failure_fail_dagrun"}:
            self.set_flag(name, value, at)
            return
        if name == "task_id":
            if isinstance(value, str) and self.node.dag is None:
                self.node.task_id = value
            return
        value = converted(name, value, at, self)
        super().store(name, value, at)
        if not self.finished:
            return
        if name in self.arguments:
            self.arguments[name] = value
        if name in self.template_fields:
            self.connect_references(at, value)

    def forget_attribute(self, name: str, why: Unknown) -> None:
        """It may have been set, or not."""
        if self.dag is not None:
            self.dag.taint(f"the attribute {name} of task {self.node.task_id}", why, why.at, self.node.task_id)

    def _assign_dag(self, dag: Any, at: At) -> None:
        from goflow.parser.libraries.airflow.dag import DagValue
        from goflow.parser.libraries.airflow.unread import goes_anywhere

        if isinstance(dag, Unknown):
            goes_anywhere(state_of(at.session), dag, at)
        if dag is None or isinstance(dag, Unknown):
            return
        if not isinstance(dag, DagValue):
            fail(at, "TypeError", f"Expected dag; received {type_name(dag)}", code="GF203")
        if self.dag is not None and self.dag is not dag:
            fail(at, "ValueError", f"The dag assigned to {self.text(at)} can not be changed.", code="GF203")
        if dag.graph.tasks.get(self.node.task_id) is not self.node:
            dag.take(self, dag.open_group, at)


# -- making a task ----------------------------------------------------------------------------------------------------


def construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    """``SomeOperator(...)``: run the ``__init__`` s, then take edges from the XComArgs in template fields."""
    task = OperatorValue(cls, at)
    task.given = tuple(kwargs)
    owner = cls.owner_of("__init__")
    assert owner is not None
    call_init(task, owner, args, kwargs, at)
    finish(task, at)
    return task


def finish(task: OperatorValue, at: At) -> None:
    """What Airflow does once the outermost ``__init__`` has returned."""
    for name in task.template_fields:
        task.connect_references(at, task.attributes.get(name))
    task.finished = True


def around_init(task: Instance, owner: ClassValue, init: Value, args: Arguments, kwargs: Keywords, at: At) -> Any:
    """An ``__init__`` of the file's own: default arguments are filled in for its parameters, as at every level."""
    assert isinstance(task, OperatorValue)
    if args:
        fail(at, "TypeError", "Use keyword arguments when initializing operators", code="GF203")
    if not isinstance(init, UserFunction):
        return init.call([task], kwargs, at)
    merged = merged_defaults(kwargs, at)
    parameters = {
        parameter.name: parameter
        for parameter in init.parameters[1:]
        if parameter.kind not in {Kind.REST, Kind.REST_KEYWORDS}
    }
    passed = merged.passed_on(kwargs)
    fill_defaults(passed, parameters, merged)
    missing = [
        name
        for name, parameter in parameters.items()
        if not parameter.has_default and name not in passed and name != "task_id"
    ]
    _refuse_missing(missing if hidden_argument(kwargs, at) is None else [], at)
    _keep_arguments(task, passed)
    takes_rest = any(parameter.kind is Kind.REST_KEYWORDS for parameter in init.parameters)
    if not takes_rest:
        passed = {name: value for name, value in passed.items() if name in parameters or name in kwargs}
    elif isinstance(merged.default_args, dict):
        passed["default_args"] = merged.default_args
    return init.call([task], passed, at)


def native_init(at: At, task: OperatorValue, /, *args: Any, **kwargs: Any) -> None:
    """The ``__init__`` of Airflow's own classes, all of those of the task's class in one."""
    if args:
        fail(at, "TypeError", "Use keyword arguments when initializing operators", code="GF203")
    flat = flat_of(task.cls, at.session)
    merged = merged_defaults(kwargs, at)
    values = merged.passed_on(kwargs)
    values.pop("default_args", None)
    fill_defaults(values, flat.parameters, merged)
    if (hidden := hidden_argument(kwargs, at)) is not None:  # it may be any argument that is not said
        known = {name: value for name, value in values.items() if type(name) is not UnknownKey}
        said = {name: value for name, value in known.items() if name in kwargs or name in {"dag", "task_group"}}
        values = {**dict.fromkeys((*flat.parameters, "task_id"), hidden), **said}
    values = {name: plain_host(value) for name, value in values.items()}
    _keep_arguments(task, values)
    flat.hook(task, values, merged, at)
    flat.refuse_unknown_arguments(task, values, at)
    _refuse_missing([name for name in flat.required if name not in values and name != "task_id"], at)
    if "task_id" not in values:
        name = task.cls.name
        fail(at, "TypeError", f"{name}.__init__() missing 1 required keyword-only argument: 'task_id'", code="GF203")
    _identify(task, values["task_id"], merged, at)
    complete = {**flat.defaults, **_configured(flat.defaults, at), **values}
    for settle in flat.settles:
        settle(SettlingTask(task, complete, at))
    settle_base(task, complete, at)
    _set_params(task, merged, at)
    task.attributes.update({name: value for name, value in complete.items() if name not in _INTERNAL})
    state_of(at.session).scope.task_made(task.node)
    _join_dag(task, merged, at)
    check_fail_fast(task, at)


def _configured(defaults: Mapping[str, Any], at: At) -> Mapping[str, Any]:
    """What the installation sets in place of BaseOperator's own DEFAULTS; a class that has another keeps it."""
    configured = configured_for_task(at)
    if not configured:
        return configured
    base = base_parameters(at.session.dialect)
    return {name: value for name, value in configured.items() if defaults.get(name) == base[name]}


class SettlingTask:
    """A task under construction, for the ``settle`` functions of the tables."""

    def __init__(self, task: OperatorValue, values: dict[str, Any], at: At) -> None:
        self.task, self.values, self.at = task, values, at
        self.dialect = at.session.dialect

    def known(self, *names: str) -> bool:
        """Whether the values of all NAMES are plain."""
        return not any(isinstance(self.values.get(name), Value) for name in names)

    def fail(self, kind: str, message: str) -> Any:
        """Raise what Airflow raises."""
        fail(self.at, kind, message, code="GF203")

    def is_callable(self, value: Any) -> bool:
        """Whether VALUE can be called, or may turn out to."""
        return isinstance(value, Unknown) or (isinstance(value, Value) and value.callable)

    def is_function(self, value: Any) -> bool:
        """Whether VALUE is a function with a name of its own, or may turn out to be one."""
        return isinstance(value, Unknown | NativeFunction) or (
            isinstance(value, UserFunction) and value.name != "<lambda>"
        )

    def unknown(self, reason: str) -> Unknown:
        """An Unknown at the task's own line."""
        return Unknown(reason, self.at)


def _keep_arguments(task: OperatorValue, values: Mapping[str, Any]) -> None:
    task.arguments.update({name: value for name, value in values.items() if name not in _INTERNAL})


def _refuse_missing(missing: list[str], at: At) -> None:
    if len(missing) == 1:
        fail(at, "TypeError", f"missing keyword argument {missing[0]!r}", code="GF203")
    if missing:
        fail(at, "TypeError", f"missing keyword arguments {', '.join(map(repr, sorted(missing)))}", code="GF203")


def _identify(task: TaskValue, task_id: Any, merged: Merged, at: At) -> None:
    """Give the task its id, with the prefixes of its group."""
    dag, group = merged.dag, merged.group
    task_id = plain(task_id)
    taint_if_undecided(dag, "whether there is such a task", at)
    if isinstance(task_id, Unknown):
        if dag is not None:
            dag.taint("a task's id", task_id, at)
        task_id = f"unknown_{at.line}_{len(dag.graph.tasks) if dag is not None else 0}"
    try:
        check_key(group.node.child_id(task_id) if group is not None and isinstance(task_id, str) else task_id)
        task.node.task_id = group.node.child_id(task_id) if group is not None else task_id
        if group is not None:
            group.node.add(task.node, moving=False)
    except GraphError as problem:
        refuse(at, problem)


def _set_params(task: TaskValue, merged: Merged, at: At) -> None:
    task.own_params = merged.own_params
    dag_params = merged.dag.params if merged.dag is not None else make_params(at, None)
    together = dag_params.copy(at)
    if merged.own_params is not None:
        together.update(merged.own_params, at)
    task.attributes["params"] = together


def _join_dag(task: TaskValue, merged: Merged, at: At) -> None:
    if merged.dag is not None:
        merged.dag.take(task, merged.group, at)
