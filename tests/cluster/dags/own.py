"""What a team's own image has, with the runner in it."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG("own", schedule=None):

    @task
    def doubles():
        import os

        from etl_tools import doubled

        return [doubled([1, 2]), os.getuid()]

    doubles() >> BashOperator(
        task_id="says", bash_command="echo etl says {{ ti.xcom_pull(task_ids='doubles')[0] }} of {{ run_id }}"
    )
