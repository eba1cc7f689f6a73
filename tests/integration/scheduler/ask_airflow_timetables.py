"""Run by the interpreter of a virtual environment with real Airflow: what its timetables answer to a list of questions.

Standard input: a JSON list of ``{"timetable": {...}, "earliest", "latest", "catchup", "now", "steps"}``; standard
output: for each, the list of ``[logical date, start, end, run after]`` of STEPS runs in a row, or the error's class.
"""

import datetime as dt
import json
import os
import sys
import types

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

import pendulum  # noqa: E402
from airflow.timetables import events, interval, simple, trigger  # noqa: E402
from airflow.timetables.base import TimeRestriction  # noqa: E402
from build_timetable import build  # noqa: E402

NOW = [pendulum.now("UTC")]


def moment(text):
    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC") if text else None


def frozen(module):
    if hasattr(module, "utcnow"):
        module.utcnow = lambda: NOW[0]
    if hasattr(module, "timezone"):
        real = module.timezone
        module.timezone = types.SimpleNamespace(utcnow=lambda: NOW[0], coerce_datetime=real.coerce_datetime)
    if hasattr(module, "time"):
        module.time = types.SimpleNamespace(time=lambda: NOW[0].timestamp())


for each in (interval, trigger, simple, events):
    frozen(each)


if len(sys.argv) > 1:  # in the shim, under the dialect of that name
    from airflow._goflow import timezone, world

    world.reset(sys.argv[1])
    timezone.utcnow = lambda: NOW[0]


def following(timetable, last, restriction):
    if getattr(timetable, "partitioned", False):
        return timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
    interval = last and last.data_interval
    return timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)


def runs(case):
    NOW[0] = moment(case["now"])
    nows = case.get("nows") or [case["now"]] * case["steps"]
    timetable = build(case["timetable"])
    restriction = TimeRestriction(moment(case["earliest"]), moment(case["latest"]), case["catchup"])
    found, last = [], None
    for text in nows:
        NOW[0] = moment(text)
        info = following(timetable, last, restriction)
        if info is None:
            found.append(None)
            break
        last = info
        date, key = getattr(info, "partition_date", None), getattr(info, "partition_key", None)
        moments = (info.logical_date, *(info.data_interval or (None, None)), info.run_after, date)
        found.append([*(d and d.astimezone(dt.UTC).isoformat() for d in moments), key])
    manual = timetable.infer_manual_data_interval(run_after=NOW[0])
    found.append([d.astimezone(dt.UTC).isoformat() for d in manual])
    return found


def answer(case):
    try:
        return runs(case)
    except Exception as problem:
        return "error: " + type(problem).__name__


json.dump([answer(case) for case in json.load(sys.stdin)], answers)
