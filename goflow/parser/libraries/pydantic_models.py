"""Classes of pydantic's models, and how their objects come to have what they have."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.attempts import may_raise
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import ClassMethod, PropertyValue, bind
from goflow.parser.interpreter.journal import Arm
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import (
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Raised,
    Unknown,
    UnknownKey,
    Value,
    first_unknown,
    hidden_key,
    raised,
)
from goflow.parser.libraries.pydantic_dumps import EXTRAS, GIVEN
from goflow.parser.libraries.pydantic_fields import (
    Marked,
    Model,
    ModelField,
    declare_fields,
    default_of,
    fields_in,
    kind_of_field,
    model_of,
    refuse,
    refusing,
    validated,
)
from goflow.parser.libraries.pydantic_kinds import UNSURE, InvalidError, Kind, unsure

_FOLLOWED = frozenset({
    "extra", "frozen", "allow_mutation", "populate_by_name", "allow_population_by_field_name", "validate_by_name",
    "arbitrary_types_allowed", "protected_namespaces", "title", "json_schema_extra", "schema_extra", "from_attributes",
    "orm_mode", "env_prefix", "env_file", "case_sensitive", "env_file_encoding", "env_nested_delimiter",
    "validate_default", "defer_build", "use_attribute_docstrings",
})  # fmt: skip
"""What a configuration may say; an object of a class with anything else in it is not known."""


# Classes ---------------------------------------------------------------------------------------------------------


def finish(cls: ClassValue, keywords: Keywords, at: At) -> Any:
    """Turn what the body of a new class of models declares into fields."""
    parents = [base for base in cls.mro[1:] if "model" in base.data]
    model = cls.data["model"] = model_of(parents[0]).inherited()
    if sum("model" in base.data for base in cls.bases) > 1:
        model.unsure = Unknown(f"what {cls.name} has of several models", at)
    for base in cls.mro[1:]:
        odd = {"__annotations__", "__init_subclass__", "__pydantic_init_subclass__"} & base.attributes.keys()
        if odd and not base.is_native and ("model" not in base.data or odd != {"__annotations__"}):
            model.unsure = Unknown(f"what {base.name} makes of {cls.name}", at)
    model.config |= _configured(cls, keywords)
    if cls.lookup("settings_customise_sources") is not MISSING:
        model.unsure = Unknown(f"the sources of {cls.name}", at)
    if not model.config.keys() <= _FOLLOWED or any(isinstance(value, Value) for value in model.config.values()):
        model.unsure = Unknown(f"what the configuration of {cls.name} makes of it", at)
    _take_marked(cls, model, at)
    cls.data["fields"] = declare_fields(cls, model, at)
    inherited = {one.name for base in parents for one in fields_in(base)}
    for name in inherited & cls.attributes.keys() - cls.data["fields"].keys():
        model.unsure = Unknown(f"what becomes of the field {name}, which {cls.name} sets", at)
    cls.data["kind"] = kind_of_model(cls)
    if model.config.get("frozen") is True or model.config.get("allow_mutation") is False:
        cls.attributes.setdefault("__setattr__", _Frozen(cls))
        cls.attributes.setdefault("__hash__", NativeFunction("__hash__", _hash, takes_unknown=True))
    return cls


def _configured(cls: ClassValue, keywords: Keywords) -> dict[str, Any]:
    found: dict[str, Any] = dict(keywords)
    told = cls.attributes.get("model_config")
    if told is not None:
        found |= told if isinstance(told, dict) else {"?": told}
    old = cls.attributes.get("Config")
    if isinstance(old, ClassValue):
        for base in reversed(old.mro):
            found |= {name: value for name, value in base.attributes.items() if not name.startswith("__")}
    return found


def _take_marked(cls: ClassValue, model: Model, at: At) -> None:
    """What decorators of pydantic have marked in the body of CLS; the functions themselves stay."""
    for name, value in list(cls.attributes.items()):
        if not isinstance(value, Marked):
            continue
        cls.attributes[name] = value.inner
        match value.what, value.when:
            case "field_validator" | "validator", when:
                model.checks[name] = value.fields, when, value.inner, value.always
            case "model_validator", "before":
                model.before[name] = value.inner
            case "model_validator", "after":
                model.after[name] = value.inner
            case "computed_field", "after" if isinstance(value.inner, PropertyValue):
                model.computed.append(name)
            case "field_serializer", _:
                model.written |= dict.fromkeys(value.fields, True)
            case "model_serializer", _:
                model.written["*"] = True
            case _:
                model.unsure = Unknown(f"what {value.what} makes of {cls.name}", at)


def kind_of_model(cls: ClassValue) -> Kind:
    """CLS as the type of a field."""

    def exact(value: Any) -> bool:
        return isinstance(value, Instance) and value.cls.derives_from(cls)

    def check(value: Any, at: At) -> Any:
        if exact(value):
            return value
        if type(value) is dict:
            return made(cls, value, at)
        if value is None or isinstance(value, str | int | float | list | tuple | set):
            raise InvalidError(f"a {cls.name} or a dictionary is wanted")
        return unsure(at)

    return Kind(check, exact, is_complex=True)


class _Frozen(Value):
    """The ``__setattr__`` of a frozen model."""

    def __init__(self, cls: ClassValue) -> None:
        self.cls = cls

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """It is refused."""
        refuse(at, self.cls, str(args[0]), "Instance is frozen")


# Objects ---------------------------------------------------------------------------------------------------------


def init_of_model(at: At, self: Instance, *args: Any, **kwargs: Any) -> None:
    """``BaseModel.__init__``."""
    if args:
        words = f"BaseModel.__init__() takes 1 positional argument but {len(args) + 1} were given"
        raised(at, "TypeError", words)
    fill(self, kwargs, at)


def made(cls: ClassValue, data: Any, at: At) -> Any:
    """An object of CLS of what a mapping gives, as ``model_validate`` makes one."""
    if isinstance(data, Unknown):
        return data
    instance = Instance(cls)
    with at.session.budget.deeper(at):
        fill(instance, dict(data), at)
    return instance


def fill(self: Instance, given: Keywords, at: At) -> None:
    """Every field of SELF from what is GIVEN. Raises ValidationError."""
    cls, model = self.cls, model_of(self.cls)
    at.session.journal.touch(self.attributes)
    unknown = hidden_key(given) if model.unsure is None else model.unsure
    for early in model.before.values():
        answer = _asked(cls, bind(early, None, cls, at), [dict(given)], at) if unknown is None else unknown
        if not isinstance(answer, dict):
            unknown = answer if isinstance(answer, Unknown) else unsure(at)
            break
        given, unknown = answer, hidden_key(answer)
    was_given = set()
    left = {name: value for name, value in given.items() if not isinstance(name, UnknownKey | Unknown)}
    by_name = any(model.config.get(name) is True for name in (
        "populate_by_name", "allow_population_by_field_name", "validate_by_name"))  # fmt: skip
    for own in fields_in(cls):
        names = [own.given_as, own.name] if by_name else [own.given_as]
        if model.unsure is not None or not all(isinstance(name, str) for name in names):
            self.attributes[own.name] = unsure(at) if model.unsure is None else model.unsure
            continue
        found = next((name for name in names if name in left), None)
        self.attributes[own.name] = _field_value(self, own, MISSING if found is None else left.pop(found), unknown, at)
        if found is not None:
            was_given.add(own.name)
    _may_refuse(self, at)
    self.attributes[GIVEN] = was_given
    _take_extras(self, {} if model.unsure is not None else left, at)
    _finish_object(self, unknown, at)


def _may_refuse(self: Instance, at: At) -> None:
    """What becomes of a value is not written down here: pydantic may refuse it too, and somebody may wait for that."""
    for name, value in self.attributes.items():
        unsure_of = _unsure_in(value)
        if unsure_of is not None:
            try:
                refuse(at, self.cls, name, "the value may not be valid")
            except Raised as problem:
                may_raise(at.session, problem, Arm(), unsure_of)
            return


def _unsure_in(value: Any, depth: int = 8) -> Unknown | None:
    """What in VALUE, or in the lists and dicts that it holds, is not written down here."""
    if type(value) is Unknown:
        return value if value.reason == UNSURE else None
    if not depth:
        return None
    inner = value.values() if type(value) is dict else value if type(value) in {list, tuple} else ()
    return next((found for one in inner if (found := _unsure_in(one, depth - 1)) is not None), None)


def _field_value(self: Instance, own: ModelField, value: Any, unknown: Unknown | None, at: At) -> Any:
    if value is not MISSING:
        return validated(self.cls, own, value, at)
    if unknown is not None:
        return unknown
    found = default_of(self.cls, own, at)
    if found is not MISSING:
        return found
    if kind_of_field(own, at).takes_none:  # pydantic 1: None; 2 refuses
        return Unknown(f"{self.cls.name}.{own.name}, which is not given", at)
    refuse(at, self.cls, own.name, "Field required")


def _take_extras(self: Instance, left: Keywords, at: At) -> None:
    """What is given beyond the fields."""
    model = model_of(self.cls)
    extra = model.config.get("extra", "ignore")
    extra = getattr(extra, "value", extra)
    clash = {own.name for own in fields_in(self.cls)} & left.keys()
    if extra == "allow" and clash:  # one name for two things
        self.attributes |= dict.fromkeys((*clash, EXTRAS, GIVEN), unsure(at))
    elif extra == "allow":
        self.attributes |= left
        self.attributes |= {GIVEN: self.attributes[GIVEN] | set(left), EXTRAS: tuple(left)}
    elif extra == "forbid" and left and not (model.before and model.unsure):
        refuse(at, self.cls, str(next(iter(left))), "Extra inputs are not permitted")


def _finish_object(self: Instance, unknown: Unknown | None, at: At) -> None:
    """Private attributes, ``model_post_init`` and what validators of the whole make of it."""
    cls, model = self.cls, model_of(self.cls)
    for name, own in model.private.items():
        value = default_of(cls, own, at)
        if value is not MISSING:
            self.attributes[name] = value
    hook = cls.lookup("model_post_init")
    if hook is not MISSING and not isinstance(hook, NativeFunction):
        bind(hook, self, cls, at).call([None], {}, at)
    for late in model.after.values():
        if isinstance(late, ClassMethod):  # of pydantic before 2.12 alone
            answer: Any = unsure(at)
        else:
            answer = _asked(cls, bind(late, self, cls, at), [], at)
        if answer is not self:
            self.attributes |= dict.fromkeys((one.name for one in fields_in(cls)), unsure(at))
    if unknown is not None and model.config.get("extra") == "allow":
        self.attributes[EXTRAS] = unknown


def _asked(cls: ClassValue, validator: Any, args: list[Any], at: At) -> Any:
    """What a validator of the whole model gives."""
    try:
        return refusing(validator, args, at)
    except InvalidError as problem:
        refuse(at, cls, "", str(problem))


def set_in_model(self: Instance, name: str, value: Any, at: At) -> Any:
    """What is stored when the file sets an attribute: no new ones, unless the model allows them."""
    if "model" not in self.cls.data or name.startswith("_"):
        return value
    model = model_of(self.cls)
    known = {one.name: one for one in fields_in(self.cls)}
    if name in known and known[name].options.get("frozen") not in {None, False}:
        refuse(at, self.cls, name, "Field is frozen")
    if name not in known and model.config.get("extra") != "allow" and model.unsure is None:
        raised(at, "ValueError", f'"{self.cls.name}" object has no field "{name}"')
    given = self.attributes.get(GIVEN)
    if isinstance(given, set) and name not in given:
        at.session.journal.touch(self.attributes)
        self.attributes[GIVEN] = given | {name}
    if name not in known and model.unsure is None:
        extras = self.attributes.get(EXTRAS, ())
        self.attributes[EXTRAS] = (*extras, name) if isinstance(extras, tuple) and name not in extras else extras
    return value


def _hash(at: At, self: Instance) -> Any:
    values = tuple(self.attributes.get(own.name) for own in fields_in(self.cls))
    unknown = first_unknown(values)
    if unknown is not None:
        return unknown
    try:
        return hash(values)
    except TypeError:
        raised(at, "TypeError", f"unhashable type: '{self.cls.name}'")
