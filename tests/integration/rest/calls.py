"""The same calls of Airflow's own client to whatever server: each answer is kept under a name, to be compared."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow_client.client import ApiClient, Configuration, models
from airflow_client.client.exceptions import ApiException

from tests.integration.rest.operations import operations

DAGS = ("asks", "called", "calls", "fails", "grouped", "makes", "mapped", "plain", "waits")
DATE = "2026-02-01T06:00:00+00:00"
LONG_S = 120.0
UNREADABLE = ("clear_dag_run", "clear_dag_runs")
"""Operations of which the client cannot read every answer, whoever gives it: two of its models fit a task instance."""


@dataclass(frozen=True)
class Answer:
    """What a call got: its status, its JSON, and what the client has made of it, or why it could make nothing of it."""

    operation: str
    status: int
    body: Any
    data: Any = None
    unread: str = ""


@dataclass
class Caller:
    """Calls operations by their names at HOST with TOKEN, and keeps the answers."""

    host: str
    token: str
    answers: dict[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = ApiClient(Configuration(host=self.host, access_token=self.token))
        self._classes = {one.name: one.api for one in operations()}

    def __call__(self, name: str, operation: str | None = None, **arguments: Any) -> Answer:
        """The answer to OPERATION (NAME, unless given) with ARGUMENTS, kept under NAME."""
        operation = operation or name
        module = importlib.import_module("airflow_client.client.api")
        api = getattr(module, self._classes[operation])(self.client)
        try:
            found = getattr(api, f"{operation}_with_http_info")(**arguments)
            answer = Answer(operation, found.status_code, _json(found.raw_data), found.data)
        except ApiException as problem:
            answer = Answer(operation, int(problem.status or 0), _json(problem.body))
        except ValueError as problem:
            plain = getattr(api, f"{operation}_without_preload_content")(**arguments)
            answer = Answer(operation, plain.status, _json(plain.data), unread=str(problem))
        self.answers[name] = answer
        return answer

    def until(self, fits: Callable[[Answer], Any], operation: str, **arguments: Any) -> Any:
        """What FITS makes of the answer, once that is true. Raises TimeoutError."""
        deadline = time.monotonic() + LONG_S
        while True:
            answer = self("_", operation, **arguments)
            del self.answers["_"]
            found = fits(answer)
            if found:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{operation} {arguments}: {answer.status} {answer.body}")
            time.sleep(0.5)


def _json(data: Any) -> Any:
    text = data.decode() if isinstance(data, bytes) else data
    if not text:
        return None
    try:
        return json.loads(text.splitlines()[-1])  # of a stream of them what it ends with
    except ValueError:
        return text


def drive(call: Caller) -> None:
    """Every operation, in an order in which each has something to work on."""
    call.until(
        lambda answer: {row["dag_id"] for row in (answer.body or {}).get("dags", [])} >= set(DAGS),
        "get_dags",
        limit=100,
    )
    _server(call)
    _settings(call)
    _dags(call)
    _begin(call)
    _runs(call)
    _tasks(call)
    _changes(call)
    _assets(call)
    _backfills(call)
    _ends(call)


def _server(call: Caller) -> None:
    for name in ("get_health", "get_version", "get_jobs", "get_plugins", "import_errors", "get_providers"):
        call(name)
    call("get_config")
    call("get_config_value", section="core", option="dags_folder")


def _settings(call: Caller) -> None:
    call("post_variable", variable_body={"key": "k", "value": "v", "description": "d"})
    call("post_variable again", "post_variable", variable_body={"key": "k", "value": "v"})
    call("post_variable json", "post_variable", variable_body={"key": "a_token", "value": {"x": 1}})
    call("get_variable", variable_key="k")
    call("get_variable secret", "get_variable", variable_key="a_token")
    call("get_variable unknown", "get_variable", variable_key="x")
    call("get_variables", variable_key_pattern="k", order_by=["-key"])
    call("patch_variable", variable_key="k", variable_body={"key": "k", "value": "w", "description": None})
    call("patch_variable mask", "patch_variable", variable_key="k", variable_body={"key": "k", "value": "no", "description": "D"}, update_mask=["description"])  # fmt: skip
    actions = [
        {"action": "create", "entities": [{"key": "b1", "value": "1"}, {"key": "k", "value": "2"}], "action_on_existence": "skip"},
        {"action": "update", "entities": [{"key": "zz", "value": "1"}]},
        {"action": "delete", "entities": ["b1"]},
    ]  # fmt: skip
    call("bulk_variables", bulk_body_variable_body=models.BulkBodyVariableBody.from_dict({"actions": actions}))
    call("delete_variable", variable_key="k")
    call("delete_variable again", "delete_variable", variable_key="k")

    body = {"connection_id": "c", "conn_type": "http", "host": "h", "login": "l", "password": "hush", "port": 80}
    call("post_connection", connection_body={**body, "extra": '{"api_key": "hush", "y": 1}'})
    call("post_connection again", "post_connection", connection_body=body)
    call("get_connection", connection_id="c")
    call("get_connection unknown", "get_connection", connection_id="x")
    call("get_connections", connection_id_prefix_pattern="c")
    call("patch_connection", connection_id="c", connection_body={**body, "host": "other"}, update_mask=["host"])
    call("bulk_connections", bulk_body_connection_body=models.BulkBodyConnectionBody.from_dict({"actions": [{"action": "delete", "entities": ["no"], "action_on_non_existence": "fail"}]}))  # fmt: skip
    call("test_connection", connection_body=body)
    call("enqueue_connection_test", connection_test_request_body=body)
    call("get_connection_test", airflow_connection_test_token="none")
    call("delete_connection", connection_id="c")
    call("create_default_connections")

    call("post_pool", pool_body={"name": "p", "slots": 2, "description": "two"})
    call("post_pool again", "post_pool", pool_body={"name": "p", "slots": 2})
    call("get_pool", pool_name="p")
    call("get_pool unknown", "get_pool", pool_name="x")
    call("get_pools", order_by=["name"])
    call("patch_pool", pool_name="p", pool_patch_body={"pool": "p", "slots": 3, "include_deferred": True})
    call("patch_pool default", "patch_pool", pool_name="default_pool", pool_patch_body={"slots": 7})
    call("bulk_pools", bulk_body_pool_body=models.BulkBodyPoolBody.from_dict({"actions": [{"action": "create", "entities": [{"name": "q", "slots": -1}]}]}))  # fmt: skip
    call("get_pool unbound", "get_pool", pool_name="q")
    call("delete_pool", pool_name="p")
    call("delete_pool default", "delete_pool", pool_name="default_pool")


def _dags(call: Caller) -> None:
    call("get_dags", order_by=["dag_id"])
    call("get_dags page", "get_dags", order_by=["-dag_id"], limit=2, offset=1)
    call("get_dags by tags", "get_dags", tags=["a", "b"], tags_match_mode="all")
    call("get_dags by any tag", "get_dags", tags=["a", "b"], order_by=["dag_id"])
    call("get_dags by pattern", "get_dags", dag_id_pattern="ai", order_by=["dag_id"])
    call("get_dags by prefix", "get_dags", dag_id_prefix_pattern="ma", order_by=["dag_id"])
    call("get_dags by name", "get_dags", dag_display_name_pattern="ones")
    call("get_dags by owner", "get_dags", owners=["ada"])
    call("get_dags paused", "get_dags", paused=True, order_by=["dag_id"])
    call("get_dags by assets", "get_dags", has_asset_schedule=True)
    call("get_dags by asset", "get_dags", asset_dependency="price")
    call("get_dags wrong order", "get_dags", order_by=["nothing"])
    call("get_dag", dag_id="plain")
    call("get_dag unknown", "get_dag", dag_id="x")
    call("get_dag_details", dag_id="plain")
    call("get_dag_details of assets", "get_dag_details", dag_id="waits")
    call("get_dag_tags")
    source = call("get_dag_source", dag_id="plain")
    assert source.status == 200, source.body
    call("get_dag_versions", dag_id="plain")
    call("get_dag_version", dag_id="plain", version_number=1)
    call("get_dag_version unknown", "get_dag_version", dag_id="plain", version_number=99)
    call("list_dag_warnings")
    call("get_tasks", dag_id="plain")
    call("get_tasks by name", "get_tasks", dag_id="mapped", order_by="-task_id")
    call("get_task", dag_id="plain", task_id="say")
    call("get_task unknown", "get_task", dag_id="plain", task_id="x")
    errors = call.until(
        lambda answer: (answer.body or {}).get("import_errors"), "get_import_errors", filename_pattern="broken"
    )
    call("get_import_errors")
    call("get_import_error", import_error_id=errors[0]["import_error_id"])
    call("get_import_error unknown", "get_import_error", import_error_id=99)
    call("favorite_dag", dag_id="plain")
    call("get_dags favorites", "get_dags", is_favorite=True)
    call("unfavorite_dag", dag_id="plain")
    call("unfavorite_dag again", "unfavorite_dag", dag_id="plain")
    call("patch_dag", dag_id="plain", dag_patch_body={"is_paused": False})
    call("patch_dags", dag_patch_body={"is_paused": False}, dag_id_pattern="~")
    call("patch_dags none", "patch_dags", dag_patch_body={"is_paused": True})


def _begin(call: Caller) -> None:
    """Runs of every DAG that is asked for later, and their ends."""
    body: dict[str, Any] = {"dag_run_id": "one", "logical_date": DATE}
    call("trigger_dag_run", dag_id="plain", trigger_dag_run_post_body={**body, "conf": {"n": 5}, "note": "by hand"})
    call("trigger_dag_run again", "trigger_dag_run", dag_id="plain", trigger_dag_run_post_body=body)
    call("trigger_dag_run wrong", "trigger_dag_run", dag_id="plain", trigger_dag_run_post_body={**body, "dag_run_id": "w", "conf": {"n": "many"}})  # fmt: skip
    call("trigger_dag_run unknown", "trigger_dag_run", dag_id="x", trigger_dag_run_post_body=body)
    for dag_id in ("mapped", "grouped", "asks", "makes", "calls"):
        call(f"trigger {dag_id}", "trigger_dag_run", dag_id=dag_id, trigger_dag_run_post_body=body)
    call("trigger bare", "trigger_dag_run", dag_id="grouped", trigger_dag_run_post_body={"dag_run_id": "bare", "logical_date": None})  # fmt: skip
    call("wait_dag_run_until_finished", dag_id="plain", dag_run_id="one", interval=1.0, result=["count"])
    for dag_id in ("plain", "mapped", "grouped", "makes"):
        _ended(call, dag_id, "one")
    _ended(call, "grouped", "bare")
    _ended(call, "calls", "one")
    _ended(call, "called", "by_call")
    for dag_id, state in (("plain", "success"), ("fails", "failed")):
        call.until(
            lambda answer, state=state: [run for run in answer.body["dag_runs"] if run["state"] == state],
            "get_dag_runs",
            dag_id=dag_id,
            run_type=["scheduled"],
        )


def _ended(call: Caller, dag_id: str, run_id: str) -> None:
    call.until(
        lambda answer: answer.status == 200 and answer.body["state"] in ("success", "failed"),
        "get_dag_run", dag_id=dag_id, dag_run_id=run_id,
    )  # fmt: skip


def _runs(call: Caller) -> None:
    call("get_dag_run", dag_id="plain", dag_run_id="one")
    call("get_dag_run of operator", "get_dag_run", dag_id="called", dag_run_id="by_call")
    call("get_dag_run without date", "get_dag_run", dag_id="grouped", dag_run_id="bare")
    call("get_dag_run unknown", "get_dag_run", dag_id="plain", dag_run_id="x")
    call("get_dag_runs", dag_id="grouped", order_by=["run_id"])
    call("get_dag_runs of all", "get_dag_runs", dag_id="~", run_id_pattern="one", order_by=["dag_id"])
    call("get_dag_runs by state", "get_dag_runs", dag_id="~", state=["failed"])
    call("get_dag_runs by type", "get_dag_runs", dag_id="~", run_type=["manual"], order_by=["dag_id", "run_id"])
    call("get_dag_runs by date", "get_dag_runs", dag_id="~", logical_date_gte=DATE, logical_date_lte=DATE, order_by=["dag_id"])  # fmt: skip
    call("get_dag_runs before", "get_dag_runs", dag_id="plain", logical_date_lt=DATE)
    call("get_dag_runs by conf", "get_dag_runs", dag_id="~", conf_contains="n")
    call("get_dag_runs page", "get_dag_runs", dag_id="~", run_id_pattern="one", order_by=["-dag_id"], limit=2, offset=1)
    call("get_dag_runs wrong state", "get_dag_runs", dag_id="plain", state=["happy"])
    call("get_dag_runs wrong order", "get_dag_runs", dag_id="plain", order_by=["nothing"])
    call("get_dag_runs unknown", "get_dag_runs", dag_id="x")
    first = call("get_dag_runs cursor", "get_dag_runs", dag_id="grouped", cursor="", limit=1)
    call("get_dag_runs next", "get_dag_runs", dag_id="grouped", cursor=first.body["next_cursor"], limit=1)
    call("get_list_dag_runs_batch", dag_id="~", dag_runs_batch_body={"dag_ids": ["plain"], "states": ["success"], "order_by": "logical_date"})  # fmt: skip
    call("get_dag_stats", dag_ids=["mapped", "grouped"])
    call("get_upstream_asset_events", dag_id="plain", dag_run_id="one")
    call("get_dags by last state", "get_dags", last_dag_run_state=models.DagRunState.FAILED)


def _tasks(call: Caller) -> None:
    at: dict[str, Any] = {"dag_id": "plain", "dag_run_id": "one"}
    say = {**at, "task_id": "say"}
    copy: dict[str, Any] = {"dag_id": "mapped", "dag_run_id": "one", "task_id": "double"}
    call("get_task_instances", **at, order_by=["start_date"])
    call(
        "get_task_instances by state",
        "get_task_instances",
        dag_id="~",
        dag_run_id="~",
        state=["failed", "upstream_failed"],
    )
    call("get_task_instances by operator", "get_task_instances", **at, operator=["BashOperator"])
    call("get_task_instances by name", "get_task_instances", **at, task_display_name_pattern="OUN")
    call("get_task_instances of group", "get_task_instances", dag_id="grouped", dag_run_id="one", task_group_id="g")
    call("get_task_instances of no run", "get_task_instances", dag_id="plain", dag_run_id="x")
    call("get_task_instances_batch", dag_id="~", dag_run_id="~", task_instances_batch_body={"dag_ids": ["plain"], "dag_run_ids": ["one"], "state": ["success"], "order_by": "end_date"})  # fmt: skip
    call("get_task_instance", **say)
    call("get_task_instance mapped", "get_task_instance", **copy)
    call("get_task_instance unknown", "get_task_instance", **at, task_id="x")
    call("get_mapped_task_instances", **copy)
    call("get_mapped_task_instances of none", "get_mapped_task_instances", **say)
    call("get_mapped_task_instance", **copy, map_index=1)
    call("get_task_instance_tries", **say)
    call("get_task_instance_try_details", **say, task_try_number=1)
    call("get_task_instance_try_details unknown", "get_task_instance_try_details", **say, task_try_number=9)
    call("get_mapped_task_instance_tries", **copy, map_index=1)
    call("get_mapped_task_instance_try_details", **copy, map_index=1, task_try_number=1)
    call("get_task_instance_dependencies", **say)
    call("get_task_instance_dependencies_by_map_index", **copy, map_index=1)
    call("get_extra_links", **say)
    call("get_extra_links of call", "get_extra_links", dag_id="calls", dag_run_id="one", task_id="call")
    call("get_task of call", "get_task", dag_id="calls", task_id="call")
    call("get_log", **say, try_number=1, full_content=True)
    call("get_log unknown", "get_log", **say, try_number=9)
    call("get_external_log_url", **say, try_number=1)
    count = {**at, "task_id": "count"}
    call("get_xcom_entries", **count)
    call("get_xcom_entries of all", "get_xcom_entries", dag_id="~", dag_run_id="~", task_id="~", xcom_key_pattern="return", order_by=["dag_id", "task_id", "run_id", "map_index"])  # fmt: skip
    call("get_xcom_entry", **count, xcom_key="return_value")
    call("get_xcom_entry deserialized", "get_xcom_entry", **count, xcom_key="return_value", deserialize=True)
    call("get_xcom_entry of copy", "get_xcom_entry", **copy, xcom_key="return_value", map_index=2, deserialize=True)
    call("get_xcom_entry unknown", "get_xcom_entry", **count, xcom_key="x")
    call("create_xcom_entry", **count, x_com_create_body={"key": "mine", "value": {"a": [1, None]}})
    call("create_xcom_entry again", "create_xcom_entry", **count, x_com_create_body={"key": "mine", "value": 1})
    call("update_xcom_entry", **count, xcom_key="mine", x_com_update_body={"value": 7})
    call("delete_xcom_entry", **count, xcom_key="mine")
    call("delete_xcom_entry again", "delete_xcom_entry", **count, xcom_key="mine")
    call("set_task_state_store", **say, key="seen", task_state_store_body={"value": {"n": 1}, "expires_at": None})
    call("get_task_state_store", **say, key="seen")
    call("patch_task_state_store", **say, key="seen", task_state_store_patch_body={"value": 2})
    call("list_task_state_store", **say)
    call("delete_task_state_store", **say, key="seen")
    call("get_task_state_store unknown", "get_task_state_store", **say, key="seen")
    call("clear_task_state_store", **say)
    asked = {"dag_id": "asks", "dag_run_id": "one", "task_id": "ask", "map_index": -1}
    call.until(lambda answer: answer.status == 200, "get_hitl_detail", **asked)
    call("get_hitl_details", dag_id="asks", dag_run_id="~", response_received=False)
    call("get_hitl_detail", **asked)
    call("update_hitl_detail", **asked, update_hitl_detail_payload={"chosen_options": ["a"]})
    call(
        "update_hitl_detail again", "update_hitl_detail", **asked, update_hitl_detail_payload={"chosen_options": ["b"]}
    )
    _ended(call, "asks", "one")
    call("get_hitl_detail_try_detail", **asked, try_number=1)
    events = call("get_event_logs", limit=3)
    call("get_event_log", event_log_id=events.body["event_logs"][0]["event_log_id"])
    call("get_event_log unknown", "get_event_log", event_log_id=10**9)


def _changes(call: Caller) -> None:
    at: dict[str, Any] = {"dag_id": "grouped", "dag_run_id": "one"}
    alone = {**at, "task_id": "alone"}
    copy: dict[str, Any] = {"dag_id": "mapped", "dag_run_id": "one", "task_id": "double", "map_index": 0}
    call("patch_task_instance_dry_run", **alone, patch_task_instance_body={"new_state": "failed"})
    call("patch_task_instance", **alone, patch_task_instance_body={"new_state": "failed", "note": "seen"})
    call("patch_task_instance again", "patch_task_instance", **alone, patch_task_instance_body={"new_state": "failed"})
    call("patch_task_instance wrong", "patch_task_instance", **at, task_id="x", patch_task_instance_body={"new_state": "failed"})  # fmt: skip
    call("patch_task_instance_dry_run_by_map_index", **copy, patch_task_instance_body={"new_state": "failed"})
    call("patch_task_instance_by_map_index", **copy, patch_task_instance_body={"new_state": "failed"})
    call("patch_task_group_instances_dry_run", **at, group_id="g", patch_task_instance_body={"new_state": "skipped"})
    call("patch_task_group_instances", **at, group_id="g", patch_task_instance_body={"new_state": "skipped"})
    call("patch_task_group_instances unknown", "patch_task_group_instances", **at, group_id="x", patch_task_instance_body={"new_state": "skipped"})  # fmt: skip
    call("bulk_task_instances", **at, bulk_body_bulk_task_instance_body=models.BulkBodyBulkTaskInstanceBody.from_dict({"actions": [{"action": "update", "entities": [{"task_id": "alone", "new_state": "success", "note": "bulk"}]}]}))  # fmt: skip
    call("post_clear_task_instances dry", "post_clear_task_instances", dag_id="grouped", clear_task_instances_body={"dag_run_id": "one", "only_failed": False})  # fmt: skip
    call("post_clear_task_instances", dag_id="grouped", clear_task_instances_body=models.ClearTaskInstancesBody.from_dict({"dag_run_id": "one", "task_ids": ["alone"], "only_failed": False, "dry_run": False}))  # fmt: skip
    _ended(call, "grouped", "one")
    call("clear_dag_run dry", "clear_dag_run", **at, dag_run_clear_body={"only_failed": False})
    call("clear_dag_run", **at, dag_run_clear_body={"dry_run": False})
    _ended(call, "grouped", "one")
    call("clear_dag_runs", dag_id="grouped", bulk_dag_run_clear_body={"dag_runs": [{"dag_run_id": "one"}, {"dag_run_id": "bare"}]})  # fmt: skip
    call("clear_dag_run_partitions", dag_id="grouped", clear_partitions_body={"run_id": "one"})
    call("patch_dag_run", **at, dag_run_patch_body={"state": "failed", "note": "marked"})
    call("patch_dag_run mask", "patch_dag_run", **at, dag_run_patch_body={"state": "success", "note": "n"}, update_mask=["note"])  # fmt: skip
    call("patch_dag_run unknown", "patch_dag_run", dag_id="grouped", dag_run_id="x", dag_run_patch_body={"note": "n"})
    call("bulk_dag_runs", dag_id="grouped", bulk_body_bulk_dag_run_body=models.BulkBodyBulkDAGRunBody.from_dict({"actions": [{"action": "update", "entities": [{"dag_run_id": "bare", "note": "b"}]}, {"action": "delete", "entities": ["none"], "action_on_non_existence": "skip"}]}))  # fmt: skip
    call("delete_dag_run", dag_id="grouped", dag_run_id="bare")
    call("delete_dag_run again", "delete_dag_run", dag_id="grouped", dag_run_id="bare")
    call("delete_task_instance", dag_id="grouped", dag_run_id="one", task_id="alone")


def _assets(call: Caller) -> None:
    found = call("get_assets", order_by=["name"])
    orders, prices = (row["id"] for row in found.body["assets"])
    call("get_asset", asset_id=orders)
    call("get_asset unknown", "get_asset", asset_id=10**6)
    call("get_assets by name", "get_assets", name_pattern="ric")
    call("get_assets by DAG", "get_assets", dag_ids=["makes"])
    aliases = call("get_asset_aliases")
    call("get_asset_alias", asset_alias_id=aliases.body["asset_aliases"][0]["id"])
    call("get_asset_alias unknown", "get_asset_alias", asset_alias_id=10**6)
    call("get_asset_events", source_dag_id="makes")
    call("create_asset_event", create_asset_events_body={"asset_id": orders, "extra": {"n": 1}})
    call("get_asset_queued_events", asset_id=orders)
    call("get_dag_asset_queued_events", dag_id="waits")
    call("get_dag_asset_queued_event", dag_id="waits", asset_id=orders)
    call("delete_dag_asset_queued_event", dag_id="waits", asset_id=orders)
    call("delete_dag_asset_queued_event again", "delete_dag_asset_queued_event", dag_id="waits", asset_id=orders)
    call("create_asset_event 2", "create_asset_event", create_asset_events_body={"asset_id": orders})
    call("delete_dag_asset_queued_events", dag_id="waits")
    call("create_asset_event 3", "create_asset_event", create_asset_events_body={"asset_id": orders})
    call("delete_asset_queued_events", asset_id=orders)
    call("materialize_asset", asset_id=orders, materialize_asset_body={"dag_run_id": "materialized"})
    call("materialize_asset of nobody", "materialize_asset", asset_id=prices)
    call("set_asset_state_store", asset_id=orders, key="seen", asset_state_store_body={"value": [1]})
    call("get_asset_state_store", asset_id=orders, key="seen")
    call("list_asset_state_store", asset_id=orders)
    call("delete_asset_state_store", asset_id=orders, key="seen")
    call("clear_asset_state_store", asset_id=orders)


def _backfills(call: Caller) -> None:
    body = {"dag_id": "plain", "from_date": "2026-03-01T00:00:00Z", "to_date": "2026-03-02T23:00:00Z", "max_active_runs": 1}  # fmt: skip
    call("create_backfill_dry_run", backfill_post_body=body)
    made = call("create_backfill", backfill_post_body=body)
    number = made.body["id"]
    call("create_backfill again", "create_backfill", backfill_post_body=body)
    call("pause_backfill", backfill_id=number)
    call("get_backfill", backfill_id=number)
    call("list_backfills", dag_id="plain")
    call("unpause_backfill", backfill_id=number)
    call("cancel_backfill", backfill_id=number)
    call("get_backfill unknown", "get_backfill", backfill_id=10**6)


def _ends(call: Caller) -> None:
    token = call("get_dag token", "get_dag", dag_id="plain").body["file_token"]
    call("reparse_dag_file", file_token=token)
    call("delete_dag", dag_id="waits")
    call("delete_dag unknown", "delete_dag", dag_id="x")
    call("login")
    call("logout")  # Airflow takes the token back
