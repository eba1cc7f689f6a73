"""``.partial(...).expand(...)``: operators that are multiplied when the run knows over what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow.domain.diagnostics import Severity
from goflow.domain.errors import did_you_mean
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.alternatives import partly_known
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.functions import Kind, UserFunction
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.airflow.attributes import unread_attributes
from goflow.parser.libraries.airflow.base_attributes import check_fail_fast, converted
from goflow.parser.libraries.airflow.base_operators import OPERATOR_DEFAULTS, base_parameters
from goflow.parser.libraries.airflow.configured import configured_for_task, default_zone
from goflow.parser.libraries.airflow.dates import to_moment
from goflow.parser.libraries.airflow.enums import plain
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.graph import TaskNode
from goflow.parser.libraries.airflow.keys import GraphError
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.operator_arguments import Merged, flat_of, merged_defaults
from goflow.parser.libraries.airflow.operator_models import BASE_OPERATOR, REQUIRED
from goflow.parser.libraries.airflow.operators import TaskValue, endings_in, names_in
from goflow.parser.libraries.airflow.params import ParamsValue, make_params
from goflow.parser.libraries.airflow.state import native, refuse, state_of, taint_if_undecided
from goflow.parser.libraries.airflow.xcom_args import XComArgValue, mapped_over

_PLACE = "airflow.sdk.definitions.mappedoperator"
PARAMETERS = "parameters"
"""Where the data of a class has the arguments of an ``__init__`` whose text is not read, with defaults or NOT_SET."""
_NOT_KEPT = {"task_id", "dag", "task_group", "params", "default_args"}


class MappedTask(TaskValue):
    """A mapped task. OPERATOR is the class it multiplies, EXPANSION ``{argument: value}`` or ``{"*": value}``.

    TASKFLOW: what it is expanded over are arguments of the function, not of the operator.
    """

    def __init__(self, cls: ClassValue, operator: ClassValue, at: At) -> None:
        super().__init__(cls, at)
        self.operator = operator
        self.expansion: dict[str, Any] = {}
        self.taskflow = False
        self.default_args: dict[str, Any] | Unknown = {}
        """What each copy is given besides, when it is made at run time."""
        self.multiple_outputs: Any = False

    @property
    def template_fields(self) -> tuple[str, ...]:
        """Those of the operator."""
        return names_in(self.operator.lookup("template_fields"))

    @property
    def template_ext(self) -> tuple[str, ...]:
        """Those of the operator."""
        return endings_in(self.operator.lookup("template_ext"))

    def text(self, at: At) -> Any:
        """``<Mapped(BashOperator): id>``."""
        return f"<Mapped({self.operator.name}): {self.node.task_id}>"

    def store(self, name: str, value: Any, at: At) -> None:
        """Flags go to the node, the rest is kept."""
        taint_if_undecided(self.dag, f"the attribute {name} of task {self.node.task_id}", at)
        if name in {"is_setup", "is_teardown", "on_failure_fail_dagrun"}:
            self.set_flag(name, value, at)
        else:
            super().store(name, converted(name, value, at, self), at)


class MappedArgument(Instance):
    """What an argument of a mapped task group is inside the group: one value out of EXPANSION at run time."""

    def __init__(self, cls: ClassValue, key: str, expansion: Mapping[str, Any]) -> None:
        super().__init__(cls, {"key": key})
        self.key = key
        self.expansion = expansion

    def referenced_tasks(self) -> list[TaskNode]:
        """The tasks that the group is expanded over."""
        from goflow.parser.libraries.airflow.xcom_args import references_in

        return list(references_in(dict(self.expansion)))

    def get_item(self, key: Any, at: At) -> Any:
        """Refused as in Airflow."""
        fail(at, "TypeError", "'MappedArgument' object is not subscriptable")


def mapped_argument(session: Session, key: str, expansion: Mapping[str, Any]) -> MappedArgument:
    """The stand-in for argument KEY of a mapped group."""
    cls = state_of(session).singleton(
        "MappedArgument",
        lambda: ClassValue("MappedArgument", (), {}, module_name="airflow.sdk.definitions._internal.expandinput"),
    )
    return MappedArgument(cls, key, expansion)


class PartialOperator(Instance):
    """``Operator.partial(...)``, waiting for ``expand``."""

    def __init__(self, cls: ClassValue, operator: ClassValue, kwargs: dict[str, Any], merged: Merged, at: At) -> None:
        super().__init__(cls)
        self.operator = operator
        self.kwargs = kwargs
        self.merged = merged
        self.at = at


def partial_operator(at: At, operator: ClassValue, /, **kwargs: Any) -> Any:
    """``Operator.partial(**kwargs)``."""
    check_names("partial", operator, kwargs, at)
    merged = merged_defaults(kwargs, at)
    values = {name: value for name, value in kwargs.items() if name not in _NOT_KEPT}
    parameters = base_parameters(at.session.dialect)
    defaults = merged.default_args
    for name in parameters:
        if name in values or name in _NOT_KEPT:
            continue
        if isinstance(defaults, Unknown):
            values[name] = defaults
        elif name in defaults:
            values[name] = defaults[name]
    for name, value in {**parameters, **configured_for_task(at), **_own_defaults(operator, at)}.items():
        if name in OPERATOR_DEFAULTS:
            values.setdefault(name, value)
    if "task_id" not in kwargs:
        fail(at, "TypeError", "partial() missing 1 required keyword-only argument: 'task_id'", code="GF203")
    values["task_id"] = kwargs["task_id"]
    cls = state_of(at.session).singleton("OperatorPartial", _partial_class)
    return PartialOperator(cls, operator, values, merged, at)


def _own_defaults(operator: ClassValue, at: At) -> dict[str, Any]:
    """Defaults of BaseOperator's arguments that the ``__init__`` s of other classes change; Airflow 3 asks them all."""
    found: dict[str, Any] = {}
    for cls in reversed(operator.mro):
        model = cls.data.get("model")
        if model is not None and model.path != BASE_OPERATOR and at.session.dialect is Dialect.AIRFLOW3:
            found.update({name: value for name, value in model.parameters.items() if value is not REQUIRED})
        init = cls.attributes.get("__init__")
        if isinstance(init, UserFunction):
            found.update({p.name: p.default for p in init.parameters if p.has_default})
        told: dict[str, Any] = cls.data.get(PARAMETERS, {})
        found.update({name: value for name, value in told.items() if value is not NOT_SET})
    return found


