"""Code that is not read may change what it is handed: lists, dicts, sets and objects of the file's own classes.

After such a call whatever can be reached through its arguments is not known, nor what a function among them changes
of what it sees outside of itself (`callbacks`). Taken to leave its arguments as they are:
a class that is called (it keeps them), methods that Python's own data have (``get``, ``format``, ``append``), and
libraries that are known not to (clients of services, Airflow's own, most of Python's).
"""

from __future__ import annotations

import collections
import datetime as dt
import re
import sys
from collections.abc import Iterable
from typing import Any

import libcst as cst

from goflow.parser.interpreter.alternatives import Keeper, OneOf, changeable, is_iterator
from goflow.parser.interpreter.callbacks import called_back
from goflow.parser.interpreter.classes import MAKING, ClassValue, Instance
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.mutations import MUTATORS, forget_contents
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.subtypes import HostInstance
from goflow.parser.interpreter.values import (
    CONTAINERS,
    Arguments,
    At,
    Keywords,
    NativeFunction,
    Unknown,
    UnknownKey,
    Value,
)
from goflow.parser.interpreter.written_names import last_name

CLIENTS = re.compile(
    r"(google\.(?!cloud\.composer)|azure\.|boto3|botocore|docker|kubernetes|pandas|numpy|pyspark|requests|sqlalchemy"
    r"|snowflake|databricks\.sdk|openai|weaviate|pinecone|vertexai|opensearchpy|elasticsearch)\b"
)
"""Client libraries that know nothing of Airflow: what they make is no task and no DAG, whatever it is called."""
_GENERAL = re.compile(
    r"(backoff|colorlog|datadog|ddtrace|flask|fsspec|git|httpx|jinja2|jsonschema|loguru|mlflow|orjson"
    r"|paramiko|polars|prometheus_client|psycopg2|psycopg|pymongo|pymysql|pyarrow|pytest|redis|rich|ruamel|s3fs"
    r"|sentry_sdk|simplejson|slack|slack_sdk|slugify|statsd|structlog|tabulate|tenacity|toml|tomli|tomli_w|ujson)\b"
)
"""Other libraries whose functions leave their arguments as they are, and that know nothing of Airflow either."""
_OF_AIRFLOW = re.compile(r"(airflow|cosmos|dagster|dbt|great_expectations)\b")
"""Those that leave their arguments as they are, and may make tasks."""
_CALLING_BACK = frozenset(
    {"asyncio", "bdb", "builtins", "cProfile", "code", "concurrent", "contextvars", "importlib", "multiprocessing"}
    | {"pdb", "pkgutil", "profile", "runpy", "sched", "threading", "timeit", "trace", "types", "unittest"}
)
_PYTHONS_OWN = sys.stdlib_module_names - _CALLING_BACK
"""Modules of Python's own library whose functions make no tasks, since they run nothing of the file's."""
_CHANGING = frozenset({"bisect", "heapq", "operator", "random"})
"""Those of them that have functions to change their arguments."""
_DATA = (str, bytes, int, float, tuple, list, dict, set, collections.deque, dt.datetime, dt.timedelta)
_OF_DATA = frozenset(name for kind in _DATA for name in dir(kind) if not name.startswith("_"))
"""Methods of Python's own data; none of them changes its arguments."""
_ASKING = _OF_DATA.difference(*MUTATORS.values())
_OF_TASKS = frozenset({"partial", "expand", "expand_kwargs", "override", "set_upstream", "set_downstream"})
"""Methods of operators and tasks; the same."""
NOT_READ = ", which is not read"


def is_of_python(reason: str) -> bool:
    """Whether REASON names something in one of Python's own modules that run nothing of the file's."""
    top, dot, rest = reason.partition(".")
    return bool(dot) and top in _PYTHONS_OWN and rest[:1].isidentifier()


def knows_no_tasks(reason: str) -> bool:
    """Whether REASON names something of a library, or of Python's own, that makes no tasks and no DAGs."""
    return bool(CLIENTS.match(reason) or _GENERAL.match(reason)) or is_of_python(reason)


