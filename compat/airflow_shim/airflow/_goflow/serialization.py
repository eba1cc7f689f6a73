"""Results as JSON, in the form that Airflow 3's task SDK gives them (``airflow.sdk.serde``), so that tasks with and
without Airflow read each other's.

What JSON does not have becomes ``{"__classname__": path, "__version__": n, "__data__": json}``.
"""

import datetime as dt

from airflow._goflow import world

CLASSNAME, VERSION, DATA = "__classname__", "__version__", "__data__"
DEEPEST = 40
_UTC = ("UTC", "pendulum.tz.timezone.FixedTimezone", 1, True)


def serialize(value, depth=0):
    """VALUE as JSON. Raises TypeError for what cannot be kept, RecursionError for what is nested too deeply."""
    if depth == DEEPEST:
        raise RecursionError("maximum recursion depth reached for serialization")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth == 0 and type(value).__name__ == "LazySelectSequence":  # as ``XCom.serialize_value`` of Airflow 2 does
        value = list(value)
    if isinstance(value, dict):
        if CLASSNAME in value:
            raise AttributeError(f"reserved key {CLASSNAME} found in dict to serialize")
        return {str(key): serialize(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [serialize(inner, depth + 1) for inner in value]
    for kinds, pack in _packers():
        if isinstance(value, kinds):
            name, version, data = pack(value)
            return {CLASSNAME: name, VERSION: version, DATA: serialize(data, depth + 1)}
    if isinstance(value, (bool, int, float, str)):  # of a kind of their own: enums among them
        return serialize(getattr(value, "value", None) if hasattr(value, "_value_") else _plain(value), depth + 1)
    return _serialize_object(value, depth)


def _plain(value):
    return next(kind(value) for kind in (bool, int, float, str) if isinstance(value, kind))


def _packers():
    import decimal
    import uuid
    import zoneinfo

    return (
        ((tuple,), lambda value: ("builtins.tuple", 1, list(value))),
        ((set, frozenset), lambda value: (f"builtins.{type(value).__name__}", 1, list(value))),
        ((dt.datetime,), _pack_datetime),
        ((dt.date,), lambda value: (_path(value), 2, value.isoformat())),
        ((dt.timedelta,), lambda value: ("datetime.timedelta", 2, value.total_seconds())),
        ((decimal.Decimal,), lambda value: ("decimal.Decimal", 1, _number(value))),
        ((uuid.UUID,), lambda value: ("uuid.UUID", 1, str(value))),
        ((zoneinfo.ZoneInfo,), lambda value: (_path(value), 1, value.key)),
    )


def _path(value):
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def _number(value):
    return int(value) if value == value.to_integral_value() and value.as_tuple().exponent >= 0 else float(value)


def _pack_datetime(value):
    zone = None if value.tzinfo is None else _pack_zone(value.tzinfo, value)
    return _path(value), 2, {"timestamp": value.timestamp(), "tz": zone}


def _pack_zone(zone, moment):
    name = getattr(zone, "key", None) or getattr(zone, "name", None) or getattr(zone, "zone", None)
    kind = f"{type(zone).__module__}.{type(zone).__qualname__}"
    if isinstance(name, str) and kind != "pendulum.tz.timezone.FixedTimezone":
        return name, kind if kind.startswith(("pendulum", "zoneinfo")) else "pendulum.tz.timezone.Timezone", 1, True
    offset = int(zone.utcoffset(moment).total_seconds())
    return _UTC if offset == 0 else (offset, "pendulum.tz.timezone.FixedTimezone", 1, True)


def _serialize_object(value, depth):
    kind = type(value)
    if world.is_airflow2() and hasattr(kind, "as_of_airflow2"):
        path, version, data = value.as_of_airflow2()
        return {CLASSNAME: path, VERSION: version, DATA: serialize(data, depth + 1)}
    path, version = _path(value), getattr(kind, "__version__", 1)
    if kind.__module__.partition(".")[0] == "numpy":
        return serialize(value.item() if getattr(value, "ndim", 0) == 0 else value.tolist(), depth + 1)
    if hasattr(kind, "model_dump") and hasattr(kind, "model_validate"):
        return {CLASSNAME: path, VERSION: 1, DATA: serialize(value.model_dump(mode="json"), depth + 1)}
    if path in {"pandas.core.frame.DataFrame", "pandas.DataFrame"}:
        return {CLASSNAME: path, VERSION: 1, DATA: _frame_text(value)}
    data = None
    if callable(getattr(kind, "serialize", None)):
        data = value.serialize()
    elif hasattr(kind, "__dataclass_fields__"):
        import dataclasses

        data = dataclasses.asdict(value)
    elif hasattr(kind, "__attrs_attrs__"):
        data = {field.name.lstrip("_"): getattr(value, field.name) for field in kind.__attrs_attrs__ if field.init}
    else:
        raise TypeError(
            f"Cannot serialize object of type {kind}. Give it a `serialize()` method and a "
            "`deserialize(data, version)` staticmethod, or decorate the class with @dataclass or @attr.define: "
            "a result is JSON, or a date, time span, tuple, set or number"
        )
    return {CLASSNAME: path, VERSION: version, DATA: serialize(data, depth + 1) if isinstance(data, dict) else data}


def _frame_text(frame):
    import io

    buffer = io.BytesIO()
    frame.to_parquet(buffer, compression="snappy")
    return buffer.getvalue().hex()


def deserialize(value):
    """The inverse of `serialize`. Raises ImportError and TypeError for a class that is not to be had."""
    if isinstance(value, list):
        return [deserialize(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if CLASSNAME not in value or VERSION not in value:
        return {key: deserialize(inner) for key, inner in value.items()}
    name, data = value[CLASSNAME], value.get(DATA)
    unpack = _UNPACKERS.get(name)
    if unpack is not None:
        return unpack(data)
    return _deserialize_object(name, value[VERSION], data)


def _moment(data):
    if not isinstance(data, dict):
        return dt.datetime.fromtimestamp(float(data), dt.timezone.utc)
    zone = _unpack_zone(deserialize(data["tz"]))
    return dt.datetime.fromtimestamp(float(data["timestamp"]), zone)


def _unpack_zone(data):
    if not data or data[0] == "":
        return None
    name = data[0]
    if isinstance(name, (int, float)):
        return dt.timezone(dt.timedelta(seconds=name))
    if name == "UTC":
        return dt.timezone.utc
    import zoneinfo

    return zoneinfo.ZoneInfo(name)


def _unpack_pendulum(data):
    import pendulum

    zone = deserialize(data.get("tz")) if isinstance(data, dict) else None
    moment = pendulum.instance(_moment(data))
    return moment.in_timezone(zone[0]) if zone and isinstance(zone[0], str) else moment


def _unpack_pendulum_date(data):
    import pendulum

    return pendulum.Date.fromisoformat(data)


def _unpack_decimal(data):
    import decimal

    return decimal.Decimal(str(data))


def _unpack_uuid(data):
    import uuid

    return uuid.UUID(data)


def _unpack_dataset(data):
    from airflow._goflow.assets import Dataset

    return Dataset(**deserialize(data))


def _unpack_dataset_alias(data):
    from airflow._goflow.assets import DatasetAlias

    return DatasetAlias(**data)


def _unpack_frame(data):
    import io

    import pandas

    return pandas.read_parquet(io.BytesIO(bytes.fromhex(data)))


def _unpack_name(data):
    import zoneinfo

    return zoneinfo.ZoneInfo(data)


_UNPACKERS = {
    "builtins.tuple": lambda data: tuple(deserialize(data)),
    "builtins.set": lambda data: set(deserialize(data)),
    "builtins.frozenset": lambda data: frozenset(deserialize(data)),
    "datetime.datetime": _moment,
    "datetime.date": dt.date.fromisoformat,
    "datetime.timedelta": lambda data: dt.timedelta(seconds=float(data)),
    "pendulum.datetime.DateTime": _unpack_pendulum,
    "pendulum.date.Date": _unpack_pendulum_date,
    "decimal.Decimal": _unpack_decimal,
    "uuid.UUID": _unpack_uuid,
    "zoneinfo.ZoneInfo": _unpack_name,
    "pandas.core.frame.DataFrame": _unpack_frame,
    "pandas.DataFrame": _unpack_frame,
    "airflow.datasets.Dataset": _unpack_dataset,
    "airflow.datasets.DatasetAlias": _unpack_dataset_alias,
}


def _deserialize_object(name, version, data):
    """An object of a class of the author's; only classes that can say how they are rebuilt are."""
    from airflow._goflow.helpers import import_string

    kind = import_string(name)
    if hasattr(kind, "model_validate"):
        return kind.model_validate(deserialize(data))
    if hasattr(kind, "deserialize"):
        return kind.deserialize(deserialize(data), version)
    if hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__attrs_attrs__"):
        return kind(**deserialize(data))
    raise TypeError(f"No deserializer found for {name}")


def length_of(value):
    """How many copies a task mapped over VALUE has; None where it cannot be mapped over."""
    from airflow._goflow.expand import is_mappable_value

    return len(value) if is_mappable_value(value) else None


def _json_encoder():
    import json

    class XComEncoder(json.JSONEncoder):
        """JSON of a result."""

        def default(self, o):
            return serialize(o)

        def encode(self, o):
            return super().encode(serialize(o))

    return XComEncoder


def __getattr__(name):
    if name == "XComEncoder":
        return _json_encoder()
    if name == "XComDecoder":
        import json

        class XComDecoder(json.JSONDecoder):
            """A result of JSON."""

            def __init__(self, *args, **kwargs):
                super().__init__(*args, object_hook=deserialize, **kwargs)

        return XComDecoder
    raise AttributeError(name)
