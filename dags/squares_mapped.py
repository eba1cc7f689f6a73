"""Dynamic task mapping: how many tasks there are is known when the run is under way."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG(
    dag_id="squares_mapped",
    schedule="@once",
    start_date=datetime(2025, 1, 1),
    tags=["example", "mapping"],
) as dag:

    @task
    def numbers() -> list[int]:
        return [1, 2, 3, 4]

    @task(max_active_tis_per_dag=2)
    def square(number: int, offset: int) -> int:
        return number**2 + offset

    @task
    def add_up(values) -> int:
        total = sum(values)
        print(f"the sum is {total}")
        return total

    add_up(square.partial(offset=10).expand(number=numbers()))

    BashOperator.partial(task_id="say").expand(bash_command=["echo one", "echo two", "echo three"])
