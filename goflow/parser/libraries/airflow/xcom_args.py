"""XComArg and what is derived from it: references to what a task will give, which are edges at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from goflow.domain.canonical import Json
from goflow.parser.interpreter.alternatives import OneOf
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Raised, Unknown, raised
from goflow.parser.libraries.airflow.attributes import unread_attributes
from goflow.parser.libraries.airflow.edges import Dependency, References
from goflow.parser.libraries.airflow.graph import TaskNode
from goflow.parser.libraries.airflow.keys import GraphError
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.relations import METHODS, Dependable
from goflow.parser.libraries.airflow.state import native, refuse, state_of

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.operators import TaskValue

RETURN_KEY = "return_value"


class XComArgValue(Dependable):
    """Any XComArg."""

    def tasks(self) -> list[TaskNode]:
        """The tasks that it refers to."""
        raise NotImplementedError

    def xcom_keys(self) -> list[str]:
        """The XCom keys that it refers to, in the order of ``tasks``."""
        raise NotImplementedError

    def dependency(self) -> Dependency:
        """Its tasks."""
        return References(self.tasks())

    def to_json(self, encode: Callable[[Any], Json]) -> dict[str, Json]:
        """What stands inside ``{"$xcom": ...}``."""
        raise NotImplementedError

    def iterate(self, at: At) -> Iterator[Any]:
        """Refused, with Airflow's words."""
        raised(at, "TypeError", "'XComArg' object is not iterable")

    def enter(self, at: At) -> Any:
        """``with setup_task():``."""
        return enter_block(self.tasks(), at)

    def leave(self, problem: Raised | None, at: At) -> bool:
        """The end of the block."""
        return leave_block(at)


