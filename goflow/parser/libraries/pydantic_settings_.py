"""``pydantic_settings``, and ``pydantic.BaseSettings`` of pydantic 1: fields out of the folder's environment.

A variable that is not given and has no default is Unknown, not an error: who leaves it out of the folder's settings has
not said that it is missing where the tasks run.
"""

from __future__ import annotations

import json
from typing import Any

from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, first_unknown
from goflow.parser.libraries.environment import IN_EVERY_CONTAINER, environment_of
from goflow.parser.libraries.pydantic_ import base_model
from goflow.parser.libraries.pydantic_fields import Model, ModelField, fields_in, kind_of_field, model_of
from goflow.parser.libraries.pydantic_kinds import unsure
from goflow.parser.libraries.pydantic_models import fill
from goflow.parser.libraries.registry import function, module


def base_settings(session: Session, *, old: bool) -> ClassValue:
    """``BaseSettings``; OLD is that of pydantic 1."""
    parent = base_model(session)

    def init(at: At, self: Instance, *args: Any, **kwargs: Any) -> None:
        model = model_of(self.cls)
        if args or any(name.startswith("_") for name in kwargs):
            model.unsure = unsure(at)
        fill(self, {**_from_environment(self.cls, kwargs, at, old=old), **kwargs}, at)

    found = ClassValue("BaseSettings", [parent], module_name="pydantic_settings.main", around_set=parent.around_set)
    found.attributes["__init__"] = NativeFunction("__init__", init, takes_unknown=True)
    found.metaclass = parent.metaclass
    # its defaults are validated, as the class's own configuration says
    found.data |= {"model": Model({"extra": "forbid", "validate_default": True}), "fields": {}}
    return found


def _from_environment(cls: ClassValue, kwargs: dict[str, Any], at: At, *, old: bool) -> dict[str, Any]:
    """What the environment gives for the fields of CLS that KWARGS do not give, by the names that they are given by."""
    config, found = model_of(cls).config, {}
    for own in fields_in(cls):
        if own.name in kwargs or own.given_as in kwargs:
            continue
        names = _names(own, config, old=old)
        value = unsure(at) if names is None else _asked(own, names, config, at)
        if value is not None and isinstance(own.given_as, str):
            found[own.given_as] = value
    return found


def _names(own: ModelField, config: dict[str, Any], *, old: bool) -> list[str] | None:
    """The variables that OWN is looked for in; None where that is not followed."""
    told = own.options.get("env") if old else own.options.get("validation_alias") or own.options.get("alias")
    if told is None:
        prefix = config.get("env_prefix", "")
        return [f"{prefix}{own.name}"] if isinstance(prefix, str) else None
    names = list(told) if isinstance(told, list | tuple) else [told]
    return names if all(isinstance(name, str) for name in names) else None


def _asked(own: ModelField, names: list[str], config: dict[str, Any], at: At) -> Any:
    """The value of the first of NAMES that is there; None where the field's default holds."""
    kind = kind_of_field(own, at)
    for name in names:
        text = _variable(name, at, exact=config.get("case_sensitive") is True)
        if isinstance(text, str) and kind.is_complex:
            try:
                return json.loads(text)
            except ValueError:
                return unsure(at)
        if text is not None:
            return text
    if config.get("env_file") is not None:
        return Unknown(f"what {config['env_file']} says of {names[0]}", at)
    if config.get("env_nested_delimiter") is not None and kind.is_complex:
        return Unknown(f"variables that begin with {names[0]}", at)
    if own.is_optional:
        return None
    return Unknown(f"the environment variable {names[0].upper()}, which is not given", at)


def _variable(name: str, at: At, *, exact: bool) -> Any:
    """The variable NAME, whether in small letters or capitals unless it has to be EXACT; None where there is none."""
    environment = environment_of(at.session)
    spelled = {name} if exact else {name, name.upper(), name.lower()}
    if not exact:
        spelled |= {other for other in environment.values if other.lower() == name.lower()}
    found = [value for one in sorted(spelled) if (value := environment.ask(one)) is not None]
    unknown = first_unknown(found)
    if unknown is not None:
        return unknown
    if len(found) > 1:
        return Unknown(f"which of the variables {name} is meant", at)
    if not found and spelled & IN_EVERY_CONTAINER:
        return Unknown(f"{name} in the task's container", at)
    return found[0] if found else None


@module("pydantic_settings")
def build(session: Session) -> dict[str, Any]:
    """``pydantic_settings``."""
    return {
        "BaseSettings": base_settings(session, old=False),
        "SettingsConfigDict": function("SettingsConfigDict", lambda at, **told: told, takes_unknown=True),
    }
