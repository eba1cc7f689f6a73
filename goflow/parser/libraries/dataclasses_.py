"""``dataclasses``."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import bind
from goflow.parser.interpreter.operations import binary, representation
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Keywords, NativeFunction, Unknown, Value, first_unknown, raised
from goflow.parser.libraries.functools_ import copied
from goflow.parser.libraries.registry import function, module


class Field(Value):
    """``field(default=..., default_factory=...)``."""

    type_name = "Field"

    def __init__(self, name: str = "", default: Any = MISSING, factory: Any = MISSING, init: bool = True) -> None:
        self.name = name
        self.default = default
        self.factory = factory
        self.init = init

    def get_attribute(self, name: str, at: At) -> Any:
        """``name``, ``default``."""
        return {"name": self.name, "default": self.default}.get(name, Unknown(f"field.{name}", at))


def _field(at: At, *, default: Any = MISSING, default_factory: Any = MISSING, init: Any = True, **_: Any) -> Any:
    return Field("", default, default_factory, init is not False)


def fields_of(cls: ClassValue) -> list[Field]:
    """The fields of a dataclass, those of its bases first."""
    found: dict[str, Field] = {}
    for base in reversed(cls.mro):
        if not base.data.get("dataclass"):
            continue
        for name in base.attributes.get("__annotations__", {}):
            value = base.data["fields"].get(name, MISSING)
            if isinstance(value, Field):
                found[name] = Field(name, value.default, value.factory, value.init)
            else:
                found[name] = Field(name, value)
    return list(found.values())


def _init(at: At, self: Instance, *args: Any, **kwargs: Any) -> None:
    left = list(args)
    named = dict(kwargs)
    for field in fields_of(self.cls):
        if field.init and left:
            value = left.pop(0)
        elif field.init and field.name in named:
            value = named.pop(field.name)
        elif field.default is not MISSING:
            value = field.default
        elif field.factory is not MISSING:
            value = call(field.factory, [], {}, at)
        else:
            words = f"{self.cls.name}.__init__() missing 1 required positional argument: '{field.name}'"
            raised(at, "TypeError", words)
        self.store(field.name, value, at)
    if named:
        words = f"{self.cls.name}.__init__() got an unexpected keyword argument '{next(iter(named))}'"
        raised(at, "TypeError", words)
    if left:
        raised(at, "TypeError", f"{self.cls.name}.__init__() takes fewer positional arguments")
    hook = self.cls.lookup("__post_init__")
    if isinstance(hook, Value):
        bind(hook, self, self.cls, at).call([], {}, at)


def _equal(at: At, self: Instance, other: Any) -> Any:
    if not isinstance(other, Instance) or other.cls is not self.cls:
        return NotImplemented
    mine = tuple(self.attributes.get(field.name) for field in fields_of(self.cls))
    return binary("==", mine, tuple(other.attributes.get(field.name) for field in fields_of(self.cls)), at)


def _represent(at: At, self: Instance) -> Any:
    parts = [(field.name, representation(self.attributes.get(field.name), at)) for field in fields_of(self.cls)]
    unknown = first_unknown(parts)
    return unknown if unknown is not None else f"{self.cls.qualname}({', '.join(f'{k}={v}' for k, v in parts)})"


def _decorate(at: At, cls: ClassValue) -> Any:
    cls.data["dataclass"] = True
    cls.data["fields"] = {
        name: cls.attributes[name] for name in cls.attributes.get("__annotations__", {}) if name in cls.attributes
    }
    for name, value in cls.data["fields"].items():
        if isinstance(value, Field):
            if value.default is MISSING:
                del cls.attributes[name]
            else:
                cls.attributes[name] = value.default
    for name, run in (("__init__", _init), ("__eq__", _equal), ("__repr__", _represent)):
        cls.attributes.setdefault(name, NativeFunction(name, run, takes_unknown=True))
    return cls


def _dataclass(at: At, cls: Any = None, **options: Any) -> Any:
    if cls is not None:
        return cls if isinstance(cls, Unknown) else _decorate(at, cls)
    return NativeFunction("dataclass", lambda at, inner: _decorate(at, inner), takes_unknown=False)


def _as_dict(at: At, value: Any) -> Any:
    if isinstance(value, Instance) and value.cls.lookup("__init__") is not MISSING and fields_of(value.cls):
        return {field.name: _as_dict(at, value.attributes.get(field.name)) for field in fields_of(value.cls)}
    if isinstance(value, list | tuple):
        return type(value)(_as_dict(at, inner) for inner in value)
    if isinstance(value, dict):
        return {key: _as_dict(at, inner) for key, inner in value.items()}
    return value


def _replace(at: At, value: Instance, **changes: Any) -> Any:
    current: Keywords = {field.name: value.attributes.get(field.name) for field in fields_of(value.cls) if field.init}
    return value.cls.call([], {**current, **changes}, at)


@module("dataclasses")
def build(session: Session) -> dict[str, Any]:
    """``dataclasses``."""
    return {
        "dataclass": function("dataclass", _dataclass, takes_unknown=True),
        "field": function("field", _field, takes_unknown=True),
        "asdict": function("asdict", lambda at, value: _as_dict(at, copied(value, at, deep=True)), takes_unknown=True),
        "astuple": function("astuple", lambda at, value: tuple(_as_dict(at, value).values()), takes_unknown=True),
        "replace": function("replace", _replace, takes_unknown=True),
        "fields": function(
            "fields", lambda at, value: tuple(fields_of(value.cls if isinstance(value, Instance) else value))
        ),
        "is_dataclass": function("is_dataclass", lambda at, v: bool(getattr(getattr(v, "cls", v), "data", None))),
        "MISSING": Field(),
        "KW_ONLY": Field(),
    }
