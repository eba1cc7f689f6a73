"""Run by the interpreter of a virtual environment with real Airflow, in a folder with the authors' files: what their
timetables answer, as the scheduler asks them (``deserialize`` of what ``serialize`` gives).

Standard input: a JSON list of ``{"make": an expression, "earliest", "latest", "catchup", "most", "by_hand": [moments]}``;
standard output: for each ``{"runs": [[logical date, start, end, run after, run id]], "over", "intervals"}``, or the
error's class.
"""

import datetime as dt
import json
import os
import sys

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr
sys.path.insert(0, os.getcwd())

import pendulum  # noqa: E402
import their_timetables  # noqa: E402
import workday_of_airflow  # noqa: E402
from airflow.timetables.base import DagRunInfo, TimeRestriction  # noqa: E402
from airflow.utils.types import DagRunType  # noqa: E402

MODERN = "partition_key" in DagRunInfo._fields


def moment(text):
    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC") if text else None


def iso(at):
    return at and at.astimezone(dt.timezone.utc).isoformat()  # noqa: UP017 - Airflow 2 runs on older ones, too


def following(timetable, last, restriction):
    if MODERN:
        return timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
    interval = last and last.data_interval
    return timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)


def named(timetable, info):
    given = {"run_after": info.run_after} if MODERN else {"logical_date": info.logical_date}
    return timetable.generate_run_id(run_type=DagRunType.SCHEDULED, data_interval=info.data_interval, **given)


def answer(case):
    made = eval(case["make"], {**vars(workday_of_airflow), **vars(their_timetables)})
    timetable = type(made).deserialize(json.loads(json.dumps(made.serialize())))
    restriction = TimeRestriction(moment(case["earliest"]), moment(case["latest"]), case["catchup"])
    found, last, over, now = [], None, False, pendulum.now("UTC")
    while len(found) < case["most"] and (last is None or last.run_after <= now):
        info = following(timetable, last, restriction)
        if info is None:
            over = True
            break
        ends = (None, None) if info.data_interval is None else info.data_interval
        found.append([*map(iso, (info.logical_date, *ends, info.run_after)), named(timetable, info)])
        last = info
    by_hand = [timetable.infer_manual_data_interval(run_after=moment(text)) for text in case["by_hand"]]
    return {"runs": found, "over": over, "intervals": [[iso(at) for at in interval] for interval in by_hand]}


def guarded(case):
    try:
        return answer(case)
    except Exception as problem:
        return "error: " + type(problem).__name__


json.dump([guarded(case) for case in json.load(sys.stdin)], answers)
