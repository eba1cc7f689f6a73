"""Alerts and their messages in both databases: each decision once, each end once, two at work at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from goflow.domain.alerts import Alert, AlertKind, AlertSeverity, MessageState
from goflow.domain.errors import StateChangeRefusedError
from goflow.store import Store, Tx, events, transitions
from goflow.store import alerts as stored
from tests.stores import START

ALERT = Alert(
    key="failed/1",
    kind=AlertKind.FAILED,
    problem="failed/example",
    severity=AlertSeverity.CRITICAL,
    at=START,
    title="DAG example failed",
    dag_id="example",
    labels={"tags": ["a"]},
    rules=("r",),
)


def raised(tx: Tx, channel: str = "hook", group: str = "g", after_s: float = 0.0, **changed: Any) -> int:
    """An alert with its message; the message's id."""
    alert_id = transitions.raise_alert(tx, dataclasses.replace(ALERT, **changed), who="alerts")
    assert alert_id is not None
    due = tx.now() + dt.timedelta(seconds=after_s)
    return transitions.put_into_message(tx, alert_id, channel, group, due_at=due)


def test_a_decision_is_made_once(store: Store) -> None:
    with store.transaction() as tx:
        raised(tx)
    with store.transaction() as tx:
        assert transitions.raise_alert(tx, ALERT, who="alerts") is None
        assert stored.is_decided(tx, ALERT.key)
        assert not stored.is_decided(tx, "failed/2")
    with store.reading() as tx:
        [found] = stored.list_(tx)
        assert dataclasses.replace(found, id=0) == ALERT
        assert stored.find(tx, found.id) == found
        assert [event.kind for event in events.after(tx, 0)] == ["alert.raised"]


def test_alerts_of_one_group_join_until_their_message_is_closed(store: Store) -> None:
    with store.transaction() as tx:
        first = raised(tx, after_s=10)
        assert raised(tx, key="2", after_s=99) == first
        other = raised(tx, key="3", group="other", after_s=10)
        assert len({first, other}) == 2
        assert stored.due(tx, tx.now()) == []
        assert stored.next_due_after(tx, tx.now()) == tx.now() + dt.timedelta(seconds=10)
    store.clock.advance(10)  # type: ignore[attr-defined]
    with store.transaction() as tx:
        due = stored.due(tx, tx.now())
        assert [message.id for message in due] == [first, other]
        assert transitions.close_message(tx, due[0], {"title": "t"})
        assert not transitions.close_message(tx, due[0], {"title": "another"})
        assert raised(tx, key="4") not in {first, other}
        assert [alert.key for alert, _ in stored.parts(tx, first)] == ["failed/1", "2"]
        message = stored.find_message(tx, first)
        assert message is not None
        assert (message.state, message.content) == (MessageState.SENDING, {"title": "t"})


def test_an_attempt_in_vain_and_the_end(store: Store) -> None:
    with store.transaction() as tx:
        message_id = raised(tx)
        [message] = stored.due(tx, tx.now())
        with pytest.raises(StateChangeRefusedError):
            transitions.end_message(tx, message, MessageState.DELIVERED, who="alerts")
        transitions.close_message(tx, message, {"title": "t"})
        [message] = stored.due(tx, tx.now())
        again_at = tx.now() + dt.timedelta(seconds=5)
        assert transitions.retry_message(tx, message, again_at=again_at, error="503")
        assert stored.due(tx, tx.now()) == []
        assert stored.trouble(tx, "hook") == "503"
        assert stored.waiting(tx) == {"hook": 1}
        [message] = stored.due(tx, again_at)
        assert (message.id, message.attempts) == (message_id, 1)
        assert transitions.end_message(tx, message, MessageState.DELIVERED, who="alerts")
        assert not transitions.end_message(tx, message, MessageState.FAILED, who="alerts")
        assert not transitions.retry_message(tx, message, again_at=again_at, error="late")
        last = stored.last_ended(tx, "hook")
        assert last is not None
        assert (last.state, last.attempts, last.ended_at) == (MessageState.DELIVERED, 2, START)
        assert stored.waiting(tx) == {}


def test_a_problem_that_is_over_ends_all_its_alerts_once(store: Store) -> None:
    with store.transaction() as tx:
        raised(tx)
        raised(tx, key="2")
        raised(tx, key="3", problem="failed/other", dag_id="other")
        assert stored.problems(tx) == {"failed/example", "failed/other"}
        assert stored.problems_of(tx, "other") == ["failed/other"]
        assert [one.key for one in stored.told_and_open(tx, "hook")] == ["failed/1", "2", "3"]
        assert stored.told_and_open(tx, "am") == []
    with store.transaction() as tx:
        found = transitions.resolve_alerts(tx, "failed/example", at=START, who="alerts")
        assert [one.key for one in found] == ["failed/1", "2"]
        assert transitions.resolve_alerts(tx, "failed/example", at=START, who="alerts") == []
    with store.reading() as tx:
        assert [one.key for one in stored.open_(tx)] == ["3"]
        assert [event.kind for event in events.after(tx, 0)].count("alert.resolved") == 1


def test_when_a_channel_was_told_last(store: Store) -> None:
    with store.transaction() as tx:
        raised(tx)
        raised(tx, key="2", at=START + dt.timedelta(minutes=1))
        told = [stored.last_told(tx, channel, kind, ALERT.problem)
                for channel, kind in (("hook", AlertKind.FAILED), ("mail", AlertKind.FAILED), ("hook", AlertKind.LATE))]  # fmt: skip
    assert told == [START + dt.timedelta(minutes=1), None, None]


def test_only_what_somebody_may_have_to_be_told_of_is_read(store: Store) -> None:
    with store.transaction() as tx:
        for to in ("queued", "running", "success", "failed", "up_for_retry"):
            events.emit(tx, events.TASK_STATE, dag_id="d", data={"ti": 1, "from": "x", "to": to, "reason": ""})
        for to in ("running", "success", "failed"):
            events.emit(tx, events.RUN_STATE, dag_id="d", data={"id": 1, "to": to})
        events.emit(tx, events.IMPORT_ERROR, data={"path": "a"})
        events.emit(tx, events.POOL_SET, data={})
    kinds = [events.TASK_STATE, events.RUN_STATE, events.IMPORT_ERROR]

    def read(ends_well: bool, limit: int = 99) -> list[str]:
        with store.reading() as tx:
            last = events.last_seq(tx)
            found = stored.telling_events(tx, 0, last, kinds, ends_well=ends_well, limit=limit)
        return [str(event.data.get("to") or event.kind) for event in found]

    assert read(False) == ["failed", "up_for_retry", "failed", "import.error"]
    assert read(True) == ["success", "failed", "up_for_retry", "success", "failed", "import.error"]
    assert read(True, 2) == ["success", "failed"]


def test_what_is_old_goes_and_what_is_open_or_unsent_stays(store: Store) -> None:
    with store.transaction() as tx:
        raised(tx)
        raised(tx, key="2", problem="failed/other")
        sent = raised(tx, key="3", problem="failed/third", group="h", resolved_at=START)
        for problem in ("failed/example", "failed/third"):
            transitions.resolve_alerts(tx, problem, at=START, who="alerts")
        message = stored.find_message(tx, sent)
        assert message is not None
        transitions.end_message(tx, message, MessageState.DROPPED, who="alerts")
        assert stored.remove_old(tx, START) == 0
        assert stored.remove_old(tx, START + dt.timedelta(seconds=1)) == 1
        assert {one.key for one in stored.list_(tx)} == {"failed/1", "2"}
        assert stored.find_message(tx, sent) is None
