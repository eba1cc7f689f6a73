"""Results as JSON, in the form that Airflow's serde gives them (``airflow.sdk.serde``, and under Airflow 2
``XComEncoder`` over ``airflow.serialization.serde``), so that tasks with and without Airflow read each other's.

What JSON does not have becomes ``{"__classname__": path, "__version__": n, "__data__": json}``. A table holds both ways
to what Airflow does: ``tests/oracle/serde``.
"""

import enum
import json
import os

from airflow._goflow import packing, world
from airflow._goflow.results import REFERENCE, fetch

CLASSNAME, VERSION, DATA, SCHEMA_ID = "__classname__", "__version__", "__data__", "__id__"
DEEPEST = 999
"""Python's usual limit less one, as Airflow has it."""
_OLD_TYPE, _OLD_DATA = "__type", "__var"
_OLD_PATHS = {"tuple": "builtins.tuple", "set": "builtins.set", "timedelta": "datetime.timedelta"}
_ALLOWED = "AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES"


def serialize(value):
    """VALUE as JSON. Raises TypeError for what cannot be kept, AttributeError for reserved keys, RecursionError for
    what is nested too deeply."""
    if world.is_airflow2():
        if type(value).__name__ == "LazySelectSequence":  # as ``XCom.set`` does
            value = list(value)
        return json.loads(_encoder().encode(value))
    return packed(value)


def packed(value, depth=0):
    """VALUE as ``serde.serialize`` gives it."""
    if depth == DEEPEST:
        raise RecursionError("maximum recursion depth reached for serialization")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if world.is_airflow2() and isinstance(value, (int, bool, float, str)):
        return _primitive(value)
    if isinstance(value, list):
        return [packed(inner, depth + 1) for inner in value]
    if isinstance(value, dict):
        if CLASSNAME in value or SCHEMA_ID in value:
            raise AttributeError(f"reserved key {CLASSNAME} or {SCHEMA_ID} found in dict to serialize")
        return {str(key): packed(inner, depth + 1) for key, inner in value.items()}
    path = "builtins.tuple" if _is_named_tuple(value) else path_of(type(value))
    found = packing.pack(path, value)
    if found is not None:
        return {CLASSNAME: found[0], VERSION: found[1], DATA: packed(found[2], depth + 1)}
    if isinstance(value, (int, bool, float, str)):
        return _primitive(value)
    return _packed_object(value, depth)


def _primitive(value):
    """VALUE, of a kind of its own, as JSON has it."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, str):
        return str.__str__(value)
    return next(kind(value) for kind in (bool, int, float) if isinstance(value, kind))


def path_of(kind):
    """The path of a class (``qualname``)."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_named_tuple(value):
    return isinstance(value, tuple) and hasattr(value, "_asdict") and hasattr(value, "_fields")


def _is_model(kind):
    """Whether KIND is a model of pydantic's."""
    return hasattr(kind, "model_dump") and hasattr(kind, "model_validate") and hasattr(kind, "__pydantic_validator__")


def _packed_object(value, depth):
    kind = type(value)
    if world.is_airflow2() and hasattr(kind, "as_of_airflow2"):
        path, version, data = value.as_of_airflow2()
        return {CLASSNAME: path, VERSION: version, DATA: packed(data, depth + 1)}
    path, version = path_of(kind), getattr(kind, "__version__", 0)
    if _is_model(kind) and not world.is_airflow2():
        return {CLASSNAME: path, VERSION: 1, DATA: packed(value.model_dump(mode="json"), depth + 1)}
    if hasattr(value, "serialize"):
        data = value.serialize()
        return {CLASSNAME: path, VERSION: version, DATA: packed(data, depth + 1) if isinstance(data, dict) else data}
    if _is_model(kind):
        data = value.model_dump()
    elif hasattr(kind, "__dataclass_fields__"):
        import dataclasses

        data = dataclasses.asdict(value)
    elif hasattr(kind, "__attrs_attrs__"):  # by their arguments' names: Airflow cannot read back what has an underscore
        data = {field.name.lstrip("_"): getattr(value, field.name) for field in kind.__attrs_attrs__ if field.init}
    else:
        raise TypeError(
            f"Cannot serialize object of type {kind}. Give it a `serialize()` method and a "
            "`deserialize(data, version)` staticmethod, or decorate the class with @dataclass or @attr.define: "
            "a result is JSON, or a date, time span, tuple, set or number"
        )
    return {CLASSNAME: path, VERSION: version, DATA: packed(data, depth + 1)}


