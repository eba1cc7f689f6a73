"""``airflow.version``, and the comparisons that provider packages make with it."""

from airflow._goflow import world

_MINORS = {"airflow2": (2, 11), "airflow3": (3, 3)}


def __getattr__(name):
    if name == "version":
        return world.version()
    if name.startswith("AIRFLOW_V_"):
        parts = name.split("_")
        return _MINORS[world.World.dialect] >= (int(parts[2]), int(parts[3]))
    raise AttributeError(name)


def _dynamic():
    return {"version": world.version(), "__version__": world.version()}