def check_names(what: str, operator: ClassValue, kwargs: Mapping[str, Any], at: At) -> None:
    """Whether OPERATOR takes arguments of those names. Raises TypeError as Airflow does."""
    flat = flat_of(operator, at.session)
    known = {*flat.parameters, "default_args"}
    for cls in operator.mro:
        init = cls.attributes.get("__init__")
        if isinstance(init, UserFunction):
            known.update(p.name for p in init.parameters if p.kind not in {Kind.REST, Kind.REST_KEYWORDS})
        known.update(cls.data.get(PARAMETERS, {}))
    wrong = [name for name in kwargs if name not in known]
    if not wrong or not flat.sealed:
        return
    hint = did_you_mean(wrong[0], known)
    if any(model.lenient for model in flat.models):
        text = f"{operator.name} takes no argument {wrong[0]!r} in the version that GoFlow knows"
        at.session.report("GF204", text, at.argument(wrong[0]), severity=Severity.WARNING, hint=hint)
        return
    words = f"an unexpected keyword argument {wrong[0]!r}"
    if len(wrong) > 1:
        words = f"unexpected keyword arguments {', '.join(map(repr, wrong))}"
    text = f"{operator.name}.{what}() got {words}"
    fail(at, "TypeError", text, code="GF204", hint=hint, argument=wrong[0])


def _partial_class() -> ClassValue:
    methods = {"expand": native("expand", _expand), "expand_kwargs": native("expand_kwargs", _expand_kwargs)}
    return ClassValue("OperatorPartial", (), methods, module_name=_PLACE)


def _expand(at: At, self: PartialOperator, /, **mapped: Any) -> Any:
    if not mapped:
        fail(at, "TypeError", "no arguments to expand against", code="GF203")
    check_names("expand", self.operator, mapped, at)
    for name, value in mapped.items():
        check_mappable(value, f"{self.operator.name}.expand()", name, at)
    prevent_duplicates(self.kwargs, mapped, "unmappable or already specified", at)
    return _make(self, dict(mapped), at)


def _expand_kwargs(at: At, self: PartialOperator, kwargs: Any, *, strict: Any = True) -> Any:
    check_kwargs_list(kwargs, at)
    return _make(self, {"*": kwargs}, at)


def check_mappable(value: Any, what: str, name: str, at: At) -> None:
    """Whether a task can be expanded over VALUE. Raises ValueError."""
    if not isinstance(value, list | tuple | dict | XComArgValue | MappedArgument | Unknown):
        text = f"{what} got an unexpected type {type_name(value)!r} for keyword argument {name!r}"
        fail(at, "ValueError", text, code="GF203")


def of_unknown_size(value: Any, at: At) -> Unknown | None:
    """Why nobody knows how many copies VALUE makes; None where that is known, or a task's result that tells it."""
    return value if isinstance(value, Unknown) else partly_known(value, at)


def check_kwargs_list(value: Any, at: At) -> None:
    """Whether ``expand_kwargs`` takes VALUE. Raises TypeError."""
    fits = isinstance(value, XComArgValue | Unknown)
    if isinstance(value, list | tuple):
        fits = all(isinstance(inner, dict | XComArgValue | Unknown) for inner in value)
    if not fits:
        fail(at, "TypeError", f"expected XComArg or list[dict], not {type_name(value)}", code="GF203")


