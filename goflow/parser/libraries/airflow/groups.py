"""TaskGroup, ``@task_group`` and mapped groups."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from goflow.domain.errors import did_you_mean
from goflow.parser.interpreter.alternatives import whole
from goflow.parser.interpreter.classes import ClassValue, initialise
from goflow.parser.interpreter.operations import truth
from goflow.parser.interpreter.plain_values import plain_host, type_name
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Raised, Unknown, raised
from goflow.parser.libraries.airflow.attributes import unread_attributes
from goflow.parser.libraries.airflow.edges import Dependency, References
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.graph import GroupNode, TaskNode
from goflow.parser.libraries.airflow.keys import GraphError, check_group_key
from goflow.parser.libraries.airflow.relations import METHODS, Dependable
from goflow.parser.libraries.airflow.state import native, refuse, state_of, taint_if_undecided
from goflow.parser.libraries.functools_ import copied

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue

_MODULE = "airflow.sdk.definitions.taskgroup"


class GroupValue(Dependable):
    """A task group. EXPANSION is what a mapped group is expanded over: ``{argument: value}`` or ``{"*": value}``."""

    def __init__(self, cls: ClassValue, node: GroupNode, at: At, attributes: dict[str, Any]) -> None:
        super().__init__(cls, attributes)
        self.node = node
        self.at = at
        self.expansion: dict[str, Any] | None = None
        node.value = self

    @classmethod
    def unmade(cls, kind: ClassValue, at: At) -> GroupValue:
        """A group of a class of the file, the ``__init__`` of which has yet to call Airflow's."""
        made = cls.__new__(cls)
        Dependable.__init__(made, kind, {})
        made.at, made.expansion = at, None
        return made

    @property
    def dag(self) -> DagValue | None:
        """The DAG it is in."""
        return self.node.dag.value if self.node.dag is not None else None

    @property
    def default_args(self) -> Any:
        """Its default arguments, with those of the groups around it."""
        return self.attributes.get("default_args")

    def dependency(self) -> Dependency:
        """The group."""
        return self.node

    def enter(self, at: At) -> Any:
        """``with TaskGroup(...) as group:``."""
        own = self.own_method("__enter__", at)
        return self.open(at) if own is None else own.call([], {}, at)

    def leave(self, problem: Raised | None, at: At) -> bool | Unknown:
        """The end of the block."""
        if self.own_method("__exit__", at) is not None:
            return super().leave(problem, at)
        self.close(problem is not None, at)
        return False

    def open(self, at: At) -> GroupValue:
        """Have what follows be put into the group."""
        taint_if_undecided(self.dag, f"the group {self.node.node_id}", at)
        state_of(at.session).open_groups.append(self)
        return self

    def close(self, failed: bool, at: At) -> None:
        """The end of what is put into it; a mapped group goes below what it is expanded over."""
        state = state_of(at.session)
        if self.expansion is not None and not failed:
            try:
                self.node.set_upstream([References(_tasks_in(self.expansion))])
            except GraphError as refused:
                refuse(at, refused)
        if self in state.open_groups:
            state.open_groups.remove(self)

    def truth(self, at: At) -> bool:
        """Groups are true."""
        return True

    def iterate(self, at: At) -> Any:
        """Over its tasks."""
        return iter([task.value for task in self.node.tasks()])

    def get_item(self, key: Any, at: At) -> Any:
        """The child of that label."""
        child = self.node.children.get(self.node.child_id(key)) if isinstance(key, str) else None
        if child is None:
            fail(at, "airflow.exceptions.NodeNotFound", f"Task {key!r} not found")
        return child.value

    def get_attribute(self, name: str, at: At) -> Any:
        """What Airflow's TaskGroup has."""
        found = self._own_attribute(name, at)
        return super().get_attribute(name, at) if found is MISSING else found

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``group.name = value``; which tasks are in it is not for the file to set."""
        if name in {"children", "used_group_ids", "_group_id"} and self.dag is not None:
            self.dag.taint("which tasks there are", Unknown(f"what the file sets {name} to", at), at)
        super().set_attribute(name, value, at)

    def _own_attribute(self, name: str, at: At) -> Any:
        node = self.node
        match name:
            case "group_id" | "node_id":
                return node.group_id
            case "label":
                return self.attributes.get("group_display_name") or node.own_id
            case "dag":
                return self.dag
            case "children":
                children = {key: child.value for key, child in node.children.items()}
                return children if self.dag is None else self.dag.shown(name, children, at)
            case "roots":
                return [task.value for task in node.roots()]
            case "leaves":
                return [task.value for task in node.leaves()]
            case "parent_group" | "task_group":
                return None if node.group is None else node.group.value
            case "is_root":
                return node.is_root
            case "upstream_task_ids":
                return set(node.upstream)
            case "downstream_task_ids":
                return set(node.downstream)
            case "upstream_group_ids":
                return set(node.upstream_groups)
            case "downstream_group_ids":
                return set(node.downstream_groups)
        return MISSING


def group_class(session: Session) -> ClassValue:
    """``TaskGroup`` of this session."""
    return state_of(session).singleton(
        "TaskGroup",
        lambda: ClassValue(
            "TaskGroup",
            (),
            {
                **METHODS,
                **{name: native(name, function) for name, function in _METHODS.items()},
                "__init__": native("__init__", _init),
                "__enter__": native("__enter__", lambda at, self: self.open(at)),
                "__exit__": native("__exit__", lambda at, self, *words: self.close(any(words), at)),
            },
            module_name=_MODULE,
            construct=_construct,
            fallback=unread_attributes("TaskGroup"),
        ),
    )


def mapped_group_class(session: Session) -> ClassValue:
    """``MappedTaskGroup`` of this session."""
    return state_of(session).singleton(
        "MappedTaskGroup",
        lambda: ClassValue("MappedTaskGroup", (group_class(session),), {}, module_name=_MODULE),
    )


def _construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    if isinstance(cls.lookup("__init__"), NativeFunction):
        return at.session.guarded(make_group, at, [cls, *args], kwargs, "TaskGroup")
    group = GroupValue.unmade(cls, at)
    initialise(group, args, kwargs, at)
    return group


def _init(at: At, group: GroupValue, /, *args: Any, **kwargs: Any) -> None:
    """``super().__init__(...)`` of a class of the file."""
    made = at.session.guarded(make_group, at, [group.cls, *args], kwargs, "TaskGroup")
    group.node = made.node
    group.node.value = group
    group.attributes.update(made.attributes)


def make_group(
    at: At,
    cls: ClassValue,
    group_id: Any = None,
    prefix_group_id: Any = True,
    parent_group: Any = None,
    dag: Any = None,
    default_args: Any = None,
    tooltip: Any = "",
    ui_color: Any = "CornflowerBlue",
    ui_fgcolor: Any = "#000",
    add_suffix_on_collision: Any = False,
    group_display_name: Any = "",
    doc_md: Any = None,
    **unknown: Any,
) -> GroupValue:
    """``TaskGroup(...)``. Raises what Airflow refuses."""
    from goflow.parser.libraries.airflow.dag import DagValue

    for name in unknown:
        text = f"TaskGroup.__init__() got an unexpected keyword argument '{name}'"
        hint = did_you_mean(name, list(inspect.signature(make_group).parameters)[2:])
        fail(at, "TypeError", text, code="GF204", hint=hint, argument=name)
    state = state_of(at.session)
    parent = parent_group if isinstance(parent_group, GroupValue) else None
    owner = dag if isinstance(dag, DagValue) else (parent.dag if parent else None) or state.current_dag()
    if parent is None:
        parent = state.open_groups[-1] if state.open_groups else None
        if parent is not None and owner is not None and parent.dag is not owner:
            parent = None
        owner = owner or (parent.dag if parent else None)
    if owner is None:
        kind = "airflow.exceptions.AirflowException" if state.airflow2 else "RuntimeError"
        fail(at, kind, "TaskGroup can only be used inside a dag")
    taint_if_undecided(owner, "a task group", at)
    group_id = plain_host(group_id)
    if isinstance(group_id, Unknown):
        owner.taint("the id of a task group", group_id, at)
        group_id = f"unknown_{len(owner.graph.root.used_ids)}"
    parent = parent or owner.root_group
    attributes = {
        "default_args": _merged(parent.default_args, default_args, at),
        "tooltip": tooltip,
        "doc_md": doc_md,
        "ui_color": ui_color,
        "ui_fgcolor": ui_fgcolor,
        "prefix_group_id": prefix_group_id,
        "group_display_name": group_display_name,
    }
    prefixes = truth(prefix_group_id, at)
    if isinstance(prefixes, Unknown):
        owner.taint("whether a task group's id stands before its tasks'", prefixes, at)
    try:
        if prefixes or not state.airflow2:
            check_group_key(group_id)
        node = GroupNode(group_id, owner.graph, parent.node, prefixes is not False, add_suffix_on_collision is True)
    except GraphError as problem:
        refuse(at, problem)
    return GroupValue(cls, node, at, attributes)


def _merged(outer: Any, own: Any, at: At) -> Any:
    """Default arguments of a group: those of the group around it, over them its own, which it copies."""
    own, outer = whole(own, at), whole(outer, at)
    if isinstance(own, Unknown) or isinstance(outer, Unknown):
        return own if isinstance(own, Unknown) else outer
    if own is not None and not isinstance(own, dict):
        raised(at, "TypeError", f"default_args must be a mapping, not {type_name(own)}")
    return {**(outer or {}), **copied(own or {}, at, deep=True)}


def _tasks_in(expansion: dict[str, Any]) -> list[TaskNode]:
    from goflow.parser.libraries.airflow.xcom_args import references_in

    return list(references_in(expansion))


def _add(at: At, self: GroupValue, task: Any) -> Any:
    taint_if_undecided(self.dag, f"the group {self.node.node_id}", at)
    if isinstance(task, Dependable):
        for node in [task.dependency()]:
            if isinstance(node, TaskNode | GroupNode):
                self.node.add(node, moving=bool(state_of(at.session).open_groups))
    return task


def _child_id(at: At, self: GroupValue, label: Any) -> Any:
    return label if isinstance(label, Unknown) else self.node.child_id(label)


def _get_child_by_label(at: At, self: GroupValue, label: Any) -> Any:
    return self.get_item(label, at)


def _get_roots(at: At, self: GroupValue) -> list[Any]:
    return [task.value for task in self.node.roots()]


def _get_leaves(at: At, self: GroupValue) -> list[Any]:
    return [task.value for task in self.node.leaves()]


def _iter_tasks(at: At, self: GroupValue) -> list[Any]:
    return [task.value for task in self.node.tasks()]


def _has_task(at: At, self: GroupValue, task: Any) -> bool:
    return any(inner.value is task for inner in self.node.tasks())


_METHODS: dict[str, Any] = {
    "add": _add,
    "child_id": _child_id,
    "get_child_by_label": _get_child_by_label,
    "get_roots": _get_roots,
    "get_leaves": _get_leaves,
    "iter_tasks": _iter_tasks,
    "has_task": _has_task,
}
