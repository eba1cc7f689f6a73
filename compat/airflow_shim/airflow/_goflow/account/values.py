"""Values as JSON. Plain ones stand for themselves and lists for lists; everything else is an object with one key:

* ``{"dict": [[key, value], ...]}``, ``{"tuple": [...]}``, ``{"set": [...]}``, ``{"float": text}``,
  ``{"bytes": text}``,
* ``{"datetime": [iso, zone]}``, ``{"date": iso}``, ``{"time": iso}``, ``{"zone": name}``,
  ``{"timedelta": [days, seconds, microseconds]}``, ``{"duration": {...}}`` (pendulum's), ``{"relativedelta": {...}}``,
* ``{"callable" | "class": [module, qualname]}``, ``{"partial": [function, args, kwargs]}``, ``{"path": text}``,
* ``{"dag" | "task" | "group": number}``, ``{"mapped_argument": [key, what the group is expanded over]}``,
  ``{"xcom": [task, key]}``, ``{"map": [xcom, how many functions]}``, ``{"zip": [[xcom, ...], fill]}``,
  ``{"concat": [...]}``,
* ``{"asset": [class, {...}]}``, ``{"asset_alias": [name, group]}``, ``{"asset_ref": {...}}``, ``{"asset_all": [...]}``,
  ``{"asset_any": [...]}``, ``{"timetable": [module, class, base, args, kwargs, attributes]}``,
  ``{"partition_part": [module, class, base, args, kwargs]}``,
* ``{"param": {...}}``, ``{"params": [[name, param], ...]}``, ``{"dag_param": [name, default]}``,
  ``{"not_set": class}``,
* ``{"model": [class, {...}]}`` (of the Kubernetes client), ``{"object": {...}}`` for all else,
* ``{"unknown": reason}`` for what must not be told.
"""

import datetime as dt
import enum
import functools
import math
import os
import types

from airflow._goflow import assets, dag, expand, groups, operator, params, partition_parts, timetables, xcom_arg
from airflow._goflow.callables import name_in_place
from airflow._goflow.stand_in import Missing
from airflow._goflow.words import NOTSET

DEEPEST = 40
_PARTS = ("years", "months", "days", "hours", "minutes", "seconds", "microseconds", "leapdays", "year", "month", "day",
          "hour", "minute", "second", "microsecond")  # fmt: skip
_DURATION = ("years", "months", "weeks", "remaining_days", "hours", "minutes", "remaining_seconds", "microseconds")


