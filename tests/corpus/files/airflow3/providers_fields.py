"""Operators of providers that make template fields of several of their arguments."""

import pendulum
from airflow import DAG
from airflow.providers.amazon.aws.operators.eks import EksCreateClusterOperator, EksPodOperator
from airflow.providers.amazon.aws.operators.emr import EmrAddStepsOperator
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerConditionOperator
from airflow.providers.amazon.aws.sensors.ecs import EcsClusterStateSensor
from airflow.providers.amazon.aws.sensors.eks import EksNodegroupStateSensor
from airflow.providers.amazon.aws.sensors.mwaa import MwaaDagRunSensor
from airflow.providers.amazon.aws.transfers.dynamodb_to_s3 import DynamoDBToS3Operator
from airflow.providers.apache.livy.operators.livy import LivyOperator
from airflow.providers.common.sql.operators.sql import (
    SQLColumnCheckOperator,
    SQLInsertRowsOperator,
    SQLIntervalCheckOperator,
    SQLTableCheckOperator,
    SQLValueCheckOperator,
)
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.providers.google.cloud.operators.dataproc import DataprocCreateClusterOperator
from airflow.providers.google.cloud.operators.kubernetes_engine import GKECreateClusterOperator
from airflow.providers.google.cloud.operators.vertex_ai.dataset import CreateDatasetOperator
from airflow.providers.google.cloud.transfers.bigquery_to_postgres import BigQueryToPostgresOperator
from airflow.providers.snowflake.operators.snowflake import SnowflakeCheckOperator, SnowflakeNotebookOperator
from airflow.providers.ydb.operators.ydb import YDBExecuteQueryOperator
from airflow.sdk import task
from docker.types import Mount
from google.api_core.retry import Retry
from google.cloud.aiplatform import schema

with DAG("providers_fields", schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="UTC")) as dag:
    EksCreateClusterOperator(
        task_id="eks", cluster_name="c", cluster_role_arn="arn", resources_vpc_config={}, region_name="eu-west-1"
    )
    EksPodOperator(task_id="eks_pod", cluster_name="c", pod_name="some_pod", namespace="data", image="busybox")
    EksNodegroupStateSensor(task_id="eks_waits", cluster_name="c", nodegroup_name="n", region_name="eu-west-1")
    EmrAddStepsOperator(task_id="emr", job_flow_id="j", steps="{{ ti.xcom_pull('plan') }}")
    EcsClusterStateSensor(task_id="ecs", cluster_name="c")
    MwaaDagRunSensor(
        task_id="mwaa", external_env_name="e", external_dag_id="d", external_dag_run_id="r", failure_states=["failed"]
    )
    DynamoDBToS3Operator(
        task_id="copy", dynamodb_table_name="t", s3_bucket_name="b", file_size=9, source_aws_conn_id="there"
    )
    SageMakerConditionOperator(
        task_id="condition",
        condition_type="GreaterThan",
        left_value="{{ ti.xcom_pull('score') }}",
        right_value=0.9,
        if_task_ids="emr",
        else_task_ids=["ecs"],
    )
    LivyOperator(task_id="livy", file="/app.jar", class_name="Main", args=["{{ ds }}", 2], num_executors=4)

    SQLColumnCheckOperator(
        task_id="columns",
        conn_id="db",
        table="orders",
        partition_clause="day = '{{ ds }}'",
        column_mapping={
            "id": {"null_check": {"equal_to": 0}, "distinct_check": {"geq_to": 10, "partition_clause": "open"}},
            "price": {"max": {"less_than": 1000, "tolerance": 0.1}},
        },
    )
    SQLTableCheckOperator(
        task_id="table",
        conn_id="db",
        table="orders",
        checks={
            "rows": {"check_statement": "COUNT(*) > 0"},
            "sums": {"check_statement": "SUM(price) > 1", "partition_clause": "open"},
        },
    )
    SQLIntervalCheckOperator(
        task_id="interval", conn_id="db", table="orders", metrics_thresholds={"COUNT(*)": 1.5, "AVG(price)": 2}, days_back=3
    )
    SQLValueCheckOperator(task_id="value", conn_id="db", sql="SELECT 1", pass_value=1)
    SQLInsertRowsOperator(task_id="rows", conn_id="db", table_name="orders", rows=[(1, "a")], columns=("id", "name"))
    SnowflakeCheckOperator(task_id="snow", sql="SELECT 1", database="raw", warehouse="xs")
    SnowflakeNotebookOperator(task_id="notebook", notebook="DB.S.N", notebook_parameters=["it's", "b"])
    YDBExecuteQueryOperator(task_id="ydb", sql="CREATE TABLE t (id Int64)", is_ddl=True)
    BigQueryToPostgresOperator(task_id="to_postgres", dataset_table="sales.orders", target_table_name="orders")

    DataprocCreateClusterOperator(
        task_id="dataproc",
        project_id="p",
        region="r",
        cluster_name="c",
        cluster_config={"worker_config": {"num_instances": 2}},
        retry=Retry(maximum=60.0),
    )
    GKECreateClusterOperator(
        task_id="gke", project_id="p", location="l", body={"name": "small", "initial_node_count": 1}
    )
    CreateDatasetOperator(
        task_id="dataset",
        project_id="p",
        region="r",
        dataset={"display_name": "d", "metadata_schema_uri": schema.dataset.metadata.tabular},
    )
    DockerOperator(
        task_id="docker",
        image="alpine",
        mounts=[Mount(source="/data", target="/in", type="bind", read_only=True), Mount("/out", "volume")],
    )

    @task.kubernetes(image="python:3.11", namespace="data")
    def in_a_pod():
        print("hello")

    in_a_pod()
