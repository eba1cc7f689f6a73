"""A call and a sensor over HTTP."""

from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sdk import DAG

with DAG("http", schedule=None):
    up = HttpSensor(task_id="up", http_conn_id="web", endpoint="state", response_check=lambda answer: answer.text == "up")
    post = HttpOperator(
        task_id="post",
        http_conn_id="web",
        endpoint="orders",
        data='{"of": "{{ run_id }}"}',
        headers={"Content-Type": "application/json"},
        response_filter=lambda answer: answer.json(),
    )
    missing = HttpOperator(task_id="missing", http_conn_id="web", endpoint="nowhere", method="GET")
    up >> post >> missing
