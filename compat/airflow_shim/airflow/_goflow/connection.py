"""Connections and hooks."""

import os

from airflow._goflow import world
from airflow._goflow.exceptions import AirflowException, AirflowNotFoundException
from airflow._goflow.logs import LoggingMixin, mask_secret
from airflow._goflow.world import World

_NAMES = ("conn_id", "conn_type", "description", "host", "schema", "login", "password", "port", "extra")


class Connection:
    """A connection's parts."""

    EXTRA_KEY = "__extra__"

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
        self.conn_id, self.conn_type, self.description = conn_id, conn_type, description
        self.host, self.login, self.password, self.schema = host, login, password, schema
        self.port = int(port) if port not in (None, "") else None
        if isinstance(extra, dict):
            import json

            extra = json.dumps(extra)
        self.extra = extra
        if uri is not None:
            self._parse(uri)
        if self.password:
            mask_secret(self.password)

    def _parse(self, uri):
        from urllib.parse import parse_qsl, unquote, urlsplit

        if uri.count("://") == 2:  # the host has a protocol of its own
            scheme, _, rest = uri.partition("://")
            protocol, _, rest = rest.partition("://")
            found, host = urlsplit(f"{scheme}://{rest}"), f"{protocol}://"
        else:
            found, host = urlsplit(uri), ""
        self.conn_type = {"postgresql": "postgres"}.get(found.scheme, found.scheme.replace("-", "_"))
        name = unquote(found.hostname or "")
        self.host = f"{host}{name}" if name else (host or None)
        self.login = unquote(found.username) if found.username else found.username
        self.password = unquote(found.password) if found.password else found.password
        self.schema = unquote(found.path[1:]) if len(found.path) > 1 else ""
        self.port = found.port
        query = dict(parse_qsl(found.query, keep_blank_values=True))
        if self.EXTRA_KEY in query:
            self.extra = query[self.EXTRA_KEY]
        elif query:
            import json

            self.extra = json.dumps(query)

    def __repr__(self):
        if world.is_airflow2():
            return self.conn_id or ""
        return f"Connection({', '.join(f'{name}={getattr(self, name)!r}' for name in _NAMES)})"

    def __eq__(self, other):
        return isinstance(other, Connection) and all(getattr(self, n) == getattr(other, n) for n in _NAMES)

    __hash__ = None

    @classmethod
    def get(cls, conn_id):
        """The connection of that id: the environment's ``AIRFLOW_CONN_...`` first. Raises AirflowNotFoundException."""
        text = os.environ.get(f"AIRFLOW_CONN_{conn_id.upper()}")
        if text is not None:
            return cls.from_json(text, conn_id) if text.lstrip().startswith("{") else cls(conn_id=conn_id, uri=text)
        found = World.client.connection(conn_id) if World.client is not None else None
        if found is None:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
        return cls(**{**{name: found.get(name) for name in _NAMES}, "conn_id": conn_id})

    get_connection_from_secrets = get

    @classmethod
    def from_json(cls, value, conn_id=None):
        """A connection of JSON text."""
        import json

        parts = json.loads(value)
        parts["conn_type"] = parts.pop("type", parts.get("conn_type"))
        parts.pop("conn_id", None)
        return cls(conn_id=conn_id, **parts)

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
        import json
        from urllib.parse import parse_qsl, quote, urlencode

        kind = (self.conn_type or "").lower().replace("_", "-")
        host, protocol = self.host or "", ""
        if "://" in host:
            protocol, _, rest = host.partition("://")
            host, protocol = (host, "") if protocol == self.conn_type else (rest, f"{protocol}://")
        authority = "" if self.login is None else quote(self.login, safe="")
        authority += "" if self.password is None else f":{quote(self.password, safe='')}"
        block = quote(host, safe="")
        if self.port:
            block += f":{self.port}" if block or authority else f"@:{self.port}"
        block += f"/{quote(self.schema, safe='')}" if self.schema else ""
        uri = f"{kind}://" if kind else "//"
        uri += protocol + (f"{authority}@" if authority else "") + block
        if self.extra:
            found = self.extra_dejson
            try:
                query = urlencode(found) if isinstance(found, dict) else ""
            except TypeError:
                query = ""
            if not query or dict(parse_qsl(query, keep_blank_values=True)) != json.loads(self.extra):
                query = urlencode({self.EXTRA_KEY: self.extra})
            uri += ("?" if self.schema else "/?") + query
        return uri

    def to_dict(self, *, prune_empty=False, validate=True):
        """As a map."""
        found = {**{name: getattr(self, name) for name in _NAMES}, "extra": self.extra_dejson}
        return {name: value for name, value in found.items() if value or not prune_empty}

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
