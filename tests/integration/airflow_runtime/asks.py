"""Run by the real Airflow's Python: asks through its own client, and prints what it was answered.

The environment names the relay (``RELAY``), its secret (``SECRET``), the task instance (``TI``) and what is to be asked
(``PART``: ``all``, or ``late`` for one that another attempt has followed).
"""

import json
import os
import uuid
from datetime import UTC, datetime, timedelta

import httpx
from airflow.sdk.api.client import Client, ServerResponseError
from airflow.sdk.api.datamodels._generated import TerminalStateNonSuccess
from airflow.sdk.execution_time.comms import RescheduleTask, SkipDownstreamTasks

NOW = datetime.now(UTC)
ME = uuid.UUID(os.environ["TI"])
client = Client(base_url=os.environ["RELAY"], token=os.environ["SECRET"])


def status(call, *given, **named):
    try:
        call(*given, **named)
    except ServerResponseError as refusal:
        return refusal.response.status_code
    return "fine"


def xcoms(mine):
    client.xcoms.set(*mine, "return_value", {"a": [1, None]}, mapped_length=1)
    for index in range(3):
        client.xcoms.set(*mine[:2], "copies", "k/1", index * 10, map_index=index)
    copies = (*mine[:2], "copies", "k/1")
    client.xcoms.set(*mine, "gone", 1)
    client.xcoms.delete(*mine, "gone")
    return {
        "get": client.xcoms.get(*mine, "return_value").value,
        "absent": client.xcoms.get(*mine, "gone").value,
        "copy": client.xcoms.get(*copies, map_index=1).value,
        "head": client.xcoms.head(*copies).len,
        "item": client.xcoms.get_sequence_item(*copies, -1).root,
        "beyond": client.xcoms.get_sequence_item(*copies, 3).error.value,
        "slice": client.xcoms.get_sequence_slice(*copies, None, None, -2).root,
        "of another DAG": status(client.xcoms.set, "other", *mine[1:], "k", 1),
    }


def variables():
    client.variables.set("team/a", "1", "about")
    client.variables.set("other", "2")
    found = {
        "get": client.variables.get("team/a").value,
        "absent": client.variables.get("absent").error.value,
        "keys": client.variables.keys(prefix="team").keys,
    }
    client.variables.delete("team/a")
    return found | {"deleted": client.variables.get("team/a").error.value}


def runs(mine):
    dag_id, run_id, task_id = mine
    old = httpx.get(
        f"{os.environ['RELAY']}dag-runs/{dag_id}/{run_id}",
        headers={"authorization": f"Bearer {os.environ['SECRET']}", "airflow-api-version": "2025-04-28"},
    ).json()
    return {
        "state": client.dag_runs.get_state(dag_id, run_id).state.value,
        "detail": client.dag_runs.get_detail(dag_id, run_id).run_id,
        "for an old client": sorted(set(client.dag_runs.get_detail(dag_id, run_id).model_dump()) - set(old)),
        "count": client.dag_runs.get_count(dag_id, states=["running"]).count,
        "none": client.dag_runs.get_count(dag_id, run_ids=["absent"]).count,
        "previous": client.dag_runs.get_previous(dag_id, NOW + timedelta(days=1)).dag_run.run_id,
        "trigger": status(client.dag_runs.trigger, "absent", "x"),
        "tasks": client.task_instances.get_count(dag_id, states=["null", "running"]).count,
        "in group": client.task_instances.get_count(dag_id, task_group_id="g").count,
        "no group": status(client.task_instances.get_count, dag_id, task_group_id="absent"),
        "states": client.task_instances.get_task_states(dag_id, run_ids=[run_id]).task_states,
        "previous task": client.task_instances.get_previous(
            dag_id, task_id, NOW + timedelta(days=1)
        ).task_instance.state,
        "no previous task": client.task_instances.get_previous(dag_id, "absent").task_instance,
        "dag": client.dags.get(dag_id).is_paused,
        "no dag": status(client.dags.get, "absent"),
        "breadcrumbs": client.task_instances.get_task_breakcrumbs(dag_id, run_id).breadcrumbs,
    }


def stores():
    client.task_state_store.set(ME, "a/b", {"n": 1}, None)
    client.asset_state_store.set("k", 2, name="orders")
    found = {
        "task": client.task_state_store.get(ME, "a/b").value,
        "asset": client.asset_state_store.get("k", name="orders").value,
    }
    client.task_state_store.clear(ME)
    client.asset_state_store.delete("k", name="orders")
    return found | {
        "cleared": client.task_state_store.get(ME, "a/b").error.value,
        "deleted": client.asset_state_store.get("k", name="orders").error.value,
    }


def everything():
    tasks = client.task_instances
    context = tasks.start(ME, 1, NOW)
    mine = (context.dag_run.dag_id, context.dag_run.run_id, os.environ["TASK"])
    told = {
        "context": [context.max_tries, context.should_retry, context.task_reschedule_count, context.next_method],
        "start again": tasks.start(ME, 1, NOW).max_tries,
        "first start": tasks.get_reschedule_start_date(ME).start_date,
        "heartbeat": status(tasks.heartbeat, ME, 1),
        "xcoms": xcoms(mine),
        "variables": variables(),
        "connection": client.connections.get("db").password,
        "no connection": client.connections.get("absent").error.value,
        "runs": runs(mine),
        "stores": stores(),
        "last success": tasks.get_previous_successful_dagrun(ME).start_date,
        "inactive": tasks.validate_inlets_and_outlets(ME).inactive_assets,
        "no asset": client.assets.get(name="absent").error.value,
        "no events": client.asset_events.get(name="absent").asset_events,
        "keys to clear": tasks.start(ME, 1, NOW).xcom_keys_to_clear,
    }
    tasks.set_rtif(ME, {"bash_command": "echo 1"})
    tasks.set_rendered_map_index(ME, "the first")
    tasks.skip_downstream_tasks(ME, SkipDownstreamTasks(tasks=["not_chosen", ("copies", 1)]))
    told["no such state"] = status(tasks.finish, ME, TerminalStateNonSuccess.REMOVED, NOW, None)
    tasks.retry(ME, NOW, None, retry_delay_seconds=0.5, retry_reason="as the policy says")
    told["twice"] = status(tasks.retry, ME, NOW, None)
    told["afterwards"] = client.variables.get("other").value
    return told


def late():
    tasks = client.task_instances
    return {
        "start": status(tasks.start, ME, 1, NOW),
        "heartbeat": status(tasks.heartbeat, ME, 1),
        "rtif": status(tasks.set_rtif, ME, {}),
        "xcom": status(client.xcoms.set, "d", "r", "t", "k", 1),
        "success": status(tasks.succeed, ME, NOW, [], [], None),
        "reschedule": status(
            tasks.reschedule, ME, RescheduleTask(reschedule_date=NOW, end_date=NOW),
        ),
    }  # fmt: skip


print(json.dumps({"all": everything, "late": late}[os.environ["PART"]](), default=str))
