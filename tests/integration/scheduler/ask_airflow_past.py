"""Run by the interpreter of a virtual environment with real Airflow: which tasks of a run the run before lets begin.

Standard input: ``{"cases": [{"catchup": whether, "runs": `with_runs`' runs, "tasks": {"task": its arguments about the
past; "start_days": days after `EPOCH` when it starts}}]}``; standard output: for each the tasks of the last run that may
begin as far as the past is concerned. AIRFLOW_HOME has a migrated database of the script's own.
"""

import datetime as dt
import json
import os
import sys

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

from airflow.models.taskinstance import TaskInstance  # noqa: E402
from airflow.ti_deps.dep_context import DepContext  # noqa: E402
from airflow.ti_deps.deps.prev_dagrun_dep import PrevDagrunDep  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from of_airflow import DAG, EPOCH, BashOperator, number_of, registered, with_runs  # noqa: E402


def built(number, case):
    with DAG(f"d{number}", schedule="0 0 * * *", start_date=EPOCH, catchup=case["catchup"]) as dag:
        above = None
        for name, about in case["tasks"].items():
            start = EPOCH + dt.timedelta(days=about.pop("start_days"))
            task = BashOperator(task_id=name, bash_command="true", start_date=start, **about)
            if above is not None:
                above >> task
            above = task
    return registered(dag)


def play(number, case):
    dag = built(number, case)
    with_runs(dag, case["runs"])
    may = []
    with create_session() as session:
        for ti in session.query(TaskInstance).filter_by(dag_id=dag.dag_id):
            if number_of(ti.run_id) == len(case["runs"]) - 1:
                ti.task = dag.get_task(ti.task_id)
                if PrevDagrunDep().is_met(ti=ti, session=session, dep_context=DepContext()):
                    may.append(ti.task_id)
        session.rollback()
    return sorted(may)


json.dump([play(number, case) for number, case in enumerate(json.load(sys.stdin)["cases"])], answers)
