"""How values that JSON does not have are packed and unpacked, by the path of their class: Airflow's serializers
(``airflow.sdk.serde.serializers``, and ``airflow.serialization.serializers`` of Airflow 2).

Classes are told by their exact path, as there: what derives from one of them is not kept. Nothing is imported for a
class before a value of it is there.
"""

import datetime as dt

from airflow._goflow import world

_NUMPY_NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_NUMPY_FLOATS = ("float64", "float32", "float16", "complex128", "complex64")


def pack(path, value):
    """``(path, version, data)`` of VALUE, whose class has PATH; None where no serializer takes it."""
    known = PACKERS.get(path)
    if known is None or known[1] is None or (path in _ONLY_AIRFLOW3 and world.is_airflow2()):
        return None
    version, make, _ = known
    data = make(value)
    return None if data is None else (path, version, data)


def unpack(path, version, data):
    """The value; NotImplemented where no serializer takes PATH. Raises TypeError for a newer VERSION, and what its
    class raises."""
    known = PACKERS.get(path)
    if known is None or known[2] is None:
        return NotImplemented
    if version > known[0]:
        raise TypeError(f"serialized {version} of {path} > {known[0]}")
    return known[2](path, data)


def _class(path):
    from airflow._goflow.helpers import import_string

    return import_string(path)


# Moments -----------------------------------------------------------------------------------------------------------


def _pack_moment(value):
    return {"timestamp": value.timestamp(), "tz": None if value.tzinfo is None else _zone_of(value.tzinfo, value)}


def _zone_of(zone, moment):
    """The zone as ``timezone.serialize`` gives it; one without a name by its offset (Airflow keeps nothing of it)."""
    kind = f"{type(zone).__module__}.{type(zone).__qualname__}"
    found = _pack_zone(zone)
    if found is not None:
        is_utc = found == "UTC" and kind not in PACKERS
        return found, "pendulum.tz.timezone.FixedTimezone" if is_utc else kind, 1, True
    return int(zone.utcoffset(moment).total_seconds()), "pendulum.tz.timezone.FixedTimezone", 1, True


def _pack_zone(zone):
    if type(zone).__name__ == "FixedTimezone" and type(zone).__module__.startswith("pendulum."):
        return zone.offset or "UTC"
    for name in ("key", "name", "zone"):
        if hasattr(zone, name):
            return getattr(zone, name)
    return "UTC" if zone.utcoffset(None) == dt.timedelta(0) else None


def _unpack_zone(path, data):
    if path == "zoneinfo.ZoneInfo" and isinstance(data, str):
        import zoneinfo

        return zoneinfo.ZoneInfo(data)
    from airflow._goflow.timezone import parse_timezone

    return parse_timezone(data)


def _unpack_moment(path, data):
    if not isinstance(data, dict):
        return dt.datetime.fromtimestamp(float(data), dt.timezone.utc)
    zone = None
    if data["tz"]:
        named = data["tz"] if isinstance(data["tz"], (list, tuple)) else (data["tz"], "")
        zone = _unpack_zone(named[1] if world.is_airflow2() else "", named[0])  # Airflow 3 makes pendulum's of all
    kind = _class("pendulum.DateTime") if path.startswith("pendulum.") else dt.datetime
    return kind.fromtimestamp(float(data["timestamp"]), tz=zone)


def _unpack_date(path, data):
    return (_class("pendulum.Date") if path.startswith("pendulum.") else dt.date).fromisoformat(data)


# Others ------------------------------------------------------------------------------------------------------------


def _pack_decimal(value):
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)


def _unpack_text(path, data):
    return _class(path)(str(data))


def _unpack_as_it_is(path, data):
    return _class(path)(data)


def _pack_frame(frame):
    import io

    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", compression="snappy")
    return buffer.getvalue().hex()


def _unpack_frame(path, data):
    import io

    import pandas

    return pandas.read_parquet(io.BytesIO(bytes.fromhex(data)), engine="pyarrow")


def _pack_pod(value):
    from kubernetes.client import ApiClient

    return ApiClient().sanitize_for_serialization(value)


def _unpack_dataset(path, data):
    """An asset of Airflow 2's; how it is packed it says itself (``as_of_airflow2``)."""
    from airflow._goflow import assets

    return getattr(assets, path.rpartition(".")[2])(**data)


_MOMENT, _ZONE = (2, _pack_moment, _unpack_moment), (1, _pack_zone, _unpack_zone)
_DATE = (2, lambda value: value.isoformat(), _unpack_date)
_FRAME, _POD = (1, _pack_frame, _unpack_frame), (1, _pack_pod, None)
PACKERS = {
    "builtins.tuple": (1, list, lambda path, data: tuple(data)),
    "builtins.set": (1, list, lambda path, data: set(data)),
    "builtins.frozenset": (1, list, lambda path, data: frozenset(data)),
    "datetime.datetime": _MOMENT,
    "pendulum.datetime.DateTime": _MOMENT,
    "datetime.date": _DATE,
    "pendulum.date.Date": _DATE,
    "datetime.timedelta": (
        2,
        lambda value: value.total_seconds(),
        lambda path, data: dt.timedelta(seconds=float(data)),
    ),
    "pendulum.tz.timezone.FixedTimezone": _ZONE,
    "pendulum.tz.timezone.Timezone": _ZONE,
    "zoneinfo.ZoneInfo": _ZONE,
    "decimal.Decimal": (1, _pack_decimal, _unpack_text),
    "uuid.UUID": (1, str, _unpack_text),
    **{f"numpy.{name}": (1, int, _unpack_as_it_is) for name in _NUMPY_NUMBERS},
    **{f"numpy.{name}": (1, float, _unpack_as_it_is) for name in _NUMPY_FLOATS},
    **{f"numpy.{name}": (1, bool, _unpack_as_it_is) for name in ("bool", "bool_")},
    "pandas.core.frame.DataFrame": _FRAME,
    "pandas.DataFrame": _FRAME,
    "airflow.datasets.Dataset": (1, None, _unpack_dataset),
    "airflow.datasets.DatasetAlias": (1, None, _unpack_dataset),
    "kubernetes.client.models.v1_pod.V1Pod": _POD,
    "kubernetes.client.models.v1_resource_requirements.V1ResourceRequirements": _POD,
}
"""By path: version, what packs, what unpacks."""
_ONLY_AIRFLOW3 = frozenset({"pendulum.date.Date", "uuid.UUID"})
