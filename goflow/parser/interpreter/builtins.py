"""Python's builtins, as far as a file may use them while it is read."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Mapping
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.builtin_functions import IN_FRAME, PLAIN, TAKES_UNKNOWN
from goflow.parser.interpreter.calls import NativeFrameFunction
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.exceptions import builtin_exceptions
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.metaclasses import make_class
from goflow.parser.interpreter.operations import truth
from goflow.parser.interpreter.orders import unordered
from goflow.parser.interpreter.plain_values import plain_host, type_name
from goflow.parser.interpreter.scopes import MISSING, Frame
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.shown import text
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, first_unknown, forget_order

TYPES: tuple[type, ...] = (
    str, int, float, bool, bytes, bytearray, complex, list, tuple, dict, set, frozenset, slice, range, object,
    memoryview,
)  # fmt: skip


def give_builtins(session: Session) -> None:
    """Let SESSION have Python's builtins and exceptions."""
    session.exceptions.update(builtin_exceptions())
    session.library["builtins"] = dict(_builtins())


@functools.cache
def _builtins() -> Mapping[str, Any]:
    """The builtins by name. They know no session and a file cannot change them, so all share them."""
    found: dict[str, Any] = dict(builtin_exceptions())
    classes = {kind.__name__: ClassValue(kind.__name__, host=kind) for kind in TYPES}
    for name, cls in classes.items():
        cls.construct = _constructor(name)
        assert cls.host is not None
        cls.attributes.update(_class_methods(cls.host))
    classes["object"].construct = None
    found.update(classes)
    found["type"] = _type_class(classes)
    for name, run in PLAIN.items():
        found[name] = NativeFunction(name, run, takes_unknown=name in TAKES_UNKNOWN)
    for name, in_frame in IN_FRAME.items():
        found[name] = NativeFrameFunction(name, in_frame)
    found.update({"True": True, "False": False, "None": None, "NotImplemented": NotImplemented, "Ellipsis": ...})
    found["__debug__"] = True
    found["NoneType"] = ClassValue("NoneType", host=type(None))
    found["eval"] = NativeFrameFunction("eval", _eval)
    for name in ("compile", "input", "breakpoint"):
        found[name] = _unread(name)
    return found


def _eval(frame: Frame, at: At, *args: Any) -> Any:
    from goflow.parser.interpreter.evaluated import evaluated

    return evaluated(frame, at, *args)


def _unread(name: str) -> NativeFunction:
    return NativeFunction(name, lambda at, *a, **k: Unknown(f"{name}(), which is not run", at), takes_unknown=True)


def _constructor(name: str) -> Callable[..., Any]:
    convert = _CONVERTERS.get(name)

    def construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
        if not (cls.host is not None and cls.name == name and cls.is_native):
            from goflow.parser.interpreter.subtypes import construct_subtype

            return construct_subtype(cls, args, kwargs, at)
        if convert is not None:
            return at.session.guarded(convert, at, args, kwargs, name)
        unknown = first_unknown((args, kwargs))
        if unknown is not None:
            return unknown
        if name in {"bytes", "bytearray"} and args and isinstance(args[0], int):
            at.session.budget.check_size(args[0], at)
        return at.session.guarded(lambda at, *a, **k: getattr(builtins, name)(*a, **k), at, args, kwargs, name)

    return construct


@functools.cache
def _class_methods(host_type: type) -> dict[str, NativeFunction]:
    """``dict.fromkeys``, ``str.join`` and other methods through the class; they know no session, so all share them."""
    found: dict[str, NativeFunction] = {}
    for name in dir(host_type):
        if name.startswith("_"):
            continue
        if name in {"fromkeys", "fromhex", "from_bytes", "maketrans"}:
            static = getattr(host_type, name)
            run = _from_keys if name == "fromkeys" else _static(static)
            found[name] = NativeFunction(name, run, binds=False, takes_unknown=name == "fromkeys")
        elif callable(getattr(host_type, name)):
            found[name] = NativeFunction(
                name,
                lambda at, self, *args, name=name, **kwargs: host.call_method(_plain(self), name, args, kwargs, at),
                takes_unknown=True,
            )
    return found


