"""Fields of pydantic's models: what ``Field(...)`` says, what a class body declares, and what ends in an object.

The fields are those of ``dataclasses_``: a class has its own under ``data["fields"]``, and `all_fields` gathers them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import libcst as cst

from goflow.parser.interpreter.annotations import Annotation, from_string
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import ClassMethod, PropertyValue, StaticMethod
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import At, NativeFunction, Raised, Unknown, Value, raised
from goflow.parser.libraries.dataclasses_ import Field, all_fields
from goflow.parser.libraries.functools_ import copied
from goflow.parser.libraries.pydantic_annotations import kind_of
from goflow.parser.libraries.pydantic_kinds import OPAQUE, InvalidError, Kind, unsure

PATH = "pydantic_core._pydantic_core.ValidationError"
_HARMLESS = frozenset({
    "title", "description", "examples", "example", "json_schema_extra", "deprecated", "frozen", "alias", "env", "init",
    "kw_only", "repr", "exclude", "validate_default", "validation_alias", "serialization_alias", "alias_priority",
})  # fmt: skip
_CONSTRAINTS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, limit: bool(value > limit),
    "ge": lambda value, limit: bool(value >= limit),
    "lt": lambda value, limit: bool(value < limit),
    "le": lambda value, limit: bool(value <= limit),
    "min_length": lambda value, limit: len(value) >= limit,
    "max_length": lambda value, limit: len(value) <= limit,
}
_MEASURED = (str, int, float, list, dict, tuple, set, frozenset)


class ModelField(Field):
    """A field of a model. OPTIONS are the keywords of ``Field(...)``."""

    type_name = "FieldInfo"

    def __init__(self, default: Any = MISSING, factory: Any = MISSING, options: dict[str, Any] | None = None) -> None:
        self.options: dict[str, Any] = options or {}
        super().__init__("", default, factory, shown=self.options.get("repr") is not False)
        self.kind: Kind | None = None
        """None while its annotation names what is not there yet."""
        self.annotation: Annotation | None = None

    def get_attribute(self, name: str, at: At) -> Any:
        """What ``model_fields`` is asked for."""
        if name in {"description", "title", "alias", "examples", "json_schema_extra"}:
            return self.options.get(name)
        if name == "is_required":
            return NativeFunction(name, lambda at: not self.is_optional)
        return self.default if name == "default" and self.default is not MISSING else Unknown(f"field.{name}", at)

    @property
    def given_as(self) -> Any:
        """The name that the field's value is given by."""
        return self.options.get("validation_alias") or self.options.get("alias") or self.name

    @property
    def shown_as(self) -> Any:
        """Its name in a dump by alias."""
        return self.options.get("serialization_alias") or self.options.get("alias") or self.name


def field_function(at: At, default: Any = MISSING, *, default_factory: Any = MISSING, **options: Any) -> Any:
    """``Field(...)``; ``...`` is no default."""
    return ModelField(MISSING if default is ... else default, default_factory, options)


@dataclass(slots=True)
class Model:
    """What a class of models has of its own and of its bases."""

    config: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, tuple[tuple[str, ...], str, Any, bool]] = field(default_factory=dict)
    """Validators by their names: of which fields, when, the function, and whether also of defaults."""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    private: dict[str, ModelField] = field(default_factory=dict)
    computed: list[str] = field(default_factory=list)
    written: dict[str, Any] = field(default_factory=dict)
    """Fields (``*``: the whole) that serializers of the file's own write."""
    unsure: Unknown | None = None
    """Why nobody knows what its objects are."""

    def inherited(self) -> Model:
        """The same for a class that derives from it."""
        return Model(
            dict(self.config), dict(self.checks), dict(self.before), dict(self.after), dict(self.private),
            list(self.computed), dict(self.written), self.unsure,
        )  # fmt: skip


class Marked(Value):
    """A function of a class body under a decorator of pydantic's: WHAT it is, for which FIELDS, WHEN."""

    type_name = "PydanticDescriptorProxy"

    def __init__(
        self, what: str, inner: Any, fields: tuple[Any, ...] = (), when: Any = "after", *, always: bool = False
    ) -> None:
        self.what, self.inner, self.fields, self.when, self.always = what, inner, fields, when, always


