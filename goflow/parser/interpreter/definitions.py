"""``def`` and ``class``: making functions and classes, and applying their decorators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libcst as cst

from goflow.parser.interpreter.bodies import Exit, declare, run_top
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.functions import UserFunction, parameters_of, raw_docstring_of
from goflow.parser.interpreter.host import as_mapping
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.metaclasses import CELL, class_with, finished_class, makes_classes_itself, winner
from goflow.parser.interpreter.scopes import MISSING, Frame, Scope
from goflow.parser.interpreter.values import At, Unknown, hidden_key, raised


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
    for base in _bases(frame, node):
        if isinstance(base, Unknown):
            unknown = base
        elif not isinstance(base, ClassValue) and getattr(base, "make_class", None) is None:
            raised(at, "TypeError", f"a class cannot derive from {getattr(base, 'type_name', base)}")
        else:
            bases.append(base)
    keywords: dict[str, Any] = {}
    for argument in node.keywords:
        value = evaluate(frame, argument.value)
        mapping = {argument.keyword.value: value} if argument.keyword is not None else as_mapping(value, at)
        hidden = mapping if isinstance(mapping, Unknown) else hidden_key(mapping)
        unknown = unknown if hidden is None else hidden
        keywords.update({} if isinstance(mapping, Unknown) else mapping)
    given = keywords.get("metaclass")
    special = next((base for base in bases if not isinstance(base, ClassValue)), None)
    if unknown is None:
        unknown = _unfollowed(given, special, at)
    scope, qualname = _namespace(frame, node)
    if unknown is not None:  # what the body does is done whatever becomes of it
        made = Unknown(f"class {node.name.value}, which derives from {unknown.reason}", at)
        _run(frame, node, scope, made)
        return made
    metaclass = winner(given, bases, at) if special is None else None
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
    _run(frame, node, scope, cls)
    if metaclass is not None and makes_classes_itself(metaclass):
        scope.names[CELL] = cls
        keywords.pop("metaclass", None)
        return call(metaclass, [node.name.value, tuple(bases), scope.names], keywords, at)
    scope.names.pop("__qualname__", None)
    if special is not None:
        return special.make_class(cls, keywords, at)
    return finished_class(cls, keywords, at)


def _bases(frame: Frame, node: cst.ClassDef) -> Iterator[Any]:
    for argument in node.bases:
        value = evaluate(frame, argument.value)
        found = elements(value, frame.at(argument)) if argument.star else [value]
        yield from [found] if isinstance(found, Unknown) else found


def _namespace(frame: Frame, node: cst.ClassDef) -> tuple[Scope, str]:
    """The scope of the class's body, and its qualified name."""
    scope = Scope(frame.scope, is_class=True)
    frame.session.journal.made(scope.names)
    outer = frame.scope.names.get("__qualname__") if frame.scope.is_class else None
    qualname = f"{outer}.{node.name.value}" if outer else f"{frame.prefix}{node.name.value}"
    scope.names.update(__module__=frame.module.name, __qualname__=qualname)
    return scope, qualname


def _run(frame: Frame, node: cst.ClassDef, scope: Scope, cell: ClassValue | Unknown) -> None:
    """The class's body in SCOPE; CELL is what ``super()`` means in it."""
    inner = frame.nested(scope)
    inner.class_cell = cell
    doc = raw_docstring_of(node.body)
    if doc is not None:
        scope.names["__doc__"] = doc
    declare(inner, node.body)
    run_top(inner, node.body.body)
    if "__getattribute__" in scope.names:
        frame.session.intercepts = True


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
