"""TaskFlow: ``@task`` and ``@task.NAME``, ``override``, ``partial``, ``expand``, ``@setup`` and ``@teardown``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import libcst as cst

from goflow.domain.diagnostics import Severity
from goflow.domain.errors import did_you_mean
from goflow.parser.catalogue import decorated, decorator_names
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import BoundMethod
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Raised, Unknown, Value
from goflow.parser.interpreter.written_names import last_name
from goflow.parser.libraries.airflow.base_operators import DOCS, EXPECTED_TYPES, base_parameters
from goflow.parser.libraries.airflow.decorated_operators import STANDARD_DECORATORS
from goflow.parser.libraries.airflow.enums import plain
from goflow.parser.libraries.airflow.exceptions import MODULE, fail, told_at
from goflow.parser.libraries.airflow.mapping import (
    MappedTask,
    check_kwargs_list,
    check_mappable,
    complete_mapped,
    mapped_class,
    prevent_duplicates,
)
from goflow.parser.libraries.airflow.operator_arguments import merged_defaults
from goflow.parser.libraries.airflow.operators import OperatorValue
from goflow.parser.libraries.airflow.signatures import check_names, doc_of, name_of, parameters_of
from goflow.parser.libraries.airflow.state import native, state_of
from goflow.parser.libraries.airflow.xcom_args import XComArgValue, xcom_of
from goflow.parser.libraries.functools_ import Partial

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue

_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "DefaultDict"})
_MAPPING_TEXT = re.compile(rf"^\s*(?:[\w.]+\.)?({'|'.join(sorted(_MAPPINGS))})\s*(\[.*\])?\s*$", re.DOTALL)
_TEARDOWN_RULE = "all_done_setup_success"
_NO_BASE_ARGUMENTS = {"default_args", "kwargs", "do_xcom_push", "multiple_outputs", "params", "task_concurrency"}


class TaskDecorator(Instance):
    """A decorated function: calling it makes a task. KWARGS are the operator's arguments so far."""

    makes = frozenset({"tasks"})

    def __init__(
        self, cls: ClassValue, function: Any, operator: ClassValue, kwargs: Mapping[str, Any], multiple_outputs: Any
    ) -> None:
        super().__init__(cls)
        self.function = function
        self.operator = operator
        self.kwargs = dict(kwargs)
        self.multiple_outputs = multiple_outputs
        self.setup = False
        self.teardown = False
        self.on_failure_fail_dagrun: Any = False
        self.place: At | None = None
        """Where it was decorated."""

    @property
    def callable(self) -> bool:
        """It is."""
        return True

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Make a task; gives its XComArg."""
        at.session.budget.step(at)
        return self._make(tuple(args), dict(kwargs), at)

    def call_with_unknown(self, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """``function(*what_is_not_known)``: the task is there, its arguments are filled in when it runs."""
        made = self._make(unknown, unknown, at)
        for value in (*args, *kwargs.values()):
            made.operator.connect_references(at, value)
        return made

    def get_attribute(self, name: str, at: At) -> Any:
        """The function's own attributes shine through."""
        if name in {"function", "__wrapped__"}:
            return self.function
        if name in {"is_setup", "is_teardown"}:
            return self.setup if name == "is_setup" else self.teardown
        if name in {"kwargs", "multiple_outputs", "operator_class"}:
            return {"kwargs": self.kwargs, "multiple_outputs": self.multiple_outputs}.get(name, self.operator)
        if name in {"__name__", "__doc__", "__module__", "__qualname__"} and isinstance(self.function, Value):
            return self.function.get_attribute(name, at)
        return super().get_attribute(name, at)

    def store(self, name: str, value: Any, at: At) -> None:
        """``decorated.is_setup = True``."""
        if name in {"is_setup", "is_teardown"}:
            setattr(self, name.removeprefix("is_"), value if isinstance(value, Unknown) else value is True)
        elif name == "on_failure_fail_dagrun":
            self.on_failure_fail_dagrun = value
        else:
            super().store(name, value, at)

    def changed(self, **kwargs: Any) -> TaskDecorator:
        """The same with other operator arguments."""
        made = TaskDecorator(self.cls, self.function, self.operator, {**self.kwargs, **kwargs}, self.multiple_outputs)
        made.setup, made.teardown = self.setup, self.teardown
        made.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        made.place = self.place
        return made

    def arguments(self, at: At) -> dict[str, Any]:
        """The operator's arguments, a teardown's trigger rule among them."""
        if self.teardown:
            if "trigger_rule" in self.kwargs:  # Airflow's own second call of the same decorated function is refused too
                fail(at, "ValueError", "Trigger rule not configurable for teardown tasks.", code="GF203")
            self.kwargs["trigger_rule"] = _TEARDOWN_RULE
        return dict(self.kwargs)

    def _make(self, args: Any, kwargs: Any, at: At) -> Any:
        arguments = self.arguments(at)
        on_failure = arguments.pop("on_failure_fail_dagrun", self.on_failure_fail_dagrun)
        if isinstance(kwargs, dict) and isinstance(arguments.get("op_kwargs"), dict):
            kwargs = {**arguments.pop("op_kwargs"), **kwargs}
        arguments.update(python_callable=self.function, op_args=args, op_kwargs=kwargs)
        if "multiple_outputs" not in arguments:
            arguments["multiple_outputs"] = self.multiple_outputs
        with told_at(self.place):
            task = self.operator.call([], arguments, at)
        assert isinstance(task, OperatorValue)
        task.given = ()
        for name, flag in (("is_setup", self.setup), ("is_teardown", self.teardown)):
            if flag:
                task.set_flag(name, True, at)
        if isinstance(on_failure, Unknown) or on_failure:
            task.set_flag("on_failure_fail_dagrun", on_failure, at)
        doc = doc_of(self.function)
        if doc and not any(task.attributes.get(name) for name in DOCS):
            task.attributes["doc_md"] = doc
        return xcom_of(task, at)


