"""``def`` and ``class``: making functions and classes, and applying their decorators."""

from __future__ import annotations

from typing import Any

import libcst as cst

from goflow.parser.interpreter.bodies import Exit, declare, run_suite
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.functions import UserFunction, parameters_of, raw_docstring_of
from goflow.parser.interpreter.metaclasses import CELL, class_with, finished_class, makes_classes_itself, winner
from goflow.parser.interpreter.scopes import MISSING, Frame, Scope
from goflow.parser.interpreter.values import At, Unknown, raised


def function_definition(frame: Frame, node: cst.FunctionDef) -> Exit | None:
    """``def NAME(...): ...``."""
    decorators = [(evaluate(frame, decorator.decorator), decorator) for decorator in node.decorators]
    name = node.name.value
    prefix = frame.scope.names.get("__qualname__") if frame.scope.is_class else None
    qualname = f"{prefix}.{name}" if prefix else f"{frame.prefix}{name}"
    value: Any = UserFunction(node, frame, name, qualname, parameters_of(node.params, frame))
    if frame.scope.is_class:
        value.owner = frame.class_cell
    for decorator, where in reversed(decorators):
        value = call(decorator, [value], {}, frame.at(where))
    frame.assign(name, value)
    return None


def class_definition(frame: Frame, node: cst.ClassDef) -> Exit | None:
    """``class NAME(bases): ...``."""
    decorators = [(evaluate(frame, decorator.decorator), decorator) for decorator in node.decorators]
    value: Any = _make_class(frame, node)
    for decorator, where in reversed(decorators):
        value = call(decorator, [value], {}, frame.at(where))
    frame.assign(node.name.value, value)
    return None


def _make_class(frame: Frame, node: cst.ClassDef) -> Any:
    at = frame.at(node)
    bases: list[Any] = []
    unknown: Unknown | None = None
    for argument in node.bases:
        base = evaluate(frame, argument.value)
        if isinstance(base, Unknown):
            unknown = base
        elif not isinstance(base, ClassValue):
            maker = getattr(base, "make_class", None)
            if maker is None:
                raised(at, "TypeError", f"a class cannot derive from {getattr(base, 'type_name', base)}")
            bases.append(base)
        else:
            bases.append(base)
    keywords = {
        argument.keyword.value: evaluate(frame, argument.value)
        for argument in node.keywords
        if argument.keyword is not None
    }
    given = keywords.get("metaclass")
    special = next((base for base in bases if not isinstance(base, ClassValue)), None)
    if unknown is None:
        unknown = _unfollowed(given, special, at)
    if unknown is not None:
        return Unknown(f"class {node.name.value}, which derives from {unknown.reason}", at)
    metaclass = winner(given, bases, at) if special is None else None
    scope = Scope(frame.scope, is_class=True)
    outer = frame.scope.names.get("__qualname__") if frame.scope.is_class else None
    scope.names["__module__"] = frame.module.name
    scope.names["__qualname__"] = qualname = (
        f"{outer}.{node.name.value}" if outer else f"{frame.prefix}{node.name.value}"
    )
    inner = frame.nested(scope)
    cls = class_with(metaclass)(
        node.name.value,
        [base for base in bases if isinstance(base, ClassValue)],
        scope.names,
        module_name=frame.module.name,
        module=frame.module,
        at=at,
    )
    cls.metaclass = metaclass
    cls.qualname = qualname
    inner.class_cell = cls
    doc = raw_docstring_of(node.body)
    if doc is not None:
        scope.names["__doc__"] = doc
    declare(inner, node.body)
    run_suite(inner, node.body)
    if metaclass is not None and makes_classes_itself(metaclass):
        scope.names[CELL] = cls
        keywords.pop("metaclass", None)
        return call(metaclass, [node.name.value, tuple(bases), scope.names], keywords, at)
    scope.names.pop("__qualname__", None)
    if special is not None:
        return special.make_class(cls, keywords, at)
    return finished_class(cls, keywords, at)


def _unfollowed(metaclass: Any, special: Any, at: At) -> Unknown | None:
    """Why nobody knows what a class with this METACLASS is: one that is not read, or with a namespace of its own, or
    over a base that is no class, may make anything of it."""
    if isinstance(metaclass, Unknown):
        return metaclass
    if metaclass is None:
        return None
    if not isinstance(metaclass, ClassValue):
        return Unknown(f"its metaclass, a {getattr(metaclass, 'type_name', 'value')}", at)
    if special is not None or metaclass.lookup("__prepare__") is not MISSING:
        return Unknown(f"its metaclass {metaclass.name}", at)
    return None
