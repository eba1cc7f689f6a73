"""Variables and Connections that a command is given in files, in the formats that Airflow exports and reads them in.

JSON, YAML, and ``NAME=VALUE`` lines (Airflow's ``LocalFilesystemBackend``): names and values, a connection as a URI, as
JSON text or as a mapping of its parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goflow.cli.connections import parts_of

if TYPE_CHECKING:
    from goflow.store.rows import Connection

_PARTS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


def variables_of(path: Path | None) -> dict[str, str]:
    """The Variables of a file, as text. Raises click.UsageError for a file that is none of Variables."""
    found = _document(path)
    return {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


def connections_of(path: Path | None) -> list[Connection]:
    """The Connections of a file. Raises click.UsageError for a file that is none of Connections."""
    return [_connection(str(conn_id), value, path) for conn_id, value in _document(path).items()]


def _document(path: Path | None) -> Mapping[Any, Any]:
    if path is None:
        return {}
    try:
        text = path.read_text("utf-8")
        found = _parsed(text, path.suffix)
    except (OSError, ValueError) as problem:
        raise click.UsageError(f"{path} cannot be read: {problem}") from None
    if not isinstance(found, Mapping):
        raise click.UsageError(f"{path} holds no names and values")
    return found


def _parsed(text: str, suffix: str) -> Any:
    """Raises ValueError."""
    if suffix in {".yaml", ".yml"}:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            return YAML(typ="safe").load(text) or {}
        except YAMLError as problem:
            raise ValueError(problem) from None
    if suffix == ".env":
        lines = [line.strip() for line in text.splitlines()]
        pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
        return {name.strip(): value.strip() for name, _, value in pairs}
    return json.loads(text)


def _connection(conn_id: str, value: Any, path: Path | None) -> Connection:
    from goflow.store.rows import Connection

    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("{") else parts_of(value)
    if not isinstance(value, Mapping):
        raise click.UsageError(f"{path}: connection {conn_id} is neither a URI nor a mapping of its parts")
    parts = {name: value[name] for name in _PARTS if value.get(name) is not None}
    if extra := value.get("extra_dejson") or parts.get("extra"):
        parts["extra"] = extra if isinstance(extra, str) else json.dumps(extra)
    if "port" in parts:
        parts["port"] = int(parts["port"])
    return Connection(conn_id=conn_id, **{"conn_type": "", **parts})
