"""``@task_group``: functions that make a group when they are called, mapped groups among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.functions import Kind
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value, with_hidden
from goflow.parser.libraries.airflow.exceptions import fail, told_at
from goflow.parser.libraries.airflow.groups import GroupValue, group_class, make_group, mapped_group_class
from goflow.parser.libraries.airflow.mapping import (
    check_kwargs_list,
    check_mappable,
    mapped_argument,
    of_unknown_size,
    prevent_duplicates,
)
from goflow.parser.libraries.airflow.signatures import check_names, doc_of, name_of, parameters_of
from goflow.parser.libraries.airflow.state import native, state_of
from goflow.parser.libraries.airflow.xcom_args import mapped_over


class TaskGroupFactory(Instance):
    """A function that was decorated at PLACE. GROUP_KWARGS go to the TaskGroup, PARTIAL_KWARGS to the function."""

    makes = frozenset({"tasks"})

    def __init__(
        self,
        cls: ClassValue,
        function: Any,
        group_kwargs: Mapping[str, Any],
        partial_kwargs: Mapping[str, Any],
        place: At,
    ) -> None:
        super().__init__(cls)
        self.place = place
        self.function = function
        self.group_kwargs = {"group_id": name_of(function), **group_kwargs}
        self.partial_kwargs = dict(partial_kwargs)

    @property
    def callable(self) -> bool:
        """It is."""
        return True

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Make the group; gives what the function returns, or the group."""
        at.session.budget.step(at)
        return self.make(at, list(args), dict(kwargs), None)

    def call_with_unknown(self, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Make the group with a function some of whose arguments are not known."""
        return self.make(at, list(args), with_hidden(kwargs, unknown, at), None)

    def get_attribute(self, name: str, at: At) -> Any:
        """``__name__`` and ``__doc__`` are the function's."""
        if name in {"__name__", "__doc__", "__qualname__"} and isinstance(self.function, Value):
            return self.function.get_attribute(name, at)
        return self.function if name in {"function", "__wrapped__"} else super().get_attribute(name, at)

    def make(self, at: At, args: list[Any], kwargs: dict[str, Any], expansion: dict[str, Any] | None) -> Any:
        """Make the group and run the function inside it."""
        session = at.session
        cls = group_class(session) if expansion is None else mapped_group_class(session)
        given = {"add_suffix_on_collision": True, **self.group_kwargs}
        with told_at(self.place):
            group = session.guarded(make_group, at, [cls], given, "TaskGroup")
        assert isinstance(group, GroupValue)
        group.expansion = expansion
        group.node.mapped = expansion is not None
        doc = doc_of(self.function)
        for name in ("tooltip", "doc_md") if doc else ():
            group.attributes[name] = group.attributes.get(name) or doc
        group.enter(at)
        try:
            answer = self.function.call(args, kwargs, at)
        finally:
            state = state_of(session)
            if group in state.open_groups and state.open_groups[-1] is not group:
                del state.open_groups[state.open_groups.index(group) + 1 :]
            group.leave(None, at)
        return group if answer is None else answer


def _task_group(at: At, python_callable: Any = None, /, **group_kwargs: Any) -> Any:
    function = group_kwargs.pop("python_callable", python_callable)
    if isinstance(function, str):
        group_kwargs["group_id"], function = function, None
    if function is None:
        return native("task_group", lambda _, function: _factory(at, function, group_kwargs))
    return _factory(at, function, group_kwargs)


task_group: NativeFunction = native("task_group", _task_group)


def _factory(at: At, function: Any, group_kwargs: Mapping[str, Any]) -> Any:
    if not isinstance(function, Value) or not function.callable:
        fail(at, "TypeError", "'function' must be callable", code="GF203")
    return TaskGroupFactory(_factory_class(at.session), function, group_kwargs, {}, at)


def _factory_class(session: Session) -> ClassValue:
    methods: dict[str, Any] = {
        "override": _override,
        "partial": _partial,
        "expand": _expand,
        "expand_kwargs": _expand_kwargs,
    }
    return state_of(session).singleton(
        "_TaskGroupFactory",
        lambda: ClassValue(
            "_TaskGroupFactory",
            (),
            {name: native(name, function) for name, function in methods.items()},
            module_name="airflow.sdk.definitions.decorators.task_group",
        ),
    )


def _override(at: At, self: TaskGroupFactory, /, **kwargs: Any) -> Any:
    return TaskGroupFactory(self.cls, self.function, {**self.group_kwargs, **kwargs}, self.partial_kwargs, self.place)


def _partial(at: At, self: TaskGroupFactory, /, **kwargs: Any) -> Any:
    check_names("partial", self.function, kwargs, at)
    prevent_duplicates(self.partial_kwargs, kwargs, "duplicate partial", at)
    return TaskGroupFactory(self.cls, self.function, self.group_kwargs, {**kwargs, **self.partial_kwargs}, self.place)


def _expand(at: At, self: TaskGroupFactory, /, **mapped: Any) -> Any:
    if not mapped:
        fail(at, "TypeError", "no arguments to expand against", code="GF203")
    check_names("expand", self.function, mapped, at)
    for name, value in mapped.items():
        check_mappable(value, "expand()", name, at)
    prevent_duplicates(self.partial_kwargs, mapped, "mapping already partial", at)
    return _make_mapped(self, dict(mapped), list(mapped), at)


def _expand_kwargs(at: At, self: TaskGroupFactory, /, kwargs: Any) -> Any:
    check_kwargs_list(kwargs, at)
    found = parameters_of(self.function) or []
    if any(parameter.kind in {Kind.REST, Kind.REST_KEYWORDS} for parameter in found):
        text = "calling expand_kwargs() on task group function with * or ** is not supported"
        fail(at, "TypeError", text, code="GF203")
    names = [parameter.name for parameter in found if parameter.name not in self.partial_kwargs]
    return _make_mapped(self, {"*": kwargs}, names, at)


def _make_mapped(self: TaskGroupFactory, expansion: dict[str, Any], names: list[str], at: At) -> Any:
    unknown_key = mapped_over(expansion, at)
    dag = state_of(at.session).current_dag()
    for value in (*expansion.values(), unknown_key):
        unknown = of_unknown_size(value, at)
        if unknown is not None and dag is not None:
            dag.taint("what a group is expanded over", unknown, at)
    stand_ins = {name: mapped_argument(at.session, name, expansion) for name in names}
    return self.make(at, [], {**self.partial_kwargs, **stand_ins}, expansion)
