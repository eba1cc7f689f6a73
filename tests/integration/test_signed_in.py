"""Page, REST and live events as people use them: they sign in at a real daemon, each may what its role may, and who has
signed out hears no more. On one's own machine nobody has to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.running import Daemon, standalone

SESSION, STREAM, RUNS = "/goflow/v1/session", "/goflow/v1/events/stream", "/api/v2/dags/d/dagRuns"
PASSWORD = "correct horse battery"
DAG = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("d", schedule=None):
    EmptyOperator(task_id="t")
"""


def folder(place: Path) -> Path:
    made = place / "dags"
    made.mkdir()
    (made / "d.py").write_text(DAG)
    return made


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon at which people sign in: anna, an operator, and victor, a viewer, whom the first admin has made."""
    place = tmp_path_factory.mktemp("signed-in")
    command = ["daemon", "--backend", "local", "--dags", str(folder(place)), "--port", "0"]
    settings = {"GOFLOW_REQUIRE_SIGN_IN": "true", "GOFLOW_ADMIN_PASSWORD": PASSWORD, "GOFLOW_TRIGGER_RUNNERS": "0"}
    made = Daemon(place / "home", command, {**settings, "GOFLOW_RESCAN_INTERVAL_S": "1", "GOFLOW_LOG_FORMAT": "json"})
    made.start()
    try:
        made.wait_for("the DAG", lambda: made.json("dags", "list"))  # the command beside a daemon needs no sign-in
        with browser(made, "admin") as admin:
            for name, role in (("anna", "operator"), ("victor", "viewer")):
                user = {"name": name, "role": role, "password": PASSWORD}
                admin.post("/goflow/v1/users", json=user).raise_for_status()
            admin.patch("/api/v2/dags/d", json={"is_paused": False}).raise_for_status()
        yield made
    finally:
        made.stop()


def client(daemon: Daemon) -> httpx.Client:
    return httpx.Client(base_url=daemon.endpoint()["url"], timeout=60, trust_env=False)


@contextmanager
def browser(daemon: Daemon, name: str) -> Iterator[httpx.Client]:
    """A browser in which somebody has signed in, and whose page says the CSRF token."""
    with client(daemon) as made:
        told = made.post(SESSION, json={"username": name, "password": PASSWORD}).raise_for_status().json()
        made.headers[told["csrf_header"]] = told["csrf_token"]
        yield made


def token(daemon: Daemon, name: str) -> str:
    """A token as Airflow's client gets it."""
    answer = httpx.post(f"{daemon.endpoint()['url']}/auth/token", json={"username": name, "password": PASSWORD})
    return str(answer.raise_for_status().json()["access_token"])


ASKED = {
    "see DAGs": ("GET", "/api/v2/dags", None, {"victor": 200, "anna": 200, "admin": 200}),
    "see Variables": ("GET", "/api/v2/variables", None, {"victor": 403, "anna": 200, "admin": 200}),
    "see users": ("GET", "/goflow/v1/users", None, {"victor": 403, "anna": 403, "admin": 200}),
    "pause": ("PATCH", "/api/v2/dags/d", {"is_paused": False}, {"victor": 403, "anna": 200, "admin": 200}),
    "trigger": ("POST", RUNS, {"logical_date": None}, {"victor": 403, "anna": 200, "admin": 200}),
    "delete a Variable": ("DELETE", "/api/v2/variables/none", None, {"victor": 403, "anna": 403, "admin": 404}),
    "end sessions": ("DELETE", "/goflow/v1/users/nobody/sessions", None, {"victor": 403, "anna": 403, "admin": 404}),
}  # fmt: skip


@pytest.mark.parametrize("way", ["page", "token"])
def test_each_may_what_the_role_may_by_page_and_by_token(daemon: Daemon, way: str) -> None:
    found = {}
    for name in ("victor", "anna", "admin"):
        with browser(daemon, name) if way == "page" else client(daemon) as asker:
            if way == "token":
                asker.headers["Authorization"] = f"Bearer {token(daemon, name)}"
            for what, (method, path, body, _) in ASKED.items():
                found[what, name] = asker.request(method, path, json=body).status_code
    assert found == {(what, name): code for what, (*_, codes) in ASKED.items() for name, code in codes.items()}


