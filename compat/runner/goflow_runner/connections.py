"""Airflow's two texts of a connection, the URI and the JSON object, and its parts, for daemon and container alike.

The rules are those of ``airflow.sdk.definitions.connection.Connection`` (3.3.2) and ``airflow.models.Connection``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

PARTS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
EXTRA_KEY = "__extra__"


class InvalidUriError(ValueError):
    """A URI that Airflow refuses as well. The text of the URI is not in the message: it has the password."""


def parts_of(text: str) -> dict[str, Any]:
    """The parts of TEXT, which is a URI or a JSON object, as Airflow tells them apart (``deserialize_connection``):
    PARTS by name, ``extra`` as JSON text or None. Raises ValueError for a text that is neither."""
    text = text.strip()
    if not text.startswith("{"):
        return of_uri(text)
    found = of_json(text)
    if found.get("uri") is not None:
        return of_uri(found["uri"])
    unknown = ", ".join(sorted(found.keys() - set(PARTS)))
    if unknown:
        raise ValueError(f"a connection has no {unknown}")
    return {name: found.get(name) for name in PARTS}


def of_json(text: str) -> dict[str, Any]:
    """What a JSON object says (``Connection.from_json``): the type normalized, the port a number, ``extra`` as text;
    those of the three that are empty are left out. Other names are as they are. Raises ValueError."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("a connection's JSON is an object")
    for name in ("extra", "conn_type", "port"):
        if name in found and not found[name]:
            found.pop(name)
    if "extra" in found and not isinstance(found["extra"], str):
        found["extra"] = json.dumps(found["extra"])
    if "conn_type" in found:
        found["conn_type"] = normalized(found["conn_type"])
    if "port" in found:
        try:
            found["port"] = int(found["port"])
        except ValueError:
            raise ValueError(f"Expected integer value for `port`, but got {found['port']!r} instead.") from None
    return found


def of_uri(uri: str, *, decoded: bool = False) -> dict[str, Any]:
    """The parts of a URI (``Connection.from_uri``). DECODED: values of the query that are JSON are what they say, as
    ``airflow.models`` of 3.x has it. Raises InvalidUriError, and ValueError for a port that is none."""
    from urllib.parse import parse_qsl, unquote, urlsplit

    if uri.count("://") > 2:
        raise InvalidUriError("Invalid connection string")
    doubled = uri.count("://") == 2  # the host has a protocol of its own
    scheme = urlsplit(uri).scheme
    rest = uri.replace(f"{scheme}://", "" if doubled else "//")
    if doubled and {"@", ":"} & set(rest.split("://", 1)[0]):
        raise InvalidUriError("Invalid connection string")
    found = urlsplit(rest)
    host = _host(found.netloc, unquote(found.hostname or ""))
    query = dict(parse_qsl(found.query, keep_blank_values=True))
    extra = query.get(EXTRA_KEY)
    if extra is None and query:
        extra = json.dumps({name: _decoded(value) for name, value in query.items()} if decoded else query)
    return {
        "conn_type": normalized(scheme),
        "description": None,
        "host": f"{found.scheme}://{host}" if doubled and found.scheme and host else host,
        "login": unquote(found.username) if found.username else found.username,
        "password": unquote(found.password) if found.password else found.password,
        "schema": unquote(found.path[1:]),
        "port": found.port,
        "extra": extra,
    }


def uri_of(parts: Mapping[str, Any], *, splits_host: bool = False) -> str:
    """PARTS as a URI (``Connection.get_uri``); an extra that is no flat map of text goes into ``__extra__``.
    SPLITS_HOST: a protocol in the host that is the type itself stands apart, too, as Airflow 2 has it."""
    from urllib.parse import quote, urlencode

    kind, host = parts.get("conn_type"), parts.get("host") or ""
    uri = f"{kind.lower().replace('_', '-')}://" if kind else "//"
    protocol, found, rest = host.partition("://")
    if found and (splits_host or protocol != kind):
        host = rest
        uri += f"{protocol}://" if protocol else ""
    login, password = parts.get("login"), parts.get("password")
    authority = "" if login is None else quote(login, safe="")
    authority += "" if password is None else f":{quote(password, safe='')}"
    block = quote(host, safe="")
    if parts.get("port"):
        block += f":{parts['port']}" if block or authority else f"@:{parts['port']}"
    schema, extra = parts.get("schema"), parts.get("extra")
    block += f"/{quote(schema, safe='')}" if schema else ""
    uri += (f"{authority}@" if authority else "") + block
    if extra:
        uri += ("?" if schema else "/?") + (_query(extra) or urlencode({EXTRA_KEY: extra}))
    return uri


def normalized(conn_type: str) -> str:
    """A type as Airflow keeps it (``Connection._normalize_conn_type``)."""
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")


def _query(extra: str) -> str:
    """The query that says the same as EXTRA; empty where none does."""
    from urllib.parse import parse_qsl, urlencode

    try:
        document = json.loads(extra)
        query = urlencode(document)
    except (ValueError, TypeError):
        return ""
    return query if document == dict(parse_qsl(query, keep_blank_values=True)) else ""


def _host(netloc: str, host: str) -> str:
    """HOST as it was written where a path is in it: ``hostname`` of Python is in lower case."""
    from urllib.parse import unquote

    if "/" not in host:
        return host
    return unquote(netloc.rsplit("@", 1)[-1].split(":", 1)[0])


def _decoded(text: str) -> Any:
    try:
        return json.loads(text) if text else text
    except ValueError:
        return text
