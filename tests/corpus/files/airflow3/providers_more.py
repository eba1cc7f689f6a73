from datetime import datetime, timedelta

from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.lambda_function import LambdaInvokeFunctionOperator
from airflow.providers.amazon.aws.transfers.s3_to_redshift import S3ToRedshiftOperator
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.common.sql.operators.sql import BranchSQLOperator, SQLCheckOperator, SQLColumnCheckOperator
from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.providers.databricks.operators.databricks import DatabricksRunNowOperator, DatabricksSubmitRunOperator
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.providers.google.cloud.operators.gcs import GCSCreateBucketOperator
from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor
from airflow.providers.google.cloud.transfers.gcs_to_bigquery import GCSToBigQueryOperator
from airflow.providers.microsoft.azure.operators.data_factory import AzureDataFactoryRunPipelineOperator
from airflow.providers.sftp.operators.sftp import SFTPOperator
from airflow.providers.sftp.sensors.sftp import SFTPSensor
from airflow.providers.smtp.operators.smtp import EmailOperator
from airflow.sdk import DAG, chain, task

with DAG(
    "providers_more",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    default_args={"gcp_conn_id": "gcp", "deferrable": True, "conn_id": "db", "retries": 1},
) as dag:
    ops = [
        EcsRunTaskOperator(task_id="ecs", cluster="c", task_definition="t", overrides={"a": "{{ ds }}"}, launch_type="FARGATE"),
        GlueJobOperator(task_id="glue", job_name="j", script_args={"--day": "{{ ds }}"}, region_name="eu-west-1"),
        LambdaInvokeFunctionOperator(task_id="lambda", function_name="f", payload='{"a": 1}'),
        S3ToRedshiftOperator(task_id="redshift", s3_bucket="b", s3_key="k", table="t", schema="s", copy_options=["csv"]),
        SparkSubmitOperator(task_id="spark", application="app.py", conf={"spark.x": "1"}, application_args=["{{ ds }}"]),
        SqlSensor(task_id="sql_sensor", sql="select 1", poke_interval=timedelta(seconds=20), mode="reschedule"),
        SQLCheckOperator(task_id="sql_check", sql="select count(*) from t"),
        DatabricksRunNowOperator(task_id="db_now", job_id=5, notebook_params={"d": "{{ ds }}"}),
        GCSCreateBucketOperator(task_id="bucket", bucket_name="b", storage_class="STANDARD", location="EU"),
        GCSObjectExistenceSensor(task_id="gcs", bucket="b", object="o/{{ ds }}", timeout=timedelta(hours=1)),
        GCSToBigQueryOperator(
            task_id="bq", bucket="b", source_objects=["a", "b"], destination_project_dataset_table="p.d.t", write_disposition="WRITE_TRUNCATE"
        ),
        AzureDataFactoryRunPipelineOperator(task_id="adf", pipeline_name="p", parameters={"a": 1}, resource_group_name="r", factory_name="f"),
        SFTPOperator(task_id="sftp", local_filepath="/a", remote_filepath="/b", operation="get"),
        SFTPSensor(task_id="sftp_sensor", path="/x", file_pattern="*.csv"),
        DbtCloudRunJobOperator(task_id="dbt", job_id=1, steps_override=["dbt run"]),
        EmailOperator(task_id="email", to=["a@example.com"], subject="{{ ds }}", html_content="<b>x</b>", conn_id="mail"),
    ]
    chain(*ops)
    BranchSQLOperator(task_id="branch", sql="select 1", follow_task_ids_if_true=["ecs"], follow_task_ids_if_false="glue")

    @task.docker(image="python:3.12", auto_remove="force")
    def in_docker(x):
        return x

    @task.kubernetes(image="python:3.12", namespace="n", name="named")
    def in_pod():
        return 1

    in_docker(in_pod()) >> ops[0]
    LambdaInvokeFunctionOperator.partial(task_id="mapped", function_name="f").expand(payload=["a", "b"])
    SFTPOperator.partial(task_id="mapped2", ssh_conn_id="box", operation="put").expand_kwargs(
        [{"local_filepath": "a", "remote_filepath": "b"}]
    )
