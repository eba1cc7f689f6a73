"""Variable, Connection and ``conf``: what a file may ask of its surroundings, answered from the inputs and recorded."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from goflow_runner.connections import parts_of

from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, first_unknown
from goflow.parser.libraries.airflow.exceptions import MODULE, fail
from goflow.parser.libraries.airflow.opaque import NOT_SET, opaque_class
from goflow.parser.libraries.airflow.state import native, state_of

# -- Variables --------------------------------------------------------------------------------------------------------


def variable_class(session: Session, module: str = "") -> ClassValue:
    """``Variable`` as MODULE has it; ``get`` answers from the inputs, writes change nothing while a file is read.

    That of ``airflow.sdk`` has no ``default_var``, and another exception for a Variable that is not there.
    """
    if module.startswith("airflow.sdk"):
        return state_of(session).singleton("Variable of the SDK", _make_sdk_variable_class)
    return state_of(session).singleton("Variable", _make_variable_class)


def _make_sdk_variable_class() -> ClassValue:
    made = _make_variable_class()
    made.attributes["get"] = _static("get", _get_of_sdk)
    return made


def _create(key: Any) -> str:
    return f"create it: goflow variables set {key} VALUE (for goflow check: put it into --inputs); or give a default"


def _in_environment(at: At, prefix: str, name: Any) -> str | None:
    """What the environment says of a Variable or Connection in Airflow's form: it stands over what is stored, as in
    Airflow's order of secrets backends."""
    key = f"{prefix}{str(name).upper()}"
    found = at.session.inputs.environment.get(key)
    if found is not None:
        at.session.environment_used.setdefault(key, found)
    return found


def _only_when_it_runs(at: At, prefix: str, what: str, name: Any) -> Unknown | None:
    """Unknown where only the task's process can tell: there, a secrets backend is asked first, and no backend is ever
    loaded here; or the variable of that name comes from a Secret."""
    given = at.session.inputs
    backends = ("AIRFLOW__SECRETS__BACKEND", "AIRFLOW__WORKERS__SECRETS_BACKEND")
    for key in backends[: 1 if at.session.dialect is Dialect.AIRFLOW2 else 2]:
        if given.environment.get(key):
            at.session.environment_used[key] = given.environment[key]
            return Unknown(f"{what} {name}: the secrets backend ({key}) is asked when the task runs", at)
    if f"{prefix}{str(name).upper()}" in given.secret_environment:
        return Unknown(f"{what} {name}, which comes from a Secret or the daemon's environment", at)
    return None


def _variable(at: At, key: Any) -> str | None:
    """The text of a Variable, told as used; None where there is none."""
    found = _in_environment(at, "AIRFLOW_VAR_", key)
    if found is None:
        found = at.session.inputs.variables.get(key)
        at.session.variables_used[str(key)] = found
    return found


def _get_of_sdk(at: At, key: Any, default: Any = NOT_SET, deserialize_json: Any = False) -> Any:
    told_here = isinstance(key, str) and _only_when_it_runs(at, "AIRFLOW_VAR_", "the Variable", key) is None
    if default is NOT_SET and told_here and _variable(at, key) is None:
        text = f"VARIABLE_NOT_FOUND: {{'message': 'Variable {key} not found'}}"
        fail(at, f"{MODULE}.AirflowRuntimeError", text, code="GF008", hint=_create(key))
    return get_variable(at, key, default, deserialize_json)


def _make_variable_class() -> ClassValue:
    made = opaque_class("airflow.models.variable.Variable")
    made.attributes |= {
        "get": _static("get", get_variable),
        "set": _static("set", _nothing),
        "delete": _static("delete", _nothing),
        "update": _static("update", _nothing),
        "setdefault": _static("setdefault", _setdefault),
    }
    return made


