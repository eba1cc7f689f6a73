"""``var`` and ``conn`` of a context: Variables and connections that are fetched when a template names them."""

from airflow._goflow import world
from airflow._goflow.words import NOTSET


class _Accessor:
    def __init__(self):
        self._last = None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        self._last = self._find(name)
        return self._last

    def __repr__(self):
        return str(self._last) if world.is_airflow2() else f"<{type(self).__name__} (dynamic access)>"


class VariableAccessor(_Accessor):
    """``var.value`` and, AS_JSON, ``var.json``."""

    def __init__(self, as_json):
        super().__init__()
        self._as_json = as_json

    def _find(self, name):
        return _variable().get(name, deserialize_json=self._as_json)

    def get(self, key, default=NOTSET):
        """The Variable, or DEFAULT. Without one Airflow 2 raises KeyError, and Airflow 3 gives what stands for it."""
        from airflow._goflow.exceptions import AirflowRuntimeError

        if world.is_airflow2():
            if default is NOTSET:
                return _variable().get(key, deserialize_json=self._as_json)
            return _variable().get(key, default_var=default, deserialize_json=self._as_json)
        try:
            return self._find(key)
        except AirflowRuntimeError:
            return default


class ConnectionAccessor(_Accessor):
    """``conn``."""

    def _find(self, name):
        from airflow._goflow.connection import Connection

        return Connection.get(name)

    def get(self, conn_id, default_conn=None):
        """The connection, or DEFAULT_CONN."""
        from airflow._goflow.exceptions import AirflowNotFoundException

        try:
            return self._find(conn_id)
        except AirflowNotFoundException:
            return default_conn


def _variable():
    from airflow._goflow import variable

    return variable.Variable if world.is_airflow2() else variable.SdkVariable
