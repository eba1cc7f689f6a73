"""``def`` and ``class``: making functions and classes, and applying their decorators."""

from __future__ import annotations

from typing import Any

import libcst as cst

from goflow.parser.interpreter.bodies import Exit, declare, run_suite
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import bind
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.functions import UserFunction, parameters_of, raw_docstring_of
from goflow.parser.interpreter.scopes import MISSING, Frame, Scope
from goflow.parser.interpreter.values import Unknown, Value, raised


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
    if unknown is None:
        unknown = _own_metaclass(keywords.get("metaclass"), at)
    if unknown is not None:
        return Unknown(f"class {node.name.value}, which derives from {unknown.reason}", at)
    special = next((base for base in bases if not isinstance(base, ClassValue)), None)
    scope = Scope(frame.scope, is_class=True)
    outer = frame.scope.names.get("__qualname__") if frame.scope.is_class else None
    scope.names["__module__"] = frame.module.name
    scope.names["__qualname__"] = qualname = (
        f"{outer}.{node.name.value}" if outer else f"{frame.prefix}{node.name.value}"
    )
    inner = frame.nested(scope)
    cls = ClassValue(
        node.name.value,
        [base for base in bases if isinstance(base, ClassValue)],
        scope.names,
        module_name=frame.module.name,
        module=frame.module,
        at=at,
    )
    cls.qualname = qualname
    inner.class_cell = cls
    doc = raw_docstring_of(node.body)
    if doc is not None:
        scope.names["__doc__"] = doc
    declare(inner, node.body)
    run_suite(inner, node.body)
    scope.names.pop("__qualname__", None)
    if special is not None:
        return special.make_class(cls, keywords, at)
    return finished_class(cls, keywords, at)


def _own_metaclass(given: Any, at: Any) -> Unknown | None:
    """Why a class with this metaclass is not known: one of the file's own may make anything of it."""
    if isinstance(given, Unknown):
        return given
    if not isinstance(given, ClassValue) or given.is_native:
        return None
    changes = ("__new__", "__init__", "__call__", "__prepare__")
    if any(name in base.attributes for base in given.mro if not base.is_native for name in changes):
        return Unknown(f"its metaclass {given.name}", at)
    return None


def finished_class(cls: ClassValue, keywords: dict[str, Any], at: Any) -> Any:
    """What bases want to do with a new class: a library's hook (``finish_class``), then ``__init_subclass__``."""
    for base in cls.mro[1:]:
        finish = base.data.get("finish_class")
        if finish is not None:
            return finish(cls, keywords, at)
    for name, value in list(cls.attributes.items()):
        if isinstance(value, Instance):
            hook = value.cls.lookup("__set_name__")
            if hook is not MISSING and isinstance(hook, Value):
                bind(hook, value, value.cls, at).call([cls, name], {}, at)
    for base in cls.mro[1:]:
        own = base.attributes.get("__init_subclass__")
        if isinstance(own, Value):
            function = getattr(own, "function", own)
            function.call([cls], keywords, at)
            break
    return cls
