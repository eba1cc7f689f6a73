"""What a task asks the server for while it runs: Variables, connections, its context."""

import contextlib
import json
import logging
import os

AIRFLOW_VERSION = "3.3.2"


class Session:
    """What holds now: the client (None while nothing is asked), recorded inputs while the file is imported, context."""

    client = None
    recorded = None
    context = None


class Variable:
    """A Variable of the store."""

    @classmethod
    def get(cls, key, default_var=..., deserialize_json=False, **kwargs):
        """Its value; KeyError where there is none and no default."""
        default = kwargs.get("default", default_var)
        text = cls._text(key)
        if text is None:
            if default is ...:
                raise KeyError(f"Variable {key} does not exist")
            return default
        return json.loads(text) if deserialize_json else text

    @staticmethod
    def _text(key):
        if Session.recorded is not None:
            return (Session.recorded.get("variables") or {}).get(key)
        return Session.client.variable(key) if Session.client is not None else None

    @classmethod
    def set(cls, key, value, description=None, serialize_json=False, **kwargs):
        """Set it."""
        Session.client.set_variable(key, json.dumps(value, indent=2) if serialize_json else str(value))

    @classmethod
    def setdefault(cls, key, default, description=None, deserialize_json=False):
        """Its value; DEFAULT is set where there is none."""
        found = cls.get(key, default_var=None, deserialize_json=deserialize_json)
        if found is None:
            cls.set(key, default, serialize_json=deserialize_json)
            return default
        return found

    @classmethod
    def delete(cls, key, **kwargs):
        """Remove it."""
        Session.client.delete_variable(key)


class Connection:
    """A connection's parts."""

    def __init__(
        self, conn_id=None, conn_type=None, description=None, host=None, login=None, password=None, schema=None,
        port=None, extra=None, uri=None, **kwargs,
    ):  # fmt: skip
        self.conn_id, self.conn_type, self.description = conn_id, conn_type, description
        self.host, self.login, self.password, self.schema, self.port = host, login, password, schema, port
        self.extra = json.dumps(extra) if isinstance(extra, dict) else extra
        if uri:
            self._parse(uri)

    def _parse(self, uri):
        from urllib.parse import parse_qsl, unquote, urlsplit

        found = urlsplit(uri)
        self.conn_type = found.scheme.replace("-", "_")
        self.host = unquote(found.hostname) if found.hostname else None
        self.login = unquote(found.username) if found.username else None
        self.password = unquote(found.password) if found.password else None
        self.schema = unquote(found.path[1:]) or None
        self.port = found.port
        query = dict(parse_qsl(found.query, keep_blank_values=True))
        self.extra = query.get("__extra__") or (json.dumps(query) if query else None)

    @classmethod
    def get(cls, conn_id):
        """The connection of that id."""
        return BaseHook.get_connection(conn_id)

    get_connection_from_secrets = get

    @property
    def extra_dejson(self):
        """The extra as a map."""
        try:
            found = json.loads(self.extra) if self.extra else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def get_uri(self):
        """As a URI."""
        from urllib.parse import quote, urlencode

        login = quote(self.login or "", safe="")
        if self.password is not None:
            login += f":{quote(self.password, safe='')}"
        kind = (self.conn_type or "").replace("_", "-")
        text = f"{kind}://{login + '@' if login else ''}{quote(self.host or '', safe='')}"
        text += f":{self.port}" if self.port else ""
        text += f"/{quote(self.schema, safe='')}" if self.schema else ""
        if self.extra_dejson:
            text += ("/?" if not self.schema else "?") + urlencode(self.extra_dejson)
        return text

    def as_json(self):
        """As JSON."""
        return json.dumps({k: v for k, v in vars(self).items() if v is not None})


class LoggingMixin:
    """``self.log``."""

    @property
    def log(self):
        """A logger."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__name__}")


class BaseHook(LoggingMixin):
    """The base of hooks."""

    def __init__(self, logger_name=None, **kwargs):
        pass

    @classmethod
    def get_connection(cls, conn_id):
        """The connection of that id; the environment's ``AIRFLOW_CONN_...`` comes first, as under Airflow."""
        from airflow._goflow.exceptions import AirflowNotFoundException

        uri = os.environ.get(f"AIRFLOW_CONN_{conn_id.upper()}")
        if uri:
            if uri.startswith("{"):
                return Connection(conn_id=conn_id, **json.loads(uri))
            return Connection(conn_id=conn_id, uri=uri)
        found = Session.client.connection(conn_id) if Session.client is not None else None
        if found is None:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
        return Connection(**found)

    @classmethod
    def get_hook(cls, conn_id, hook_params=None):
        """Hooks come from providers."""
        raise NotImplementedError("no provider of this connection's hook is installed")


