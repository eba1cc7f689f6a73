"""For scripts that real Airflow's interpreter runs, of either version: DAGs and runs in its database."""

import datetime as dt

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType

try:
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.types import DagRunTriggeredByType
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.operators.bash import BashOperator

    DagBundleModel = None

BUNDLE = "tests"
EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""From when on the hours of runs are counted."""


def registered(dag):
    """DAG as the scheduler has it, once it is in the database."""
    if DagBundleModel is None:
        dag.sync_to_db()
        SerializedDagModel.write_dag(dag)
        return dag
    with create_session() as session:
        session.merge(DagBundleModel(name=BUNDLE))
    dag.fileloc, dag.relative_fileloc = f"/dags/{dag.dag_id}.py", f"{dag.dag_id}.py"
    with create_session() as session:
        lazy = LazyDeserializedDAG.from_dag(dag)
        update_dag_parsing_results_in_db(BUNDLE, None, [lazy], {}, None, set(), session=session)
    with create_session() as session:
        return session.scalar(SerializedDagModel.latest_item_select_object(dag.dag_id)).dag


def begin(dag, run_id, date: dt.datetime, run_type=DagRunType.MANUAL, dateless=False):
    """A run of DAG is running: by hand unless another RUN_TYPE is given; DATELESS: DATE is only when it is due."""
    more, interval = {"execution_date": date}, None if dateless else (date, date)
    if DagBundleModel is not None:
        more = {"run_after": date, "triggered_by": DagRunTriggeredByType.REST_API}
        more["logical_date"] = None if dateless else date
    with create_session() as session:
        dag.create_dagrun(
            run_id=run_id,
            run_type=run_type,
            state=DagRunState.RUNNING,
            data_interval=interval,
            session=session,
            **more,
        )


def number_of(run_id):
    """The place of a run of `with_runs` among them."""
    return int(run_id.split(".")[1])


def with_runs(dag, made):
    """DAG has those runs, as `tests.integration.scheduler.histories` makes them. Their ids are no other DAG's: Airflow 3
    leaves out of a mark what has the id of another DAG's run of that date."""
    for index, run in enumerate(made):
        date, kind = EPOCH + dt.timedelta(hours=run["hours"]), DagRunType(run["type"])
        begin(dag, f"{dag.dag_id}.{index}", date, kind, run["dateless"])
    with create_session() as session:
        for ti in session.query(TaskInstance).filter_by(dag_id=dag.dag_id).all():
            states = made[number_of(ti.run_id)]["states"]
            if ti.task_id in states:
                ti.state = states[ti.task_id]
                ti.job_id = 1  # Airflow 2 clears what runs only where it knows whose it is
            else:
                same = {"dag_id": ti.dag_id, "run_id": ti.run_id, "task_id": ti.task_id}
                session.query(TaskInstance).filter_by(**same).delete()
        for run in session.query(DagRun).filter_by(dag_id=dag.dag_id):
            run.state = DagRunState(made[number_of(run.run_id)]["state"])


__all__ = ["DAG", "EPOCH", "BashOperator", "begin", "number_of", "registered", "with_runs"]
