"""Alerts end to end: a real mail server, a webhook and Alertmanager get exactly the right messages for a failed, a
missed (the daemon was away at the time), a late and a recovered run, also when the daemon is killed in between."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from pathlib import Path

import pytest

from tests.alertmanager import Alertmanager
from tests.receivers import Hook, Mailbox
from tests.running import Daemon, standalone

DAGS = """
import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference


async def never(context):
    pass


with DAG("breaks", schedule=None, tags=["team"]):
    BashOperator(task_id="step", bash_command="cat {here}/well", email="owner@example.com, boss@example.com")

with DAG(
    "late",
    schedule=None,
    deadline=DeadlineAlert(
        DeadlineReference.DAGRUN_QUEUED_AT, datetime.timedelta(seconds=1), AsyncCallback(never), name="one second"
    ),
):
    BashOperator(task_id="waits", bash_command="until [ -e {here}/go ]; do sleep 0.1; done")

with DAG(
    "ticks", schedule=datetime.timedelta(seconds=10), start_date=datetime.datetime(2026, 1, 1), catchup=False,
    max_active_runs=4,
):
    BashOperator(task_id="tick", bash_command="true")
"""
ALERTS = """
channels:
  mail: {{email: {{to: team@example.com}}}}
  hook: {{webhook: {{url: "{hook}/x", secret: top, timeout: 60}}}}
  am: {{alertmanager: {{urls: "{am}", resend: 2}}}}
rules:
  - name: all
    on: [failed, missed, late, recovered]
    channels: [mail, hook, am]
    group_by: [dag_id, kind]
    group_wait: 0
    repeat_interval: 0
