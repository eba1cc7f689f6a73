"""Mails that DAG files ask for: Airflow's words, to whom the task says, when the task says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from goflow.domain.deadlines import SlaMiss
from goflow.domain.runs import DagRun
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import TaskState
from goflow.notify.channels import email
from goflow.notify.delivery import Postman
from goflow.notify.mails import addresses
from goflow.notify.site import MailServer
from goflow.store import Store, connections, runs, transitions
from goflow.store.rows import Connection
from tests.stores import START
from tests.unit.notify import kit
from tests.unit.notify.kit import Stage


def dag_of(**arguments) -> DagSpec:
    first = TaskSpec(task_id="first", operator="BashOperator", arguments=arguments, retries=1)
    return DagSpec(dag_id="example", tasks=(first,))


@pytest.fixture
def stage(sqlite_store: Store, tmp_path: Path) -> Stage:
    return Stage(sqlite_store, tmp_path, "rules: []\n")


def runs_of(stage: Stage) -> list[DagRun]:
    with stage.store.reading() as tx:
        return runs.list_(tx)


def failed(stage: Stage, state: TaskState = TaskState.FAILED, message: str = "boom", **arguments) -> list[str]:
    number = len(runs_of(stage))
    made = stage.run(f"r{number}{state}", dag_of(**arguments))
    stage.end_task(made, "first", state, message)
    return stage.turn(1)


def test_a_failed_task_writes_airflows_own_mail_at_once(stage: Stage) -> None:
    [told] = failed(stage, message="a < b\nc", email=["a@x.org", "b@x.org"])
    assert told == "DAG file: Airflow alert: <TaskInstance: example.first r0failed [failed]>"
    content = stage.content()
    assert content["to"] == ["a@x.org", "b@x.org"]
    url = "https://flow.example.com/dags/example/runs/r0failed/tasks/first"
    assert content["html"] == (
        "Try 1 out of 2<br>Exception:<br>a &lt; b<br>c<br>"
        f'Log: <a href="{url}">Link</a><br>Host: host<br>Mark success: <a href="{url}">Link</a><br>'
    )


def test_who_gets_one_and_when(stage: Stage) -> None:
    retry = TaskState.UP_FOR_RETRY
    assert failed(stage) == []
    assert failed(stage, email="a@x.org", email_on_failure=False) == []
    assert failed(stage, retry, email="a@x.org", email_on_retry=False) == []
    assert failed(stage, email={"$hole": {"reason": "?"}}) == []
    assert len(failed(stage, retry, email="a@x.org", email_on_failure=False)) == 1
    assert len(failed(stage, email="a@x.org", email_on_retry=False)) == 1


def test_addresses_in_airflows_forms() -> None:
    assert addresses("a@x, b@x;c@x ,") == ("a@x", "b@x", "c@x")
    assert addresses(["a@x", "b@x"]) == ("a@x", "b@x")
    assert addresses(None) == ()


def test_templates_of_the_installation(sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject, broken = tmp_path / "subject", tmp_path / "broken"
    subject.write_text("{{ ti.task_id }} of {{ dag.dag_id }} on {{ ds }}\n failed")
    broken.write_text("{{ nothing.there }}")
    mail = MailServer(subject_template=subject, html_content_template=broken)
    monkeypatch.setattr(kit, "SITE", dataclasses.replace(kit.SITE, mail=mail))
    stage = Stage(sqlite_store, tmp_path, "")
    assert failed(stage, email="a@x.org") == ["DAG file: first of example on 2026-03-01 failed"]
    assert stage.content()["html"].startswith("Try 1 out of 2<br>")


def test_missed_slas_of_a_dag_come_in_one_mail(stage: Stage) -> None:
    tasks = tuple(
        TaskSpec(task_id=name, operator="BashOperator", arguments={"email": to})
        for name, to in (("first", "a@x.org"), ("second", ["b@x.org", "a@x.org"]), ("third", None))
    )
    stage.run("r1", DagSpec(dag_id="example", tasks=tasks))
    misses = [SlaMiss(dag_id="example", task_id=task.task_id, logical_date=START, missed_at=START) for task in tasks]
    with stage.store.transaction() as tx:
        transitions.record_sla_misses(tx, "example", misses, frozenset({"first", "second"}), who="scheduler")
    assert stage.turn(1) == ["DAG file: [airflow] SLA miss on DAG=example"]
    assert stage.content()["to"] == ["a@x.org", "b@x.org"]
    assert "first on 2026-03-01T12:00:00+00:00\nsecond on" in stage.content()["html"]


def test_a_mail_is_the_same_one_at_every_attempt(stage: Stage) -> None:
    failed(stage, email="a@x.org; b@x.org")
    message = stage.got[0][1]
    first, second = (email.mail_of_file(message, MailServer(mail_from="flow@x.org")) for _ in range(2))
    assert first["Message-ID"] == second["Message-ID"] == f"<{message.key}@goflow>"
    assert (first["To"], first["From"], first["X-GoFlow-Idempotency-Key"]) == (
        "a@x.org, b@x.org",
        "flow@x.org",
        message.key,
    )
    assert first.get_content_type() == "text/html"


def test_the_connection_says_what_the_settings_do_not(sqlite_store: Store) -> None:
    def server(**settings) -> MailServer:
        site = dataclasses.replace(kit.SITE, mail=MailServer(**settings))
        return Postman(sqlite_store, site).mail_server()

    assert server().host == ""
    row = Connection(conn_id="smtp_default", conn_type="smtp", host="mail.x.org", login="u", password="p",
                     extra='{"disable_ssl": true, "from_email": "me@x.org"}')  # fmt: skip
    with sqlite_store.transaction() as tx:
        connections.set_(tx, row, who="test")
    found = server()
    assert (found.host, found.port, found.ssl, found.starttls) == ("mail.x.org", 25, False, True)
    assert (found.user, found.password, found.mail_from) == ("u", "p", "me@x.org")
    found = server(host="other.x.org", port=587)
    assert (found.host, found.port, found.user, found.mail_from) == ("other.x.org", 587, "u", "airflow@example.com")
    assert server(host="other.x.org", user="me").user == "me"