class PlainXComArg(XComArgValue):
    """What one task gives under one key."""

    def __init__(self, cls: ClassValue, operator: TaskValue, key: Any = RETURN_KEY) -> None:
        super().__init__(cls, {"operator": operator, "key": key})
        self.operator = operator
        self.key = key

    def tasks(self) -> list[TaskNode]:
        """Its one task."""
        return [self.operator.node]

    def xcom_keys(self) -> list[str]:
        """Its one key."""
        return [self.key]

    def to_json(self, encode: Callable[[Any], Json]) -> dict[str, Json]:
        """``{"task_id", "key"}``."""
        return {"task_id": self.operator.node.task_id, "key": self.key}

    def get_item(self, key: Any, at: At) -> Any:
        """``output["name"]``: the same task's XCom of that key."""
        if not isinstance(key, str | Unknown):
            raised(at, "ValueError", f"XComArg only supports str lookup, received {type_name(key)}")
        return PlainXComArg(self.cls, self.operator, key)

    def text(self, at: At) -> Any:
        """The template that pulls it, as in f-strings."""
        if isinstance(self.key, Unknown):
            return self.key.derived()
        operator = self.operator
        dag_id = operator.node.dag.dag_id if operator.node.dag else f"adhoc_{operator.attributes.get('owner')}"
        key = "" if self.key is None else f", key='{self.key}'"
        return f"{{{{ task_instance.xcom_pull(task_ids='{operator.node.task_id}', dag_id='{dag_id}'{key}) }}}}"

    def get_attribute(self, name: str, at: At) -> Any:
        """``is_setup`` and ``is_teardown`` are the task's own."""
        if name in {"is_setup", "is_teardown", "on_failure_fail_dagrun"}:
            return self.operator.get_attribute(name, at)
        return super().get_attribute(name, at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``is_setup`` and ``is_teardown`` are the task's own."""
        if name in {"is_setup", "is_teardown", "on_failure_fail_dagrun"}:
            self.operator.set_attribute(name, value, at)
        else:
            super().set_attribute(name, value, at)


class MapXComArg(XComArgValue):
    """``xcom.map(function)``."""

    def __init__(self, cls: ClassValue, arg: XComArgValue, functions: Sequence[Any]) -> None:
        super().__init__(cls)
        self.arg = arg
        self.functions = list(functions)

    def tasks(self) -> list[TaskNode]:
        """Those of what is mapped."""
        return self.arg.tasks()

    def xcom_keys(self) -> list[str]:
        """Those of what is mapped."""
        return self.arg.xcom_keys()

    def to_json(self, encode: Callable[[Any], Json]) -> dict[str, Json]:
        """``{"map": inner, "functions": n}``: the functions themselves run with the task."""
        return {"map": {"$xcom": self.arg.to_json(encode)}, "functions": len(self.functions)}


class ManyXComArg(XComArgValue):
    """``xcom.zip(...)`` and ``xcom.concat(...)``: KIND says which."""

    def __init__(self, cls: ClassValue, kind: str, args: Sequence[XComArgValue], fill: Any = NOT_SET) -> None:
        super().__init__(cls)
        self.kind = kind
        self.args = list(args)
        self.fill = fill

    def tasks(self) -> list[TaskNode]:
        """Those of every part."""
        return [task for arg in self.args for task in arg.tasks()]

    def xcom_keys(self) -> list[str]:
        """Those of every part."""
        return [key for arg in self.args for key in arg.xcom_keys()]

    def to_json(self, encode: Callable[[Any], Json]) -> dict[str, Json]:
        """``{"zip": [inner, ...]}`` with ``fill`` where there is one, or ``{"concat": [...]}``."""
        parts: list[Json] = [{"$xcom": arg.to_json(encode)} for arg in self.args]
        return {self.kind: parts, **({} if self.fill is NOT_SET else {"fill": encode(self.fill)})}


def xcom_of(task: TaskValue, at: At, key: str = RETURN_KEY) -> PlainXComArg:
    """``XComArg(task)``, which is also ``task.output``."""
    return PlainXComArg(xcom_class(at.session), task, key)


def xcom_class(session: Session) -> ClassValue:
    """``XComArg`` of this session."""
    methods = {name: native(name, function) for name, function in _METHODS.items()}
    return state_of(session).singleton(
        "XComArg",
        lambda: ClassValue(
            "XComArg",
            (),
            {**METHODS, **methods},
            module_name="airflow.sdk.definitions.xcom_arg",
            construct=lambda cls, args, kwargs, at: _construct(at, *args, **kwargs),
            fallback=unread_attributes("XComArg"),
        ),
    )


def references_in(value: Any, depth: int = 20) -> Iterator[TaskNode]:
    """The tasks of every XComArg in VALUE and in the containers that it holds (Airflow's ``iter_xcom_references``)."""
    from goflow.parser.libraries.airflow.operators import TaskValue

    if isinstance(value, XComArgValue):
        yield from value.tasks()
    elif depth == 0:
        return
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from references_in(inner, depth - 1)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from references_in(inner, depth - 1)
    elif isinstance(value, TaskValue):
        for name in value.template_fields:
            yield from references_in(value.attributes.get(name), depth - 1)
    elif hasattr(value, "referenced_tasks"):
        yield from value.referenced_tasks()


def unknown_references(value: Any) -> Iterator[Unknown]:
    """What in VALUE, and in the containers that it holds, may be one of some XComArgs."""
    for inner in _all_in(value):
        if isinstance(inner, OneOf) and any(isinstance(one, Dependable) for one in inner.may_be()):
            yield inner


def mapped_over(value: Any, at: At) -> Unknown | None:
    """Refuse to map over an XCom with a key of its own, however deep it lies in VALUE. Why the key of one is not known;
    None where all are."""
    for key in _keys_in(value):
        if not isinstance(key, Unknown) and key != RETURN_KEY:
            raised(at, "ValueError", f"cannot map over XCom with custom key {key!r}")
    return unknown_key_in(value)


def unknown_key_in(value: Any) -> Unknown | None:
    """Why the key of an XCom in VALUE is not known; None where all are."""
    return next((key for key in _keys_in(value) if isinstance(key, Unknown)), None)


def _keys_in(value: Any) -> Iterator[Any]:
    for inner in _all_in(value):
        if isinstance(inner, XComArgValue):
            yield from inner.xcom_keys()


def _all_in(value: Any) -> Iterator[Any]:
    """VALUE, and what the containers hold that it is or leads to, each once."""
    waiting, seen = [value], set[int]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list | tuple | set | frozenset):
            if id(one) not in seen:
                seen.add(id(one))
                waiting += one.values() if isinstance(one, dict) else one
        else:
            yield one