def _static(static: Callable[..., Any]) -> Callable[..., Any]:
    return lambda at, /, *args, **kwargs: static(*map(plain_host, args), **kwargs)


def _from_keys(at: At, keys: Any, value: Any = None) -> Any:
    found = elements(keys, at)
    if isinstance(found, Unknown):
        return found
    unknown = first_unknown(found)
    return unknown if unknown is not None else dict.fromkeys(found, value)


def _plain(value: Any) -> Any:
    """The Python value inside an instance of a subclass of ``str``, ``dict`` and so on."""
    return value.data if isinstance(value, Instance) and value.data is not None else value


def _type_class(classes: dict[str, ClassValue]) -> ClassValue:
    made = ClassValue("type", host=type)

    def construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
        return type_of(args[0], at) if cls is made and len(args) == 1 else make_class(cls, args, kwargs, at)

    made.construct = construct
    return made


def type_of(value: Any, at: At) -> Any:
    """``type(value)``."""
    match value:
        case Unknown():
            return value
        case Instance():
            return value.cls
        case ClassValue():
            return at.module.builtin("type") if value.metaclass is None else value.metaclass
        case Value():
            kinds: dict[str, ClassValue] = at.session.library.setdefault("kinds", {})
            return kinds.setdefault(value.type_name, ClassValue(value.type_name))
    found = at.module.builtin(type_name(value))
    return ClassValue(type_name(value), host=type(value)) if found is MISSING else found


# Conversions -----------------------------------------------------------------------------------------------------


def _str(at: At, value: Any = "", *args: Any, **kwargs: Any) -> Any:
    if args or kwargs:
        return value if isinstance(value, Unknown) else str(value, *args, **kwargs)
    return text(value, at)


def _bool(at: At, value: Any = False) -> Any:
    return truth(value, at)


def _list(at: At, values: Any = ()) -> Any:
    return elements(values, at)


def _tuple(at: At, values: Any = ()) -> Any:
    found = elements(values, at)
    if isinstance(found, Unknown):
        return found
    unknown = unordered(found, at)
    return unknown if unknown is not None else tuple(found)


def _set(at: At, values: Any = ()) -> Any:
    found = elements(values, at)
    return found if isinstance(found, Unknown) else host.make_set(found, at)


def _frozenset(at: At, values: Any = ()) -> Any:
    found = _set(at, values)
    return found if isinstance(found, Unknown) else frozenset(found)


def _dict(at: At, values: Any = (), **kwargs: Any) -> Any:
    found = host.as_mapping(values, at)
    if isinstance(found, Unknown):
        return found
    made = dict(found)
    if (why := unordered(values, at)) is not None:
        forget_order(made, why)
    made.update(kwargs)
    return made


def _int(at: At, value: Any = 0, base: Any = None) -> Any:
    return _number(at, int, value, base)


def _float(at: At, value: Any = 0.0) -> Any:
    return _number(at, float, value)


def _number(at: At, kind: type, value: Any, base: Any = None) -> Any:
    value = _plain(value)
    if isinstance(value, Instance):
        method = value.method(f"__{kind.__name__}__", at)
        if method is not None:
            return method.call([], {}, at)
    unknown = first_unknown((value, base))
    if unknown is not None:
        return unknown
    if isinstance(value, str):
        at.session.budget.check_size(len(value), at)
    return kind(value) if base is None else kind(value, base)


_CONVERTERS: dict[str, Callable[..., Any]] = {
    "str": _str, "bool": _bool, "list": _list, "tuple": _tuple, "set": _set, "frozenset": _frozenset, "dict": _dict,
    "int": _int, "float": _float,
}  # fmt: skip