def decorator(what: str) -> NativeFunction:
    """``field_validator("a", mode="before")`` and its kin."""

    def run(at: At, *fields: Any, **options: Any) -> Any:
        if len(fields) == 1 and isinstance(fields[0], Value) and not isinstance(fields[0], Unknown):
            return Marked(what, fields[0])
        when = "before" if options.get("pre") is True else options.get("mode", "after")
        odd = set(options) - {"pre", "mode", "always", "check_fields", "allow_reuse", "skip_on_failure", "when_used"}
        if odd or not all(isinstance(name, str) for name in (*fields, when)):
            when = "?"
        return NativeFunction(
            what, lambda at, inner: Marked(what, inner, fields, when, always=options.get("always") is True),
            takes_unknown=True,
        )  # fmt: skip

    return NativeFunction(what, run, takes_unknown=True)


def model_of(cls: ClassValue) -> Model:
    """What is known of CLS, a class of models."""
    found: Model = cls.data["model"]
    return found


def refuse(at: At, cls: ClassValue, where: str, why: str) -> NoReturn:
    """Raise pydantic's ValidationError."""
    raised(at, at.session.exceptions[PATH], f"1 validation error for {cls.name}\n{where}\n  {why}")


# What a class body declares --------------------------------------------------------------------------------------


def declare_fields(cls: ClassValue, model: Model, at: At) -> dict[str, ModelField]:
    """The fields that the body of CLS declares; its attributes lose them, and its private attributes, too."""
    found: dict[str, ModelField] = {}
    annotated: dict[str, Annotation] = cls.attributes.get("__annotations__", {})
    for name, annotation in annotated.items():
        if name.startswith("__") or name == "model_config" or annotation.is_one_of("ClassVar"):
            continue
        value = cls.attributes.get(name, MISSING)
        made = value if isinstance(value, ModelField) else ModelField(value)
        made.name, made.annotation = name, annotation
        if name.startswith("_"):
            model.private[name] = made
        else:
            found[name] = _with_annotated(made, annotation, at)
    for name, value in list(cls.attributes.items()):
        if name in found or (name.startswith("_") and not name.startswith("__") and _is_plain(value)):
            del cls.attributes[name]
            if name not in found:
                private = model.private.setdefault(name, value if isinstance(value, ModelField) else ModelField(value))
                private.name = name
        elif not name.startswith("_") and _is_plain(value) and name not in {"model_config", "Config", *annotated}:
            model.unsure = Unknown(f"what {cls.name}.{name} is, which has no annotation", at)
    return found


def _is_plain(value: Any) -> bool:
    methods = UserFunction | PropertyValue | ClassMethod | StaticMethod | NativeFunction | Marked | ClassValue
    return not isinstance(value, methods)


def _with_annotated(made: ModelField, annotation: Annotation, at: At) -> ModelField:
    """MADE with what ``Annotated[..., Field(...)]`` says, and its kind where the annotation can be evaluated now."""
    node = from_string(annotation.node, at)
    if annotation.is_one_of("Annotated") and isinstance(node, cst.Subscript):
        inside = [part.slice.value for part in node.slice if isinstance(part.slice, cst.Index)]
        for extra in inside[1:]:
            told = evaluate(annotation.frame, extra)
            if isinstance(told, ModelField):
                default = told.default if made.default is MISSING and made.factory is MISSING else made.default
                factory = told.factory if made.factory is MISSING and made.default is MISSING else made.factory
                options = {**told.options, **made.options}
                name, made = made.name, ModelField(default, factory, options)
                made.name = name
            elif not isinstance(told, str):
                made.options = {**made.options, "?": True}
        annotation = Annotation(inside[0], annotation.frame)
    made.annotation = annotation
    try:
        made.kind = kind_of(annotation.node, annotation.frame, at)
    except Raised as problem:
        if not problem.is_a("NameError"):
            raise
    return made


def kind_of_field(own: ModelField, at: At) -> Kind:
    """The kind of a field, whose annotation may name what has come to be after its class."""
    if own.kind is None:
        if own.annotation is None:
            return OPAQUE
        try:
            own.kind = kind_of(own.annotation.node, own.annotation.frame, at)
        except Raised:
            return OPAQUE
    return own.kind


