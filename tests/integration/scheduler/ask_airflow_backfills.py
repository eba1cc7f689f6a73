"""Run by the interpreter of a virtual environment with real Airflow 3: what its backfills make of a list of orders.

Standard input: ``{"now": ..., "cases": [{"timetable", "depends_on_past", "runs": {logical date: state}, "order"}]}``;
standard output: for each case what a dry run says, and what the backfill makes of each date, or the error's class.
AIRFLOW_HOME has a migrated database of the script's own.
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
from airflow.models import backfill  # noqa: E402
from airflow.models.dagbundle import DagBundleModel  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.serialized_dag import SerializedDagModel  # noqa: E402
from airflow.providers.standard.operators.empty import EmptyOperator  # noqa: E402
from airflow.sdk import DAG  # noqa: E402
from airflow.serialization.serialized_objects import LazyDeserializedDAG  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from airflow.utils.state import DagRunState  # noqa: E402
from airflow.utils.types import DagRunTriggeredByType, DagRunType  # noqa: E402
from build_timetable import build  # noqa: E402


def moment(text):
    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC")


def iso(moment):
    return moment and moment.astimezone(dt.UTC).isoformat()


def prepare(number, case):
    """The case's DAG and its runs are in the database."""
    dag_id = f"d{number}"
    timetable = build(case["timetable"])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    with DAG(dag_id, schedule=timetable, start_date=start, catchup=False, max_active_runs=1) as dag:
        EmptyOperator(task_id="a", depends_on_past=case["depends_on_past"])
    dag.fileloc, dag.relative_fileloc = f"/dags/{dag_id}.py", f"{dag_id}.py"
    with create_session() as session:
        update_dag_parsing_results_in_db(
            "backfills", None, [LazyDeserializedDAG.from_dag(dag)], {}, None, set(), session=session
        )
    with create_session() as session:
        serialized = session.scalar(SerializedDagModel.latest_item_select_object(dag_id)).dag
        for text, state in case["runs"].items():
            serialized.create_dagrun(
                run_id=f"manual__{text}",
                logical_date=moment(text),
                run_after=moment(text),
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.REST_API,
                state=DagRunState(state),
                data_interval=(moment(text), moment(text)),
                session=session,
            )
    return dag_id


def order_of(case, dag_id):
    order = case["order"]
    return {
        "dag_id": dag_id,
        "from_date": moment(order["from_date"]),
        "to_date": moment(order["to_date"]),
        "reverse": order["run_backwards"],
        "reprocess_behavior": backfill.ReprocessBehavior(order["reprocess_behavior"]),
        "dag_run_conf": None,
    }


def tried(function):
    try:
        return function()
    except (backfill.AirflowException, backfill.NoBackfillRunsToCreate) as problem:
        return type(problem).__name__


def dry_run(order):
    with create_session() as session:
        return [iso(info.logical_date) for info in backfill._do_dry_run(**order, session=session)]


def create(order):
    made = backfill._create_backfill(**order, max_active_runs=2, triggering_user_name="test")
    with create_session() as session:
        found = []
        rows = session.query(backfill.BackfillDagRun).filter_by(backfill_id=made.id)
        for row in rows.order_by(backfill.BackfillDagRun.sort_ordinal):
            run = row.dag_run_id and session.get(DagRun, row.dag_run_id)
            why = row.exception_reason and backfill.BackfillDagRunExceptionReason(row.exception_reason).value
            told = [row.sort_ordinal, iso(row.logical_date), why]
            if run:
                dates = (run.logical_date, run.data_interval_start, run.data_interval_end, run.run_after)
                told += [run.run_id, run.run_type, run.state, *map(iso, dates)]
            found.append(told)
        return found


asked = json.load(sys.stdin)
timezone.utcnow = lambda: moment(asked["now"])
with create_session() as session:
    session.merge(DagBundleModel(name="backfills"))
found = []
for number, case in enumerate(asked["cases"]):
    order = order_of(case, prepare(number, case))
    found.append([tried(lambda order=order: dry_run(order)), tried(lambda order=order: create(order))])
json.dump(found, answers)
