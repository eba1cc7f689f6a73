"""Run by the interpreter of a virtual environment with real Airflow 3: what becomes of the deadlines of its runs.

Standard input: ``{"now": ..., "cases": [{"alerts", "before", "logical_date", "steps"}]}``; standard output: for each case the
deadlines of its run, as ``[moment, missed]``, when it is made and after each step. AIRFLOW_HOME has a migrated database of
the script's own.
"""

import datetime as dt
import json
import os
import sys

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

import pendulum  # noqa: E402
from airflow._shared.timezones import timezone  # noqa: E402
from airflow.dag_processing.collection import update_dag_parsing_results_in_db  # noqa: E402
from airflow.models.dagbundle import DagBundleModel  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.deadline import Deadline  # noqa: E402
from airflow.models.serialized_dag import SerializedDagModel  # noqa: E402
from airflow.models.taskinstance import clear_task_instances  # noqa: E402
from airflow.providers.standard.operators.empty import EmptyOperator  # noqa: E402
from airflow.sdk import DAG, DeadlineAlert, DeadlineReference, SyncCallback  # noqa: E402
from airflow.serialization.serialized_objects import LazyDeserializedDAG  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from airflow.utils.state import DagRunState, TaskInstanceState  # noqa: E402
from airflow.utils.types import DagRunTriggeredByType, DagRunType  # noqa: E402


def moment(text):
    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC")


class Clock:
    now = None


def alert_of(told):
    references = {
        "logical_date": lambda: DeadlineReference.DAGRUN_LOGICAL_DATE,
        "queued_at": lambda: DeadlineReference.DAGRUN_QUEUED_AT,
        "fixed": lambda: DeadlineReference.FIXED_DATETIME(moment(told["at"])),
        "average_runtime": lambda: DeadlineReference.AVERAGE_RUNTIME(told["max_runs"], told["min_runs"]),
    }
    interval = dt.timedelta(seconds=told["interval_s"])
    return DeadlineAlert(references[told["reference"]](), interval, SyncCallback("os.getcwd"))


def make_run(dag_id, date, state, run_id):
    with create_session() as session:
        serialized = session.scalar(SerializedDagModel.latest_item_select_object(dag_id)).dag
        serialized.create_dagrun(
            run_id=run_id,
            logical_date=date,
            run_after=Clock.now,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.REST_API,
            state=DagRunState(state),
            data_interval=None if date is None else (date, date),
            session=session,
        )


def run_of(session, dag_id, run_id="mine"):
    run = session.query(DagRun).filter_by(dag_id=dag_id, run_id=run_id).one()
    run.dag = session.scalar(SerializedDagModel.latest_item_select_object(dag_id)).dag
    return run


def step(dag_id, kind):
    """One thing that happens to the run, through Airflow's own functions."""
    with create_session() as session:
        run = run_of(session, dag_id)
        if kind in {"success", "failed"}:
            for ti in run.task_instances:
                ti.state, ti.end_date = TaskInstanceState(kind), Clock.now
            session.flush()
            run.update_state(session=session, execute_callbacks=False)
        elif kind == "clear":
            clear_task_instances(run.task_instances, session, DagRunState.QUEUED)
        elif kind == "start":
            run.set_state(DagRunState.RUNNING)
            run.start_date = Clock.now


def look():
    """As the scheduler's loop does again and again (``_run_scheduler_loop``)."""
    with create_session() as session:
        late = session.query(Deadline).filter(Deadline.deadline_time < Clock.now, ~Deadline.missed)
        for deadline in late.all():
            deadline.handle_miss(session)


def deadlines(dag_id):
    with create_session() as session:
        run = run_of(session, dag_id)
        found = session.query(Deadline).filter_by(dagrun_id=run.id).all()
        return sorted([row.deadline_time.astimezone(dt.UTC).isoformat(), row.missed] for row in found)


def play(number, case):
    dag_id = f"d{number}"
    Clock.now = moment(asked["now"])
    with DAG(dag_id, schedule=None, deadline=[alert_of(told) for told in case["alerts"]]) as dag:
        EmptyOperator(task_id="a")
    dag.fileloc, dag.relative_fileloc = f"/dags/{dag_id}.py", f"{dag_id}.py"
    with create_session() as session:
        update_dag_parsing_results_in_db(
            "deadlines", None, [LazyDeserializedDAG.from_dag(dag)], {}, None, set(), session=session
        )
    for index, (date, state, took) in enumerate(case["before"]):
        make_run(dag_id, date and moment(date), "running", f"before{index}")
        with create_session() as session:
            run = run_of(session, dag_id, f"before{index}")
            run.state = DagRunState(state)  # which sets the moments, too
            run.start_date, run.end_date = Clock.now, Clock.now + dt.timedelta(seconds=took)
    make_run(dag_id, case["logical_date"] and moment(case["logical_date"]), "queued", "mine")
    found = [deadlines(dag_id)]
    for kind, seconds in case["steps"]:
        Clock.now += dt.timedelta(seconds=seconds)
        look()
        try:
            step(dag_id, kind)
        except TypeError as problem:
            found.append(str(problem))
            break
        look()
        found.append(deadlines(dag_id))
    return found


asked = json.load(sys.stdin)
timezone.utcnow = lambda: Clock.now
with create_session() as session:
    session.merge(DagBundleModel(name="deadlines"))
json.dump([play(number, case) for number, case in enumerate(asked["cases"])], answers)
