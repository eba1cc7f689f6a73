"""For which keys an event of an asset is, by a mapper of the author's own, asked as Airflow's scheduler asks it
(``AssetManager._queue_partitioned_dags``, ``_resolve_asset_partition_status`` and ``_resolve_partition_date``); and
which moment the key of a run by hand stands for (``PartitionedAssetTimetable._decode_partition_date``)."""

import datetime as dt
import itertools
import traceback

from airflow._goflow.partition_parts import MinimumCount, WaitForAll, as_the_scheduler_has_it

MOST_KEYS = 1000
"""``[scheduler] partition_mapper_max_downstream_keys`` of Airflow, its default."""
MOST_COUNTED = 100_000


def keys_of(timetable, asked):
    """What ``goflow.domain.partition_answers`` reads. Raises whatever ``to_downstream`` of the author's own raises."""
    mapper = as_the_scheduler_has_it(timetable.get_partition_mapper(name=asked["name"], uri=asked["uri"]))
    made = mapper.to_downstream(asked["key"])
    keys = list(itertools.islice(made, MOST_COUNTED)) if _is_container(made) else [made]
    wrong = [key for key in keys if not isinstance(key, str)]
    if wrong:
        raise TypeError(f"{type(mapper).__name__} made {wrong[0]!r} of {asked['key']!r}, which is no text")
    most = mapper.max_downstream_keys
    told = {"count": len(keys), "most": most, "keys": [], "carried": _carried(mapper, asked["date"])}
    if len(keys) <= (MOST_KEYS if most is None else most):
        told["keys"] = [[key, _about(mapper, key)] for key in dict.fromkeys(keys)]
    return told


def date_of(timetable, asked):
    """The one moment that the key ASKED of stands for by the mappers of all assets that know one; None: there is none,
    or they do not agree. Raises whatever a mapper raises."""
    mappers = [timetable.get_partition_mapper(name=name, uri=uri) for name, uri in asked["assets"]]
    found = {_iso(as_the_scheduler_has_it(mapper).to_partition_date(asked["key"])) for mapper in mappers} - {None}
    return found.pop() if len(found) == 1 else None


def _is_container(made):
    return hasattr(made, "__iter__") and not isinstance(made, str)


def _carried(mapper, date):
    """The moment that the event hands on; one that cannot be told is none, and its traceback is in the log."""
    try:
        return _iso(mapper.carry_partition_date(None if date is None else dt.datetime.fromisoformat(date)))
    except Exception:
        traceback.print_exc()
        return None


def _about(mapper, key):
    """The moment that KEY stands for, and what a run for it waits for."""
    told = {}
    try:
        told["date"] = _iso(mapper.to_partition_date(key))
    except Exception:
        traceback.print_exc()
        told["is_dateless"] = True
    if mapper.is_rollup:
        try:
            told.update(expected=sorted(mapper.to_upstream(key)), policy=_policy(mapper.wait_policy))
        except Exception:
            traceback.print_exc()
            told = {**told, "is_held": True}
    return told


def _policy(policy):
    if type(policy) is WaitForAll:
        return {"policy": "WaitForAll"}
    if type(policy) is MinimumCount:
        return {"policy": "MinimumCount", "n": policy.n}
    raise TypeError(f"Airflow has no wait policy {type(policy).__name__}")


def _iso(at):
    if at is None:
        return None
    if at.utcoffset() is None:
        raise ValueError(f"the moment of a partition must have a time zone: {at!r}")
    return at.astimezone(dt.timezone.utc).isoformat()
