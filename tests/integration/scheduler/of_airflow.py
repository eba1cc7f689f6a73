"""For scripts that real Airflow's interpreter runs, of either version: DAGs and runs in its database."""

import datetime as dt

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


__all__ = ["DAG", "BashOperator", "begin", "registered"]
