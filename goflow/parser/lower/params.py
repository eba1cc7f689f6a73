"""ParamsDict to resolved defaults and schemas."""

from __future__ import annotations

from goflow.domain.canonical import Json
from goflow.parser.interpreter.values import Unknown
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.params import ParamsValue
from goflow.parser.lower.encoding import Encoder

NO_DEFAULT = "x-no-default"


def lowered_params(params: ParamsValue | None, encode: Encoder) -> tuple[dict[str, Json], dict[str, Json]]:
    """``{name: default}`` and ``{name: JSON Schema}``. A default that does not fit its schema is None, as it resolves.

    A Param without a default is None too, and has ``"x-no-default": true`` in its schema.
    """
    defaults: dict[str, Json] = {}
    schemas: dict[str, Json] = {}
    for key, param in (params.params if params is not None else {}).items():
        if isinstance(key, Unknown):
            continue  # told by `unknown_name`
        name = str(key)
        if isinstance(param, Unknown):
            defaults[name] = encode(param)
            continue
        missing = param.value is NOT_SET
        defaults[name] = None if missing or param.problem() is not None else encode(param.value)
        schema = encode(param.schema)
        own = dict(schema) if isinstance(schema, dict) else {}
        description = param.attributes.get("description")
        if isinstance(description, str):
            own.setdefault("description", description)
        if missing:
            own[NO_DEFAULT] = True
        if own:
            schemas[name] = own
    return defaults, schemas


def unknown_name(params: ParamsValue | None) -> Unknown | None:
    """The first name in PARAMS that is not known, if there is one."""
    return next((key for key in (params.params if params is not None else {}) if isinstance(key, Unknown)), None)
