"""Airflow's secrets backends: the base class of providers' own, the environment, and GoFlow's server."""

import os

from airflow._goflow import world
from airflow._goflow.world import World

CONN_ENV_PREFIX = "AIRFLOW_CONN_"
VAR_ENV_PREFIX = "AIRFLOW_VAR_"
DEFAULT_SECRETS_SEARCH_PATH = [
    "airflow.secrets.environment_variables.EnvironmentVariablesBackend",
    "airflow.secrets.metastore.MetastoreBackend",
]
DEFAULT_SECRETS_SEARCH_PATH_WORKERS = [
    "airflow.secrets.environment_variables.EnvironmentVariablesBackend",
    "airflow.sdk.execution_time.secrets.execution_api.ExecutionAPISecretsBackend",
]


class BaseSecretsBackend:
    """The base of what knows Connections, Variables and settings."""

    _connection_class = None

    def __init__(self, **kwargs):
        pass

    @staticmethod
    def build_path(path_prefix, secret_id, sep="/"):
        """The path of SECRET_ID below PATH_PREFIX."""
        return f"{path_prefix}{sep}{secret_id}"

    def get_conn_value(self, conn_id, team_name=None):
        """The URI or JSON of a connection, or None."""
        raise NotImplementedError

    def get_conn_uri(self, conn_id):
        """What backends of before Airflow 2.3 have instead of ``get_conn_value``."""
        raise NotImplementedError

    def deserialize_connection(self, conn_id, value):
        """The connection that VALUE, a URI or JSON, tells. Raises ValueError and AirflowException."""
        kind, value = self._get_connection_class(), value.strip()
        return kind.from_json(value, conn_id=conn_id) if value[0] == "{" else kind.from_uri(value, conn_id=conn_id)

    def get_connection(self, conn_id, team_name=None):
        """The connection of that id, or None."""
        try:
            value = self.get_conn_value(conn_id=conn_id)
        except NotImplementedError:
            if not world.is_airflow2():
                raise
            value = self.get_conn_uri(conn_id=conn_id)
        return self.deserialize_connection(conn_id=conn_id, value=value) if value else None

    def get_connections(self, conn_id):
        """The same as a list."""
        found = self.get_connection(conn_id=conn_id)
        return [found] if found else []

    def get_variable(self, key, team_name=None):
        """The text of a Variable, or None."""
        raise NotImplementedError

    def get_config(self, key):
        """The text of a setting, or None."""

    def _set_connection_class(self, conn_class):
        self._connection_class = conn_class

    def _get_connection_class(self):
        from airflow._goflow.connection import Connection

        return self._connection_class or Connection


class EnvironmentVariablesBackend(BaseSecretsBackend):
    """``AIRFLOW_CONN_<ID>`` and ``AIRFLOW_VAR_<KEY>``, names in upper case."""

    def get_conn_value(self, conn_id, team_name=None):
        """The URI or JSON of a connection, or None."""
        return os.environ.get(CONN_ENV_PREFIX + conn_id.upper())

    get_conn_uri = get_conn_value

    def get_variable(self, key, team_name=None):
        """The text of a Variable, or None."""
        return os.environ.get(VAR_ENV_PREFIX + key.upper())


class ServerBackend(BaseSecretsBackend):
    """What is stored with GoFlow's server, as far as the task's DAG may read it."""

    def get_connection(self, conn_id, team_name=None):
        """The connection of that id, or None."""
        found = World.client.connection(conn_id) if World.client is not None else None
        if found is None:
            return None
        from goflow_runner.connections import PARTS

        return self._get_connection_class()(conn_id=conn_id, **{name: found.get(name) for name in PARTS})

    def get_variable(self, key, team_name=None):
        """The text of a Variable, or None."""
        return World.client.variable(key) if World.client is not None else None


def call_secrets_backend_method(method, *, team_name=None, **kwargs):
    """Call METHOD; there are no teams here."""
    return method(**kwargs)