def get_variable(
    at: At, key: Any, default_var: Any = NOT_SET, deserialize_json: Any = False, *, default: Any = NOT_SET, **_: Any
) -> Any:
    """``Variable.get``. Raises KeyError for a Variable that is not there and has no default."""
    unknown = first_unknown((key, deserialize_json))
    unknown = unknown or _only_when_it_runs(at, "AIRFLOW_VAR_", "the Variable", key)
    if unknown is not None:
        return unknown
    found = _variable(at, key)
    if found is None:
        fallback = default if default is not NOT_SET else default_var
        if fallback is NOT_SET:
            fail(at, "KeyError", f"Variable {key} does not exist", code="GF008", hint=_create(key))
        return fallback
    if deserialize_json is not True:
        return found
    try:
        return json.loads(found)
    except ValueError as problem:
        fail(at, "ValueError", f"Variable {key} is no JSON: {problem}", code="GF008")


def _setdefault(at: At, key: Any, default: Any = None, description: Any = None, deserialize_json: Any = False) -> Any:
    found = get_variable(at, key, None, deserialize_json)
    return default if found is None else found


# -- Connections ------------------------------------------------------------------------------------------------------


class ConnectionValue(Instance):
    """A connection: its public parts are known, its password is a hole and never leaves the reader."""

    def get_attribute(self, name: str, at: At) -> Any:
        """Host, login, port, schema, type and extras; Unknown for what holds the password."""
        if name == "password":
            return Unknown(f"the password of connection {self.attributes['conn_id']}", at)
        if name in {"get_uri", "get_password", "get_hook", "as_json"}:
            reason = f"the password of connection {self.attributes['conn_id']}"
            return NativeFunction(name, lambda at, *a, **k: Unknown(reason, at), takes_unknown=True)
        return super().get_attribute(name, at)


def connection_class(session: Session) -> ClassValue:
    """``Connection``."""
    return state_of(session).singleton("Connection", _make_connection_class)


def _make_connection_class() -> ClassValue:
    made = opaque_class("airflow.models.connection.Connection")
    made.attributes |= {
        "get_connection_from_secrets": _static("get_connection_from_secrets", get_connection),
        "get": _static("get", get_connection),
    }
    return made


def get_connection(at: At, conn_id: Any = None, **named: Any) -> Any:
    """``BaseHook.get_connection``. Raises AirflowNotFoundException for a connection that is not there."""
    conn_id = named.get("conn_id", conn_id)
    if isinstance(conn_id, Unknown):
        return conn_id
    unknown = _only_when_it_runs(at, "AIRFLOW_CONN_", "the connection", conn_id)
    if unknown is not None:
        return unknown
    uri = _in_environment(at, "AIRFLOW_CONN_", conn_id)
    if uri is None:
        if conn_id not in at.session.connections_used:
            at.session.connections_used.append(str(conn_id))
        uri = at.session.inputs.connections.get(conn_id)
    if uri is None:
        text = f"The conn_id `{conn_id}` isn't defined"
        hint = f"create it: goflow connections set {conn_id} --uri URI (for goflow check: put it into --inputs)"
        fail(at, f"{MODULE}.AirflowNotFoundException", text, code="GF008", hint=hint)
    cls = state_of(at.session).singleton(
        "Connection object",
        lambda: ClassValue(
            "Connection",
            (),
            {"extra_dejson": {}, "get_extra_dejson": native("get_extra_dejson", _extra)},
            module_name="airflow.models.connection",
        ),
    )
    try:
        parts = public_parts(uri)
    except ValueError as problem:
        fail(
            at, f"{MODULE}.AirflowNotFoundException", f"The conn_id `{conn_id}` cannot be read: {problem}", code="GF008"
        )
    return ConnectionValue(cls, {"conn_id": conn_id, **parts})


def public_parts(text: str) -> dict[str, Any]:
    """The parts of a connection's URI or JSON without the password, and ``extra_dejson``. Raises ValueError."""
    found = parts_of(text)
    found.pop("password")
    try:
        extra = json.loads(found["extra"]) if found["extra"] else {}
    except ValueError:
        extra = {}
    return {**found, "extra_dejson": extra}


def _extra(at: At, self: Instance, nested: Any = False) -> Any:
    return self.attributes.get("extra_dejson", {})


