"""The published OpenAPI document: every operation of Airflow's own client by its path and its name."""

from __future__ import annotations

import json
import re

import pytest
from airflow_client.client import models
from fastapi import FastAPI

from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.server.listener import Listener
from goflow.server.rest.app import application
from goflow.server.rest.context import Services
from goflow.store import Store
from tests.integration.rest.operations import operations
from tests.unit.server.conforming import Conforming
from tests.unit.server.serving import ask


def _application(store: Store) -> FastAPI:
    return application(
        Services(store=store, defaults=Defaults(), site=Site(task_api="http://here", runner_image="r:1"))
    )


@pytest.fixture
def published(sqlite_store: Store) -> dict[tuple[str, str], str]:
    """Method and path of each operation, the parameters of the path without their names, to its name."""
    services = Services(store=sqlite_store, defaults=Defaults(), site=Site(task_api="http://here", runner_image="r:1"))
    found = application(services).openapi()["paths"]
    return {
        (method.upper(), _bare(path)): operation["operationId"]
        for path, methods in found.items()
        for method, operation in methods.items()
    }


def _bare(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_every_operation_of_airflows_client_is_there(published: dict[tuple[str, str], str]) -> None:
    wanted = {(one.method, _bare(one.path)): one.name for one in operations()}
    assert {place: published.get(place) for place in wanted} == wanted


def test_operations_have_names_of_their_own(published: dict[tuple[str, str], str]) -> None:
    assert len(set(published.values())) == len(published)


def test_it_says_how_to_sign_in_and_which_role_each_operation_takes(sqlite_store: Store) -> None:
    services = Services(store=sqlite_store, defaults=Defaults(), site=Site(task_api="http://here", runner_image="r:1"))
    app = application(services)
    document = app.openapi()
    assert document == app.openapi()
    assert set(document["components"]["securitySchemes"]) == {"token", "session", "csrf"}
    assert document["security"] == [{"token": []}, {"session": [], "csrf": []}]
    operations_of = document["paths"]
    assert operations_of["/auth/token"]["post"]["security"] == []
    assert operations_of["/api/v2/dags"]["get"]["x-goflow-role"] == "viewer"
    assert operations_of["/api/v2/variables/{variable_key}"]["delete"]["x-goflow-role"] == "admin"


UNTOLD = {
    "change_password", "clear_asset_state_store", "clear_task_state_store", "create_default_connections", "delete_asset_queued_events",
    "delete_asset_state_store", "delete_connection", "delete_dag", "delete_dag_asset_queued_event", "delete_dag_asset_queued_events",
    "delete_dag_run", "delete_file", "delete_pool", "delete_task_instance", "delete_task_state_store", "delete_user", "delete_variable",
    "delete_xcom_entry", "end_my_session", "end_session", "enqueue_connection_test", "favorite_dag", "get_connection_test",
    "patch_task_state_store", "reparse_dag_file", "revoke_token", "set_asset_state_store", "set_task_state_store", "sign_out",
    "test_connection", "unfavorite_dag",
    "begin", "come_back", "login", "logout",
    "download_log", "stream_events", "wait_dag_run_until_finished",
    "show_schema", "status",
}  # fmt: skip
"""Operations that answer with nothing or no, send a browser elsewhere, answer with something else than JSON, or with JSON
of no fixed form."""


def test_every_answer_has_a_schema(sqlite_store: Store) -> None:
    document = _application(sqlite_store).openapi()
    untold = set()
    for methods in document["paths"].values():
        for operation in methods.values():
            good = next(answer for status, answer in operation["responses"].items() if status[0] in "23")
            schema = good.get("content", {}).get("application/json", {}).get("schema", {})
            if "$ref" not in json.dumps(schema):
                untold.add(operation["operationId"].split("_goflow_")[0])
    assert untold == UNTOLD


def test_what_airflow_has_is_there_under_airflows_names_with_all_its_fields(sqlite_store: Store) -> None:
    parts = _application(sqlite_store).openapi()["components"]["schemas"]
    missing = {}
    for name, part in parts.items():
        model = getattr(models, name, None)
        if model is not None and "properties" in part:
            lacks = {field.alias or key for key, field in model.model_fields.items()}
            lacks -= {"additional_properties", *part["properties"]}
            if lacks:
                missing[name] = lacks
    assert missing == {}


def test_an_answer_that_does_not_conform_is_found() -> None:
    app = FastAPI()

    @app.get("/short", response_model=None)
    def short() -> dict[str, int]:
        return {"a": 1}

    @app.get("/long", response_model=None)
    def long() -> dict[str, int]:
        return {"a": 1, "b": 2, "c": 3}

    @app.get("/right", response_model=None)
    def right() -> dict[str, int]:
        return {"a": 1, "b": 2}

    part = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    }
    document = app.openapi()
    document["components"] = {"schemas": {"Part": part}}
    for methods in document["paths"].values():
        methods["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {
            "$ref": "#/components/schemas/Part"
        }
    listener = Listener("API", lambda: Conforming(app, document), "127.0.0.1", 0)
    listener.start()
    try:
        found = {path: ask("GET", f"{listener.url}{path}") for path in ("/short", "/long", "/right")}
    finally:
        listener.stop(timeout_s=0)
    assert {path: answer.status_code for path, answer in found.items()} == {"/short": 500, "/long": 500, "/right": 200}
    assert "'b' is a required property" in found["/short"].text