def task_decorator(at: At, function: Any, operator: ClassValue, kwargs: Mapping[str, Any], outputs: Any) -> Any:
    """What decorating FUNCTION gives, also of one that is not known: there is a task. TypeError for what is none."""
    if isinstance(function, TaskDecorator):
        function = function.function
    if not isinstance(function, Value) or not function.callable:
        text = "No positional arguments allowed while using @task, use named arguments instead"
        fail(at, "TypeError", text, code="GF203")
    found = parameters_of(function)
    if found is not None and any(parameter.name == "self" for parameter in found):
        fail(at, "TypeError", "@task does not support methods", code="GF203")
    arguments = {"task_id": name_of(function), **kwargs}
    for name, kinds in EXPECTED_TYPES.items():
        value = arguments.get(name)
        if value is not None and not isinstance(value, Value) and not isinstance(value, kinds):
            wanted = kinds[0] if len(kinds) == 1 else kinds
            text = f"Expected {name!r} to be {wanted}, got {type_name(value)}: {value!r}"
            fail(at, "TypeError", text, code="GF203")
    if outputs is None:
        outputs = function if isinstance(function, Unknown) else returns_mapping(function, at)
    cls = state_of(at.session).singleton("_TaskDecorator", _decorator_class)
    made = TaskDecorator(cls, function, operator, arguments, outputs)
    made.place = at
    return made


def returns_mapping(function: Any, at: At) -> bool:
    """Whether the annotation of the result is a mapping: then each key is an XCom of its own."""
    while isinstance(function, BoundMethod | Partial):
        function = function.function
    if not isinstance(function, UserFunction) or not isinstance(function.node, cst.FunctionDef):
        return False
    if function.node.returns is None:
        return False
    node = function.node.returns.annotation
    if isinstance(node, cst.BinaryOperation):
        return False
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        text = node.evaluated_value
        return isinstance(text, str) and _MAPPING_TEXT.match(text) is not None and _has_its_names(function, text, at)
    value = _annotated(function, node, at)
    if value is None:
        return False
    if isinstance(value, ClassValue):
        return any(cls.host is dict or cls.name in _MAPPINGS for cls in value.mro)
    base = node.value if isinstance(node, cst.Subscript) else node
    return isinstance(value, Value) and last_name(base) in _MAPPINGS


def _annotated(function: UserFunction, node: cst.BaseExpression, at: At) -> Any:
    """The value of the annotation NODE, Unknown where it cannot be had; None where a name in it is not defined, for
    then Airflow's ``_infer_multiple_outputs`` takes it for no mapping."""
    try:
        return evaluate(Frame(at.session, function.module, function.scope), node)
    except Raised as problem:
        return None if problem.is_a("NameError") else Unknown(f"an annotation of {function.name}", at)


def _has_its_names(function: UserFunction, text: str, at: At) -> bool:
    try:
        node = cst.parse_expression(text.strip())
    except Exception:  # no expression: libcst has several errors for that
        return False
    return _annotated(function, node, at) is not None


