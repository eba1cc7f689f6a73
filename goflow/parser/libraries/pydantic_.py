"""``pydantic``: models. What their objects become stands in the files beside this one whose names begin like its own.

Nobody says which pydantic the tasks will have: where 1 and 2 differ, a value is Unknown.
"""

from __future__ import annotations

import json
from typing import Any

from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import ClassMethod, PropertyValue
from goflow.parser.interpreter.operations import binary
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.shown import representation
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, hidden_key
from goflow.parser.libraries.functools_ import copied
from goflow.parser.libraries.pydantic_dumps import EXTRAS, GIVEN, dumped, pairs_of, written
from goflow.parser.libraries.pydantic_fields import (
    PATH,
    Model,
    decorator,
    default_of,
    field_function,
    fields_in,
    model_of,
    refuse,
)
from goflow.parser.libraries.pydantic_kinds import InvalidError, unsure
from goflow.parser.libraries.pydantic_models import finish, init_of_model, kind_of_model, set_in_model
from goflow.parser.libraries.registry import function, module, unknown_function


def _same(at: At, self: Instance, other: Any) -> Any:
    if not isinstance(other, Instance) or other.cls is not self.cls:
        return NotImplemented
    mine, others = ({k: v for k, v in one.attributes.items() if k not in {GIVEN, EXTRAS}} for one in (self, other))
    return binary("==", mine, others, at)


def _shown(at: At, self: Instance, between: str) -> Any:
    parts = []
    hidden = {own.name for own in fields_in(self.cls) if not own.shown}
    for name, value in pairs_of(self, at, computed=True).items():
        text = representation(value, at)
        if isinstance(text, Unknown):
            return text
        parts += [f"{name}={text}"] if name not in hidden else []
    return between.join(parts)


def _represented(at: At, self: Instance) -> Any:
    inside = _shown(at, self, ", ")
    return inside if isinstance(inside, Unknown) else f"{self.cls.name}({inside})"


# Methods ---------------------------------------------------------------------------------------------------------


def _copy(at: At, self: Instance, *, update: Any = None, deep: Any = False, **more: Any) -> Any:
    if more or isinstance(deep, Unknown) or not isinstance(update, dict | None):
        return unsure(at)
    found = Instance(self.cls, copied(dict(self.attributes), at, deep=bool(deep)))
    known = {one.name for one in fields_in(self.cls)}
    given = found.attributes.get(GIVEN)
    if isinstance(given, Unknown) or given is None or not known.issuperset(update or {}):
        return unsure(at)
    found.attributes |= {**(update or {}), GIVEN: given | set(update or {})}
    return found


def _validate(at: At, cls: ClassValue, value: Any, **options: Any) -> Any:
    if options:
        return unsure(at)
    try:
        return cls.data["kind"].checked(value, at)
    except InvalidError as problem:
        refuse(at, cls, "", str(problem))


def _validate_json(at: At, cls: ClassValue, text: Any, **options: Any) -> Any:
    if options or not isinstance(text, str | bytes):
        return text if isinstance(text, Unknown) else unsure(at)
    at.session.budget.check_size(len(text), at)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        refuse(at, cls, "", "Invalid JSON")
    return _validate(at, cls, found)


def _construct(at: At, cls: ClassValue, _fields_set: Any = None, **values: Any) -> Any:
    if _fields_set is not None or hidden_key(values) is not None or model_of(cls).unsure is not None:
        return unsure(at)
    found = Instance(cls)
    own = {one.name: one for one in fields_in(cls)}
    if values.keys() - own.keys() or any(one.given_as != one.name for one in own.values()):
        return unsure(at)
    for name, one in own.items():
        value = values.get(name, MISSING)
        value = default_of(cls, one, at) if value is MISSING else value
        if value is not MISSING:
            found.attributes[name] = value
    found.attributes[GIVEN] = set(values)
    return found


def _given(at: At, self: Instance) -> Any:
    found = self.attributes.get(GIVEN, unsure(at))
    return found if isinstance(found, Unknown) else set(found)


def _fields(at: At, cls: ClassValue) -> Any:
    return {one.name: one for one in fields_in(cls)}