class Writer:
    """Writes values down. NUMBERS are the numbers of DAGs, groups and tasks by ``id``; SECRET is a text that must not
    come out: what holds it is told as unknown."""

    def __init__(self, numbers, secret):
        self.numbers, self.secret = numbers, secret

    def __call__(self, value, depth=0):
        """VALUE as JSON."""
        if value is None or type(value) in (bool, int):
            return value
        if type(value) is str:
            return self._text(value)
        if depth > DEEPEST:
            return {"unknown": "what is nested too deeply"}
        if isinstance(value, enum.Enum):
            return self._enum(value, depth)
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"float": repr(float(value))}
        for write in (self._of_airflow, self._container, self._of_python):
            found = write(value, depth + 1)
            if found is not NotImplemented:
                return found
        return self._object(value, depth + 1)

    def mapping(self, values):
        """A mapping with text keys, its values written."""
        return {str(key): self(value) for key, value in values.items()}

    def _text(self, value):
        return {"unknown": "the password of a connection"} if self.secret and self.secret in value else value

    def _many(self, values, depth):
        return [self(value, depth) for value in values]

    def _container(self, value, depth):
        if isinstance(value, dict):
            return {"dict": [[self(key, depth), self(inner, depth)] for key, inner in value.items()]}
        if isinstance(value, list):
            return self._many(value, depth)
        if isinstance(value, tuple):
            return {"tuple": self._many(value, depth)}
        if isinstance(value, (set, frozenset)):
            return {"set": self._many(sorted(value, key=repr), depth)}
        return NotImplemented

    def _enum(self, value, depth):
        if type(value).__module__.startswith("airflow"):
            return self(value.value, depth)
        if isinstance(value, str):
            return self._text(str.__str__(value))  # the text that it is, however its class shows itself
        if isinstance(value, int):
            return int(value)
        return self._object(value, depth, {"name": value.name, "value": value.value})

    def _of_python(self, value, depth):
        if isinstance(value, (str, int)):
            return self._text(str.__str__(value)) if isinstance(value, str) else int(value)
        if isinstance(value, bytes):
            text = self._text(value.decode("latin-1"))
            return {"bytes": text} if isinstance(text, str) else text
        if isinstance(value, dt.datetime):
            return {"datetime": [plain(value), zone_name(value.tzinfo)]}
        if isinstance(value, dt.date):
            return {"date": dt.date.isoformat(value)}
        if isinstance(value, dt.time):
            return {"time": dt.time.isoformat(value)}
        if isinstance(value, dt.timedelta):
            if getattr(value, "years", 0) or getattr(value, "months", 0):
                return {"duration": {name: getattr(value, name) for name in _DURATION}}
            return {"timedelta": [value.days, dt.timedelta.__dict__["seconds"].__get__(value), value.microseconds]}
        if type(value).__name__ == "relativedelta":
            return {"relativedelta": {name: getattr(value, name) for name in _PARTS if getattr(value, name, None)}}
        if isinstance(value, dt.tzinfo):
            return {"zone": zone_name(value)}
        if isinstance(value, functools.partial):
            return {"partial": [self(value.func, depth), self(list(value.args), depth), self(value.keywords, depth)]}
        if isinstance(value, type):
            return {"class": [value.__module__, value.__qualname__]}
        if isinstance(value, types.ModuleType):
            return {"object": {"class": "module", "module": "", "arguments": {}, "callable": False}}
        if isinstance(value, os.PathLike) and type(value).__module__ == "pathlib":
            return {"path": os.fspath(value)}
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
            return self._function(value)
        return NotImplemented

    def _function(self, value):
        return {"callable": [getattr(value, "__module__", None) or "builtins", name_in_place(value)]}

    def _of_airflow(self, value, depth):
        number = self.numbers.get(id(value))
        if isinstance(value, dag.DAG):
            return {"dag": number}
        if isinstance(value, operator.AbstractOperator):
            return {"task": number}
        if isinstance(value, groups.TaskGroup):
            return {"group": number}
        if isinstance(value, xcom_arg.XComArg):
            return self._xcom(value, depth)
        if isinstance(value, expand.MappedArgument):
            return {"mapped_argument": [value._key, self(value._input.value, depth)]}
        if isinstance(value, assets.BaseAsset):
            return self._asset(value, depth)
        if isinstance(value, timetables.Timetable):
            return self._timetable(value, depth)
        if isinstance(value, partition_parts.Part):
            return {"partition_part": self._as_made(value, depth)}
        if isinstance(value, params.Param):
            return {
                "param": self.mapping(
                    {name: getattr(value, name) for name in ("value", "description", "schema", "source")}
                )
            }
        if isinstance(value, params.ParamsDict):
            return {"params": [[self(name, depth), self(param, depth)] for name, param in value._params.items()]}
        if isinstance(value, params.DagParam):
            return {"dag_param": [value._name, self(value._default, depth)]}
        if value is NOTSET or type(value).__name__ in {"ArgNotSet", "SetDuringExecution"}:
            return {"not_set": type(value).__name__}
        return NotImplemented

    def _xcom(self, value, depth):
        if isinstance(value, xcom_arg.PlainXComArg):
            return {"xcom": [self.numbers.get(id(value.operator)), value.key]}
        if isinstance(value, xcom_arg.MapXComArg):
            return {"map": [self(value.arg, depth), len(value.callables)]}
        if isinstance(value, xcom_arg.ZipXComArg):
            return {"zip": [self._many(value.args, depth), self(value.fillvalue, depth)]}
        return {"concat": self._many(value.args, depth)}

    def _asset(self, value, depth):
        if isinstance(value, assets.Asset):
            names = ("name", "uri", "group", "extra", "watchers", "access_control")
            return {"asset": [type(value).__name__, self.mapping({name: getattr(value, name) for name in names})]}
        if isinstance(value, assets.AssetAlias):
            return {"asset_alias": [value.name, value.group]}
        if isinstance(value, assets.AssetRef):
            return {"asset_ref": {name: getattr(value, name) for name in ("name", "uri") if hasattr(value, name)}}
        kind = "asset_all" if isinstance(value, assets.AssetAll) else "asset_any"
        return {kind: self._many(value.objects, depth)}

    def _timetable(self, value, depth):
        own = {name: inner for name, inner in vars(value).items() if name not in timetables.MADE}
        return {"timetable": [*self._as_made(value, depth), self.mapping(own)]}

    def _as_made(self, value, depth):
        """Where the class of VALUE is, the class of Airflow's that it is or derives from, and its arguments."""
        kind, made_with = type(value), vars(value)
        base = next(cls.__name__ for cls in kind.__mro__ if cls.__module__.startswith("airflow._goflow."))
        arguments = self._many(made_with.get("_args", ()), depth), self.mapping(made_with.get("_kwargs", {}))
        return [kind.__module__, kind.__qualname__, base, *arguments]

    def _object(self, value, depth, attributes=None):
        kind = type(value)
        if kind.__module__.startswith("kubernetes"):
            return {"model": [kind.__name__, self.mapping(model_arguments(value))]}
        found = attributes
        if isinstance(value, Missing) or kind.__module__.startswith("airflow."):
            args, kwargs = _made_with(value)
            found = {**{str(number): argument for number, argument in enumerate(args)}, **kwargs}
        if found is None and hasattr(value, "__dict__"):
            found = dict(vars(value))
        if found is None:
            found = {name: getattr(value, name) for name in getattr(kind, "__slots__", ()) if hasattr(value, name)}
        arguments = {str(name): self(inner, depth + 1) for name, inner in found.items()}
        return {"object": {"class": kind.__qualname__, "module": kind.__module__, "arguments": arguments,
                           "callable": callable(value), "text": self._said(value)}}  # fmt: skip

    def _said(self, value):
        if type(value).__str__ is object.__str__ and type(value).__repr__ is object.__repr__:
            return None
        try:
            return self._text(str(value)[:10_000])
        except Exception:
            return None


def _made_with(value):
    """The arguments that an object of Airflow's was made with."""
    own = getattr(value, "__dict__", {})
    if "_arguments" in own:
        return own["_arguments"]
    return own.get("_args", ()), own.get("_kwargs", {name: inner for name, inner in own.items() if name != "_kwargs"})


def plain(moment):
    """A datetime of any class in the standard library's form."""
    return dt.datetime.isoformat(moment)


def zone_name(zone):
    """The name of a time zone, or its offset as ``+02:00``; None without one."""
    if zone is None:
        return None
    name = getattr(zone, "key", None) or getattr(zone, "zone", None) or getattr(zone, "name", None)
    if isinstance(name, str):
        return name
    offset = zone.utcoffset(None)
    if not offset:
        return "UTC"
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def model_arguments(model):
    """What a model of the Kubernetes client was made with, or that client's stand-in here."""
    names = getattr(type(model), "openapi_types", None)
    if names is None:
        return dict(vars(model))
    return {name: getattr(model, name) for name in names if getattr(model, name) is not None}