# -- the configuration ------------------------------------------------------------------------------------------------


class ConfigurationValue(Value):
    """``conf``: the environment that the folder gives (``AIRFLOW__SECTION__KEY``), else Airflow's own defaults."""

    type_name = "AirflowConfigParser"

    def get_attribute(self, name: str, at: At) -> Any:
        """The getters; everything else is Unknown."""
        converters: Mapping[str, Any] = {
            "get": str,
            "get_mandatory_value": str,
            "getboolean": truth_of,
            "getint": int,
            "getfloat": float,
            "getlist": lambda text: [part.strip() for part in text.split(",") if part.strip()],
            "getjson": json.loads,
        }
        if name in converters:
            return native(name, functools.partial(_get_setting, converters[name]))
        if name == "as_dict":
            return native(name, lambda at, *_, **__: settings_as_dict(at))
        if name == "has_option":
            return native(name, lambda at, section, key, **_: setting(at, section, key) is not None)
        return Unknown(f"conf.{name} of Airflow", at)


def _get_setting(convert: Any, at: At, section: Any, key: Any = None, fallback: Any = NOT_SET, **_: Any) -> Any:
    unknown = first_unknown((section, key))
    if unknown is not None:
        return unknown
    found = setting(at, section, key)
    if found is not None:
        return convert(found)
    if fallback is not NOT_SET:
        return fallback
    return Unknown(f"the setting [{section}] {key} of Airflow", at)


def setting(at: At, section: Any, key: Any) -> str | None:
    """The text of a setting; None where neither the environment nor Airflow's defaults have it."""
    section, key = str(section).lower(), str(key).lower()
    own = own_setting(at, section, key)
    if own is not None:
        return own
    if (section, key) == ("core", "dags_folder"):
        return at.session.parse_path
    return default_settings(at.session.dialect).get((section, key))


def own_setting(at: At, section: str, key: str) -> str | None:
    """The text of a setting as the folder's environment has it; None where it says nothing."""
    name = f"AIRFLOW__{section.upper().replace('.', '_')}__{key.upper()}"
    own = at.session.inputs.environment.get(name)
    if own is not None:
        at.session.environment_used[name] = own
    return own


def settings_as_dict(at: At) -> dict[str, dict[str, Any]]:
    """Every setting by section, as ``conf.as_dict``."""
    found: dict[str, dict[str, Any]] = {}
    for section, key in default_settings(at.session.dialect):
        found.setdefault(section, {})[key] = setting(at, section, key)
    for name, value in at.session.inputs.environment.items():
        if name.startswith("AIRFLOW__") and name.count("__") >= 2:
            section, _, key = name.removeprefix("AIRFLOW__").lower().partition("__")
            at.session.environment_used[name] = value
            found.setdefault(section, {})[key] = value
    for section, key in _TOLD_BY_NOBODY:
        found.setdefault(section, {}).setdefault(key, Unknown(f"the setting [{section}] {key} of Airflow", at))
    return found


_TOLD_BY_NOBODY = (("core", "dags_folder"), ("core", "fernet_key"), ("database", "sql_alchemy_conn"))
"""Settings that every Airflow has and that no default tells."""


@functools.cache
def default_settings(dialect: Dialect) -> Mapping[tuple[str, str], str]:
    """Airflow's defaults under DIALECT, from ``facts/settings.txt``: ``section|key|versions|value``."""
    version = "2" if dialect is Dialect.AIRFLOW2 else "3"
    found = {}
    for line in (files(__package__) / "facts" / "settings.txt").read_text("utf-8").splitlines():
        section, key, versions, value = line.split("|", 3)
        if version in versions:
            found[section, key.lower()] = value
    return found


def truth_of(text: str) -> bool:
    """Whether the TEXT of a setting says yes."""
    return text.strip().lower() in {"t", "true", "1", "yes", "on"}


def _static(name: str, function: Any) -> NativeFunction:
    made = native(name, function)
    made.binds = False
    return made


def _nothing(at: At, *args: Any, **kwargs: Any) -> None:
    """Nothing is written while a file is read."""
