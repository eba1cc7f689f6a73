"""Run by the interpreter of a virtual environment with real Airflow: what its scheduler queues of what is scheduled.

Standard input: ``{"cases": [{"pools": {name: [slots, include deferred]}, "dags": [{"max_active_tasks", "tasks": {name: [per
DAG, per run]}, "runs": [{name: [state, pool, slots, weight]}]}]}]}``; standard output: for each case the task instances that
are queued, by the call that queued them, in order. AIRFLOW_HOME has a migrated database of the script's own.
"""

import datetime as dt
import json
import os
import sys

os.environ["AIRFLOW__CORE__PARALLELISM"] = "1000"
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

from airflow.jobs.job import Job  # noqa: E402
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner  # noqa: E402
from airflow.models import DagModel, Pool  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.taskinstance import TaskInstance  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from airflow.utils.state import DagRunState  # noqa: E402
from of_airflow import DAG, BashOperator, begin, registered  # noqa: E402

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def built(dag_id, case):
    with DAG(dag_id, schedule=None, start_date=BEGIN, max_active_tasks=case["max_active_tasks"]) as dag:
        for name, (per_dag, per_run) in case["tasks"].items():
            BashOperator(
                task_id=name, bash_command="true", max_active_tis_per_dag=per_dag, max_active_tis_per_dagrun=per_run
            )
    return registered(dag)


def begin_with(dag, number, states):
    begin(dag, f"r{number}", BEGIN + dt.timedelta(days=number))
    with create_session() as session:
        for ti in session.query(TaskInstance).filter_by(dag_id=dag.dag_id, run_id=f"r{number}"):
            ti.state, ti.pool, ti.pool_slots, ti.priority_weight = states[ti.task_id]


def play(runner, case):
    with create_session() as session:
        session.query(DagRun).update({"state": DagRunState.SUCCESS})
        session.query(TaskInstance).update({"state": "success"})
        session.query(Pool).delete()
        for name, (slots, with_deferred) in case["pools"].items():
            session.add(Pool(pool=name, slots=slots, description="", include_deferred=with_deferred))
    for dag_id, given in case["dags"].items():
        dag = built(dag_id, given)
        for number, states in enumerate(given["runs"]):
            begin_with(dag, number, states)
    with create_session() as session:
        session.query(DagModel).update({"is_paused": False})
    queued = []
    while True:
        with create_session() as session:
            found = runner._executable_task_instances_to_queued(1000, session=session)
            queued.append([f"{ti.dag_id}.{ti.run_id}.{ti.task_id}" for ti in found])
        if not queued[-1]:
            return queued[:-1]


runner = SchedulerJobRunner(job=Job())
json.dump([play(runner, case) for case in json.load(sys.stdin)["cases"]], answers)