def prevent_duplicates(ours: Mapping[str, Any], theirs: Mapping[str, Any], reason: str, at: At) -> None:
    """Refuse names that both have. Raises TypeError."""
    both = sorted(set(ours) & set(theirs))
    if both:
        plural = "s" if len(both) > 1 else ""
        fail(at, "TypeError", f"{reason} argument{plural}: {', '.join(both)}", code="GF203")


def _make(partial: PartialOperator, expansion: dict[str, Any], at: At) -> MappedTask:
    values = dict(partial.kwargs)
    task_id = values.pop("task_id")
    task = MappedTask(mapped_class(at.session, taskflow=False), partial.operator, partial.at)
    task.given = tuple(values)
    return complete_mapped(task, task_id, values, expansion, partial.merged, at)


def complete_mapped(
    task: MappedTask, task_id: Any, values: dict[str, Any], expansion: dict[str, Any], merged: Merged, at: At
) -> MappedTask:
    """Give a mapped task its id, its arguments and its edges, and its DAG the task."""
    unknown_key = mapped_over(expansion, at)
    _identify(task, task_id, merged, at)
    task.expansion = expansion
    task.default_args = merged.default_args
    for value in (*expansion.values(), unknown_key):
        unknown = of_unknown_size(value, at)
        if unknown is not None and merged.dag is not None:
            merged.dag.taint("what a task is expanded over", unknown, at, task.node.task_id)
    _convert(task, values, at)
    task.arguments = {name: value for name, value in values.items() if name not in _NOT_KEPT}
    task.attributes.update(task.arguments)
    task.own_params = merged.own_params
    _params(task, merged, at)
    state_of(at.session).scope.task_made(task.node)
    if merged.dag is not None:
        merged.dag.take(task, merged.group, at)
        check_fail_fast(task, at)
    task.connect_references(at, expansion)
    for name in task.template_fields:
        if name in values:
            task.connect_references(at, values[name])
    return task


def _identify(task: MappedTask, task_id: Any, merged: Merged, at: At) -> None:
    taint_if_undecided(merged.dag, "whether there is such a task", at)
    task_id = plain(task_id)
    if isinstance(task_id, Unknown):
        if merged.dag is not None:
            merged.dag.taint("a task's id", task_id, at)
        task_id = f"unknown_{at.line}_{len(merged.dag.graph.tasks) if merged.dag is not None else 0}"
    if not isinstance(task_id, str):
        fail(at, "TypeError", f"The key has to be a string and is a {type_name(task_id)}", code="GF205")
    group = merged.group.node if merged.group is not None else None
    task.node.task_id = group.child_id(task_id) if group is not None else task_id
    mapped_around = group is not None and (group.mapped or group.mapped_group() is not None)
    if mapped_around:
        text = "operator expansion in an expanded task group is not yet supported"
        fail(at, "NotImplementedError", text, code="GF203")
    if group is not None:
        try:
            group.add(task.node, moving=False)
        except GraphError as problem:
            refuse(at, problem)


def _convert(task: MappedTask, values: dict[str, Any], at: At) -> None:
    for name in ("trigger_rule", "retries", "retry_delay", "max_retry_delay"):
        if name in values:
            values[name] = converted(name, values[name], at, task)
    for name in ("start_date", "end_date"):
        if values.get(name) is not None:
            values[name] = to_moment(values[name], default_zone(at), at, name)
    if values.get("wait_for_downstream") is True:
        values["depends_on_past"] = True
    slots = values.get("pool_slots")
    if isinstance(slots, int) and slots < 1:
        fail(at, "ValueError", f"pool slots for {task.node.task_id} cannot be less than 1", code="GF203")
    for name in ("is_setup", "is_teardown", "on_failure_fail_dagrun"):
        if name in values:
            flag = values.pop(name)
            if flag is True:
                task.set_flag(name, True, at)


def _params(task: MappedTask, merged: Merged, at: At) -> None:
    together: ParamsValue = merged.dag.params.copy(at) if merged.dag is not None else make_params(at, None)
    if merged.own_params is not None:
        together.update(merged.own_params, at)
    task.attributes["params"] = together


def mapped_class(session: Session, *, taskflow: bool) -> ClassValue:
    """``MappedOperator`` and, for TaskFlow, ``DecoratedMappedOperator``."""
    from goflow.parser.libraries.airflow.task_methods import TASK_METHODS

    name = "DecoratedMappedOperator" if taskflow else "MappedOperator"
    unread = unread_attributes("MappedOperator")
    return state_of(session).singleton(
        name, lambda: ClassValue(name, (), dict(TASK_METHODS), module_name=_PLACE, fallback=unread)
    )
