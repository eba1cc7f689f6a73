"""Which functions, classes and bodies of a file may make tasks or DAGs when they are run: told from what they name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import libcst as cst

from goflow.parser.interpreter.alternatives import Keeper, OneOf
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import BoundMethod
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.scopes import Scope
from goflow.parser.interpreter.values import CONTAINERS, NativeFunction, Unknown, Value

_TASKS = re.compile(
    r"(Operator|Sensor|Transfer|TaskGroup|Task|Group|Dag|DAG)$|(^|_)(task|dag)s?(_|$)|^(exec|partial|expand|expand_kwargs)$"
)
"""Names of what makes tasks."""
_DAGS = re.compile(r"(Dag|DAG|Dags|DAGs)$|(^|_)dags?(_|$)|^exec$")
"""Names of what makes DAGs."""
_ABOUT = re.compile(r"_(args|conf|config|configs|defaults|id|ids|key|name|names|params|url)$")
"""Names of what only tells something of a task or DAG."""
_CLASSES_OF_TASKS = re.compile(r"[a-z](Operator|Sensor|Transfer|TaskGroup)$|^(TaskGroup|exec)$")
_CLASSES_OF_DAGS = re.compile(r"[a-z](Dag|DAG)$|^(DAG|exec)$")
"""Of methods, ``module.name(...)``, only names like these say what they make: others are anybody's."""
_NATIVES = {"dag": "dags", **dict.fromkeys(("setup", "task", "task_group", "teardown"), "tasks")}
_MOST_LOOKED_AT = 3000
"""So many functions, classes and containers one question looks at."""
_HOLDING = ("function", "inner")
"""Where what stands for a function has it: bound methods, ``partial``, ``lru_cache``."""


class Maker(Keeper):
    """What code that is not read has made of something that makes tasks or DAGs, and may do so itself when it is
    called: MAKES has ``tasks``, ``dags`` or both."""

    __slots__ = ("makes",)

    @classmethod
    def made(cls, unknown: Unknown, holders: list[Any], makes: frozenset[str]) -> Maker:
        """For the reason of UNKNOWN, of HOLDERS."""
        maker = cls(unknown.reason, unknown.at, holders)
        maker.makes = makes
        return maker

    makes: frozenset[str]

    def get_attribute(self, name: str, at: Any) -> Any:
        """A method of it may, too."""
        return self

    def derived(self) -> Unknown:
        """The same for what it is wrapped in."""
        return self


def made_by(values: Iterable[Any]) -> frozenset[str]:
    """What any of VALUES may make when it is called: ``tasks``, ``dags``; they may stand in lists and dicts."""
    return _Search().of_values(values)


def made_in(body: cst.CSTNode, scope: Scope) -> frozenset[str]:
    """What the statements of BODY, which stand in SCOPE, may make."""
    return _Search().of_body(body, scope)


class _Search:
    """One question, which looks at each function and class once."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def of_values(self, values: Iterable[Any]) -> frozenset[str]:
        return frozenset().union(*(self.of_value(value) for value in values))

    def of_value(self, value: Any) -> frozenset[str]:
        if isinstance(value, str | int | float | None) or id(value) in self.seen:
            return frozenset()
        if len(self.seen) >= _MOST_LOOKED_AT:
            return frozenset({"tasks", "dags"})  # as far as anybody knows
        self.seen.add(id(value))
        if isinstance(value, Value) and hasattr(value, "makes"):  # a `Maker`, or what a decorator of Airflow's gives
            makes: frozenset[str] = value.makes
            return makes
        if isinstance(value, UserFunction):
            if value.mentions is None:
                value.mentions = _named_in(value.node.body)
            return self._of_named(value.mentions, value.scope)
        if isinstance(value, ClassValue):
            return self._of_class(value)
        if isinstance(value, Instance) and not value.cls.is_native and not _is_of_airflow(value.cls):
            return self._of_class(value.cls)
        if isinstance(value, NativeFunction):
            return frozenset({_NATIVES[value.name]} if value.name in _NATIVES else ())
        if isinstance(value, Unknown):
            return self.of_values(value.may_be()) if isinstance(value, OneOf) else frozenset()
        if isinstance(value, CONTAINERS):
            return self.of_values(value.values() if isinstance(value, dict) else value)
        held = [getattr(value, name, None) for name in _HOLDING]
        return self.of_values(held if isinstance(value, BoundMethod) or any(held) else ())

    def of_body(self, body: cst.CSTNode, scope: Scope) -> frozenset[str]:
        return self._of_named(_named_in(body), scope)

    def _of_named(self, named: _Named, scope: Scope) -> frozenset[str]:
        found = self.of_values(scope.find(name) for name in named.names)
        return found.union(*(_made_by_class(name) for name in named.methods))

    def _of_class(self, cls: ClassValue) -> frozenset[str]:
        if _is_of_airflow(cls):
            return frozenset({"dags" if any(base.name == "DAG" for base in cls.mro) else "tasks"})
        own = [found for base in cls.mro if not base.is_native for found in base.attributes.values()]
        return self.of_values(own)


def named_for_tasks(name: str) -> bool:
    """Whether what is called NAME makes tasks, for all that its name says."""
    return _TASKS.search(name) is not None and _ABOUT.search(name) is None


def named_for_dags(name: str) -> bool:
    """The same of DAGs."""
    return _DAGS.search(name) is not None and _ABOUT.search(name) is None


def _made_by_class(name: str) -> frozenset[str]:
    if _CLASSES_OF_DAGS.search(name):
        return frozenset({"dags"})
    return frozenset({"tasks"} if _CLASSES_OF_TASKS.search(name) else ())


def _is_of_airflow(cls: ClassValue) -> bool:
    """Whether the objects of CLS are tasks, groups or DAGs."""
    return any(base.name in {"BaseOperator", "TaskGroup", "DAG"} for base in cls.mro)


def _named_in(body: cst.CSTNode) -> _Named:
    named = _Named()
    body.visit(named)
    return named


class _Named(cst.CSTVisitor):
    """The names that a body calls or decorates with, and the last names of ``module.name(...)``."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.methods: set[str] = set()

    def _add(self, node: cst.BaseExpression) -> None:
        while isinstance(node, cst.Call):
            node = node.func
        if isinstance(node, cst.Name):
            self.names.add(node.value)
        elif isinstance(node, cst.Attribute):
            self.methods.add(node.attr.value)
            self._add(node.value)

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        """``name(...)``."""
        self._add(node.func)

    def visit_Decorator(self, node: cst.Decorator) -> None:  # noqa: N802
        """``@name``, ``@name.bash(...)``."""
        self._add(node.decorator)
