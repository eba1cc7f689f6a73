"""Connections and hooks."""

from goflow_runner import connections

from airflow._goflow import world
from airflow._goflow.exceptions import AirflowException, AirflowNotFoundException
from airflow._goflow.logs import LoggingMixin, mask_secret

_NAMES = ("conn_id", "conn_type", "description", "host", "schema", "login", "password", "port", "extra")


class Connection:
    """A connection's parts: that of ``airflow.models`` under Airflow 2, and of ``airflow.sdk`` under Airflow 3."""

    EXTRA_KEY = "__extra__"
    _decodes = False

    def __init__(
        self, conn_id=None, conn_type=None, description=None, host=None, login=None, password=None, schema=None,
        port=None, extra=None, uri=None,
    ):  # fmt: skip
        if uri is not None and any((conn_type, host, login, password, schema, port, extra)):
            raise AirflowException(
                "You must create an object using the URI or individual values "
                "(conn_type, host, login, password, schema, port or extra). "
                "You can't mix these two ways to create this object."
            )
        if extra and not isinstance(extra, str) and self._of_models():
            import json

            extra = json.dumps(extra)
        self.conn_id = conn_id
        found = {"conn_type": conn_type, "description": description, "host": host, "login": login,
                 "password": password, "schema": schema, "port": port, "extra": extra}  # fmt: skip
        if uri is not None:
            found = {**self._parsed(uri), "description": description}
        if self._of_models():
            found["password"] = found["password"] or None  # as the model's column has it
            self._check(found["extra"])
        for name, value in found.items():
            setattr(self, name, value)
        _mask(self)

    @classmethod
    def _of_models(cls):
        return world.is_airflow2()

    def _parsed(self, uri):
        try:
            return connections.of_uri(uri, decoded=self._decodes)
        except connections.InvalidUriError as problem:
            raise AirflowException(f"{problem}.") from None

    def _check(self, extra):
        """Airflow 2 only warns of an extra that is no JSON object."""

    def __repr__(self):
        if world.is_airflow2():
            return self.conn_id or ""
        return f"Connection({', '.join(f'{name}={getattr(self, name)!r}' for name in _NAMES)})"

    def __eq__(self, other):
        return isinstance(other, Connection) and all(getattr(self, n) == getattr(other, n) for n in _NAMES)

    __hash__ = None

    @classmethod
    def get(cls, conn_id):
        """The connection of that id, of the first source that has it. Raises AirflowNotFoundException."""
        from airflow._goflow import sources

        found = sources.connection(conn_id)
        if found is None:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
        _mask(found)
        return found

    get_connection_from_secrets = get

    @classmethod
    async def async_get(cls, conn_id):
        """The same for coroutines."""
        return cls.get(conn_id)

    @classmethod
    def from_json(cls, value, conn_id=None):
        """A connection of JSON text. Raises ValueError; TypeError for names that a connection does not have."""
        return cls(conn_id=conn_id, **connections.of_json(value))

    @classmethod
    def from_uri(cls, uri, conn_id=None):
        """A connection of a URI."""
        return cls(conn_id=conn_id, uri=uri)

    @property
    def extra_dejson(self):
        """The extra as a map; empty where it is no JSON."""
        import json

        try:
            found = json.loads(self.extra) if self.extra else {}
        except ValueError:
            return {}
        mask_secret(found)
        return found

    def get_extra_dejson(self, nested=False):
        """The extra as a map."""
        return self.extra_dejson

    def get_password(self):
        """The password."""
        return self.password

    def get_extra(self):
        """The extra's text."""
        return self.extra

    def get_uri(self):
        """As a URI."""
        parts = {name: getattr(self, name) for name in connections.PARTS}
        return connections.uri_of(parts, splits_host=world.is_airflow2())

    async def aget_uri(self):
        """The same for coroutines."""
        return self.get_uri()

    def to_dict(self, *, prune_empty=False, validate=True):
        """As a map."""
        found = {name: getattr(self, name) for name in ("conn_id", *connections.PARTS) if name != "extra"}
        found = {name: value for name, value in found.items() if value is not None or not prune_empty}
        extra = self.extra_dejson
        return {**found, "extra": extra} if extra or not prune_empty else found

    def as_json(self):
        """As JSON text."""
        import json

        found = self.to_dict(prune_empty=True)
        found.pop("conn_id", None)
        return json.dumps(found)

    def get_hook(self, *, hook_params=None):
        """The hook of the connection's type, where its provider is installed. Raises AirflowException."""
        from airflow._goflow.providers import hook_of

        hook, argument = hook_of(self.conn_type)
        return hook(**{argument: self.conn_id}, **(hook_params or {}))

    def test_connection(self):
        """Whether the hook's own test succeeds, and words about it."""
        try:
            return self.get_hook().test_connection()
        except Exception as problem:
            return False, str(problem)


class ModelConnection(Connection):
    """The connection of ``airflow.models`` under Airflow 3, which decodes what is JSON in a URI's query."""

    _decodes = True

    @classmethod
    def _of_models(cls):
        return True

    def _check(self, extra):
        import json

        try:
            is_object = extra is None or extra == "" or isinstance(json.loads(extra), dict)
        except ValueError:
            raise ValueError(f"Encountered non-JSON in `extra` field for connection {self.conn_id!r}.") from None
        if not is_object:
            raise ValueError(
                "Encountered JSON value in `extra` which does not parse as a dictionary in connection "
                f"{self.conn_id!r}. The `extra` field must contain a JSON representation of a Python dict."
            )


def of_models(name):
    """The class as ``airflow.models`` has it under Airflow 3."""
    return ModelConnection


def _mask(connection):
    """Never show its password and what its extra holds under the name of a secret."""
    if connection.password:
        from urllib.parse import quote

        mask_secret(connection.password)
        mask_secret(quote(str(connection.password)))
    if connection.extra:
        connection.extra_dejson  # noqa: B018 - it masks


class BaseHook(LoggingMixin):
    """The base of hooks."""

    def __init__(self, logger_name=None, **kwargs):
        super().__init__()
        self._logger_name = logger_name

    @classmethod
    def get_connection(cls, conn_id):
        """The connection of that id."""
        return Connection.get(conn_id)

    @classmethod
    async def aget_connection(cls, conn_id):
        """The same for coroutines."""
        return Connection.get(conn_id)

    @classmethod
    def get_connections(cls, conn_id):
        """The same as a list."""
        return [cls.get_connection(conn_id)]

    @classmethod
    def get_hook(cls, conn_id, hook_params=None):
        """The hook of a connection's type."""
        return cls.get_connection(conn_id).get_hook(hook_params=hook_params)

    def get_conn(self):
        """What the hook works with."""
        raise NotImplementedError

    @classmethod
    def get_connection_form_widgets(cls):
        """None: forms are for the page."""
        return {}

    @classmethod
    def get_ui_field_behaviour(cls):
        """None: forms are for the page."""
        return {}


async def get_async_connection(conn_id, hook=None):
    """The connection of that id, found by HOOK where one is given."""
    return await (hook or BaseHook).aget_connection(conn_id)


async def get_async_extra_dejson(conn):
    """A connection's extra as a map."""
    return conn.extra_dejson
