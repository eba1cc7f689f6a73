"""Run by the interpreter of a virtual environment with real Airflow: how long its tasks wait for their next try.

Standard input: ``{"file": a DAG file's text, "asked": [[task id, logical date or null, try number], ...]}``; standard
output: for each, the seconds. The DAG is what the scheduler sees: serialized, and made again of that.
"""

import datetime as dt
import json
import logging
import os
import sys
import types

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

import pendulum  # noqa: E402
from airflow.models.taskinstance import TaskInstance  # noqa: E402

try:
    from airflow.serialization.serialized_objects import DagSerialization as Serialized
except ImportError:  # Airflow 2
    from airflow.serialization.serialized_objects import SerializedDAG as Serialized

END = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def answer(dag, task_id, date, try_number):
    date = pendulum.parse(date) if date else None
    ti = types.SimpleNamespace(
        dag_id=dag.dag_id,
        task_id=task_id,
        task=dag.get_task(task_id),
        logical_date=date,
        execution_date=date,
        try_number=try_number,
        end_date=END,
        retry_delay_override=None,
        log=logging.getLogger("asked"),
    )
    return (TaskInstance.next_retry_datetime(ti) - END).total_seconds()


asked = json.load(sys.stdin)
namespace = {}
exec(asked["file"], namespace)
dag = Serialized.from_dict(Serialized.to_dict(namespace["dag"]))
json.dump([answer(dag, *each) for each in asked["asked"]], answers)