# -- the decorators ---------------------------------------------------------------------------------------------------


class TaskDecorators(Value):
    """``task``: a decorator itself, and the place where ``task.bash`` and its kin are. DAG: of ``dag.task``."""

    type_name = "TaskDecoratorCollection"
    makes = frozenset({"tasks"})

    def __init__(self, session: Session, dag: DagValue | None) -> None:
        self.session = session
        self.dag = dag

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """``@task`` and ``@task(...)``."""
        return decorate("python", args, self._with_dag(kwargs), at)

    def get_attribute(self, name: str, at: At) -> Any:
        """``@task.bash`` ...; of a name that no provider has it is told: it may be one of a provider not known here."""
        if name in {"run_if", "skip_if"}:
            return native(name, _condition)
        if name.startswith("__"):
            return super().get_attribute(name, at)
        known = STANDARD_DECORATORS.keys() | decorator_names()
        if name not in known:
            words = f"no provider that is known here has the decorator @task.{name}"
            at.session.report("GF006", words, at, severity=Severity.WARNING, hint=did_you_mean(name, known))
        return native(name, lambda at, /, *args, **kwargs: decorate(name, args, self._with_dag(kwargs), at))

    def _with_dag(self, kwargs: Keywords) -> Keywords:
        return kwargs if self.dag is None else {"dag": self.dag, **kwargs}


def task_decorators(session: Session, dag: DagValue | None = None) -> Value:
    """``task`` (or ``dag.task``)."""
    if dag is not None:
        return TaskDecorators(session, dag)
    return state_of(session).singleton("task", lambda: TaskDecorators(session, None))


def decorate(name: str, args: Arguments, kwargs: Keywords, at: At) -> Any:
    """``@task.NAME``, with or without arguments."""
    arguments = dict(kwargs)
    operator = _class_for(name, arguments, at)
    outputs = arguments.pop("multiple_outputs", None)
    function = args[0] if args else arguments.pop("python_callable", None)
    if function is not None:
        return task_decorator(at, function, operator, arguments, outputs)
    return native(name, lambda _, function: task_decorator(at, function, operator, arguments, outputs))


def decorated_class(session: Session, name: str) -> ClassValue:
    """The operator class that ``@task.NAME`` makes; of one that no provider has, only the name is known."""
    from goflow.parser.libraries.airflow.operator_classes import operator_class

    path = STANDARD_DECORATORS.get(name) or decorated(name)
    found = operator_class(session, path) if path is not None else None
    if found is not None:
        return found
    return _unknown_class(session, name)


def _unknown_class(session: Session, name: str) -> ClassValue:
    from goflow.parser.libraries.airflow.operator_classes import generic_class

    words = "".join(part.capitalize() for part in name.split("_"))
    return generic_class(session, f"airflow.decorators.{name}._{words}DecoratedOperator")


def _class_for(name: str, arguments: Mapping[str, Any], at: At) -> ClassValue:
    """The operator class that ``@task.NAME(**ARGUMENTS)`` makes. Providers that are not known here may have decorators
    with the names of known ones: arguments that are none of a known one's, and like none that it lacks, are theirs."""
    from goflow.parser.libraries.airflow.operator_arguments import flat_of

    found = decorated_class(at.session, name)
    flat = flat_of(found, at.session)
    if name in STANDARD_DECORATORS or not any(model.lenient for model in flat.models):
        return found
    missing = {word for word in flat.required if word not in arguments} - {"task_id", "python_callable"}
    foreign = [word for word in flat.not_taken(arguments) if not did_you_mean(word, missing or flat.parameters)]
    if not foreign:
        return found
    words = f"no provider that is known here has a decorator @task.{name} with an argument {foreign[0]!r}"
    at.session.report("GF006", words, at.argument(foreign[0]), severity=Severity.WARNING)
    return _unknown_class(at.session, name)


def _condition(at: At, condition: Any, skip_message: Any = None) -> Any:
    def mark(at: At, task: Any) -> Any:
        if isinstance(task, TaskDecorator):
            task.kwargs["pre_execute"] = condition
            return task
        if isinstance(task, Unknown):
            return task
        return fail(at, "TypeError", "run_if and skip_if can only be used with task. decorate with @task before.")

    return native("condition", mark)


def _override(at: At, self: TaskDecorator, /, **kwargs: Any) -> Any:
    return self.changed(**kwargs)


