"""Handing over: until it is taken, with the same key and the same words, whoever is killed on the way."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from goflow.domain.alerts import MessageState
from goflow.domain.state import RunState
from goflow.notify.channels import NotTakenError
from goflow.notify.desk import AlertDesk
from goflow.notify.living import LivingConfig
from goflow.notify.sender import Sender, pause_after
from goflow.store import Store
from goflow.store import alerts as stored
from tests.unit.notify.kit import SITE, Stage

TWO = (
    "channels: {a: {webhook: {url: 'http://x/secret'}}, b: {webhook: {url: 'http://x'}}}\n"
    "rules: [{name: r, on: failed, channels: [a, b], repeat_interval: 0}]\n"
)


@pytest.fixture
def stage(sqlite_store: Store, tmp_path: Path) -> Stage:
    return Stage(sqlite_store, tmp_path, TWO)


def fail(stage: Stage, run_id: str = "r1") -> None:
    stage.end(stage.run(run_id), RunState.FAILED)


def test_the_pause_grows_up_to_ten_minutes_and_a_receiver_may_ask_for_more() -> None:
    assert [pause_after(attempts) for attempts in (0, 1, 2, 6, 7, 100)] == [5, 10, 20, 320, 600, 600]
    assert (pause_after(0, 120), pause_after(3, 1), pause_after(0, 1e9)) == (120, 40, 3600)


def test_what_is_not_taken_is_sent_again_with_the_same_key_and_words(stage: Stage) -> None:
    fail(stage)
    seen = []

    def take(channel, message):
        seen.append((message.channel, message.key, message.content))
        if message.channel == "a" and len([one for one in seen if one[0] == "a"]) < 3:
            raise NotTakenError("503")

    stage.sender = Sender(stage.store, stage.config, SITE, attempt=take)
    stage.turn(10)
    assert [one[0] for one in seen] == ["a", "b"]
    stage.turn(4)
    assert len(seen) == 2
    stage.turn(1)
    stage.turn(10)
    stage.turn(3600)
    assert [one[0] for one in seen] == ["a", "b", "a", "a"]
    assert len({one[1:2] for one in seen if one[0] == "a"}) == 1
    assert seen[0][2] == seen[2][2] == seen[3][2]
    with stage.store.reading() as tx:
        last = stored.last_ended(tx, "a")
    assert last is not None
    assert (last.state, last.attempts) == (MessageState.DELIVERED, 3)


def test_a_daemon_that_has_just_begun_knows_the_channels_before_it_sends(stage: Stage) -> None:
    fail(stage)
    stage.alerter.look()
    stage.clock.advance(60)
    taken = []
    config = LivingConfig(stage.path, stage.store, {})  # which nobody has looked at yet
    begun = Sender(stage.store, config, SITE, attempt=lambda channel, message: taken.append((channel, message.channel)))
    for name, messages in begun.take_due().items():
        begun.send_all(name, messages)
    assert [(channel.name, name) for channel, name in taken] == [("a", "a"), ("b", "b")]


def test_a_turn_with_nothing_to_send_writes_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(stage)
    stage.turn(0)
    with stage.store.reading() as tx:
        waiting = stored.next_due_after(tx, stage.clock.now())
    assert waiting is not None  # it collects what else happens
    monkeypatch.setattr(stage.store, "transaction", lambda: pytest.fail("written"))
    assert stage.sender.take_due() == {}
    monkeypatch.undo()
    assert stage.turn(60) == ["a: DAG example failed: run r1", "b: DAG example failed: run r1"]


def test_killed_between_the_receivers_answer_and_the_mark_it_is_sent_once_more_with_the_same_key(stage: Stage) -> None:
    fail(stage)
    keys: list[str] = []

    def killed(channel, message):
        keys.append(message.key)
        raise KeyboardInterrupt

    stage.alerter.look()
    stage.clock.advance(10)
    first = Sender(stage.store, stage.config, SITE, attempt=killed)
    due = first.take_due()
    with pytest.raises(KeyboardInterrupt):
        first.send_all("a", due["a"])
    stage.sender = Sender(stage.store, stage.config, SITE, attempt=lambda channel, message: keys.append(message.key))
    for name, messages in stage.sender.take_due().items():
        stage.sender.send_all(name, messages)
    assert len(keys) == 3
    assert keys.count(keys[0]) == 2
    assert stage.sender.take_due() == {}


def test_nothing_joins_a_message_that_is_closed(stage: Stage) -> None:
    fail(stage)
    stage.refuses["a"] = NotTakenError("away")
    stage.turn(10)
    fail(stage, "r2")
    stage.refuses.clear()
    stage.turn(20)
    got = [message.content["title"] for name, message in stage.got if name == "a"]
    assert got == ["DAG example failed: run r1", "DAG example failed: run r2"]


def test_a_receiver_that_is_away_is_asked_once_for_all_that_waits(stage: Stage) -> None:
    attempts: list[str] = []

    def away(channel, message):
        attempts.append(message.channel)
        raise NotTakenError("away")

    stage.sender = Sender(stage.store, stage.config, SITE, attempt=away)
    for number in range(4):
        fail(stage, f"r{number}")
        stage.turn(11)
        stage.turn(0)
    assert attempts.count("a") == 3  # after 11 s, at least 5 s and at least 10 s later; now it rests for 20 s
    stage.refuses.clear()
    stage.sender = Sender(stage.store, stage.config, SITE, attempt=stage.take)
    stage.turn(20)
    assert len([name for name, _ in stage.got if name == "a"]) == 4


def test_a_message_is_given_up_after_a_day(stage: Stage) -> None:
    fail(stage)
    stage.refuses["a"] = NotTakenError("away")
    stage.turn(10)
    given_up = partial(REGISTRY.get_sample_value, "goflow_alert_messages_total", {"channel": "a", "state": "failed"})
    before = given_up()
    assert before is not None, "a rise from nothing is none to Prometheus"
    stage.turn(86400.0 + 1)
    assert given_up() == before + 1
    with stage.store.reading() as tx:
        last = stored.last_ended(tx, "a")
        assert stored.waiting(tx) == {}
    assert last is not None
    assert (last.state, last.error) == (MessageState.FAILED, "away")


def test_a_channel_that_is_gone_drops_its_messages(stage: Stage) -> None:
    fail(stage)
    stage.alerter.look()
    stage.path.write_text(TWO.replace("[a, b]", "[b]").replace("a: {webhook: {url: 'http://x/secret'}}, ", ""))
    assert stage.turn() == ["b: DAG example failed: run r1"]
    with stage.store.reading() as tx:
        last = stored.last_ended(tx, "a")
    assert last is not None
    assert last.state is MessageState.DROPPED


def test_a_defect_in_a_channel_loses_nothing(stage: Stage) -> None:
    fail(stage)

    def broken(channel, message):
        raise RuntimeError("oh")

    stage.sender = Sender(stage.store, stage.config, SITE, attempt=broken)
    stage.turn(10)
    with stage.store.reading() as tx:
        assert stored.waiting(tx) == {"a": 1, "b": 1}
        assert stored.trouble(tx, "a") == "RuntimeError: oh"


def test_a_slow_channel_holds_no_other_up(stage: Stage) -> None:
    fail(stage)
    go, other = threading.Event(), threading.Event()

    def take(channel, message):
        if message.channel == "a":
            go.wait(30)
        else:
            other.set()

    sender = Sender(stage.store, stage.config, SITE, attempt=take)
    stage.alerter.look()
    stage.clock.advance(10)
    sender.start()
    try:
        assert other.wait(30)
    finally:
        go.set()
        sender.stop()


def test_what_people_see_of_it(stage: Stage) -> None:
    desk = AlertDesk(stage.store, stage.config, SITE)
    fail(stage)
    stage.refuses["a"] = NotTakenError("away")
    stage.turn(10)
    [alert] = desk.active()
    assert {one["channel"]: (one["state"], one["error"]) for one in alert["messages"]} == {
        "a": ("sending", "away"),
        "b": ("delivered", None),
    }
    shown = {row["name"]: row for row in desk.channels()}
    assert (shown["a"]["waiting"], shown["a"]["error"], shown["a"]["target"]) == (1, "away", "http://x/...")
    assert (shown["b"]["waiting"], shown["b"]["last_state"], shown["b"]["error"]) == (0, "delivered", None)
    assert "DAG file" in shown
    assert [rule["name"] for rule in desk.rules()["rules"]] == ["r"]
    assert "secret" not in str(desk.channels()) + str(desk.rules())