missed_grace: 15
"""


@pytest.fixture
def daemon(tmp_path: Path, mailbox: Mailbox, hook: Hook, alertmanager: Alertmanager):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "alerting.py").write_text(DAGS.format(here=tmp_path))
    alerts = tmp_path / "alerts.yaml"
    alerts.write_text(ALERTS.format(hook=hook.url, am=alertmanager.url))
    made = standalone(
        tmp_path / "home",
        tmp_path / "dags",
        GOFLOW_ALERTS_FILE=str(alerts),
        GOFLOW_PUBLIC_URL="https://flow.example.com",
        GOFLOW_UNPAUSED_AT_CREATION="false",
        GOFLOW_TRIGGER_RUNNERS="0",
        AIRFLOW__SMTP__SMTP_HOST="127.0.0.1",
        AIRFLOW__SMTP__SMTP_PORT=str(mailbox.port),
        AIRFLOW__SMTP__SMTP_STARTTLS="False",
        AIRFLOW__SMTP__SMTP_MAIL_FROM="flow@example.com",
    )
    made.start()
    made.wait_for("the DAGs", lambda: len(made.json("dags", "list")) == 3, 120)
    yield made
    (tmp_path / "go").touch()
    made.stop()


def trigger(daemon: Daemon, dag_id: str, run_id: str) -> None:
    daemon.run("dags", "trigger", dag_id, "--run-id", run_id)


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """As docs/alerts.md has it."""
    signed = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    wanted = "v1," + base64.b64encode(hmac.new(b"top", signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers["webhook-signature"].split())


@pytest.mark.timeout(900)
def test_everybody_gets_exactly_the_right_messages(
    tmp_path: Path, daemon: Daemon, mailbox: Mailbox, hook: Hook, alertmanager: Alertmanager
) -> None:
    for dag_id in ("breaks", "late", "ticks"):
        daemon.run("dags", "unpause", dag_id)

    # A run fails; the receiver is given the message, and the daemon is killed before it hears that it was taken.
    hook.answers.clear()
    trigger(daemon, "breaks", "r1")
    daemon.wait_for("the webhook", lambda: hook.got, 120)
    daemon.kill()
    hook.answers.set()
    first = hook.bodies()[0]

    # Nobody schedules for a while, longer than twice the beat that is noted: runs of `ticks` are due meanwhile.
    time.sleep(35)
    daemon.start()
    daemon.wait_for(
        "the message again", lambda: len([one for one in hook.bodies() if one["id"] == first["id"]]) == 2, 120
    )
    failed = [one for one in hook.bodies() if one["id"] == first["id"]]
    assert failed[0] == failed[1]
    assert first["title"] == "DAG breaks failed: run r1"
    assert "step: " in first["text"]
    assert first["alerts"][0]["labels"]["url"] == "https://flow.example.com/dags/breaks/runs/r1"
    missed = daemon.wait_for("what was missed", lambda: [one for one in hook.titles() if "was missed" in one], 120)
    assert re.match(r"DAG ticks was missed: (\d+ runs were|a run was) due", missed[0])

    # A run is late, and all are well in the end.
    trigger(daemon, "late", "r1")
    daemon.wait_for("the late run", lambda: any("is late" in one for one in hook.titles()), 120)
    assert daemon.wait_for("Alertmanager", lambda: alertmanager.names() >= {"GoFlowRunFailed", "GoFlowLate"}, 60)
    (tmp_path / "well").touch()
    (tmp_path / "go").touch()
    trigger(daemon, "breaks", "r2")
    recovered = {f"DAG {dag_id} has recovered" for dag_id in ("breaks", "late", "ticks")}
    daemon.wait_for("the recoveries", lambda: recovered <= set(hook.titles()), 120)
    daemon.wait_for("Alertmanager", lambda: alertmanager.names() == set(), 120)
    daemon.wait_for("the mails", lambda: len({str(mail["Message-ID"]) for mail in mailbox.mails}) >= 7, 60)

    assert all(is_signed(headers, body) for headers, body in hook.got)
    wanted = [
        "DAG breaks failed: run r1",
        "DAG late is late: run r1 has missed its deadline one second",
        *missed,
        *recovered,
    ]
    once = {one["id"]: one["title"] for one in hook.bodies()}  # as a receiver does that remembers the keys
    assert sorted(once.values()) == sorted(wanted)
    asked = "Airflow alert: <TaskInstance: breaks.step r1 [failed]>"
    assert sorted({str(mail["Message-ID"]): str(mail["Subject"]) for mail in mailbox.mails}.values()) == sorted(
        [*wanted, asked]
    )
    [own] = {str(mail["Message-ID"]): mail for mail in mailbox.mails if mail["Subject"] == asked}.values()
    assert (own["To"], own["From"]) == ("owner@example.com, boss@example.com", "flow@example.com")
    assert "Try 1 out of 1<br>" in own.get_content()

    def states() -> set[str]:
        return {message["state"] for alert in daemon.json("alerts", "history") for message in alert["messages"]}

    daemon.wait_for("the marks", lambda: states() == {"delivered"})
    assert daemon.json("alerts", "list") == []


def test_a_channel_is_tested_and_a_broken_file_is_told(
    tmp_path: Path, daemon: Daemon, hook: Hook, mailbox: Mailbox, alertmanager: Alertmanager
) -> None:
    assert "hook has taken it: webhook to http" in daemon.run("alerts", "test", "hook")
    assert hook.titles() == ["GoFlow's test message"]
    daemon.run("alerts", "test", "mail")
    assert mailbox.subjects() == ["GoFlow's test message"]
    daemon.run("alerts", "test", "am")
    assert alertmanager.names() == {"GoFlowTest"}
    alertmanager.stop()
    with pytest.raises(AssertionError, match="Connection refused"):
        daemon.run("alerts", "test", "am")
    with pytest.raises(AssertionError, match="did you mean 'hook'"):
        daemon.run("alerts", "test", "hok")
    [shown] = [row for row in daemon.json("alerts", "channels") if row["name"] == "hook"]
    assert (shown["type"], shown["waiting"]) == ("webhook", 0)

    path = tmp_path / "alerts.yaml"
    path.write_text(path.read_text().replace("channels: [mail, hook, am]", "channels: [mail, hok]"))
    with pytest.raises(AssertionError) as told:
        daemon.run("alerts", "rules")
    assert "alerts.yaml:9:15: error GF402: there is no channel hok" in str(told.value)
    [rules] = json.loads(daemon.run("alerts", "rules", "--json", check=False))
    assert [rule["name"] for rule in rules["rules"]] == ["all"]  # the last good version


def test_the_watchdog_outside_is_told(tmp_path: Path, hook: Hook) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "alerts.yaml").write_text(f"watchdog: {{url: '{hook.url}/alive', every: 1}}\n")
    made = standalone(tmp_path / "home", tmp_path / "dags")
    made.start()
    try:
        made.wait_for("the watchdog", lambda: len(hook.got) >= 2, 60)
        made.kill()
        before = len(hook.got)
        time.sleep(3)
        assert len(hook.got) <= before + 1
    finally:
        made.stop()
