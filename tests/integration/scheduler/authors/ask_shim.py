"""The same questions as ``ask_airflow.py``, answered by the shim as a trigger runner's child answers them."""

import json
import sys

from airflow._goflow import asking

answers, sys.stdout = sys.stdout, sys.stderr
DAGS = """
import datetime
from airflow.models.dag import DAG
from their_timetables import *
from their_timetables import LISTED, pendulum, timedelta
from workday_of_airflow import AfterWorkdayTimetable
"""


def answer(case, number, folder, dialect):
    name = "schedule" if dialect == "airflow3" else "timetable"
    with open(f"{folder}/dag_{number}.py", "w") as file:
        file.write(f"{DAGS}\nd = DAG('d', {name}={case['make']}, start_date=datetime.datetime(2024, 1, 1))\n")
    info = {
        "dag_id": "d",
        "dialect": dialect,
        "folder": {"path": folder, "file": f"dag_{number}.py", "import_roots": []},
        "inputs": {},
    }
    dag = asking.load(info, None, folder)
    asked = {**case, "last": None}
    told = asking.ask(dag, {"kind": "next_runs", "asked": asked})
    intervals = [asking.ask(dag, {"kind": "interval", "asked": {"run_after": moment}}) for moment in case["by_hand"]]
    return {**told, "intervals": intervals}


def guarded(*case):
    try:
        return answer(*case)
    except Exception as problem:
        asking.words()
        return "error: " + type(problem).__name__


folder, dialect = sys.argv[1:]
json.dump([guarded(case, number, folder, dialect) for number, case in enumerate(json.load(sys.stdin))], answers)
