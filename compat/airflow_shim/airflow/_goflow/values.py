"""Results as JSON: what JSON does not have is tagged, so that it comes back as what it was."""

import datetime as dt
import decimal

TAG = "__goflow__"


def encode(value):
    """VALUE as JSON. Raises TypeError for what cannot be kept."""
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if hasattr(value, "value") and not isinstance(value, bool | int | float) else value
    if isinstance(value, dict):
        return {_key(key): encode(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [encode(inner) for inner in value]
    if isinstance(value, tuple):
        return {TAG: "tuple", "value": [encode(inner) for inner in value]}
    if isinstance(value, set | frozenset):
        return {TAG: "set", "value": [encode(inner) for inner in sorted(value, key=str)]}
    if isinstance(value, dt.datetime):
        return {TAG: "datetime", "value": value.isoformat()}
    if isinstance(value, dt.date):
        return {TAG: "date", "value": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {TAG: "timedelta", "value": value.total_seconds()}
    if isinstance(value, decimal.Decimal):
        return {TAG: "decimal", "value": str(value)}
    for name in ("item", "tolist"):
        convert = getattr(value, name, None)
        if callable(convert) and type(value).__module__ == "numpy":
            return encode(convert())
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise TypeError(f"cannot serialize object of type {kind}: a result is JSON, or a date, timedelta, tuple or set")


def _key(key):
    if not isinstance(key, str | int | float | bool | None):
        raise TypeError(f"cannot serialize a map with keys of type {type(key).__name__}")
    return key if isinstance(key, str) else str(key)


def decode(value):
    """The inverse of `encode`."""
    if isinstance(value, list):
        return [decode(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if TAG not in value:
        return {key: decode(inner) for key, inner in value.items()}
    inner = value["value"]
    match value[TAG]:
        case "tuple":
            return tuple(decode(one) for one in inner)
        case "set":
            return {decode(one) for one in inner}
        case "datetime":
            return dt.datetime.fromisoformat(inner)
        case "date":
            return dt.date.fromisoformat(inner)
        case "timedelta":
            return dt.timedelta(seconds=inner)
        case "decimal":
            return decimal.Decimal(inner)
    return inner


def length_of(value):
    """How many copies a task mapped over VALUE has; None where it cannot be mapped over."""
    return len(value) if isinstance(value, list | dict | tuple | set) else None


def shown(value, depth=6):
    """VALUE as JSON for the page: what cannot be kept as its text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth and isinstance(value, dict):
        return {str(key): shown(inner, depth - 1) for key, inner in value.items()}
    if depth and isinstance(value, list | tuple | set):
        return [shown(inner, depth - 1) for inner in value]
    if callable(value):
        return f"<callable {getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__name__)}>"
    return str(value)