def is_of_code(reason: str) -> bool:
    """Whether REASON ends in code that is not read, and not in a value from outside."""
    return reason.endswith(NOT_READ)


def is_of_data(reason: str, at: At) -> bool:
    """Whether what is called at AT for REASON is a method that data or tasks have, of something unknown."""
    is_method = isinstance(at.node, cst.Call) and isinstance(at.node.func, cst.Attribute)
    name = callee(at)
    return is_method and name in _OF_DATA | _OF_TASKS and not reason.endswith(f".{name}{NOT_READ}")


def callee(at: At) -> str:
    """The last name of what is called at AT; empty where it is no plain name."""
    return last_name(at.node.func) if isinstance(at.node, cst.Call) else ""


def only_asks(at: At) -> bool:
    """Whether what is called at AT is a method of Python's own data that changes nothing."""
    return callee(at) in _ASKING


def may_have_changed(unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> None:
    """UNKNOWN is called: what can be reached through its arguments is not known from now on."""
    waiting = [value for value in (*args, *kwargs.values()) if not _is_settled(value)]
    if not waiting or _keeps_arguments(unknown.reason, at):
        return
    forget_all(waiting, Unknown(_words(unknown.reason, at), at))


def one_is_called(one: OneOf, args: Arguments, kwargs: Keywords, at: At) -> None:
    """ONE of several things is called, or a method of one of them: what is of the file may change itself, and what it
    is handed."""
    things = one.may_be()
    if callee(at) in _OF_TASKS:
        return
    if not only_asks(at) or not all(isinstance(thing, CONTAINERS) for thing in things):
        one.changed(at)
    if any(map(_runs_files_code, things)):
        forget_all([*args, *kwargs.values()], Unknown(one.reason, at))


def _runs_files_code(thing: Any) -> bool:
    thing = getattr(thing, "function", thing) if isinstance(thing, Value) else thing
    if isinstance(thing, Instance):
        return not thing.cls.is_native
    return isinstance(thing, UserFunction) or (isinstance(thing, ClassValue) and not thing.is_native)


def may_be_called(things: Iterable[Any], unknown: Unknown, at: At) -> None:
    """One of Python's own functions has THINGS and nobody knows what it does with them for the reason of UNKNOWN: it
    may draw elements from iterators among them and call functions of the file, but changes nothing itself."""
    why, called = Unknown(unknown.reason, at), list[Any]()
    for thing in things:
        if isinstance(thing, Unknown):
            thing.drawn_from(at)
            called += filter(_is_function, thing.may_be()) if isinstance(thing, OneOf) else ()
        elif is_iterator(thing):
            at.session.journal.lose(thing, why)
        elif _is_function(thing):
            called.append(thing)
    forget_all(called, why)


class Called(OneOf):
    """What a function of Python's own gives bit by bit that calls functions of the file for it (``map(f, UNKNOWN)``):
    whenever elements of it are asked for, they may be called."""

    __slots__ = ("_things",)

    def __init__(self, why: Unknown, things: list[Any]) -> None:
        super().__init__(why.reason, why.at, changeable([thing for thing in things if not _is_function(thing)]))
        self._things = things

    def drawn_from(self, at: At) -> None:
        """They may be called."""
        super().drawn_from(at)
        may_be_called(self._things, self, at)


def _is_function(thing: Any) -> bool:
    """Whether THING is code of the file, or changes something that it has."""
    if isinstance(thing, ClassValue):
        return not thing.is_native
    function = getattr(thing, "function", thing) if isinstance(thing, Value) else thing
    return isinstance(function, UserFunction) or bool(isinstance(thing, NativeFunction) and thing.held)


def keeping(made: Any, args: Arguments, kwargs: Keywords, at: At) -> Any:
    """What calling something that is not read has MADE: of a class, an object that keeps its arguments; else what may
    be one of them, or have it in it."""
    if type(made) is not Unknown or _leaves_alone(made.reason):
        return made
    kept = changeable([value for value in (*args, *kwargs.values()) if isinstance(value, (Instance, *CONTAINERS))])
    if not kept:
        return made
    return (Keeper if callee(at)[:1].isupper() else OneOf)(made.reason, made.at, kept)


def _leaves_alone(reason: str) -> bool:
    return knows_no_tasks(reason) or _OF_AIRFLOW.match(reason) is not None


def forget_all(values: Iterable[Any], why: Unknown) -> None:
    """What can be reached through VALUES is not known any more for the reason WHY."""
    at = why.at
    waiting, seen = list(values), set[int]()
    while waiting:
        value = waiting.pop()
        if _is_settled(value) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, OneOf):
            waiting += value.holders
        elif value is at.module.names:
            at.module.starred = why if at.module.starred is None else at.module.starred
            at.session.journal.touch(value)
            value[UnknownKey(why)] = why
        else:
            is_handed = isinstance(value, UserFunction) and isinstance(at.node, cst.Call)  # not one that is decorated
            waiting += called_back(value, why) if is_handed else _forget(value, why)


