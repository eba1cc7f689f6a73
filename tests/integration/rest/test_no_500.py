"""schemathesis asks a running GoFlow what its own OpenAPI document allows, and what it does not: no answer is a 500, and
each is as the document says."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.integration.rest.sides import goflow
from tests.unit.server.conforming import problem

EXAMPLES = int(os.environ.get("GOFLOW_TEST_EXAMPLES", "12"))
"""Requests of each operation; more of them find more."""
ENDLESS = ("/goflow/v1/events/stream", "/wait")
"""Answers that go on for as long as somebody listens."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """The address of a GoFlow with DAGs and runs, and a token."""
    with goflow(Path(tmp_path_factory.mktemp("rest"))) as (daemon, _):
        found = daemon.endpoint()
        with daemon.api() as api:
            daemon.wait_for("the DAGs", lambda: api.get("/api/v2/dags/plain").status_code == 200)
            api.patch("/api/v2/dags/plain", json={"is_paused": False}).raise_for_status()
            api.post("/api/v2/dags/plain/dagRuns", json={"dag_run_id": "one"}).raise_for_status()
        yield found


@pytest.mark.timeout(1800)
def test_no_answer_is_a_500_and_each_is_as_published(server: dict[str, str]) -> None:
    schema = schemathesis.openapi.from_url(f"{server['url']}/openapi.json", timeout=120)
    headers = {"Authorization": f"Bearer {server['token']}"}
    document = httpx.get(f"{server['url']}/openapi.json", timeout=120).json()
    failed: dict[str, str] = {}

    def ask(operation) -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def once(case) -> None:
            answer = case.call(headers=headers, base_url=server["url"], timeout=60)
            if answer.status_code >= 500 and answer.status_code != 503:
                failed.setdefault(f"{operation.method} {operation.path}", f"{case.as_curl_command()}: {answer.text}")
            if "json" in answer.headers.get("content-type", [""])[0]:
                why = problem(document, operation.method, operation.path, answer.status_code, answer.content)
                if why:
                    failed.setdefault(f"{operation.method} {operation.path}", f"{case.as_curl_command()}: {why}")

        given(case=operation.as_strategy())(once)()

    for result in schema.get_all_operations():
        operation = result.ok()
        if not operation.path.endswith(ENDLESS):
            ask(operation)
    assert failed == {}
