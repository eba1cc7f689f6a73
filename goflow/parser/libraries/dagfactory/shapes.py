"""The shapes that dag-factory takes for granted, and the words for what has another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.exceptions import shown
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value
from goflow.parser.libraries.airflow.exceptions import fail

Place = Callable[..., At]
"""Gives the place of what a way leads to: ``place("tasks", "extract")``."""
EXCEPTION = "dagfactory.exceptions.DagFactoryException"
CONFIG_EXCEPTION = "dagfactory.exceptions.DagFactoryConfigException"


def refuse(at: At, message: str, hint: str = "", kind: str = CONFIG_EXCEPTION) -> NoReturn:
    """Raise what dag-factory refuses: a GF406 at AT where nothing catches it."""
    if "." in kind:
        exception_class(at.session, kind)
    fail(at, kind, message, code="GF406", hint=hint)


def exception_class(session: Session, path: str) -> ClassValue:
    """dag-factory's exception of that PATH."""
    module, _, name = path.rpartition(".")
    made = ClassValue(name, [session.exceptions["Exception"]], module_name=module)
    return session.exceptions.setdefault(path, made)


def given(mapping: dict[Any, Any], *keys: str) -> bool:
    """Whether all KEYS are in MAPPING and none of them is null (dag-factory's ``check_dict_key``)."""
    return all(key in mapping and mapping[key] is not None for key in keys)


def is_true(value: Any) -> bool:
    """Whether VALUE counts as true where dag-factory asks; what is not known does."""
    return isinstance(value, Value) or bool(value)


def as_mapping(value: Any, at: At, what: str) -> dict[Any, Any]:
    """VALUE, which has to be a mapping; WHAT it is, for the message."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Unknown):
        refuse(at, f"{what} depends on {value.reason}")
    return refuse(at, f"{what} has to be a mapping, not {_shown(value)}", kind="AttributeError")


def as_list(value: Any, at: At, what: str) -> list[Any]:
    """VALUE, which has to be a list; WHAT it is, for the message."""
    if isinstance(value, list):
        return value
    if isinstance(value, Unknown):
        refuse(at, f"{what} depends on {value.reason}")
    return refuse(at, f"{what} has to be a list, not {_shown(value)}", kind="TypeError")


def keywords(mapping: dict[Any, Any], place: Place, what: str) -> dict[str, Any]:
    """MAPPING as keyword arguments of WHAT. Raises TypeError for keys that are no text."""
    for key in mapping:
        if not isinstance(key, str):
            refuse(place(key), f"keywords must be strings: {key!r} of {what} is not", kind="TypeError")
    return dict(mapping)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return {"dict": "a mapping", "list": "a list", "str": f"the text {value!r}"}.get(type_name(value)) or shown(value)
