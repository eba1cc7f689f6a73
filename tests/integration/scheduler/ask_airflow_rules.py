"""Run by the interpreter of a virtual environment with real Airflow: what its trigger rules say of tasks above.

Standard input: a JSON list of ``{"tasks": [[id, role, [ids above]], ...], "rule", "map_index", "states": [...]}``, a role
being ``setup``, ``teardown`` or empty; the last task is asked about, its rule is RULE (empty: its own), and each of
STATES lists a state (or null) for each of the others. Standard output: for each case, for each of its states, the state
that the task gets (null: none), and whether its dependencies are met.
"""

import datetime as dt
import json
import os
import sys
import types

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
    from airflow.task.trigger_rule import TriggerRule
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator
    from airflow.utils.trigger_rule import TriggerRule
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep  # noqa: E402

FINISHED = {"success", "failed", "skipped", "upstream_failed", "removed"}


def built(case):
    dag = DAG("d", schedule=None, start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    tasks = {}
    for name, role, above in case["tasks"]:
        task = tasks[name] = EmptyOperator(task_id=name, dag=dag)
        if role == "setup":
            task = task.as_setup()
        elif role == "teardown":
            task = task.as_teardown()
        for parent in above:
            tasks[parent] >> task
    if case["rule"]:
        task.trigger_rule = TriggerRule(case["rule"])
    return list(tasks.values())


def answer(case):
    *others, task = built(case)
    return [verdict(task, others, states, case["map_index"]) for states in case["states"]]


def verdict(task, others, states, map_index):
    rows = [
        types.SimpleNamespace(task_id=other.task_id, task=other, state=state, map_index=-1)
        for other, state in zip(others, states, strict=True)
        if state in FINISHED
    ]
    given = []
    ti = types.SimpleNamespace(
        task=task,
        map_index=map_index,
        get_dagrun=lambda *_, **__: None,
        set_state=lambda state, *_, **__: given.append(state.value) or True,
        run_id="r",
        dag_id="d",
    )
    context = types.SimpleNamespace(
        ensure_finished_tis=lambda *_, **__: rows,
        flag_upstream_failed=True,
        wait_for_past_depends_before_skipping=False,
        have_changed_ti_states=False,
        upstream_task_id_counts={},
    )
    statuses = list(TriggerRuleDep()._get_dep_statuses(ti=ti, dep_context=context, session=None))
    return [given[0] if given else None, all(status.passed for status in statuses)]


json.dump([answer(case) for case in json.load(sys.stdin)], answers)
