"""Run by the interpreter of a virtual environment with real Airflow 3: what its trigger rules say to lists of states.

Standard input: a JSON list of ``{"rule", "states": [[state or null, is it a setup], ...], "map_index"}``; standard
output: for each, the state that the task gets (null: none), and whether its dependencies are met.
"""

import json
import os
import sys
import types

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "CRITICAL")
answers, sys.stdout = sys.stdout, sys.stderr

from airflow.task.trigger_rule import TriggerRule  # noqa: E402
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep  # noqa: E402

FINISHED = {"success", "failed", "skipped", "upstream_failed", "removed"}


def answer(case):
    rows = []
    for number, (state, setup) in enumerate(case["states"]):
        task = types.SimpleNamespace(
            task_id=f"t{number}", is_setup=setup, is_teardown=False, get_needs_expansion=lambda: False
        )
        rows.append(types.SimpleNamespace(task_id=task.task_id, task=task, state=state, map_index=-1))
    task = types.SimpleNamespace(
        task_id="x",
        upstream_list=[row.task for row in rows],
        upstream_task_ids={row.task_id for row in rows},
        trigger_rule=TriggerRule(case["rule"]),
        is_teardown=False,
        get_closest_mapped_task_group=lambda: None,
        get_upstreams_only_setups=list,
        task_group=None,
    )
    given = []
    ti = types.SimpleNamespace(
        task=task,
        map_index=case["map_index"],
        get_dagrun=lambda session: None,
        set_state=lambda state, session: given.append(state.value) or True,
        run_id="r",
        dag_id="d",
    )
    context = types.SimpleNamespace(
        ensure_finished_tis=lambda run, session: [row for row in rows if row.state in FINISHED],
        flag_upstream_failed=True,
        wait_for_past_depends_before_skipping=False,
        have_changed_ti_states=False,
        upstream_task_id_counts={},
    )
    statuses = list(TriggerRuleDep()._get_dep_statuses(ti, context, session=None))
    return [given[-1] if given else None, all(status.passed for status in statuses)]


json.dump([answer(case) for case in json.load(sys.stdin)], answers)
