"""Every two minutes: a task that fails for good, callbacks of task and run; and something every hour."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


def tell(context):
    print("over", context["run_id"])


with DAG("fails", schedule="*/2 * * * *", start_date=datetime(2026, 1, 1), catchup=False, on_failure_callback=tell):
    bad = BashOperator(task_id="bad", bash_command="echo no; exit 3", on_failure_callback=tell)
    bad >> BashOperator(task_id="never", bash_command="true")

with DAG("hourly", schedule="0 * * * *", start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="hour", bash_command="true")
