"""Where Connections and Variables come from: the secrets backend that is set, the environment, GoFlow's server.

The order is Airflow's (``initialize_secrets_backends``): the first that has it gives it. One that raises is logged, and
the next is asked (``_get_connection`` and ``_get_variable`` of the SDK); but the server's own refusals and failures are
the task's.
"""

import contextlib
import contextvars
import logging

from airflow._goflow import world
from airflow._goflow.exceptions import AirflowException
from airflow._goflow.secrets import BaseSecretsBackend, EnvironmentVariablesBackend, ServerBackend
from airflow._goflow.world import World

log = logging.getLogger("airflow.secrets")
_made = {}
_asked_by_backend = contextvars.ContextVar("asked_by_backend", default=False)


def connection(conn_id):
    """The connection of that id, or None."""
    return _first("connection", lambda backend: backend.get_connection(conn_id=conn_id), bool)


def variable(key):
    """The text of a Variable, or None."""
    return _first("variable", lambda backend: backend.get_variable(key=key), lambda found: found is not None)


def warn_of_conflict(key):
    """Log where a Variable that is about to be set is hidden by a source that stands before the server."""
    for backend in backends()[:-1]:
        name = type(backend).__name__
        try:
            hidden = backend.get_variable(key=key) is not None
        except Exception:
            log.exception("Unable to retrieve variable from secrets backend (%s).", name)
            continue
        if hidden:
            log.warning(
                "The variable %s is defined in the %s secrets backend, which takes precedence over what the server "
                "has. That is updated, but to read it you have to delete the variable from %s",
                key, name, name,
            )  # fmt: skip
            return


def setting(key):
    """The text of the setting that the secrets backend has by KEY (``AIRFLOW__SECTION__KEY_SECRET``), or None."""
    found = _custom()
    return found.get_config(key=key) if found is not None else None


def backends():
    """All of them in their order; the server is the last."""
    found = _custom()
    return [*([found] if found is not None else []), EnvironmentVariablesBackend(), ServerBackend()]


def _first(what, ask, is_there):
    for backend in backends():
        try:
            found = ask(backend)
        except Exception:
            if isinstance(backend, ServerBackend):
                raise
            name = type(backend).__name__
            words = "Unable to retrieve %s from secrets backend (%s). Checking subsequent secrets backend."
            log.exception(words, what, name)
            continue
        if is_there(found):
            return found
    return None


def _custom():
    """The backend that the settings name, made once; None without one, and while it is being made: what it needs for
    that comes from the other sources."""
    from airflow._goflow.configuration import conf

    section, key, arguments = "workers", "secrets_backend", "secrets_backend_kwargs"
    if world.is_airflow2() or not conf.get(section, key, None):
        section, key, arguments = "secrets", "backend", "backend_kwargs"
    path = conf.get(section, key, None)
    if not path or _asked_by_backend.get():
        return None
    if World.account is not None:
        raise AirflowException(
            f"A file that is run to be read (import_mode: sandbox) cannot ask a secrets backend ({path}): "
            "ask for it in the task, or in a template"
        )
    given = conf.get(section, arguments, None)
    single = _single(section, arguments)
    made = (path, given, tuple(sorted(single.items())))
    if made not in _made:
        with _busy():
            kind = conf.getimport(section, key)
            backend = kind(**{**_arguments(section, arguments, given), **single})
            if isinstance(backend, BaseSecretsBackend):
                from airflow._goflow.connection import Connection

                backend._set_connection_class(Connection)
        _made[made] = backend
    return _made[made]


@contextlib.contextmanager
def _busy():
    token = _asked_by_backend.set(True)
    try:
        yield
    finally:
        _asked_by_backend.reset(token)


def _arguments(section, key, text):
    import json

    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    log.warning("[%s] %s is no JSON object, defaulting to no kwargs.", section, key)
    return {}


def _single(section, key):
    """``AIRFLOW__SECRETS__BACKEND_KWARG__NAME`` of Airflow 3, one argument each."""
    import os

    if world.is_airflow2():
        return {}
    prefix = f"AIRFLOW__{section}__{key.removesuffix('s')}__".upper()
    return {name[len(prefix) :].lower(): text for name, text in os.environ.items() if name.startswith(prefix)}
