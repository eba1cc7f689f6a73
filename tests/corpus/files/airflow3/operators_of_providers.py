"""Operators that GoFlow knows from its catalogue."""
from datetime import datetime, timedelta

from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator, S3DeleteObjectsOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.providers.slack.operators.slack import SlackAPIPostOperator
from airflow.providers.snowflake.operators.snowflake import SnowflakeSqlApiOperator
from airflow.providers.ssh.operators.ssh import SSHOperator
from airflow.sdk import DAG, chain
from kubernetes.client import models as k8s

with DAG(
    "operators_of_providers",
    schedule=timedelta(hours=6),
    start_date=datetime(2024, 1, 1),
    default_args={"aws_conn_id": "aws_other", "http_conn_id": "api", "retries": 2},
) as dag:
    wait = S3KeySensor(task_id="wait", bucket_name="in", bucket_key="{{ ds }}/*.csv", wildcard_match=True, poke_interval=30)
    copy = S3CopyObjectOperator(
        task_id="copy", source_bucket_key="s3://in/a", dest_bucket_key="s3://out/{{ ds }}", aws_conn_id=None
    )
    delete = S3DeleteObjectsOperator(task_id="delete", bucket="in", keys=["a", "b"])
    query = SQLExecuteQueryOperator(
        task_id="query", conn_id="db", sql=["select 1", "select {{ params.x }}"], params={"x": 2}, split_statements=True
    )
    pod = KubernetesPodOperator(
        task_id="pod",
        name="pod",
        image="busybox:{{ var.value.get('tag', '1') }}",
        cmds=["sh", "-c"],
        arguments=["echo {{ ds }}"],
        env_vars={"STAGE": "prod"},
        labels={"team": "data"},
        container_resources=k8s.V1ResourceRequirements(limits={"memory": "1Gi"}),
        get_logs=True,
        on_finish_action="keep_pod",
        do_xcom_push=True,
    )
    docker = DockerOperator(task_id="docker", image="alpine", command="echo hi", auto_remove="success", mount_tmp_dir=False)
    bigquery = BigQueryInsertJobOperator(
        task_id="bigquery",
        configuration={"query": {"query": "select 1", "useLegacySql": False}},
        location="EU",
        project_id="p",
    )
    http = HttpOperator(task_id="http", endpoint="jobs/{{ run_id }}", method="POST", data='{"a": 1}', headers={"X": "y"})
    http_sensor = HttpSensor(task_id="http_sensor", endpoint="ready", response_check=lambda r: r.ok, mode="reschedule")
    slack = SlackAPIPostOperator(task_id="slack", channel="#ops", text="done {{ ds }}", trigger_rule="all_done")
    ssh = SSHOperator(task_id="ssh", ssh_conn_id="box", command="uptime", cmd_timeout=30)
    chain(wait, [copy, delete], query, [pod, docker, bigquery], http, http_sensor, ssh, slack)
