"""Run by real Airflow's Python in a folder with ``dags.py``: what its DAGs and tasks have, as JSON."""

import importlib
import json
import sys

sys.path.insert(0, ".")
answer, sys.stdout = sys.stdout, sys.stderr  # Airflow writes warnings to standard output
found = importlib.import_module("dags")
told = {}
for dag in (found.d, found.e):
    told[dag.dag_id] = {
        "covers": "Interval" in type(dag.timetable).__name__,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
        "start": dag.start_date.timestamp(),
        "zone": str(dag.timezone),
    }
    for task in dag.tasks:
        timeout = task.execution_timeout
        told[task.task_id] = {
            "owner": task.owner,
            "queue": task.queue,
            "retries": task.retries,
            "retry_delay": task.retry_delay.total_seconds(),
            "execution_timeout": timeout and timeout.total_seconds(),
            "doc": task.doc,
        }
print(json.dumps(told), file=answer)
