"""What becomes of alerts and of the messages that carry them: each change once, with its event.

An alert and its messages are written in the transaction that decides it, so that whoever is killed after that has
nothing to remember: the message is there, and is sent until its receiver has taken it. It may come twice, then with the
same key and the same content.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, update

from goflow.domain.alerts import MESSAGE_TRANSITIONS, Alert, AlertMessage, MessageState
from goflow.domain.canonical import Json
from goflow.domain.errors import StateChangeRefusedError
from goflow.store import alerts as stored
from goflow.store import events
from goflow.store.alert_tables import OPEN_ALERTS, alert_message_parts, alert_messages, alerts
from goflow.store.columns import dumps
from goflow.store.tables import where
from goflow.store.tx import Tx

_a, _m = alerts.c, alert_messages.c
_RESOLVE = (
    update(alerts)
    .where(where(OPEN_ALERTS), _a.problem == bindparam("what"))
    .values(resolved_at=bindparam("moment", type_=_a.resolved_at.type))
)
_RETRY = (
    update(alert_messages)
    .where(_m.id == bindparam("key_of"), _m.state == MessageState.SENDING.value)
    .values(
        attempts=_m.attempts + 1,
        due_at=bindparam("again", type_=_m.due_at.type),
        error=bindparam("why", type_=_m.error.type),
    )
)


def raise_alert(tx: Tx, alert: Alert, *, who: str) -> int | None:
    """Write ALERT down; its id, or None where that was decided before."""
    values = {
        "key": alert.key,
        "kind": alert.kind.value,
        "problem": alert.problem,
        "severity": alert.severity.value,
        "at": alert.at,
        "title": alert.title,
        "text": alert.text,
        "dag_id": alert.dag_id,
        "run_id": alert.run_id,
        "task_id": alert.task_id,
        "map_index": alert.map_index,
        "try_number": alert.try_number,
        "labels": dumps(dict(alert.labels)),
        "rules": dumps(list(alert.rules)),
        "resolved_at": alert.resolved_at,
    }
    key = tx.insert_or_none(alerts, values)
    if key is not None:
        data: dict[str, Json] = {"alert": key, "kind": alert.kind.value, "title": alert.title}
        events.emit(
            tx,
            events.ALERT_RAISED,
            dag_id=alert.dag_id,
            run_id=alert.run_id,
            task_id=alert.task_id,
            map_index=alert.map_index,
            try_number=alert.try_number,
            who=who,
            data=data,
        )
    return key


def resolve_alerts(tx: Tx, problem: str, *, at: dt.datetime, who: str) -> list[Alert]:
    """PROBLEM is over: the alerts that were open because of it, each as it was."""
    found = stored.open_of(tx, problem)
    if found and tx.change(_RESOLVE, {"what": problem, "moment": at}):
        data: dict[str, Json] = {"problem": problem, "alerts": [alert.id for alert in found]}
        events.emit(tx, events.ALERT_RESOLVED, dag_id=found[0].dag_id, who=who, data=data)
    return found


def put_into_message(
    tx: Tx,
    alert_id: int,
    channel: str,
    group: str,
    *,
    due_at: dt.datetime,
    resolved: bool = False,
    content: Mapping[str, Json] | None = None,
) -> int:
    """Have CHANNEL told of an alert, or that it is over: in the message that collects for GROUP, else in a new one that
    is closed at DUE_AT. With CONTENT the message is closed at once. The message's id."""
    tx.lock_name("alerts")
    message_id = None if content is not None else stored.collecting(tx, channel, group)
    if message_id is None:
        state = MessageState.COLLECTING if content is None else MessageState.SENDING
        row = {
            "key": uuid.uuid4().hex,
            "channel": channel,
            "group_key": group,
            "state": state.value,
            "created_at": tx.now(),
            "due_at": due_at,
            "attempts": 0,
            "content": None if content is None else dumps(dict(content)),
        }
        message_id = tx.insert(alert_messages, row)
    tx.insert_new(alert_message_parts, [{"message_id": message_id, "alert_id": alert_id, "resolved": resolved}])
    return message_id


def close_message(tx: Tx, message: AlertMessage, content: Mapping[str, Json]) -> bool:
    """Nothing joins MESSAGE any more: CONTENT is what is sent. False when it is closed already."""
    tx.lock_name("alerts")
    return _advance(tx, message, MessageState.SENDING, content=dumps(dict(content)))


def retry_message(tx: Tx, message: AlertMessage, *, again_at: dt.datetime, error: str) -> bool:
    """The receiver has not taken MESSAGE: it is sent again at AGAIN_AT."""
    return bool(tx.change(_RETRY, {"key_of": message.id, "again": again_at, "why": error}))


def end_message(tx: Tx, message: AlertMessage, state: MessageState, *, who: str, error: str | None = None) -> bool:
    """MESSAGE is delivered, given up or dropped; false when it was that before."""
    values: dict[str, Any] = {"ended_at": tx.now(), "error": error}
    if state is not MessageState.DROPPED:
        values["attempts"] = message.attempts + 1
    if not _advance(tx, message, state, **values):
        return False
    data: dict[str, Json] = {"message": message.id, "channel": message.channel, "to": state.value, "error": error}
    events.emit(tx, events.ALERT_MESSAGE, who=who, data=data)
    return True


def _advance(tx: Tx, message: AlertMessage, new: MessageState, **values: Any) -> bool:
    if new not in MESSAGE_TRANSITIONS[message.state]:
        raise StateChangeRefusedError(f"alert message {message.id}: {message.state} to {new}")
    statement = update(alert_messages).where(_m.id == message.id, _m.state == message.state.value)
    return bool(tx.change(statement.values(state=new.value, **values)))
