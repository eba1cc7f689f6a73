"""A daemon that people sign in to, on example DAGs whose runs have ended, and a browser that looks at it: one of each for
all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser import browsing
from tests.page import ROOT, built_page
from tests.running import Daemon, standalone

EXAMPLES = (
    "orders_taskflow.py",
    "squares_mapped.py",
    "weather_branches.py",
    "nightly_backup.yaml",
    "rented_machine.py",
)
TRIGGERED = (
    "orders_taskflow",
    "squares_mapped",
    "weather_branches",
    "nightly-backup",
    "rented_machine",
    "mended_later",
    "asks_people",
    "works_hard",
)
ENDED = {"success", "failed"}
PATIENCE_MS = int(os.environ.get("GOFLOW_PATIENCE_MS", "60000"))
"""How long a page may take to show what is looked for: a machine may do much else."""
expect.set_options(timeout=PATIENCE_MS)
PASSWORD = "a password of tests"
ROLES = ("viewer", "operator", "admin")
DESKTOP = {"width": 1440, "height": 860}


class Site:
    """The daemon, its DAG folder, and the file that mends `mended_later`."""

    def __init__(self, daemon: Daemon, dags: Path, mended: Path) -> None:
        self.daemon, self.dags, self.mended = daemon, dags, mended
        self.url = daemon.endpoint()["url"]
        self._api = daemon.api()

    def get(self, path: str, **params: Any) -> Any:
        """What REST answers."""
        return self._api.get(path, params=params).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        """The same of what changes something."""
        made = self._api.post(path, json=body)
        assert made.status_code < 300, made.text
        return made.json()

    def runs(self, dag_id: str) -> list[dict]:
        """The runs of a DAG, the newest first."""
        return self.get(f"/api/v2/dags/{dag_id}/dagRuns", order_by="-run_after")["dag_runs"]

    def trigger(self, dag_id: str) -> str:
        """The id of a run by hand."""
        return self.post(f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": {}})["dag_run_id"]

    def wait_for(self, what: str, condition: Callable[[], Any], timeout_s: float = 300) -> Any:
        """The first true answer of CONDITION."""
        return self.daemon.wait_for(what, condition, timeout_s=timeout_s, every_s=0.2)

    def wait_for_end(self, *dag_ids: str) -> None:
        """Wait until all runs of some DAGs have ended."""
        for dag_id in dag_ids:
            self.wait_for(
                f"the runs of {dag_id}",
                lambda dag_id=dag_id: (found := self.runs(dag_id)) and all(run["state"] in ENDED for run in found),
            )

    def address(self, dag_id: str, run_id: str, task_id: str = "") -> str:
        """Where the page shows a run, or a task of it."""
        run = f"/dags/{dag_id}/runs/{run_id.replace('+', '%2B')}"
        return f"{run}/tasks/{task_id}" if task_id else run

    def task_state(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        """The state of a task of a run."""
        found: str | None = self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")["state"]
        return found

    def knows(self, *dag_ids: str) -> bool:
        """Whether these DAGs are there."""
        return set(dag_ids) <= {dag["dag_id"] for dag in self.get("/api/v2/dags", limit=100)["dags"]}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    built_page()
    folder = tmp_path_factory.mktemp("e2e")
    dags = folder / "dags"
    shutil.copytree(Path(__file__).parent / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
    for name in EXAMPLES:
        shutil.copy(ROOT / "dags" / name, dags)
    mended = folder / "mended"
    (dags / "goflow.yaml").write_text(f"dialect: airflow3\nenvironment:\n  MENDED: {mended}\n")
    daemon = standalone(
        *(folder / "home", dags),
        GOFLOW_REQUIRE_SIGN_IN="true",
        GOFLOW_RESCAN_INTERVAL_S="30",
        GOFLOW_USAGE_INTERVAL_S="1",
    )
    try:
        daemon.start(wait=False)
        daemon.wait_until_up(timeout_s=300)
        made = Site(daemon, dags, mended)
        made.wait_for("the DAGs", lambda: made.knows(*TRIGGERED))
        for dag_id in TRIGGERED:
            made.trigger(dag_id)
        for role in ROLES:
            made.post("/goflow/v1/users", {"name": role, "role": role, "password": PASSWORD})
        for key, value in (("region", "eu-central"), ("batch_size", "500"), ("api_password", "hush")):
            made.post("/api/v2/variables", {"key": key, "value": value, "description": None})
        made.post(
            "/api/v2/connections", {"connection_id": "warehouse", "conn_type": "postgres", "host": "db.example.com"}
        )
        made.wait_for_end(*(dag_id for dag_id in TRIGGERED if dag_id != "asks_people"))
        yield made
    finally:
        daemon.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with browsing() as found:
        yield found


def enter(context: BrowserContext, role: str) -> Page:
    """A page on which who has ROLE has signed in."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/")
    page.get_by_label("User").fill(role)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Home").wait_for()
    return page


def troubles_of(page: Page) -> list[str]:
    """What goes wrong on PAGE from now on."""
    troubles: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        # A connection that the test itself has cut, a route that a daemon without it does not have, or a DAG that is asked
        # for until its file has been read, is no fault of the page.
        if said.type == "error" and "Failed to load resource" not in said.text:
            troubles.append(said.text)

    page.on("pageerror", lambda problem: troubles.append(str(problem)))
    page.on("console", hear)
    return troubles


@pytest.fixture(scope="session")
def signed_in(browser: Browser, site: Site) -> dict[str, Any]:
    """The state of a browser in which an admin has signed in."""
    context = browser.new_context(base_url=site.url)
    enter(context, "admin")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="session")
def _shared(browser: Browser, site: Site, signed_in: dict[str, Any]) -> Iterator[tuple[Page, list[str]]]:
    """A page for all tests that share one, and what has gone wrong on it."""
    context = browser.new_context(
        base_url=site.url, viewport=DESKTOP, color_scheme="light", reduced_motion="reduce", storage_state=signed_in
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page, troubles_of(page)
    context.close()


@pytest.fixture
def page(_shared: tuple[Page, list[str]]) -> Iterator[Page]:
    """An admin's page, in light colours and at a desktop's width; nothing may go wrong on it unseen."""
    page, troubles = _shared
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    troubles.clear()
    yield page
    assert troubles == []
