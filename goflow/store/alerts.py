"""Alerts and the messages that carry them: reading them. What becomes of them: see `transitions`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, or_, select

from goflow.domain.alerts import Alert, AlertKind, AlertMessage, AlertSeverity, MessageState
from goflow.domain.runs import Event
from goflow.domain.state import TaskState
from goflow.store import events
from goflow.store.alert_tables import OPEN_ALERTS, OPEN_MESSAGES, alert_message_parts, alert_messages, alerts
from goflow.store.columns import loads
from goflow.store.tables import events as event_table
from goflow.store.tables import where
from goflow.store.tx import Tx

_a, _m, _p, _e = alerts.c, alert_messages.c, alert_message_parts.c, event_table.c
_GET = select(alerts).where(_a.id == bindparam("key"))
_DECIDED = select(_a.id).where(_a.key == bindparam("key"))
_PROBLEMS = select(_a.problem).where(where(OPEN_ALERTS)).distinct()
_OPEN = select(alerts).where(where(OPEN_ALERTS)).order_by(_a.id).limit(bindparam("most"))
_OPEN_OF = select(alerts).where(where(OPEN_ALERTS), _a.problem == bindparam("problem")).order_by(_a.id)
_GET_MESSAGE = select(alert_messages).where(_m.id == bindparam("key"))
_COLLECTING = (
    select(_m.id)
    .where(
        where(OPEN_MESSAGES),
        _m.state == MessageState.COLLECTING.value,
        _m.channel == bindparam("channel"),
        _m.group_key == bindparam("group"),
    )
    .order_by(_m.id.desc())
    .limit(1)
)
_DUE = (
    select(alert_messages)
    .where(where(OPEN_MESSAGES), _m.due_at <= bindparam("now", type_=_m.due_at.type))
    .order_by(_m.due_at, _m.id)
    .limit(bindparam("most"))
)
_NEXT = select(func.min(_m.due_at, type_=_m.due_at.type)).where(
    where(OPEN_MESSAGES), _m.due_at > bindparam("moment", type_=_m.due_at.type)
)
_PARTS = (
    select(alerts, _p.resolved.label("resolved"))
    .join(alert_message_parts, _p.alert_id == _a.id)
    .where(_p.message_id == bindparam("message"))
    .order_by(_a.id)
)
_LAST_TOLD = (
    select(func.max(_a.at, type_=_a.at.type))
    .select_from(alerts)
    .join(alert_message_parts, _p.alert_id == _a.id)
    .join(alert_messages, _m.id == _p.message_id)
    .where(
        _a.problem == bindparam("problem"),
        _a.kind == bindparam("kind"),
        _m.channel == bindparam("channel"),
        _m.state != MessageState.DROPPED.value,
    )
)
_TOLD_AND_OPEN = (
    select(alerts)
    .where(
        where(OPEN_ALERTS),
        _a.id.in_(
            select(_p.alert_id)
            .join(alert_messages, _m.id == _p.message_id)
            .where(_m.channel == bindparam("channel"), _m.state != MessageState.DROPPED.value)
        ),
    )
    .order_by(_a.id)
)
_WAITING = select(_m.channel, func.count().label("n")).where(where(OPEN_MESSAGES)).group_by(_m.channel)
_ENDS = (
    select(alert_messages)
    .where(_m.channel == bindparam("channel"), _m.ended_at.is_not(None))
    .order_by(_m.id.desc())
    .limit(1)
)
_TROUBLE = (
    select(_m.error)
    .where(where(OPEN_MESSAGES), _m.channel == bindparam("channel"), _m.error.is_not(None))
    .order_by(_m.id)
    .limit(1)
)
_STATES = frozenset({events.TASK_STATE, events.RUN_STATE})
_TELLING = [TaskState.FAILED.value, TaskState.UP_FOR_RETRY.value]


def find(tx: Tx, alert_id: int) -> Alert | None:
    """The alert of that id, or None."""
    row = tx.first(_GET, {"key": alert_id})
    return None if row is None else _alert(row)


def problems(tx: Tx) -> set[str]:
    """What is wrong now, by the names of problems."""
    return {row.problem for row in tx.rows(_PROBLEMS)}


def problems_of(tx: Tx, dag_id: str) -> list[str]:
    """What is wrong with a DAG now, by the names of problems."""
    return sorted({row.problem for row in tx.rows(_PROBLEMS.where(_a.dag_id == dag_id))})


def open_(tx: Tx, most: int = 1000) -> list[Alert]:
    """Alerts of what is wrong still, the oldest first."""
    return [_alert(row) for row in tx.rows(_OPEN, {"most": most})]


def open_of(tx: Tx, problem: str) -> list[Alert]:
    """Those of one problem."""
    return [_alert(row) for row in tx.rows(_OPEN_OF, {"problem": problem})]


def told_and_open(tx: Tx, channel: str) -> list[Alert]:
    """Alerts of what is wrong still that CHANNEL has heard of, or will."""
    return [_alert(row) for row in tx.rows(_TOLD_AND_OPEN, {"channel": channel})]


def is_decided(tx: Tx, key: str) -> bool:
    """Whether the decision of that name was made."""
    return tx.first(_DECIDED, {"key": key}) is not None


def last_told(tx: Tx, channel: str, kind: AlertKind, problem: str) -> dt.datetime | None:
    """When CHANNEL was told last that this has happened to that problem; None: never."""
    found: dt.datetime | None = tx.value(_LAST_TOLD, {"channel": channel, "kind": kind.value, "problem": problem})
    return found


def list_(
    tx: Tx, *, limit: int = 100, before: int | None = None, dag_id: str | None = None, kind: AlertKind | None = None
) -> list[Alert]:
    """Alerts, the newest first; BEFORE: those with lower ids."""
    statement = select(alerts).order_by(_a.id.desc()).limit(limit)
    for column, value in ((_a.dag_id, dag_id), (_a.kind, None if kind is None else kind.value)):
        if value is not None:
            statement = statement.where(column == value)
    if before is not None:
        statement = statement.where(_a.id < before)
    return [_alert(row) for row in tx.rows(statement)]


def find_message(tx: Tx, message_id: int) -> AlertMessage | None:
    """The message of that id, or None."""
    row = tx.first(_GET_MESSAGE, {"key": message_id})
    return None if row is None else _message(row)


def collecting(tx: Tx, channel: str, group: str) -> int | None:
    """The message that still collects what this group has for CHANNEL; None: there is none."""
    found = tx.value(_COLLECTING, {"channel": channel, "group": group})
    return None if found is None else int(found)


def due(tx: Tx, now: dt.datetime, most: int = 100) -> list[AlertMessage]:
    """Messages that are to be closed or sent at NOW, the longest due first."""
    return [_message(row) for row in tx.rows(_DUE, {"now": now, "most": most})]


def next_due_after(tx: Tx, moment: dt.datetime) -> dt.datetime | None:
    """When the next message after MOMENT is to be closed or sent; None: there is none."""
    found: dt.datetime | None = tx.value(_NEXT, {"moment": moment})
    return found


def parts(tx: Tx, message_id: int) -> list[tuple[Alert, bool]]:
    """The alerts that a message carries, each with whether it tells that it is over."""
    return [(_alert(row), bool(row.resolved)) for row in tx.rows(_PARTS, {"message": message_id})]


def messages_of(tx: Tx, alert_ids: Sequence[int]) -> dict[int, list[AlertMessage]]:
    """The messages that carry those alerts, by alert."""
    found: dict[int, list[AlertMessage]] = {}
    statement = (
        select(alert_messages, _p.alert_id)
        .join(alert_message_parts, _p.message_id == _m.id)
        .where(_p.alert_id.in_(list(alert_ids)))
        .order_by(_m.id)
    )
    for row in tx.rows(statement) if alert_ids else ():
        found.setdefault(row.alert_id, []).append(_message(row))
    return found


def waiting(tx: Tx) -> dict[str, int]:
    """How many messages each channel has that are not sent yet."""
    return {row.channel: int(row.n) for row in tx.rows(_WAITING)}


def trouble(tx: Tx, channel: str) -> str | None:
    """Why CHANNEL has not taken the oldest message that it is to get; None: nothing was in vain."""
    found = tx.value(_TROUBLE, {"channel": channel})
    return None if found is None else str(found)


def last_ended(tx: Tx, channel: str) -> AlertMessage | None:
    """The newest message of CHANNEL that is delivered, given up or dropped; None: there is none."""
    row = tx.first(_ENDS, {"channel": channel})
    return None if row is None else _message(row)


def telling_events(tx: Tx, seq: int, last: int, kinds: Sequence[str], *, ends_well: bool, limit: int) -> list[Event]:
    """Events after SEQ up to LAST of those KINDS that somebody may have to be told of, at most LIMIT. Of runs and task
    instances those that failed or are tried again, and those that end well only where it is asked whether they do."""
    states = [*_TELLING, TaskState.SUCCESS.value] if ends_well else _TELLING
    telling = or_(*(_e.data.like(f'%"to":"{state}"%') for state in states))
    wanted = or_(
        _e.kind.in_([kind for kind in kinds if kind not in _STATES]),
        _e.kind.in_([kind for kind in kinds if kind in _STATES]) & telling,
    )
    statement = select(event_table).where(_e.seq > seq, _e.seq <= last, wanted).order_by(_e.seq).limit(limit)
    return [events.event_of(row) for row in tx.rows(statement)]


def remove_old(tx: Tx, before: dt.datetime) -> int:
    """Delete alerts from before that moment that are over, and messages that were sent before it. How many alerts."""
    over = [state.value for state in MessageState if state not in {MessageState.COLLECTING, MessageState.SENDING}]
    tx.change(delete(alert_messages).where(_m.state.in_(over), _m.ended_at < before))
    unsent = select(_p.alert_id).join(alert_messages, _m.id == _p.message_id).where(where(OPEN_MESSAGES))
    return tx.change(delete(alerts).where(_a.resolved_at < before, _a.id.not_in(unsent)))


def _alert(row: Row[Any]) -> Alert:
    values = row._asdict()
    values.pop("resolved", None)
    values["kind"], values["severity"] = AlertKind(values["kind"]), AlertSeverity(values["severity"])
    values["labels"], values["rules"] = loads(values["labels"], {}), tuple(loads(values["rules"], []))
    return Alert(**values)


def _message(row: Row[Any]) -> AlertMessage:
    values = row._asdict()
    values.pop("alert_id", None)
    values["state"], values["content"] = MessageState(values["state"]), loads(values["content"], {})
    return AlertMessage(**values)