def _methods() -> dict[str, Any]:
    def method(name: str, run: Any) -> NativeFunction:
        return NativeFunction(name, run, takes_unknown=True)

    def of_class(name: str, run: Any) -> ClassMethod:
        return ClassMethod(method(name, run))

    return {
        "__init__": method("__init__", init_of_model), "__eq__": method("__eq__", _same), "__hash__": None,
        "__repr__": method("__repr__", _represented),
        "__str__": method("__str__", lambda at, self: _shown(at, self, " ")),
        "__iter__": method("__iter__", lambda at, self: list(pairs_of(self, at).items())),
        "model_dump": method("model_dump", dumped), "dict": method("dict", dumped),
        "model_dump_json": method("model_dump_json", written),
        "model_copy": method("model_copy", _copy), "copy": method("copy", _copy),
        "model_validate": of_class("model_validate", _validate), "parse_obj": of_class("parse_obj", _validate),
        "model_validate_json": of_class("model_validate_json", _validate_json),
        "parse_raw": of_class("parse_raw", _validate_json),
        "model_construct": of_class("model_construct", _construct), "construct": of_class("construct", _construct),
        "model_fields": _ClassProperty(_fields), "__fields__": _ClassProperty(_fields),
        "model_fields_set": PropertyValue(method("model_fields_set", _given)),
        "__dict__": PropertyValue(method("__dict__", lambda at, self: pairs_of(self, at))),
        "model_rebuild": of_class("model_rebuild", lambda at, cls, **_: None),
        "update_forward_refs": of_class("update_forward_refs", lambda at, cls, **_: None),
        "model_post_init": method("model_post_init", lambda at, self, context: None),
    }  # fmt: skip


class _ClassProperty(Value):
    """An attribute of the class that GET works out of it."""

    def __init__(self, get: Any) -> None:
        self._get = NativeFunction("get", lambda at, instance, cls: get(at, cls), takes_unknown=True)

    @property
    def descriptor(self) -> Value:
        """What is asked for it."""
        return self._get


_NOT_FOLLOWED = ("model_json_schema", "schema", "schema_json", "parse_file", "from_orm", "validate", "json")


def base_model(session: Session) -> ClassValue:
    """``BaseModel`` of SESSION."""
    found: ClassValue | None = session.library.get("pydantic.BaseModel")
    if found is None:
        found = ClassValue("BaseModel", module_name="pydantic.main", attributes=_methods(), around_set=set_in_model)
        types = [session.library["builtins"]["type"]]
        found.metaclass = ClassValue("ModelMetaclass", types, module_name="pydantic._internal")
        found.attributes |= {name: unknown_function(name, "what pydantic makes of a model") for name in _NOT_FOLLOWED}
        found.data |= {"model": Model(), "fields": {}, "finish_class": finish}
        found.data["kind"] = kind_of_model(found)
        session.library["pydantic.BaseModel"] = found
    return found


def _parse_as(at: At, kind: Any, value: Any) -> Any:
    return call(kind.get_attribute("model_validate", at), [value], {}, at) if _is_model(kind) else unsure(at)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, ClassValue) and "model" in kind.data


@module("pydantic")
def build(session: Session) -> dict[str, Any]:
    """``pydantic``: models, fields, validators. All else is Unknown."""
    from goflow.parser.libraries.pydantic_settings_ import base_settings

    wrong = session.exceptions[PATH]
    for name in ("errors", "json", "error_count", "__str__"):
        wrong.attributes[name] = unknown_function(name, "what pydantic says of an error")
    names = ("field_validator", "validator", "model_validator", "root_validator", "computed_field", "field_serializer",
             "model_serializer")  # fmt: skip
    marks = {name: decorator(name) for name in names}
    return marks | {
        "BaseModel": base_model(session),
        "Field": function("Field", field_function, takes_unknown=True),
        "PrivateAttr": function("PrivateAttr", field_function, takes_unknown=True),
        "ConfigDict": function("ConfigDict", lambda at, **told: told, takes_unknown=True),
        "ValidationError": wrong,
        "BaseSettings": base_settings(session, old=True),
        "parse_obj_as": function("parse_obj_as", _parse_as),
    }
