"""A DAG whose tasks are weighed by strategies of its author's own."""

import datetime

from airflow.models.dag import DAG
from airflow.operators.bash import BashOperator
from decreasing_priority_weight_strategy import DecreasingPriorityStrategy
from their_weights import ByFields, ByName, Twice

with DAG("weighed", schedule=None, start_date=datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)) as dag:
    first = BashOperator(task_id="first", bash_command="true", weight_rule=Twice(), priority_weight=3)
    second = BashOperator(task_id="second", bash_command="true", weight_rule=ByName())
    named = BashOperator(task_id="named", bash_command="true", weight_rule="their_weights.ByName")
    copies = BashOperator.partial(task_id="copies", weight_rule="their_weights.ByName").expand(
        bash_command=["true", "false"]
    )
    decreasing = BashOperator(task_id="decreasing", bash_command="true", weight_rule=DecreasingPriorityStrategy())
    fields = BashOperator(task_id="fields", bash_command="true", weight_rule=ByFields(), queue="q", pool="p")
    first >> [second, named] >> copies >> decreasing
