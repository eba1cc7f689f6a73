import json
from datetime import datetime

from airflow.decorators import dag, task, task_group
from airflow.models import Variable
from airflow.models.baseoperator import chain
from airflow.operators.bash import BashOperator
from airflow.operators.python import get_current_context
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.sensors.external_task import ExternalTaskSensor
from airflow.sensors.filesystem import FileSensor
from airflow.utils.edgemodifier import Label
from airflow.utils.task_group import TaskGroup
from airflow.utils.weekday import WeekDay

config = Variable.get("config", default_var={}, deserialize_json=True)
limit = Variable.get("limit", default_var=10)


@dag(
    schedule="@weekly",
    start_date=datetime(2024, 1, 1),
    default_args={"retries": config.get("retries", 0), "email": config.get("emails")},
    catchup=False,
    max_active_runs=1,
    fail_stop=False,
    default_view="graph",
    orientation="TB",
)
def taskflow_2():
    @task
    def extract(n):
        return json.loads("[1, 2]") * n

    @task.branch
    def decide(rows):
        return "ship.pack" if rows else "nothing"

    @task(task_id="nothing")
    def nothing():
        get_current_context()

    with TaskGroup(group_id="ship", tooltip="ships") as ship:
        pack = BashOperator(task_id="pack", bash_command="echo pack")
        send = HttpOperator(task_id="send", endpoint="send", http_conn_id="api", response_filter=lambda r: r.json())
        pack >> send

    @task_group(group_id="after")
    def after():
        wait = FileSensor(task_id="wait", filepath="x", fs_conn_id="fs", mode="reschedule")
        other = ExternalTaskSensor(task_id="other", external_dag_id="old_style", timeout=100)
        chain(wait, other, TriggerDagRunOperator(task_id="go", trigger_dag_id="old_style"))

    rows = extract(limit)
    choice = decide(rows)
    choice >> Label("some") >> ship >> after()
    choice >> Label("none") >> nothing()
    extract.partial().expand(n=[1, 2])


the_dag = taskflow_2()
