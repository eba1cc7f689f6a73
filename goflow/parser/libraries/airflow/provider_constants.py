"""Constants and enumerations of providers (``BeamRunnerType.DataflowRunner``), which DAG files hand to operators.

The facts lie in ``facts/constants.json``, made by ``tools/catalogue/constants.py`` from the installed providers.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.libraries.airflow.enums import EnumClass
from goflow.parser.libraries.airflow.opaque import OpaqueInstance, opaque_class
from goflow.parser.libraries.airflow.state import state_of

Fact = Any


def provider_constant(session: Session, module: str, name: str) -> Any:
    """What a provider's MODULE has as NAME: a plain value, or a class of which constants are known; else MISSING."""
    found = _facts().get(module, {})
    return _value(session, f"{module}.{name}", found[name]) if name in found else MISSING


def constant_of_class(path: str, name: str) -> Any:
    """The plain constant NAME of the provider's class PATH. Raises KeyError."""
    module, _, cls = path.rpartition(".")
    fact = _facts()[module][cls]["$class"][name]
    return dict(fact["$dict"]) if isinstance(fact, dict) else fact


def constants_within(session: Session, path: str) -> dict[str, Any]:
    """The constants in the body of the provider's class PATH."""
    module, _, name = path.rpartition(".")
    fact = _facts().get(module, {}).get(name) if module.startswith("airflow.providers.") else None
    return _members(session, path, fact["$class"]) if isinstance(fact, dict) and "$class" in fact else {}


def _value(session: Session, path: str, fact: Fact) -> Any:
    if not isinstance(fact, dict):
        return list(fact) if isinstance(fact, list) else fact
    if "$is" in fact:
        module, _, name = str(fact["$is"]).rpartition(".")
        return provider_constant(session, module, name)
    if "$tuple" in fact:
        return tuple(fact["$tuple"])
    if "$set" in fact:
        return set(fact["$set"])
    if "$dict" in fact:
        return dict(fact["$dict"])
    classes = state_of(session).classes
    if path not in classes:
        classes[path] = _class(session, path, fact)
    return classes[path]


def _class(session: Session, path: str, fact: Mapping[str, Fact]) -> Any:
    if fact.get("$enum"):
        return EnumClass(path, fact["members"], shows_names=True)
    made = opaque_class(path)
    if "$enum" in fact:  # members are no texts and no numbers
        for name, value in fact["members"].items():
            member = OpaqueInstance(made)
            member.data = ([], {"name": name, "value": value})
            made.attributes[name] = member
    else:
        made.attributes.update(_members(session, path, fact["$class"]))
    return made


def _members(session: Session, path: str, facts: Mapping[str, Fact]) -> dict[str, Any]:
    found = {name: _value(session, f"{path}.{name}", fact) for name, fact in facts.items()}
    return {name: value for name, value in found.items() if value is not MISSING}


@functools.cache
def _facts() -> Mapping[str, Mapping[str, Fact]]:
    text = (files(__package__) / "facts" / "constants.json").read_text("utf-8")
    facts: Mapping[str, Mapping[str, Fact]] = json.loads(text)
    return facts
