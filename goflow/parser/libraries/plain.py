"""Functions of the standard library that only work on their arguments: their answers are Python's own."""

from __future__ import annotations

import datetime as dt
import pprint
import shlex
import statistics
import tomllib
import unicodedata
import uuid
from types import ModuleType
from typing import Any

from goflow.parser.interpreter.files import OpenFile
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, order_of
from goflow.parser.libraries.datetimes import host_class
from goflow.parser.libraries.registry import function, ignored_function, module, unknown_function


def _own(library: ModuleType, *names: str) -> dict[str, Any]:
    return {name: function(name, lambda at, *a, run=getattr(library, name), **k: run(*a, **k)) for name in names}


def is_plain(value: Any) -> bool:
    """Whether VALUE is text, numbers, moments and containers of these, all known and in an order that is."""
    if isinstance(value, dict):
        return type(value) is dict and all(is_plain(inner) for inner in (*value.keys(), *value.values()))
    if isinstance(value, list | tuple):
        return type(value) in {list, tuple} and order_of(value) is None and all(map(is_plain, value))
    return value is None or type(value) in _PLAIN


_PLAIN = frozenset({str, int, float, bool, bytes, dt.date, dt.datetime, dt.time, dt.timedelta})


@module("pprint")
def build_pprint(session: Session) -> dict[str, Any]:
    """``pprint``: what prints is not heeded."""

    def pformat(at: At, value: Any, **options: Any) -> Any:
        if not is_plain(value) or any(isinstance(n, int) and n > _WIDEST for n in options.values()):
            return Unknown("how an object is laid out as text", at)
        return pprint.pformat(value, **options)

    ignored = {name: ignored_function(name) for name in ("pprint", "pp")}
    return {**ignored, "pformat": function("pformat", pformat)}


_WIDEST = 1000


@module("shlex")
def build_shlex(session: Session) -> dict[str, Any]:
    """``shlex``."""
    return _own(shlex, "quote", "join", "split")


@module("unicodedata")
def build_unicodedata(session: Session) -> dict[str, Any]:
    """``unicodedata``."""
    return _own(unicodedata, "normalize", "category", "combining", "name")


@module("statistics")
def build_statistics(session: Session) -> dict[str, Any]:
    """``statistics``."""
    return _own(statistics, "mean", "median", "mode", "fmean")


@module("uuid")
def build_uuid(session: Session) -> dict[str, Any]:
    """``uuid``: those made of names are the same each time, all others are chance."""
    chance = {name: unknown_function(name, "a random id") for name in ("uuid1", "uuid4")}
    spaces = {name: getattr(uuid, name) for name in dir(uuid) if name.startswith("NAMESPACE_")}
    return {**_own(uuid, "uuid3", "uuid5"), **chance, **spaces, "UUID": host_class(uuid.UUID, "uuid")}


@module("tomllib")
def build_tomllib(session: Session) -> dict[str, Any]:
    """``tomllib``."""

    def loads(at: At, text: str) -> Any:
        at.session.budget.check_size(len(text), at)
        return tomllib.loads(text)

    def load(at: At, file: Any) -> Any:
        if not isinstance(file, OpenFile):
            return Unknown("a file that is not read", at)
        content = file.stream.read()
        return loads(at, content.decode() if isinstance(content, bytes) else content)

    wrong = session.exceptions["tomllib.TOMLDecodeError"]
    return {"loads": function("loads", loads), "load": function("load", load), "TOMLDecodeError": wrong}