def _partial(at: At, self: TaskDecorator, /, **kwargs: Any) -> Any:
    check_names("partial", self.function, kwargs, at)
    before = self.kwargs.get("op_kwargs", {})
    prevent_duplicates(before, kwargs, "duplicate partial", at)
    return self.changed(op_kwargs={**kwargs, **before})


def _expand(at: At, self: TaskDecorator, /, **mapped: Any) -> Any:
    by_xcom = any(isinstance(value, XComArgValue) for value in mapped.values())
    _refuse_always(self, by_xcom, "expand", at)
    if not mapped:
        fail(at, "TypeError", "no arguments to expand against", code="GF203")
    check_names("expand", self.function, mapped, at)
    for name, value in mapped.items():
        check_mappable(value, "expand()", name, at)
    prevent_duplicates(self.kwargs, mapped, "mapping already partial", at)
    return _mapped(self, dict(mapped), at)


def _expand_kwargs(at: At, self: TaskDecorator, /, kwargs: Any, *, strict: Any = True) -> Any:
    check_kwargs_list(kwargs, at)
    return _mapped(self, {"*": kwargs}, at)


def _refuse_always(decorator: TaskDecorator, by_xcom: bool, what: str, at: At) -> None:
    if by_xcom and plain(decorator.kwargs.get("trigger_rule")) == "always":
        text = f"Task-generated mapping within a task using '{what}' is not allowed with trigger rule 'always'."
        fail(at, "ValueError", text, code="GF203")


def _mapped(self: TaskDecorator, expansion: dict[str, Any], at: At) -> Any:
    arguments = self.arguments(at)
    merged = merged_defaults(arguments, at)
    values: dict[str, Any] = {
        "is_setup": self.setup,
        "is_teardown": self.teardown,
        "on_failure_fail_dagrun": self.on_failure_fail_dagrun,
    }
    taken = set(base_parameters(at.session.dialect)) - _NO_BASE_ARGUMENTS
    if isinstance(merged.default_args, Unknown):
        values.update(dict.fromkeys(taken - {"task_id", "dag", "task_group"}, merged.default_args))
    elif state_of(at.session).airflow2:
        values.update(merged.default_args)
    else:
        values.update({name: value for name, value in merged.default_args.items() if name in taken})
    values.update({k: v for k, v in arguments.items() if k not in {"dag", "task_group", "params", "default_args"}})
    task_id = values.pop("task_id")
    group = merged.group.node if merged.group is not None else None
    if merged.dag is not None and isinstance(task_id, str):
        task_id = merged.dag.graph.unique_task_id(task_id, group)
    values.setdefault("executor_config", {})
    values.setdefault("op_args", [])
    values.setdefault("op_kwargs", {})
    task = MappedTask(mapped_class(at.session, taskflow=True), self.operator, at)
    task.taskflow = True
    task.given = tuple(values)
    task.multiple_outputs = self.multiple_outputs
    task.attributes["python_callable"] = self.function
    return xcom_of(complete_mapped(task, task_id, values, expansion, merged, at), at)


def _decorator_class() -> ClassValue:
    methods: dict[str, Any] = {
        "override": _override,
        "partial": _partial,
        "expand": _expand,
        "expand_kwargs": _expand_kwargs,
    }
    return ClassValue(
        "_TaskDecorator",
        (),
        {name: native(name, function) for name, function in methods.items()},
        module_name="airflow.sdk.bases.decorator",
    )


# -- setup and teardown -----------------------------------------------------------------------------------------------


def _as_decorator(at: At, function: Any) -> Any:
    from goflow.parser.libraries.airflow.task_groups import TaskGroupFactory

    if isinstance(function, TaskGroupFactory):
        fail(at, f"{MODULE}.AirflowException", "Task groups cannot be marked as setup or teardown.", code="GF203")
    if isinstance(function, TaskDecorator):
        return function
    return decorate("python", [function], {}, at)


def _setup(at: At, function: Any) -> Any:
    decorator = _as_decorator(at, function)
    if isinstance(decorator, TaskDecorator):
        decorator.setup = True
    return decorator


def _teardown(at: At, function: Any = None, *, on_failure_fail_dagrun: Any = False) -> Any:
    def mark(at: At, function: Any) -> Any:
        decorator = _as_decorator(at, function)
        if isinstance(decorator, TaskDecorator):
            decorator.teardown = True
            decorator.on_failure_fail_dagrun = on_failure_fail_dagrun
        return decorator

    return native("teardown", mark) if function is None else mark(at, function)


setup: NativeFunction = native("setup", _setup)
teardown: NativeFunction = native("teardown", _teardown)