def enter_block(tasks: Sequence[TaskNode], at: At) -> Any:
    """``with`` over setup or teardown tasks; gives the scope, whose ``add_task`` takes tasks made outside."""
    state = state_of(at.session)
    try:
        state.scope.enter(tasks)
    except GraphError as problem:
        refuse(at, problem)
    return state.singleton(
        "SetupTeardownContext",
        lambda: ClassValue(
            "SetupTeardownContext",
            (),
            {"add_task": native("add_task", _add_task)},
            module_name="airflow.sdk.definitions._internal.setup_teardown",
        ),
    )


def leave_block(at: At) -> bool:
    """The end of a setup or teardown block."""
    try:
        state_of(at.session).scope.leave()
    except GraphError as problem:
        refuse(at, problem)
    return False


def _add_task(at: At, task: Any) -> None:
    scope = state_of(at.session).scope
    if not scope.active:
        raised(at, "airflow.exceptions.AirflowException", "Cannot add task to context outside the context manager.")
    for node in task.dependency().roots() if isinstance(task, Dependable) else ():
        scope.task_made(node)


# -- the file's side --------------------------------------------------------------------------------------------------


def _construct(at: At, operator: Any, key: Any = RETURN_KEY) -> Any:
    from goflow.parser.libraries.airflow.operators import TaskValue

    if isinstance(operator, Unknown):
        return operator
    if not isinstance(operator, TaskValue):
        raised(at, "TypeError", f"XComArg needs an operator, not {type_name(operator)}")
    return xcom_of(operator, at, key)


def _map(at: At, self: XComArgValue, f: Any) -> Any:
    _check_plain(self, "map against", at)
    if isinstance(f, Instance) and f.type_name == "_TaskDecorator":
        raised(at, "ValueError", "map() argument must be a plain function, not a @task operator")
    if isinstance(self, MapXComArg):
        return MapXComArg(self.cls, self.arg, [*self.functions, f])
    return MapXComArg(self.cls, self, [f])


def _zip(at: At, self: XComArgValue, *others: Any, fillvalue: Any = NOT_SET) -> Any:
    _check_plain(self, "map against", at)
    return _many(at, self, "zip", [self, *others], fillvalue)


def _concat(at: At, self: XComArgValue, *others: Any) -> Any:
    _check_plain(self, "concatenate", at)
    first = self.args if isinstance(self, ManyXComArg) and self.kind == "concat" else [self]
    return _many(at, self, "concat", [*first, *others], NOT_SET)


def _many(at: At, self: XComArgValue, kind: str, args: Sequence[Any], fill: Any) -> Any:
    for arg in args:
        if isinstance(arg, Unknown):
            return arg
        if not isinstance(arg, XComArgValue):
            raised(at, "AttributeError", f"'{type_name(arg)}' object has no attribute 'iter_references'")
    return ManyXComArg(self.cls, kind, args, fill)


def _check_plain(value: XComArgValue, what: str, at: At) -> None:
    if isinstance(value, PlainXComArg) and not isinstance(value.key, Unknown) and value.key != RETURN_KEY:
        raised(at, "ValueError", f"cannot {what} non-return XCom")


def _as_setup(at: At, self: XComArgValue) -> Any:
    for task in self.tasks():
        task.value.set_attribute("is_setup", True, at)
    return self


def _as_teardown(at: At, self: XComArgValue, *, setups: Any = None, on_failure_fail_dagrun: Any = None) -> Any:
    for task in self.tasks():
        task.value.make_teardown(at, setups, on_failure_fail_dagrun)
    return self


_METHODS: dict[str, Any] = {
    "map": _map,
    "zip": _zip,
    "concat": _concat,
    "as_setup": _as_setup,
    "as_teardown": _as_teardown,
}
