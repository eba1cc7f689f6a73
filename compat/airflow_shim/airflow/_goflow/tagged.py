"""Python values as JSON with the tags of ``goflow.domain.canonical``: what the daemon is told of tasks as they are.

What the daemon's own reader writes of a value that it knows (``goflow.parser.lower.encoding``) and what comes from here
are the same JSON, so that it makes no difference to anybody which of the two has looked.
"""

import datetime as dt
import enum
import os

DEEPEST = 60


def tagged(value, depth=0):
    """VALUE as tagged JSON. Raises RecursionError for what is nested too deeply."""
    if depth > DEEPEST:
        raise RecursionError("a value is nested too deeply")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, enum.Enum):
        return tagged(value.value, depth + 1)
    if isinstance(value, (bool, int, float, str)):
        return next(kind(value) for kind in (bool, int, float, str) if isinstance(value, kind))
    if isinstance(value, dict):
        return _mapping(value, depth)
    if isinstance(value, list):
        return [tagged(inner, depth + 1) for inner in value]
    if isinstance(value, tuple):
        return {"$tuple": [tagged(inner, depth + 1) for inner in value]}
    if isinstance(value, (set, frozenset)):
        return {"$set": sorted((tagged(inner, depth + 1) for inner in value), key=str)}
    return _time(value) or _object(value, depth)


def _mapping(value, depth):
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {str(key): tagged(inner, depth + 1) for key, inner in value.items()}
    return {"$dict": [[tagged(key, depth + 1), tagged(inner, depth + 1)] for key, inner in value.items()]}


def _time(value):
    if isinstance(value, dt.datetime):
        aware = value.astimezone(dt.timezone.utc) if value.tzinfo is not None else value
        return {"$datetime": aware.isoformat()}
    if isinstance(value, dt.date):
        return {"$date": value.isoformat()}
    if isinstance(value, dt.time):
        return {"$time": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {"$timedelta": value.total_seconds()}
    return None


def _object(value, depth):
    kind = type(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    arguments = _arguments(value)
    if arguments is None and callable(value):
        return {"$callable": f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', kind.__name__)}"}
    found = {"class": kind.__name__, "module": kind.__module__}
    if arguments:
        found["arguments"] = {str(name): tagged(inner, depth + 2) for name, inner in arguments.items()}
    return {"$object": found}


def _arguments(value):
    """What VALUE was made with, by the names of its constructor; None where it does not show."""
    names = getattr(type(value), "openapi_types", None)
    if isinstance(names, dict):  # a model of the Kubernetes client
        found = {name: getattr(value, name, None) for name in names}
        return {name: inner for name, inner in found.items() if inner is not None}
    own = getattr(value, "__dict__", None)
    return {name: inner for name, inner in own.items() if not name.startswith("_")} if own else None
