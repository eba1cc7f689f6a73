"""Run by the interpreter of a virtual environment with real Airflow: what becomes of runs that are marked.

Standard input: ``{"cases": [{"teardown": whether ``t`` is one, "states": {"task": state, "m": [states of copies]}, "run":
state, "mark": "success" or "failed"}]}``; standard output: for each the states after that, and the run's. AIRFLOW_HOME has
a migrated database of the script's own.
"""

import datetime as dt
import json
import os
import sys

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

from airflow.api.common import mark_tasks  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.taskinstance import TaskInstance  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from airflow.utils.state import DagRunState  # noqa: E402
from of_airflow import DAG, BashOperator, begin, registered  # noqa: E402

DATE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def built(number, case):
    with DAG(f"d{number}", schedule=None, start_date=DATE) as dag:
        a = BashOperator(task_id="a", bash_command="true")
        b = BashOperator(task_id="b", bash_command="true")
        t = BashOperator(task_id="t", bash_command="true")
        m = BashOperator.partial(task_id="m").expand(bash_command=["true", "false"])
        a >> b >> m >> t
        if case["teardown"]:
            t.is_teardown = True
    return registered(dag)


def word(state):
    return state and str(getattr(state, "value", state))


def rows(session, dag):
    return session.query(TaskInstance).filter_by(dag_id=dag.dag_id, run_id="r").all()


def play(number, case):
    dag = built(number, case)
    begin(dag, "r", DATE)
    with create_session() as session:
        for ti in rows(session, dag):
            state = case["states"][ti.task_id]
            ti.state = state[ti.map_index] if isinstance(state, list) else state
        session.query(DagRun).filter_by(dag_id=dag.dag_id).one().state = DagRunState(case["run"])
    mark = getattr(mark_tasks, f"set_dag_run_state_to_{case['mark']}")
    with create_session() as session:
        mark(dag=dag, run_id="r", commit=True, session=session)
    with create_session() as session:
        states = {f"{ti.task_id}[{ti.map_index}]": word(ti.state) for ti in rows(session, dag)}
        return states, word(session.query(DagRun).filter_by(dag_id=dag.dag_id).one().state)


json.dump([play(number, case) for number, case in enumerate(json.load(sys.stdin)["cases"])], answers)
