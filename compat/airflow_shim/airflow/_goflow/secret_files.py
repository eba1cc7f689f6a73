"""Connections and Variables in files: ``LocalFilesystemBackend`` and what reads JSON, YAML and ``.env``."""

import json
import os

from airflow._goflow import exceptions, world
from airflow._goflow.logs import LoggingMixin
from airflow._goflow.secrets import BaseSecretsBackend

_PARTS = {
    "conn_id", "conn_type", "description", "host", "login", "password", "schema", "port", "extra", "uri",
    "extra_dejson",
}  # fmt: skip


class LocalFilesystemBackend(BaseSecretsBackend, LoggingMixin):
    """What files of the container say."""

    def __init__(self, variables_file_path=None, connections_file_path=None, configs_file_path=None):
        super().__init__()
        self.variables_file, self.connections_file = variables_file_path, connections_file_path
        self.configs_file = configs_file_path

    def get_connection(self, conn_id, team_name=None):
        """The connection of that id, or None."""
        return load_connections_dict(self.connections_file).get(conn_id) if self.connections_file else None

    def get_variable(self, key, team_name=None):
        """The text of a Variable, or None."""
        return load_variables(self.variables_file).get(key) if self.variables_file else None

    def get_config(self, key):
        """The text of a setting, or None."""
        return load_configs_dict(self.configs_file).get(key) if self.configs_file else None


def load_variables(file_path):
    """Variables by key. Raises AirflowException for a file that cannot be read so."""
    found = _content(file_path)
    if not world.is_airflow2() and not file_path.lower().endswith(".env"):
        return dict(found)
    return _lone(found, file_path)


def load_connections_dict(file_path):
    """Connections by id. Raises AirflowException for a file that cannot be read so."""
    found = {}
    for conn_id, value in _content(file_path).items():
        values = value if isinstance(value, list) else [value]
        if len(values) > 1:
            raise exceptions.ConnectionNotUnique(f"Found multiple values for {conn_id} in {file_path}.")
        for one in values:
            found[conn_id] = _connection(conn_id, one)
    return found


def load_configs_dict(file_path):
    """Settings by key. Raises AirflowException for a file that cannot be read so."""
    return _lone(_content(file_path), file_path)


def _lone(found, file_path):
    many = [key for key, values in found.items() if isinstance(values, list) and len(values) != 1]
    if many:
        raise exceptions.VariableNotUnique(f'The "{file_path}" file contains multiple values for keys: {many}')
    return {key: values[0] if isinstance(values, list) else values for key, values in found.items()}


def _connection(conn_id, value):
    from airflow._goflow.connection import Connection, ModelConnection

    kind = Connection if world.is_airflow2() else ModelConnection
    if isinstance(value, str):
        return kind(conn_id=conn_id, uri=value)
    if not isinstance(value, dict):
        raise exceptions.AirflowException(
            f"Unexpected value type: {type(value)}. The connection can only be defined using a string or object."
        )
    unknown = ", ".join(sorted(value.keys() - _PARTS))
    if unknown:
        raise exceptions.AirflowException(f"The object have illegal keys: {unknown}.")
    if "extra" in value and "extra_dejson" in value:
        raise exceptions.AirflowException("The extra and extra_dejson parameters are mutually exclusive.")
    if value.get("conn_id", conn_id) != conn_id:
        raise exceptions.AirflowException(f"Mismatch conn_id: {value['conn_id']} below the key {conn_id}.")
    parts = {name: inner for name, inner in value.items() if name != "extra_dejson"}
    if "extra_dejson" in value:
        parts["extra"] = json.dumps(value["extra_dejson"])
    return kind(**{**parts, "conn_id": conn_id})


def _content(file_path):
    ending = os.path.splitext(file_path)[1].lstrip(".").lower()
    if ending not in {"env", "json", "yaml", "yml"}:
        words = "Unsupported file format. The file must have one of the following extensions: .env .json .yaml .yml"
        raise exceptions.AirflowUnsupportedFileTypeException(words)
    with open(file_path, encoding="utf-8") as file:
        text = file.read()
    try:
        found = _of_env(text) if ending == "env" else _of_json(text) if ending == "json" else _of_yaml(text)
        if not isinstance(found, dict):
            raise ValueError("The file should contain the object.")
    except ValueError as problem:
        raise exceptions.AirflowFileParseException(f"Failed to load the secret file {file_path}: {problem}") from None
    return found


def _of_env(text):
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.lstrip().startswith("#"):
            continue
        key, _, value = line.partition("=")
        if not key or not value:
            raise ValueError(f"line {number} is not NAME=VALUE")
        found.setdefault(key, []).append(value)
    return found


def _of_json(text):
    return json.loads(text) if text else None


def _of_yaml(text):
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise ValueError(f"no YAML: {problem}") from None
