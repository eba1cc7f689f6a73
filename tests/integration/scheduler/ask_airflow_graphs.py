"""Run by the interpreter of a virtual environment with real Airflow: what follows from the shapes of DAGs.

Standard input: a JSON list of ``{"tasks": [[id, role, [ids above], weight, weight rule], ...], "asked": [[ids, upstream,
downstream], ...]}``; standard output: for each, the total weight of each task, and for each of ``asked`` the tasks that
are cleared with those (``partial_subset``), and those that are marked with them (``find_task_relatives``).
"""

import datetime as dt
import json
import os
import sys
import types

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

from airflow.api.common.mark_tasks import find_task_relatives  # noqa: E402

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import DagSerialization as Serialized
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator
    from airflow.serialization.serialized_objects import SerializedDAG as Serialized


def built(tasks):
    dag = DAG("d", schedule=None, start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    made = {}
    for name, role, above, weight, rule in tasks:
        task = made[name] = EmptyOperator(task_id=name, dag=dag, priority_weight=weight, weight_rule=rule)
        if role == "setup":
            task.is_setup = True
        elif role == "teardown":
            task.is_teardown = True
        for parent in above:
            made[parent] >> task
    return Serialized.from_dict(Serialized.to_dict(dag))


def weight_of(task):
    return task.weight_rule.get_weight(types.SimpleNamespace(task=task))


def answer(case):
    dag = built(case["tasks"])
    weights = {task.task_id: weight_of(task) for task in dag.tasks}
    cleared, marked = [], []
    for names, upstream, downstream in case["asked"]:
        subset = dag.partial_subset(set(names), include_upstream=upstream, include_downstream=downstream)
        cleared.append(sorted(subset.task_dict))
        marked.append(sorted(set(find_task_relatives([dag.get_task(name) for name in names], downstream, upstream))))
    return weights, cleared, marked


json.dump([answer(case) for case in json.load(sys.stdin)], answers)