def deserialize(value):
    """The inverse of `serialize`. Raises ImportError and TypeError for a class that is not to be had."""
    if isinstance(value, list):
        return [deserialize(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and REFERENCE in value:
        return deserialize(fetch(value[REFERENCE]))
    if _OLD_TYPE in value and _OLD_DATA in value:
        if value[_OLD_TYPE] == "dict":
            value = value[_OLD_DATA]
        else:
            path = _OLD_PATHS.get(value[_OLD_TYPE], value[_OLD_TYPE])
            value = {CLASSNAME: path, VERSION: 0, DATA: value[_OLD_DATA]}
    if CLASSNAME not in value or VERSION not in value:
        return {key: deserialize(inner) for key, inner in value.items()}
    path, version, data = value[CLASSNAME], value[VERSION], deserialize(value.get(DATA))
    found = packing.unpack(path, version, data)
    return _unpacked_object(path, version, data) if found is NotImplemented else found


def _unpacked_object(path, version, data):
    """An object of a class of the author's; only classes that can say how they are rebuilt are."""
    from airflow._goflow.helpers import import_string

    if not _is_allowed(path):
        raise ImportError(
            f"{path} was not found in allow list for deserialization imports. "
            "To allow it, add it to allowed_deserialization_classes in the configuration"
        )
    kind = import_string(path)
    if _is_model(kind):
        return kind.model_validate(data)
    if hasattr(kind, "deserialize"):
        return kind.deserialize(data, version)
    if hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__attrs_attrs__"):
        if int(version) > getattr(kind, "__version__", 0):
            raise TypeError(f"serialized version of {path} is newer than module version")
        return kind(**data)
    raise TypeError(f"No deserializer found for {path}")


def _is_allowed(path):
    """Whether PATH may be imported: by Airflow's own settings where the container has them, else any."""
    import fnmatch
    import re

    globs, patterns = os.environ.get(_ALLOWED), os.environ.get(f"{_ALLOWED}_REGEXP")
    if globs is None and patterns is None:
        return True
    if any(fnmatch.fnmatch(path, pattern) for pattern in (globs or "airflow.*").split()):
        return True
    return any(re.match(pattern, path) for pattern in (patterns or "").split())


def length_of(value):
    """How many copies a task mapped over VALUE has; None where it cannot be mapped over."""
    from airflow._goflow.expand import is_mappable_value

    return len(value) if is_mappable_value(value) else None


def _encoder():
    class XComEncoder(json.JSONEncoder):
        """JSON of a result, as Airflow 2 writes it: tuples inside of lists and maps become lists."""

        def default(self, o):
            return packed(o)

        def encode(self, o):
            if isinstance(o, dict) and (CLASSNAME in o or SCHEMA_ID in o):
                raise AttributeError(f"reserved key {CLASSNAME} found in dict to serialize")
            return super().encode(self.default(o) if isinstance(o, tuple) else o)

    return XComEncoder()


def __getattr__(name):
    if name == "XComEncoder":
        return type(_encoder())
    if name == "XComDecoder":

        class XComDecoder(json.JSONDecoder):
            """A result of JSON."""

            def __init__(self, *args, **kwargs):
                super().__init__(*args, **{"object_hook": deserialize, **kwargs})

        return XComDecoder
    raise AttributeError(name)
