"""Run by the interpreter of a virtual environment with real Airflow 3: what its partition mappers make of keys.

Standard input: ``[{"mapper": text, "keys": [...], "there": [[...], ...], "date"?: ISO}]``; standard output: for each the
error's class where Airflow refuses the mapper, else for each key what it becomes, and of each of those its date, the keys
of its window, and for each list of ``there`` whether those are enough; and what is carried over of the date.
"""

import datetime as dt
import json
import os
import sys

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

from airflow import plugins_manager, sdk  # noqa: E402
from airflow.partition_mappers.base import is_rollup  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402
from airflow.utils.helpers import is_container  # noqa: E402
from authors import their_mappers as theirs  # noqa: E402
from of_sdk import iso, made  # noqa: E402

for name, kinds in (("partition_mapper", theirs.PARTITION_MAPPERS), ("windows", theirs.WINDOWS)):  # as by a plugin
    found = {f"{kind.__module__}.{kind.__qualname__}": kind for kind in kinds}
    setattr(plugins_manager, f"get_{name}_plugins", lambda found=found: found)


def tried(function):
    try:
        return function()
    except Exception:
        return "refused"


def timetable_of(text):
    mapper = made(text)
    timetable = sdk.PartitionedAssetTimetable(assets=sdk.Asset("a"), default_partition_mapper=mapper)
    with sdk.DAG("d", schedule=timetable) as dag:
        pass
    return DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable


def made_of(mapper, key):
    found = mapper.to_downstream(key)
    return sorted({*found}) if is_container(found) else [found]


def about(timetable, mapper, key, there):
    told = [
        key,
        tried(lambda: iso(mapper.to_partition_date(key))),
        tried(lambda: iso(timetable.resolve_partition_date(key))),
    ]
    if is_rollup(mapper):
        told.append(tried(lambda: sorted(mapper.to_upstream(key))))
        told += [tried(lambda one=one: enough(mapper, key, one)) for one in there]
    return told


def enough(mapper, key, there):
    expected = mapper.to_upstream(key)
    picked = {one for place, one in enumerate(sorted(expected)) if there[place % len(there)]}
    found = mapper.wait_policy.is_satisfied_by_keys(matched=picked, expected=expected)
    return found.satisfied and not found.unreachable


def answer(case):
    try:
        timetable = timetable_of(case["mapper"])
    except Exception:
        return "refused"
    mapper = timetable.get_partition_mapper(name="a", uri="a")
    found = []
    for key in case["keys"]:
        below = tried(lambda key=key: made_of(mapper, key))
        told = [] if below == "refused" else [*below, key][:40]
        found.append([below, [about(timetable, mapper, one, case["there"]) for one in told]])
        if "date" in case:
            found[-1].append(tried(lambda: iso(mapper.carry_partition_date(dt.datetime.fromisoformat(case["date"])))))
    return found


json.dump([answer(case) for case in json.load(sys.stdin)], answers)
