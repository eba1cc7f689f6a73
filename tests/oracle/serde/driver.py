"""Prints what becomes of every value: ``driver.py airflow2|airflow3|shim2|shim3``. Standard library and Airflow only."""

import json
import sys


def ways(which):
    """(JSON text of a value, value of JSON text) of Airflow itself or of the shim."""
    if which == "airflow3":
        from airflow.sdk.serde import deserialize, serialize
    elif which == "airflow2":
        from airflow.utils.json import XComDecoder, XComEncoder

        return (
            lambda value: json.dumps(value, cls=XComEncoder),
            lambda text: json.loads(text, cls=XComDecoder, object_hook=None),
        )
    else:
        from airflow._goflow import world

        world.reset(f"airflow{which[-1]}")
        from airflow._goflow.serialization import deserialize, serialize
    return lambda value: json.dumps(serialize(value)), lambda text: deserialize(json.loads(text))


def attempt(make):
    """What MAKE gives, or its error's class."""
    try:
        return make(), None
    except Exception as problem:
        return None, type(problem).__name__


def shown(value):
    """VALUE for comparing: a frame by its columns and types."""
    if type(value).__name__ == "DataFrame":
        return {"columns": {name: [str(kind), value[name].tolist().__repr__()] for name, kind in value.dtypes.items()}}
    if isinstance(value, dict):
        return {"type": type(value).__name__, "items": [[repr(key), shown(inner)] for key, inner in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"type": type(value).__name__, "items": [shown(inner) for inner in value]}
    kind = type(value)
    zone = type(getattr(value, "tzinfo", None))
    return {"type": f"{kind.__module__}.{kind.__qualname__}", "text": repr(value), "zone": zone.__name__}


def told(which, values):
    """What becomes of every value of the module VALUES."""
    dump, load = ways(which)
    return {name: fate(make, dump, load) for name, make in values.table().items()}


def fate(make, dump, load):
    """What becomes of the value that MAKE makes: the form that is kept (but not of a frame, which is bytes), and what
    comes back."""
    value, problem = attempt(make)
    if problem is not None:
        return {"absent": problem}
    text, problem = attempt(lambda: dump(value))
    if problem is not None:
        return {"refused": problem}
    back, problem = attempt(lambda: load(text))
    form = {} if "DataFrame" in text else {"form": json.loads(text)}
    return {**form, **({"back": shown(back)} if problem is None else {"not_back": problem})}


if __name__ == "__main__":
    import values

    json.dump(told(sys.argv[1], values), sys.stdout, indent=1, sort_keys=True)