# What ends in an object ------------------------------------------------------------------------------------------


def fields_in(cls: ClassValue) -> Iterator[ModelField]:
    """The fields of CLS, those of its bases first."""
    return (one for one in all_fields(cls) if isinstance(one, ModelField))


def validated(cls: ClassValue, own: ModelField, value: Any, at: At) -> Any:
    """What VALUE becomes in the field OWN: its validators, its type, what limits it. Raises ValidationError."""
    checks = [one for one in model_of(cls).checks.values() if own.name in one[0] or "*" in one[0]]
    early = sum(when == "before" for _, when, _, _ in checks)  # pydantic 1 and 2 run several in different orders
    if early > 1 or any(when not in {"before", "after"} for _, when, _, _ in checks):
        return Unknown(f"what the validators of {cls.name}.{own.name} make of it", at)
    try:
        for _, when, function, _ in checks:
            value = _by_validator(cls, function, value, at) if when == "before" else value
        kind = kind_of_field(own, at)
        if value is None and own.default is None and not kind.takes_none:  # pydantic 1 takes it; 2 refuses
            return unsure(at)
        value = _limited(own, kind.checked(value, at), at)
        for _, when, function, _ in checks:
            value = _by_validator(cls, function, value, at) if when == "after" else value
    except InvalidError as problem:
        refuse(at, cls, own.name, str(problem))
    return value


def _by_validator(cls: ClassValue, function: Any, value: Any, at: At) -> Any:
    """What a validator of the file's own makes of VALUE; its ValueError and AssertionError refuse the value."""
    inner = function.function if isinstance(function, ClassMethod | StaticMethod) else function
    if not isinstance(inner, UserFunction):
        return unsure(at)
    first = [] if isinstance(function, StaticMethod) else [cls]
    told = [Unknown("what pydantic tells a validator", at)] * (len(inner.parameters) - len(first) - 1)
    return refusing(inner, [*first, value, *told], at)


def refusing(validator: Any, args: list[Any], at: At) -> Any:
    """What VALIDATOR gives. Raises InvalidError for its ValueError and AssertionError."""
    try:
        return call(validator, args, {}, at)
    except Raised as problem:
        wrong = (at.session.exceptions[name] for name in ("ValueError", "AssertionError"))
        if any(problem.value.cls.derives_from(one) for one in wrong):
            raise InvalidError(problem.message) from None
        raise


def _limited(own: ModelField, value: Any, at: At) -> Any:
    limits = {name: limit for name, limit in own.options.items() if name not in _HARMLESS}
    if not limits or isinstance(value, Unknown) or value is None:
        return value
    if not limits.keys() <= _CONSTRAINTS.keys() or not isinstance(value, _MEASURED):
        return unsure(at)
    for name, limit in limits.items():
        if isinstance(limit, Value):
            return unsure(at)
        try:
            fits = _CONSTRAINTS[name](value, limit)
        except TypeError:
            return unsure(at)
        if not fits:
            raise InvalidError(f"it does not fit {name}={limit!r}")
    return value


def default_of(cls: ClassValue, own: ModelField, at: At) -> Any:
    """What the field is where it is not given; MISSING where it has to be. Containers and models come as copies."""
    if own.factory is not MISSING:
        takes = own.factory.parameters if isinstance(own.factory, UserFunction) else []
        if any(not parameter.has_default for parameter in takes):
            return Unknown(f"what the default_factory of {cls.name}.{own.name} makes of the other fields", at)
        value = call(own.factory, [], {}, at)
    elif own.default is MISSING:
        return MISSING
    else:
        value = own.default
        if isinstance(value, list | dict | set | tuple) or (isinstance(value, Instance) and "model" in value.cls.data):
            value = copied(value, at, deep=True)
    if own.name.startswith("_"):
        return value
    always = any(own.name in fields and also for fields, _, _, also in model_of(cls).checks.values())
    if always or own.options.get("validate_default") is True or model_of(cls).config.get("validate_default") is True:
        return validated(cls, own, value, at)
    return value
