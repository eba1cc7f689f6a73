"""Values of the evaluator as JSON with the tags of `goflow.domain.canonical`."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from dateutil.relativedelta import relativedelta

from goflow.domain.canonical import Json, canonical_json, normal
from goflow.domain.moments import Moment
from goflow.domain.spec import Hole
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import BoundMethod
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.plain_values import plain_host
from goflow.parser.interpreter.values import NativeFunction, Unknown, UnknownKey, Value
from goflow.parser.libraries.airflow.assets import AliasValue, AssetValue, ConditionValue, RefValue
from goflow.parser.libraries.airflow.dag import DagValue
from goflow.parser.libraries.airflow.enums import EnumMember, plain
from goflow.parser.libraries.airflow.groups import GroupValue
from goflow.parser.libraries.airflow.opaque import NOT_SET, OpaqueInstance, Sentinel, Tagged, arguments_of
from goflow.parser.libraries.airflow.operators import TaskValue
from goflow.parser.libraries.airflow.params import DagParamValue, ParamsValue, ParamValue
from goflow.parser.libraries.airflow.provider_names import ProviderName
from goflow.parser.libraries.airflow.xcom_args import XComArgValue
from goflow.parser.libraries.functools_ import Partial
from goflow.parser.libraries.moments import MomentPart, MomentTextValue, MomentValue
from goflow.parser.libraries.objects import RecordedClass, RecordedObject
from goflow.parser.lower.wording import misplaced

DEEPEST = 40
MOST_BITS = 14_000
"""A number with more bits has more digits than Python writes, into JSON as anywhere."""
TOO_LARGE = "a number that is larger than any that is kept"
_CALENDAR = ("years", "months", "year", "month", "day", "weekday", "leapdays")
_PLAIN_PARTS = ("days", "hours", "minutes", "seconds", "microseconds")


def is_beyond(value: Any) -> bool:
    """Whether VALUE is a number that a version cannot keep: one of too many digits, or none at all (``inf``)."""
    if type(value) is int:
        return value.bit_length() > MOST_BITS
    return isinstance(value, float) and not math.isfinite(value)


def scalar(value: Any, default: Any, tell: Callable[[str], None]) -> str | int | float | None:
    """VALUE as a field of a spec that is a number or a text, or None; anything else is not, and the DEFAULT is in its
    place after its kind is TOLD."""
    value = plain(value)
    if isinstance(value, str):
        return str(value)
    if value is not None and not isinstance(value, int | float):
        tell(misplaced(value))
        value = default
    found: int | float | None = value
    return found


class Encoder:
    """Values to JSON. WHEN is who fills the holes of what is encoded: the task itself, or a launch Job before it."""

    def __init__(self, when: Literal["task", "launch"] = "task") -> None:
        self.when = when

    def __call__(self, value: Any, depth: int = 0) -> Json:
        """VALUE as tagged JSON."""
        if value is None or isinstance(value, bool | int | str):
            if type(value) is int and value.bit_length() > MOST_BITS:
                return self._object("int", "builtins", text=hex(value))
            return str(value) if type(value) is not str and isinstance(value, str) else value
        if depth > DEEPEST:
            return self._object("deep", "")
        if isinstance(value, float):
            return value if math.isfinite(value) else self._object("float", "builtins", text=repr(value))
        if isinstance(value, Value):
            inner = plain_host(value)
            return self._value(value, depth) if inner is value else self(inner, depth)
        if isinstance(value, dict | list | tuple | set | frozenset):
            return self._container(value, depth)
        return self._host(value)

    def hole(self, unknown: Unknown) -> Json:
        """An Unknown as the hole that it leaves."""
        span = unknown.at.span
        shown = unknown.shown() if isinstance(unknown, MomentPart | MomentTextValue) else None
        text = None if shown is None else shown.to_json()
        return Hole(f"depends on {unknown.reason}", span.line, span.column, self.when, text).to_json()

    def mapping(self, values: Mapping[Any, Any]) -> dict[str, Json]:
        """A mapping with text keys, its values encoded."""
        return {str(key): self(value) for key, value in values.items()}

    def _container(self, value: Any, depth: int) -> Json:
        if isinstance(value, dict):
            value = {key.unknown if type(key) is UnknownKey else plain_host(key): inner for key, inner in value.items()}
            plain = all(isinstance(key, str) and not key.startswith("$") for key in value)
            if plain:
                return {key: self(inner, depth + 1) for key, inner in value.items()}
            return {"$dict": [[self(key, depth + 1), self(inner, depth + 1)] for key, inner in value.items()]}
        parts = [self(inner, depth + 1) for inner in value]
        if isinstance(value, list):
            return parts
        if isinstance(value, tuple):
            return {"$tuple": parts}
        return {"$set": sorted(parts, key=canonical_json)}

    def _host(self, value: Any) -> Json:
        match value:
            case Moment():
                return self._moment(value)
            case dt.datetime():
                aware = value.tzinfo is not None
                return {"$datetime": (value.astimezone(dt.UTC) if aware else value).isoformat()}
            case dt.date():
                return {"$date": value.isoformat()}
            case dt.time():
                return {"$time": value.isoformat()}
            case dt.timedelta():
                return {"$timedelta": normal(value.total_seconds())}
            case relativedelta():
                return {"$relativedelta": relative_parts(value)}
            case bytes():
                return self._object("bytes", "builtins", text=value.decode("latin-1"))
        kind = type(value)
        if hasattr(value, "__next__"):
            return Hole("depends on what an iterator gives", when=self.when).to_json()
        return self._object(kind.__name__, kind.__module__, text=str(value))

    def _xcom(self, value: XComArgValue) -> Json:
        for key in value.xcom_keys():
            if isinstance(key, Unknown):
                return self.hole(key)
            if key is not None and not isinstance(key, str):
                return Hole(f"depends on {misplaced(key)}", when=self.when).to_json()
        return {"$xcom": value.to_json(self)}

    def _moment(self, moment: Moment) -> Json:
        if moment.at is not None:
            return {"$datetime": moment.at.astimezone(dt.UTC).isoformat()}
        return {"$moment": moment.to_json()}

    def _value(self, value: Value, depth: int) -> Json:
        match value:
            case Unknown():
                return self.hole(value)
            case (
                UserFunction()
                | NativeFunction()
                | BoundMethod()
                | ClassValue()
                | RecordedClass()
                | Partial()
                | ProviderName()
            ):
                return self._function(value, depth)
            case XComArgValue():
                return self._xcom(value)
            case EnumMember():
                return self(value.value, depth + 1)
            case MomentValue():
                return self._moment(value.moment)
            case RecordedObject():
                module, _, name = value.path.rpartition(".")
                return self._object(name, module, arguments=value.arguments, depth=depth)
            case Tagged():
                return value.json
            case Sentinel():
                return self._object(value.type_name, "airflow")
            case Instance():
                return self._instance(value, depth)
        text = getattr(value, "path_text", None)
        more: dict[str, Json] = {"text": text} if isinstance(text, str) else {}
        return self._object(value.type_name, "", arguments=None, depth=depth, **more)

    def _function(self, value: Any, depth: int) -> Json:
        if isinstance(value, Partial):
            arguments = {"func": value.function, "args": list(value.args), "keywords": value.kwargs}
            return self._object("partial", "functools", arguments=arguments, depth=depth, callable=True)
        name = callable_path(value)
        return {"$callable": name if name is not None else "builtins:object"}

    def _instance(self, value: Instance, depth: int) -> Json:
        match value:
            case AssetValue() | AliasValue():
                return value.condition()
            case RefValue() | ConditionValue():
                return self._object(value.cls.name, value.cls.module_name, condition=value.condition())
            case DagParamValue():
                arguments = {"name": value.name}
                if value.default is not NOT_SET:
                    arguments["default"] = value.default
                return self._object("DagParam", value.cls.module_name, arguments=arguments, depth=depth)
            case DagValue():
                return self._object("DAG", value.cls.module_name, dag_id=value.dag_id)
            case TaskValue():
                return self._object(value.cls.name, value.cls.module_name, task_id=value.node.task_id)
            case GroupValue():
                return self._object(value.cls.name, value.cls.module_name, group_id=value.node.group_id)
            case ParamValue() | ParamsValue():
                return self._object(value.cls.name, value.cls.module_name)
            case OpaqueInstance():
                positional, named = arguments_of(value)
                arguments = {**{str(i): argument for i, argument in enumerate(positional)}, **named}
            case _:
                arguments = value.attributes
        callable_too: dict[str, Json] = {"callable": True} if value.callable else {}
        return self._object(value.cls.name, class_module(value.cls), arguments=arguments, depth=depth, **callable_too)

    def _object(
        self, name: str, module: str, *, arguments: Mapping[Any, Any] | None = None, depth: int = 0, **more: Json
    ) -> Json:
        found: dict[str, Json] = {"class": name, "module": module, **more}
        if arguments:
            found["arguments"] = {str(key): self(inner, depth + 2) for key, inner in arguments.items()}
        return {"$object": found}


def callable_path(function: Any) -> str | None:
    """``module:qualname`` of a function, method or class of the file or a library; None for any other callable."""
    match function:
        case UserFunction():
            around = function.qualname.rpartition(".")[0]  # its last part is the name, which the file may have set
            return f"{module_path(function.module)}:{around and around + '.'}{function.name}"
        case BoundMethod():
            return callable_path(function.function)
        case NativeFunction():
            return f"{getattr(function, 'module_name', 'builtins')}:{function.name}"
        case ClassValue():
            return f"{class_module(function)}:{function.qualname}"
        case RecordedClass():
            module, _, name = function.path.rpartition(".")
            return f"{module}:{name}"
        case ProviderName():  # a function then: nobody passes a module on
            module, _, name = function.name.rpartition(".")
            return f"{module}:{name}"
    return None


def module_path(module: ModuleValue) -> str:
    """The dotted name of a module; of the file itself, its path in the folder in dotted form."""
    if module is module.session.main:
        return module.path.removesuffix(".py").replace("/", ".")
    return module.name


def class_module(cls: ClassValue) -> str:
    """The module that defines CLS."""
    return module_path(cls.module) if cls.module is not None else cls.module_name


def class_path(cls: ClassValue) -> str:
    """``module.Class``."""
    return f"{class_module(cls)}.{cls.qualname}"


def relative_parts(delta: relativedelta) -> dict[str, Json]:
    """The parts of a calendar delta that are not zero."""
    found: dict[str, Json] = {}
    for name in (*_CALENDAR, *_PLAIN_PARTS, "hour", "minute", "second", "microsecond"):
        value = getattr(delta, name, None)
        if value:
            found[name] = normal(value) if isinstance(value, int | float) else str(value)
    return found
