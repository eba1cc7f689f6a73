"""What becomes of pydantic's objects when they are turned into dicts and JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from goflow.parser.interpreter.alternatives import MaybeGone
from goflow.parser.interpreter.classes import Instance
from goflow.parser.interpreter.descriptors import PropertyValue
from goflow.parser.interpreter.operations import equal
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import At, Unknown, UnknownKey, Value, first_unknown, hidden_key
from goflow.parser.libraries.enum_ import Member
from goflow.parser.libraries.pydantic_fields import default_of, fields_in, model_of
from goflow.parser.libraries.pydantic_kinds import unsure

GIVEN = "__pydantic_fields_set__"
"""The attribute that holds the names of what an object was given."""
EXTRAS = "__pydantic_extra__"
"""The one that holds the names of what it has beyond its fields."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How objects are turned into dicts, at every level; INCLUDE and EXCLUDE at the first."""

    by_alias: bool
    without_none: bool
    without_unset: bool
    without_defaults: bool


def pairs_of(self: Instance, at: At, *, computed: bool = False) -> dict[str, Any]:
    """The fields of SELF and their values, then what it has beyond them."""
    found = {own.name: self.attributes[own.name] for own in fields_in(self.cls) if own.name in self.attributes}
    extras = self.attributes.get(EXTRAS, ())
    if isinstance(extras, Unknown):
        found[UnknownKey(extras)] = extras
    else:
        found |= {name: self.attributes[name] for name in extras if name in self.attributes}
    if computed:
        for name in model_of(self.cls).computed:
            asked = self.cls.lookup(name)
            assert isinstance(asked, PropertyValue)
            found[name] = asked.get(self, at)
    return found


def dumped(
    at: At,
    self: Instance,
    *,
    mode: Any = "python",
    include: Any = None,
    exclude: Any = None,
    by_alias: Any = False,
    exclude_none: Any = False,
    exclude_unset: Any = False,
    exclude_defaults: Any = False,
    **options: Any,
) -> Any:
    """``model_dump()`` and ``dict()``."""
    flags = [False if flag is None else flag for flag in (by_alias, exclude_none, exclude_unset, exclude_defaults)]
    chosen = _names(include), _names(exclude)
    if options or mode not in ("python", "json") or not all(isinstance(flag, bool) for flag in flags):
        return unsure(at)
    if any(isinstance(names, Unknown) or names is MISSING for names in chosen):
        return unsure(at)
    found = _dict_of(self, _Way(*flags), at, *chosen)
    if mode == "json":
        return found if isinstance(found, Unknown) else _as_json(found, at)
    return found


def _names(told: Any) -> Any:
    """Names that are to be included or not; None: nothing is said. MISSING for what is not followed."""
    if told is None or isinstance(told, Unknown):
        return told
    if isinstance(told, dict) and all(value is True or value is ... for value in told.values()):
        told = set(told)
    is_plain = isinstance(told, set | list | tuple | frozenset) and all(isinstance(name, str) for name in told)
    return set(told) if is_plain and hidden_key(set(told)) is None else MISSING


def _dict_of(self: Instance, way: _Way, at: At, include: Any = None, exclude: Any = None) -> Any:
    model = model_of(self.cls)
    if "*" in model.written or model.unsure is not None:
        return unsure(at) if model.unsure is None else model.unsure
    fields = {own.name: own for own in fields_in(self.cls)}
    found: dict[Any, Any] = {}
    for name, value in pairs_of(self, at, computed=True).items():
        own = fields.get(name)
        if (include is not None and name not in include) or (exclude is not None and name in exclude):
            continue
        if own is not None and own.options.get("exclude") not in {None, False}:
            continue
        leaves = _left_out(self, name, value, way, at)
        if leaves is True:
            continue
        shown = own.shown_as if own is not None and way.by_alias else name
        if name in model.written:
            found[shown] = unsure(at)
        else:
            found[shown] = MaybeGone.of(leaves) if isinstance(leaves, Unknown) else _dumped(value, way, at)
    return found


def _left_out(self: Instance, name: str, value: Any, way: _Way, at: At) -> bool | Unknown:
    given = self.attributes.get(GIVEN)
    if way.without_unset and given is not None and (isinstance(given, Unknown) or name not in given):
        return given if isinstance(given, Unknown) else True
    if way.without_none and (value is None or isinstance(value, Unknown)):
        return True if value is None else value
    own = next((one for one in fields_in(self.cls) if one.name == name), None)
    if way.without_defaults and own is not None and own.is_optional:
        return equal(value, default_of(self.cls, own, at), at)
    return False


def _dumped(value: Any, way: _Way, at: At) -> Any:
    if isinstance(value, Instance):
        if "model" in value.cls.data:
            with at.session.budget.deeper(at):
                return _dict_of(value, way, at)
        return unsure(at) if "fields" in value.cls.data else value
    if isinstance(value, list | tuple | set | frozenset):
        with at.session.budget.deeper(at):
            found = [_dumped(one, way, at) for one in value]
        at.session.budget.step(at)
        return type(value)(found) if type(value) in {list, tuple, set, frozenset} else unsure(at)
    if isinstance(value, dict):
        with at.session.budget.deeper(at):
            made = {key: _dumped(one, way, at) for key, one in value.items()}
        at.session.budget.step(at)
        return made
    return value


def _as_json(value: Any, at: At) -> Any:
    """VALUE as plain data that JSON has; Unknown where pydantic's own way of writing a type would be asked."""
    if value is None or type(value) in {str, int, bool} or isinstance(value, Unknown):
        return value
    if isinstance(value, Member):
        return _as_json(value.value, at)
    if isinstance(value, list | tuple):
        return [_as_json(one, at) for one in value]
    if isinstance(value, dict) and all(type(key) is str or isinstance(key, Value) for key in value):
        return {key: _as_json(one, at) for key, one in value.items()}
    return unsure(at)


def written(at: At, self: Instance, *, indent: Any = None, **options: Any) -> Any:
    """``model_dump_json()``: plain data alone."""
    found = dumped(at, self, mode="json", **options)
    unknown = first_unknown(found, 50)
    if unknown is not None:
        return unknown
    if isinstance(indent, Unknown):
        return indent
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(found, separators=separators, indent=indent, ensure_ascii=False)
    at.session.budget.check_size(len(text), at)
    return text
