"""Constants, enumerations and helpers of providers, and operators whose constructors have ways of their own."""

import pendulum
from airflow import DAG
from airflow.providers.airbyte.sensors.airbyte import AirbyteJobSensor
from airflow.providers.amazon.aws.operators.appflow import AppflowRecordsShortCircuitOperator
from airflow.providers.apache.beam.hooks.beam import BeamRunnerType
from airflow.providers.apache.beam.operators.beam import BeamRunPythonPipelineOperator
from airflow.providers.databricks.operators.databricks import DatabricksNotebookOperator
from airflow.providers.databricks.operators.databricks_workflow import DatabricksWorkflowTaskGroup
from airflow.providers.ftp.operators.ftp import FTPFileTransmitOperator, FTPOperation
from airflow.providers.google.cloud.sensors.bigquery import BigQueryTableExistenceSensor
from airflow.providers.microsoft.azure.sensors.msgraph import MSGraphSensor
from airflow.providers.openlineage.api.emission_policy import extend_global_openlineage_emission_policy
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.yandex.operators.dataproc import DataprocCreateClusterOperator, DataprocDeleteClusterOperator
from airflow.sdk import task

with DAG(
    "providers_constants",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    default_args={"poke_interval": 90},
) as dag:
    BeamRunPythonPipelineOperator(task_id="beam", py_file="gs://code/main.py", runner=BeamRunnerType.DataflowRunner)
    FTPFileTransmitOperator(
        task_id="put", local_filepath="/tmp/a", remote_filepath="/in/a", operation=FTPOperation.PUT
    )
    table = {"project_id": "p", "dataset_id": "d", "table_id": "t"}
    BigQueryTableExistenceSensor(task_id="waits_deferred", deferrable=True, **table)
    BigQueryTableExistenceSensor(task_id="waits_as_told", deferrable=True, poke_interval=7, **table)
    BigQueryTableExistenceSensor(task_id="waits", **table)
    AirbyteJobSensor(task_id="airbyte", airbyte_job_id=1, deferrable=True)
    MSGraphSensor.partial(task_id="graph", conn_id="powerbi", url="scan/{id}").expand(path_parameters=[{"id": 1}])
    AppflowRecordsShortCircuitOperator(task_id="appflow", flow_name="flow", appflow_run_task_id="beam")

    cluster = DataprocCreateClusterOperator(task_id="cluster", zone="ru-central1-b", s3_bucket="logs")
    DataprocDeleteClusterOperator(task_id="no_cluster", cluster_id=cluster.cluster_id)

    @task.pyspark(conn_id="spark-local")
    def count(spark):
        return spark.range(10).count()

    count()

    before, after = EmptyOperator(task_id="before"), EmptyOperator(task_id="after")
    workflow = DatabricksWorkflowTaskGroup(group_id="workflow", databricks_conn_id="databricks")
    before >> workflow
    with workflow:
        notebooks = [
            DatabricksNotebookOperator(task_id=f"notebook_{n}", notebook_path=f"/shared/{n}", source="WORKSPACE")
            for n in range(2)
        ]
        notebooks[0] >> notebooks[1]
    workflow >> after

extend_global_openlineage_emission_policy(dag, emit=False)
