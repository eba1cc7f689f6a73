"""``dataclasses``."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.annotations import Annotation
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import bind
from goflow.parser.interpreter.items import check_hashable, elements
from goflow.parser.interpreter.operations import binary
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.shown import representation
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Unknown,
    UnknownKey,
    Value,
    first_unknown,
    hidden_argument,
    raised,
)
from goflow.parser.libraries.functools_ import copied
from goflow.parser.libraries.registry import function, module
from goflow.parser.libraries.typing_ import TypeForm


class Nothing(Value):
    """``dataclasses.MISSING`` and ``KW_ONLY``, which are only ever compared by identity."""

    type_name = "_MISSING_TYPE"


NOTHING = Nothing()


class Field(Value):
    """``field(default=..., default_factory=...)``, and what the decorator makes of an annotation."""

    type_name = "Field"

    def __init__(
        self,
        name: str = "",
        default: Any = MISSING,
        factory: Any = MISSING,
        *,
        init: bool = True,
        compare: bool = True,
        shown: bool = True,
        keyword: bool | None = None,
        metadata: Any = None,
    ) -> None:
        self.name = name
        self.default = default
        self.factory = factory
        self.init = init
        self.compare = compare
        self.shown = shown
        self.keyword = keyword
        """Whether it is given by keyword only; None: as the class says."""
        self.metadata = {} if metadata is None else metadata
        self.is_stored = True
        """False for an ``InitVar``, which only ``__post_init__`` gets."""

    @property
    def is_optional(self) -> bool:
        """Whether it need not be given."""
        return self.default is not MISSING or self.factory is not MISSING

    def get_attribute(self, name: str, at: At) -> Any:
        """What ``fields()`` is asked for; what is not there is ``dataclasses.MISSING``."""
        known = {
            "name": self.name,
            "default": self.default,
            "default_factory": self.factory,
            "init": self.init,
            "repr": self.shown,
            "compare": self.compare,
            "metadata": self.metadata,
        }
        found = known.get(name, Unknown(f"field.{name}", at))
        return NOTHING if found is MISSING else found


def _field(
    at: At,
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    init: Any = True,
    compare: Any = True,
    kw_only: Any = None,
    metadata: Any = None,
    **more: Any,
) -> Any:
    if default is not MISSING and default_factory is not MISSING:
        raised(at, "ValueError", "cannot specify both default and default_factory")
    return Field(
        "",
        default,
        default_factory,
        init=init is not False,
        compare=compare is not False,
        shown=more.get("repr") is not False,
        keyword=kw_only if isinstance(kw_only, bool) else None,
        metadata=metadata,
    )


def all_fields(cls: ClassValue) -> list[Field]:
    """The fields of a dataclass and what else its ``__init__`` takes, those of its bases first."""
    found: dict[str, Field] = {}
    for base in reversed(cls.mro):
        found |= base.data.get("fields", {})
    return list(found.values())


def fields_of(cls: ClassValue) -> list[Field]:
    """The fields of a dataclass as ``fields()`` gives them."""
    return [field for field in all_fields(cls) if field.is_stored]


def _init(at: At, self: Instance, *args: Any, **kwargs: Any) -> None:
    left, named, only_init = list(args), dict(kwargs), []
    hidden = hidden_argument(kwargs, at)
    if hidden is not None:
        named = {name: value for name, value in named.items() if type(name) is not UnknownKey}
        named |= {f.name: hidden for f in all_fields(self.cls)[len(left) :] if f.init and f.name not in named}
    taken = [field for field in all_fields(self.cls) if field.init]
    if len(args) > sum(not field.keyword for field in taken):
        words = f"{self.cls.name}.__init__() takes fewer positional arguments but {len(args) + 1} were given"
        raised(at, "TypeError", words)
    for field in all_fields(self.cls):
        if field.init and not field.keyword and left:
            if field.name in named:
                raised(at, "TypeError", f"{self.cls.name}.__init__() got multiple values for argument '{field.name}'")
            value = left.pop(0)
        elif field.init and field.name in named:
            value = named.pop(field.name)
        elif field.default is not MISSING:
            value = field.default
        elif field.factory is not MISSING:
            value = call(field.factory, [], {}, at)
        elif not field.init:
            continue  # __post_init__ sets it
        else:
            words = f"{self.cls.name}.__init__() missing 1 required positional argument: '{field.name}'"
            raised(at, "TypeError", words)
        if field.is_stored:
            self.store(field.name, value, at)
        else:
            only_init.append(value)
    if named:
        words = f"{self.cls.name}.__init__() got an unexpected keyword argument '{next(iter(named))}'"
        raised(at, "TypeError", words)
    hook = self.cls.lookup("__post_init__")
    if isinstance(hook, Value):
        bind(hook, self, self.cls, at).call(only_init, {}, at)


def _compared(instance: Instance) -> tuple[Any, ...]:
    return tuple(instance.attributes.get(field.name) for field in fields_of(instance.cls) if field.compare)


def _comparison(operator: str) -> NativeFunction:
    def run(at: At, self: Instance, other: Any) -> Any:
        if not isinstance(other, Instance) or other.cls is not self.cls:
            return NotImplemented
        return binary(operator, _compared(self), _compared(other), at)

    return NativeFunction(operator, run, takes_unknown=True)


def _represent(at: At, self: Instance) -> Any:
    parts = [
        (field.name, representation(self.attributes.get(field.name), at))
        for field in fields_of(self.cls)
        if field.shown
    ]
    unknown = first_unknown(parts)
    return unknown if unknown is not None else f"{self.cls.qualname}({', '.join(f'{k}={v}' for k, v in parts)})"


def _annotated_as(annotation: Any, *names: str) -> bool:
    return isinstance(annotation, Annotation) and annotation.is_one_of(*names)


def _decorate(at: At, cls: ClassValue, options: Keywords) -> Any:
    cls.data["dataclass"] = True
    cls.data["fields"] = _own_fields(at, cls, options.get("kw_only") is True)
    for name, field in cls.data["fields"].items():
        if field.default is not MISSING:
            cls.attributes[name] = field.default
        elif isinstance(cls.attributes.get(name), Field):
            del cls.attributes[name]
    _check_order(at, all_fields(cls))
    made: dict[str, Any] = {"__match_args__": tuple(f.name for f in all_fields(cls) if f.init and not f.keyword)}
    if options.get("init") is not False:
        made["__init__"] = NativeFunction("__init__", _init, takes_unknown=True)
    if options.get("repr") is not False:
        made["__repr__"] = NativeFunction("__repr__", _represent, takes_unknown=True)
    if options.get("eq") is not False:
        made["__eq__"] = _comparison("==")
    if options.get("order") is True:
        made |= {"__lt__": _comparison("<"), "__le__": _comparison("<="), "__gt__": _comparison(">"),
                 "__ge__": _comparison(">=")}  # fmt: skip
    frozen = options.get("frozen") is True
    if any(base.data.get("dataclass") and base.data.get("frozen") != frozen for base in cls.mro[1:]):
        words = ("frozen", "non-frozen") if frozen else ("non-frozen", "frozen")
        raised(at, "TypeError", f"cannot inherit {words[0]} dataclass from a {words[1]} one")
    cls.data["frozen"] = frozen
    if frozen:
        made["__setattr__"] = made["__delattr__"] = _Frozen()
        if options.get("eq") is not False:
            made["__hash__"] = NativeFunction("__hash__", _hash, takes_unknown=True)
    cls.attributes |= {name: value for name, value in made.items() if name not in cls.attributes}
    return cls


class _Frozen(Value):
    """The ``__setattr__`` of a frozen dataclass."""

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """It is refused."""
        raised(at, at.session.exceptions["dataclasses.FrozenInstanceError"], f"cannot assign to field {args[0]!r}")


def _hash(at: At, self: Instance) -> Any:
    values = _compared(self)
    check_hashable(values, at)
    unknown = first_unknown(values)
    return hash(values) if unknown is None else unknown


def _own_fields(at: At, cls: ClassValue, keyword: bool) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for name, annotation in cls.attributes.get("__annotations__", {}).items():
        if _annotated_as(annotation, "KW_ONLY"):
            keyword = True
            continue
        value = cls.attributes.get(name, MISSING)
        if _annotated_as(annotation, "ClassVar"):
            continue
        field = value if isinstance(value, Field) else Field(default=value)
        if isinstance(field.default, list | dict | set):
            words = f"mutable default {type(field.default)} for field {name} is not allowed: use default_factory"
            raised(at, "ValueError", words)
        field.name = name
        field.is_stored = not _annotated_as(annotation, "InitVar")
        field.keyword = keyword if field.keyword is None else field.keyword
        found[name] = field
    return found


def _check_order(at: At, fields: list[Field]) -> None:
    optional = ""
    for field in fields:
        if not field.init or field.keyword:
            continue
        if field.is_optional:
            optional = field.name
        elif optional:
            raised(at, "TypeError", f"non-default argument '{field.name}' follows default argument '{optional}'")


def _dataclass(at: At, cls: Any = None, **options: Any) -> Any:
    if cls is not None:
        return cls if isinstance(cls, Unknown) else _decorate(at, cls, options)
    return NativeFunction("dataclass", lambda at, inner: _decorate(at, inner, options), takes_unknown=False)


def _make_dataclass(
    at: At, cls_name: str, fields: Any, *, bases: Any = (), namespace: Any = None, **options: Any
) -> Any:
    found = elements(fields, at)
    if isinstance(found, Unknown):
        return found
    names = [(field, "typing.Any") if isinstance(field, str) else tuple(field) for field in found]
    attributes = {**(namespace or {}), **{field[0]: field[2] for field in names if len(field) > 2}}
    attributes["__annotations__"] = {field[0]: field[1] for field in names}
    options.pop("module", None)
    made = ClassValue(cls_name, tuple(bases), attributes, module_name=at.module.name, module=at.module, at=at)
    return _decorate(at, made, options)


def _as_dict(at: At, value: Any) -> Any:
    if isinstance(value, Instance) and _is_dataclass(at, value):
        return {field.name: _as_dict(at, value.attributes.get(field.name)) for field in fields_of(value.cls)}
    if isinstance(value, list | tuple):
        return type(value)(_as_dict(at, inner) for inner in value)
    if isinstance(value, dict):
        return {key: _as_dict(at, inner) for key, inner in value.items()}
    return value


def _replace(at: At, value: Instance, **changes: Any) -> Any:
    current: Keywords = {field.name: value.attributes.get(field.name) for field in fields_of(value.cls) if field.init}
    return value.cls.call([], {**current, **changes}, at)


def _is_dataclass(at: At, value: Any) -> bool:
    cls = value.cls if isinstance(value, Instance) else value
    return isinstance(cls, ClassValue) and any(base.data.get("dataclass") for base in cls.mro)


@module("dataclasses")
def build(session: Session) -> dict[str, Any]:
    """``dataclasses``."""
    return {
        "dataclass": function("dataclass", _dataclass, takes_unknown=True),
        "make_dataclass": function("make_dataclass", _make_dataclass),
        "field": function("field", _field, takes_unknown=True),
        "asdict": function("asdict", lambda at, value: _as_dict(at, copied(value, at, deep=True)), takes_unknown=True),
        "astuple": function("astuple", lambda at, value: tuple(_as_dict(at, value).values()), takes_unknown=True),
        "replace": function("replace", _replace, takes_unknown=True),
        "fields": function(
            "fields", lambda at, value: tuple(fields_of(value.cls if isinstance(value, Instance) else value))
        ),
        "is_dataclass": function("is_dataclass", _is_dataclass),
        "MISSING": NOTHING,
        "KW_ONLY": NOTHING,
        "InitVar": TypeForm("InitVar"),
        "FrozenInstanceError": session.exceptions["dataclasses.FrozenInstanceError"],
    }
