"""Alerts over REST and the command line, with a webhook that answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from goflow.cli import main
from goflow.domain.state import RunState
from goflow.notify.channels import NotTakenError
from goflow.notify.desk import AlertDesk
from goflow.store import Store, events
from tests.receivers import Hook
from tests.unit.notify.kit import SITE, Stage
from tests.unit.server.serving import serving


@pytest.fixture
def stage(sqlite_store: Store, tmp_path: Path, hook: Hook) -> Stage:
    """A run has failed, and the channel has not taken it."""
    text = f"channels: {{hook: {{webhook: {{url: '{hook.url}/secret'}}}}}}\nrules:\n"
    stage = Stage(sqlite_store, tmp_path, text + "  - {name: r, on: failed, channels: hook}\n")
    stage.end(stage.run("r1"), RunState.FAILED)
    stage.refuses["hook"] = NotTakenError("503")
    stage.turn()
    return stage


@pytest.fixture
def url(stage: Stage) -> Iterator[str]:
    desk = AlertDesk(stage.store, stage.config, SITE)
    with serving(stage.store, open=True, alerts=desk) as url:
        yield url


def test_what_is_wrong_and_what_was_told(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        [alert] = api.get("/goflow/v1/alerts").json()["alerts"]
        assert (alert["kind"], alert["dag_id"], alert["rules"]) == ("failed", "example", ["r"])
        [message] = alert["messages"]
        assert (message["channel"], message["state"], message["error"]) == ("hook", "sending", "503")
        assert api.get("/goflow/v1/alerts/history").json()["alerts"] == [alert]
        assert api.get("/goflow/v1/alerts/history", params={"kind": "late"}).json()["alerts"] == []
        assert api.get("/goflow/v1/alerts/history", params={"before": alert["id"]}).json()["alerts"] == []
        assert api.get("/goflow/v1/alerts/history", params={"kind": "nope"}).status_code == 422
        channels = api.get("/goflow/v1/alerts/channels").json()["channels"]
        assert [row["name"] for row in channels] == ["hook", "DAG file"]
        assert "secret" not in str(channels)


def test_a_channel_is_tested_and_who_did_it_is_written_down(url: str, stage: Stage, hook: Hook) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        assert api.post("/goflow/v1/alerts/channels/hook/test").json()["channel"] == "hook"
        assert hook.titles() == ["GoFlow's test message"]
        hook.stop()
        refused = api.post("/goflow/v1/alerts/channels/hook/test")
        assert (refused.status_code, "refused" in refused.json()["detail"]) == (400, True)
        assert api.post("/goflow/v1/alerts/channels/nope/test").status_code == 404
    with stage.store.reading() as tx:
        told = events.after(tx, 0, kinds=[events.ALERT_TESTED])
    assert [(event.who, event.data["error"] is None) for event in told] == [("local", True), ("local", False)]


def test_a_person_may_say_that_it_is_over(url: str, stage: Stage) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        [alert] = api.get("/goflow/v1/alerts").json()["alerts"]
        done = api.post(f"/goflow/v1/alerts/{alert['id']}/resolve").json()
        assert done["resolved_at"] is not None
        assert api.get("/goflow/v1/alerts").json()["alerts"] == []
        assert api.post("/goflow/v1/alerts/999/resolve").status_code == 404
    with stage.store.reading() as tx:
        [told] = events.after(tx, 0, kinds=[events.ALERT_RESOLVED])
    assert told.who == "local"


def test_the_commands(url: str, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLOW_SERVER", url)

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["alerts", *words])
        assert done.exit_code == code, done.output
        return done.output

    assert "DAG example failed: run r1" in run("list")
    assert "hook (sending)" in run("history", "--dag", "example")
    assert json.loads(run("history", "--json"))[0]["messages"][0]["attempts"] == 1
    assert "503" in run("channels")
    assert "it is over: DAG example failed" in run("resolve", "1")
    assert "Nothing is wrong" in run("list")
    assert "has taken it" in run("test", "hook")
    assert "hook" in run("rules")
    stage.path.write_text("rules:\n  - {nam: x}\n")
    assert "alerts.yaml:2:6: error GF401: there is no key 'nam' here" in run("rules", code=1)
