"""Run by the interpreter of a virtual environment with real Airflow, in a folder with the authors' files and
plugins: what the strategies of `their_weighed_dag` give.

Standard input: a JSON list of ``[task id, map index, try number]``; standard output: the weights.
"""

import json
import os
import sys

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = f"{os.getcwd()}/plugins"
answers, sys.stdout = sys.stdout, sys.stderr
sys.path.insert(0, os.getcwd())

from airflow.models.taskinstance import TaskInstance  # noqa: E402
from their_weighed_dag import dag  # noqa: E402

try:  # Airflow 3's scheduler has what was stored of the DAG
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
except ImportError:
    stored = dag


def weight(task_id, map_index, try_number):
    more = {"dag_version_id": None} if "dag_version_id" in TaskInstance.__init__.__code__.co_varnames else {}
    task = stored.get_task(task_id)
    instance = TaskInstance(task=task, run_id="r", map_index=map_index, **more)
    instance.try_number = try_number
    instance.refresh_from_task(task)
    return instance.priority_weight


json.dump([weight(*case) for case in json.load(sys.stdin)], answers)
