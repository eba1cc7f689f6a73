"""Each channel's own form of a message, and what it makes of answers; a receiver on this machine stands for others."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from goflow.domain.alerts import AlertMessage, MessageState
from goflow.notify.channels import NotTakenError, alertmanager, apprise, webhook
from goflow.notify.config import AlertsConfig, Channel, WatchdogConfig
from goflow.notify.watchdog import Watchdog
from tests.stores import START

ALERT = {
    "kind": "failed",
    "severity": "critical",
    "problem": "failed/example",
    "title": "DAG example failed: run r1",
    "text": "first: boom",
    "at": START.isoformat(),
    "resolved_at": None,
    "dag_id": "example",
    "run_id": "r1",
    "task_id": None,
    "labels": {"tags": ["a", "b"], "namespace": "team", "url": "https://flow/dags/example"},
    "status": "firing",
}
CONTENT = {
    "title": ALERT["title"],
    "text": "first: boom",
    "severity": "critical",
    "installation": "here",
    "alerts": [ALERT],
}
MESSAGE = AlertMessage(
    id=1,
    key="k1",
    channel="c",
    group_key="g",
    state=MessageState.SENDING,
    created_at=START,
    due_at=START,
    content=CONTENT,
)


class Receiver:
    """A server that notes what it gets and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status, self.headers = 200, {}

        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((self.command, self.path, headers, body))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"words of the receiver")

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def hook(url: str, **more) -> Channel:
    return Channel(name="c", type="webhook", urls=(url,), **more)


def test_a_webhook_is_signed_over_id_timestamp_and_body(receiver: Receiver) -> None:
    webhook.send(hook(f"{receiver.url}/hook", secret="top", headers={"X-Own": "1"}), MESSAGE)
    [(method, path, headers, body)] = receiver.got
    assert (method, path, headers["x-own"]) == ("POST", "/hook", "1")
    assert headers["idempotency-key"] == headers["webhook-id"] == "k1"
    signed = f"k1.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(b"top", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert json.loads(body) == {"id": "k1", "created_at": START.isoformat(), **CONTENT}


def test_a_secret_in_the_standards_own_form() -> None:
    raw = base64.b64encode(b"0123456789abcdef").decode()
    assert webhook.signature(f"whsec_{raw}", "k", "1", b"x") == webhook.signature("0123456789abcdef", "k", "1", b"x")


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    webhook.send(hook(receiver.url), MESSAGE)
    assert "webhook-signature" not in receiver.got[0][2]


@pytest.mark.parametrize(
    ("headers", "after"), [({}, None), ({"Retry-After": "17"}, 17.0), ({"Retry-After": "x"}, None)]
)
def test_another_answer_than_yes_is_told_in_the_receivers_words(receiver: Receiver, headers, after) -> None:
    receiver.status, receiver.headers = 503, headers
    with pytest.raises(NotTakenError) as refused:
        webhook.send(hook(f"{receiver.url}/token-in-path"), MESSAGE)
    assert refused.value.detail.endswith("answered 503 Service Unavailable: words of the receiver")
    assert "token-in-path" not in str(refused.value)
    assert refused.value.retry_after_s == after


def test_nobody_there_is_told(receiver: Receiver) -> None:
    with pytest.raises(NotTakenError, match="Connection refused"):
        webhook.send(hook("http://127.0.0.1:9/x"), MESSAGE)


def manager(*urls: str) -> Channel:
    return Channel(name="am", type="alertmanager", urls=urls, resend_s=60.0)


def test_alertmanager_gets_the_problem_as_labels(receiver: Receiver) -> None:
    alertmanager.send(manager(f"{receiver.url}/"), MESSAGE)
    [(_, path, _, body)] = receiver.got
    assert path == "/api/v2/alerts"
    [alert] = json.loads(body)
    assert alert["labels"] == {
        "alertname": "GoFlowRunFailed",
        "severity": "critical",
        "installation": "here",
        "dag_id": "example",
        "dag_namespace": "team",
        "tags": "a,b",
        "problem": "failed/example",
    }
    assert alert["annotations"] == {"summary": ALERT["title"], "description": "first: boom", "run_id": "r1"}
    assert alert["startsAt"] == START.isoformat()
    assert alert["generatorURL"] == "https://flow/dags/example"


def test_an_alert_ends_by_its_own_word_or_when_nobody_tells_of_it_any_more() -> None:
    now = START + dt.timedelta(hours=1)

    def lasts(**more) -> dt.timedelta:
        told = alertmanager.alert_of({**ALERT, **more}, manager("http://am"), "here", now)
        return dt.datetime.fromisoformat(told["endsAt"]) - START

    minutes = dt.timedelta(minutes=1)
    assert lasts() == 63 * minutes
    over = (START + 10 * minutes).isoformat()
    assert lasts(status="resolved", resolved_at=over) == 10 * minutes
    assert lasts(kind="retried", resolved_at=START.isoformat()) == 65 * minutes


def test_one_member_of_alertmanagers_cluster_is_enough(receiver: Receiver) -> None:
    alertmanager.send(manager("http://127.0.0.1:9", receiver.url), MESSAGE)
    assert len(receiver.got) == 1
    with pytest.raises(NotTakenError):
        alertmanager.send(manager("http://127.0.0.1:9", "http://127.0.0.1:9"), MESSAGE)


def test_apprise_runs_in_a_process_of_its_own(receiver: Receiver) -> None:
    channel = Channel(name="c", type="apprise", urls=(f"json://{receiver.url.removeprefix('http://')}/x",))
    apprise.send(channel, MESSAGE)
    told = json.loads(receiver.got[0][3])
    assert (told["title"], told["message"], told["type"]) == (ALERT["title"], "first: boom", "failure")
    receiver.status = 500
    with pytest.raises(NotTakenError, match="json://"):
        apprise.send(channel, MESSAGE)
    with pytest.raises(NotTakenError) as refused:
        apprise.send(dataclasses.replace(channel, urls=("nosuch://secret",)), MESSAGE)
    assert "secret" not in refused.value.detail


class Config:
    """A living configuration that does not live."""

    def __init__(self, watchdog: WatchdogConfig | None) -> None:
        self.config = AlertsConfig(watchdog=watchdog)


def test_the_watchdog_is_told_while_all_is_well(receiver: Receiver) -> None:
    wrong: dict[str, str] = {}
    config = Config(WatchdogConfig(url=f"{receiver.url}/abc"))
    watchdog = Watchdog(config, lambda: wrong)  # type: ignore[arg-type]
    assert watchdog.tell()
    assert [one[:2] for one in receiver.got] == [("GET", "/abc")]
    wrong["database"] = "it is away"
    assert not watchdog.tell()
    assert len(receiver.got) == 1
    wrong.clear()
    receiver.status = 500
    assert not watchdog.tell()
    assert not Watchdog(Config(None), lambda: wrong).tell()  # type: ignore[arg-type]
