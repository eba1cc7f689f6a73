"""Classes derived from DAG that change a task when it joins."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.decorators import task
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

LANES = {"slow": "night", "fast": "day"}


class QueuedDAG(DAG):
    def __init__(self, dag_id, lane, **kwargs):
        self.lane = lane
        kwargs.setdefault("max_active_runs", 2)
        super().__init__(dag_id, **kwargs)

    def add_task(self, task):
        task.queue = LANES[self.lane]
        if "clean" in task.task_id:
            task.retries = 9
        super().add_task(task)


for lane in LANES:
    with QueuedDAG(f"queued_{lane}", lane, start_date=datetime(2024, 1, 1), schedule=timedelta(days=1)) as dag:

        @task
        def count():
            return 1

        first = BashOperator(task_id="first", bash_command="echo", queue="given", retries=1)
        with TaskGroup("group") as group:
            inner = EmptyOperator(task_id="inner")
            EmptyOperator(task_id="clean", task_group=group) << inner
        first >> group >> count()
        later = EmptyOperator(task_id="later")
    late = EmptyOperator(task_id="late", dag=dag)
    later >> late
    globals()[f"dag_{lane}"] = dag