def test_a_stranger_gets_the_page_and_its_word_to_sign_in_and_nothing_else(daemon: Daemon) -> None:
    with client(daemon) as stranger:
        assert stranger.get("/", headers={"Accept": "text/html"}).status_code == 200
        told = stranger.get(SESSION).json()
        assert (told["signed_in"], told["sign_in_needed"], told["password"]) == (False, True, True)
        for path in ("/api/v2/dags", STREAM, "/goflow/v1/me"):
            assert stranger.get(path).status_code == 401, path
        assert stranger.post(SESSION, json={"username": "anna", "password": "wrong"}).status_code == 401


def test_a_change_by_cookie_needs_the_csrf_token_and_no_other_sites_word(daemon: Daemon) -> None:
    with browser(daemon, "anna") as asker:
        before = asker.get(RUNS).json()["total_entries"]
        body = {"logical_date": None}
        assert asker.post(RUNS, json=body, headers={"X-GoFlow-CSRF": ""}).status_code == 403
        assert asker.post(RUNS, json=body, headers={"Origin": "https://evil.example"}).status_code == 403
        assert asker.post(RUNS, json=body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert asker.get(RUNS).json()["total_entries"] == before
        url = daemon.endpoint()["url"]
        assert asker.post(RUNS, json=body, headers={"Origin": url, "Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("way", ["page", "token"])
def test_who_listens_hears_who_has_done_what_until_the_session_is_over(daemon: Daemon, way: str) -> None:
    with browser(daemon, "victor") if way == "page" else client(daemon) as listener, browser(daemon, "admin") as admin:
        if way == "token":
            listener.headers["Authorization"] = f"Bearer {token(daemon, 'victor')}"
        lines: list[str] = []
        ready, over = threading.Event(), threading.Event()

        def listen() -> None:
            with listener.stream("GET", STREAM, params={"kind": ["dag.paused", "dag.unpaused"]}) as answer:
                for line in answer.iter_lines():
                    lines.append(line)
                    ready.set()
            over.set()

        thread = threading.Thread(target=listen)
        thread.start()
        assert ready.wait(60)
        with browser(daemon, "anna") as anna:
            for paused in (True, False):
                anna.patch("/api/v2/dags/d", json={"is_paused": paused}).raise_for_status()
        heard = [line for line in daemon.wait_for("the events", lambda: _data(lines)) if line]
        assert all('"user:anna"' in line for line in heard)
        assert not over.is_set()
        admin.delete("/goflow/v1/users/victor/sessions").raise_for_status()
        assert over.wait(60), "the stream of somebody who was signed out goes on"
        thread.join()
        assert listener.get("/api/v2/dags").status_code == 401


def _data(lines: list[str]) -> list[str]:
    found = [line for line in lines if line.startswith("data:")]
    return found if len(found) == 2 else []


def test_on_ones_own_machine_nobody_signs_in_and_other_sites_change_nothing(tmp_path: Path) -> None:
    made = standalone(tmp_path / "home", folder(tmp_path), GOFLOW_TRIGGER_RUNNERS="0")
    made.start()
    try:
        with client(made) as asker:
            made.wait_for("the DAG", lambda: asker.get("/api/v2/dags").json()["dags"])
            assert asker.get(SESSION).json()["sign_in_needed"] is False
            assert asker.post(RUNS, json={"logical_date": None}).status_code == 200
            assert asker.post(RUNS, json={}, headers={"Origin": "https://evil.example"}).status_code == 403
            assert asker.get("/api/v2/dags", headers={"Host": "evil.example"}).status_code == 403
            with asker.stream("GET", STREAM) as answer:
                assert next(answer.iter_lines()).startswith("retry:")
    finally:
        made.stop()
