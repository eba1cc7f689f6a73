"""Run by the interpreter of a virtual environment with real Airflow: what becomes of runs when tasks are cleared or marked.

Standard input: ``{"cases": [{"daily": whether the DAG has a schedule, "runs": `with_runs`' runs, "run": the place of the
one that is meant, "task": its id, "mark": state (null: it is cleared), "upstream", "downstream", "past", "future": whether,
"only": ``failed``, ``running`` or null, "reset": whether runs are queued again}]}``; standard output: for each the states
of all tasks and runs after that, or null where nothing was to be marked. AIRFLOW_HOME has a migrated database of the
script's own.
"""

import datetime as dt
import json
import os
import sys

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.taskinstance import TaskInstance, clear_task_instances  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from airflow.utils.state import DagRunState, TaskInstanceState  # noqa: E402
from of_airflow import DAG, EPOCH, BashOperator, number_of, registered, with_runs  # noqa: E402

try:
    from airflow.api_fastapi.core_api.datamodels.task_instances import ClearTaskInstancesBody
    from airflow.api_fastapi.core_api.routes.public.task_instances import post_clear_task_instances
    from airflow.models.dagbag import DBDagBag
except ImportError:  # Airflow 2
    post_clear_task_instances = None

RELATIVES = ("upstream", "downstream", "past", "future")


def built(number, case):
    with DAG(f"d{number}", schedule="0 0 * * *" if case["daily"] else None, start_date=EPOCH) as dag:
        a, b, c, d = (BashOperator(task_id=name, bash_command="true") for name in "abcd")
        a >> b >> c
        a >> d
    return registered(dag)


def word(state):
    return state and str(getattr(state, "value", state))


def clear(dag, case, session):
    """As the REST API does it."""
    only = {"only_failed": case["only"] == "failed", "only_running": case["only"] == "running"}
    run_id = f"{dag.dag_id}.{case['run']}"
    if post_clear_task_instances is not None:
        asked = {f"include_{name}": case[name] for name in RELATIVES} | only
        body = ClearTaskInstancesBody(
            dry_run=False, dag_run_id=run_id, task_ids=[case["task"]], reset_dag_runs=case["reset"], **asked
        )
        post_clear_task_instances(dag.dag_id, DBDagBag(), body, session, None)
        return
    date = EPOCH + dt.timedelta(hours=case["runs"][case["run"]]["hours"])
    part = dag.partial_subset(
        task_ids_or_regex=[case["task"]], include_downstream=case["downstream"], include_upstream=case["upstream"]
    )
    found = part.clear(
        dry_run=True,
        task_ids=list(part.task_dict),
        start_date=None if case["past"] else date,
        end_date=None if case["future"] else date,
        session=session,
        **only,
    )
    clear_task_instances(found, session, dag=part, dag_run_state=DagRunState.QUEUED if case["reset"] else False)


def mark(dag, case, session):
    relatives = {name: case[name] for name in RELATIVES}
    state = TaskInstanceState(case["mark"])
    return dag.set_task_instance_state(
        task_id=case["task"], run_id=f"{dag.dag_id}.{case['run']}", state=state, session=session, **relatives
    )


def play(number, case):
    dag = built(number, case)
    with_runs(dag, case["runs"])
    with create_session() as session:
        if case["mark"] is None:
            clear(dag, case, session)
        elif not mark(dag, case, session):
            return None
    with create_session() as session:
        rows = session.query(TaskInstance).filter_by(dag_id=dag.dag_id)
        states = {f"r{number_of(ti.run_id)}.{ti.task_id}": word(ti.state) for ti in rows}
        found = session.query(DagRun).filter_by(dag_id=dag.dag_id)
        return states | {f"r{number_of(run.run_id)}": word(run.state) for run in found}


json.dump([play(number, case) for number, case in enumerate(json.load(sys.stdin)["cases"])], answers)
