from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.trigger_rule import TriggerRule
from airflow.utils.weight_rule import WeightRule

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("trigger_rules", schedule=None, start_date=S, default_args={"trigger_rule": TriggerRule.ALL_DONE}) as d:
    E("a")
    E("b", trigger_rule="one_failed")
    E("c", trigger_rule=TriggerRule.NONE_FAILED)
    E("e", trigger_rule=TriggerRule("none_skipped"))
    E("f", weight_rule=WeightRule.ABSOLUTE, priority_weight=4)
    E("g", weight_rule="upstream")
    B("txt", f"{TriggerRule.ALL_DONE} {TriggerRule.ALL_DONE.value} {TriggerRule.ALL_DONE!r} {str(WeightRule.UPSTREAM)}")