class BaseNotifier(LoggingMixin):
    """The base of notifiers: called as a callback, it renders its fields and notifies."""

    template_fields = ()
    template_ext = ()

    def __init__(self, **kwargs):
        pass

    def __call__(self, *args):
        context = args[0] if args and isinstance(args[0], dict) else Session.context
        from airflow._goflow.templates import environment, render

        task = (context or {}).get("task")
        for name in self.template_fields:
            value = getattr(self, name, None)
            setattr(self, name, render(value, context, environment(getattr(task, "dag", None)), task))
        return self.notify(context)

    def notify(self, context):
        """Tell somebody."""
        raise NotImplementedError


def get_current_context():
    """The context of the task that runs. RuntimeError where none does."""
    if Session.context is None:
        raise RuntimeError(
            "Current context was requested but no context was found! Are you running within an Airflow task?"
        )
    return Session.context


class _Conf:
    """``conf``: settings that are given in the environment, else Airflow's well-known defaults."""

    defaults = {
        ("core", "dags_folder"): "/opt/airflow/dags",
        ("core", "executor"): "LocalExecutor",
        ("core", "default_timezone"): "utc",
        ("core", "load_examples"): "False",
        ("api", "base_url"): "http://localhost:8080",
        ("webserver", "base_url"): "http://localhost:8080",
        ("operators", "default_owner"): "airflow",
        ("operators", "default_deferrable"): "False",
        ("logging", "base_log_folder"): "/opt/airflow/logs",
    }

    def get(self, section, key, fallback=..., **kwargs):
        """A setting's text."""
        from airflow._goflow.exceptions import AirflowConfigException

        name = f"AIRFLOW__{section.upper().replace('.', '_')}__{key.upper()}"
        found = os.environ.get(name, self.defaults.get((section.lower(), key.lower())))
        if found is None:
            if fallback is ...:
                raise AirflowConfigException(f"section/key [{section}/{key}] not found in config")
            return fallback
        return found

    def getboolean(self, section, key, fallback=..., **kwargs):
        """As true or false."""
        found = self.get(section, key, fallback)
        return found if isinstance(found, bool) or found is None else str(found).lower() in {"t", "true", "1"}

    def getint(self, section, key, fallback=..., **kwargs):
        """As a number."""
        found = self.get(section, key, fallback)
        return found if found is None else int(found)

    def getfloat(self, section, key, fallback=..., **kwargs):
        """As a number."""
        found = self.get(section, key, fallback)
        return found if found is None else float(found)

    def has_option(self, section, key):
        """Whether it is there."""
        return self.get(section, key, None) is not None


conf = _Conf()


class XCom:
    """Results, asked for by name."""

    @classmethod
    def get_one(cls, *, key="return_value", dag_id, task_id, run_id, map_index=None, **kwargs):
        """One result or None."""
        from airflow._goflow.values import decode

        found = Session.client.xcoms(dag_id, run_id, task_id, key, map_index)
        return decode(found[0]["value"]) if found else None


class Context(dict):
    """The type of a context."""


class DagRun:
    """The type of a run."""


class TaskInstance:
    """The type of a task instance."""


class Log:
    """Not there: a task has no database."""


class Pool:
    """Not there: a task has no database."""


class DagBag:
    """Not there: a task reads its own file only."""


def __getattr__(name):
    if name in {"ObjectStoragePath", "KubernetesPodOperator"}:
        from airflow._goflow.stand_in import stand_in

        made = stand_in(f"airflow.providers.{'cncf.kubernetes.operators.pod' if name[0] == 'K' else 'common.io'}", name)
        globals()[name] = made
        return made
    raise AttributeError(name)


@contextlib.contextmanager
def using(context):
    """While CONTEXT is the current one."""
    before, Session.context = Session.context, context
    try:
        yield
    finally:
        Session.context = before