def _is_settled(value: Any) -> bool:
    return isinstance(value, _SETTLED) and not isinstance(value, OneOf)


_SETTLED = (str, bytes, int, float, type(None), Unknown)


def _words(reason: str, at: At) -> str:
    """What an argument depends on now; the REASON of what was called stays at the end, by which it is told."""
    return f"what {callee(at) or 'a call'}(...){_MAKES}{reason.rpartition(_MAKES)[2]}"


_MAKES = " makes of its arguments: "


def _keeps_arguments(reason: str, at: At) -> bool:
    name = callee(at)
    if is_of_python(reason):
        return name[:1].isupper() or reason.partition(".")[0] not in _CHANGING
    return name[:1].isupper() or _leaves_alone(reason) or is_of_data(reason, at)


def _forget(value: Any, why: Unknown) -> list[Any]:
    """VALUE is not known any more; what was in it."""
    if isinstance(value, Instance):
        return _forget_object(value, why)
    if isinstance(value, ClassValue) and isinstance(why.at.node, cst.Call) and not value.is_native:
        return [*value.forget(why), *(found for name in MAKING if (found := value.lookup(name)) is not MISSING)]
    if isinstance(value, dict):
        return _forget_dict(value, why)
    if isinstance(value, Value):
        return list(value.forget(why))
    if hasattr(value, "__next__"):
        why.at.session.journal.lose(value, why)
        return _source_of(value)
    inner = list(value) if isinstance(value, CONTAINERS) else []
    if isinstance(value, list | collections.deque | set):
        forget_contents(value, why)
    return inner


def _source_of(iterator: Any) -> list[Any]:
    """What ITERATOR, one of Python's own, goes over."""
    if type(iterator) not in _OVER:
        return []
    return [part for part in iterator.__reduce__()[1] if isinstance(part, CONTAINERS)]


_OVER: frozenset[type] = frozenset(
    {type(iter([])), type(iter(())), type(reversed([])), type(iter({}.values())), type(iter({}.items()))}
)
"""Types of iterators that say what they go over, and leave it as it is."""


def _forget_dict(value: dict[Any, Any], why: Unknown) -> list[Any]:
    inner = list(value.values())
    forget_contents(value, why)
    return inner


def _forget_object(value: Instance, why: Unknown) -> list[Any]:
    """An object of a class of the file's own; those of models keep themselves."""
    if type(value) not in {Instance, HostInstance} or (value.cls.is_native and "is_open" not in value.cls.data):
        return []
    inner = [value.data, *value.attributes.values()]
    if hasattr(value.data, "_fields"):  # a named tuple
        return inner
    names = dict.fromkeys(value.attributes)
    for cls in value.cls.mro:
        if not cls.is_native:
            names |= {name: None for name, found in cls.attributes.items() if not _belongs_to_class(name, found)}
            inner += [found for found in cls.attributes.values() if isinstance(found, CONTAINERS)]
    why.at.session.journal.touch(value.attributes)
    value.attributes.update(dict.fromkeys(names, why))
    value.attributes[UnknownKey(why)] = why
    return inner


def _belongs_to_class(name: str, found: Any) -> bool:
    return name.startswith("__") or isinstance(found, Value)
