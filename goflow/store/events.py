"""The event sequence: what happened, in order. Everything that tells people or wakes a loop reads it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, or_, select, text

from goflow.domain.canonical import Json
from goflow.domain.runs import Event, TaskInstance
from goflow.store import bulk, databases
from goflow.store.columns import dumps, loads
from goflow.store.listing import Condition, Listing, Page
from goflow.store.notifier import CHANNEL
from goflow.store.tables import events
from goflow.store.tx import Tx

TASK_STATE = "task.state"
TASK_CREATED = "task.created"
TASK_NOTE = "task.note"
RUN_CREATED = "run.created"
RUN_STATE = "run.state"
RUN_DELETED = "run.deleted"
RUN_NOTE = "run.note"
RUN_PARTITION_CLEARED = "run.partition_cleared"
RUN_PINNED = "run.pinned"
RUN_TAKEN_OVER = "run.taken_over"
LAUNCH_STATE = "launch.state"
LAUNCH_STOP = "launch.stop"
TRIGGER_WAITING = "trigger.waiting"
TRIGGER_FIRED = "trigger.fired"
HITL_ASKED = "hitl.asked"
HITL_ANSWERED = "hitl.answered"
CALLBACK_STATE = "callback.state"
QUESTION_ASKED = "question.asked"
QUESTION_ANSWERED = "question.answered"
QUESTION_FAILED = "question.failed"
ASSET_EVENT = "asset.event"
ASSET_WATCHES = "asset.watches"
ASSET_QUEUE_CLEARED = "asset.queue_cleared"
XCOM_SET = "xcom.set"
XCOM_DELETED = "xcom.deleted"
STATE_STORE_SET = "state_store.set"
STATE_STORE_CLEARED = "state_store.cleared"
FILE_READ_AGAIN = "file.read_again"
BACKFILL_CREATED = "backfill.created"
BACKFILL_PAUSED = "backfill.paused"
BACKFILL_UNPAUSED = "backfill.unpaused"
BACKFILL_COMPLETED = "backfill.completed"
BACKFILL_CANCELLED = "backfill.cancelled"
DEADLINE_MET = "deadline.met"
DEADLINE_MISSED = "deadline.missed"
DEADLINE_FAILED = "deadline.failed"
SLA_MISSED = "sla.missed"
DAG_VERSION = "dag.version"
HISTORY_CLEANED = "history.cleaned"
DAG_PAUSED = "dag.paused"
DAG_UNPAUSED = "dag.unpaused"
DAG_ACTIVATED = "dag.activated"
DAG_DEACTIVATED = "dag.deactivated"
DAG_DELETED = "dag.deleted"
DAG_HELD = "dag.held"
DAG_RELEASED = "dag.released"
IMPORT_ERROR = "import.error"
IMPORT_MENDED = "import.mended"
VARIABLE_SET = "variable.set"
VARIABLE_DELETED = "variable.deleted"
CONNECTION_SET = "connection.set"
CONNECTION_DELETED = "connection.deleted"
JOB_FILE_SAVED = "job_file.saved"
JOB_FILE_DELETED = "job_file.deleted"
POOL_SET = "pool.set"
POOL_DELETED = "pool.deleted"
DAEMON_JOINED = "daemon.joined"
DAEMON_LEFT = "daemon.left"
DAEMON_FORGOTTEN = "daemon.forgotten"
LEASE_TAKEN = "lease.taken"
LEASE_RELEASED = "lease.released"
ALERT_RAISED = "alert.raised"
ALERT_RESOLVED = "alert.resolved"
ALERT_MESSAGE = "alert.message"
ALERT_TESTED = "alert.tested"
SCHEDULING_RESUMED = "scheduling.resumed"
DAEMON_UNHEALTHY = "daemon.unhealthy"
DAEMON_HEALTHY = "daemon.healthy"
CRONJOB_PLACED = "cronjob.placed"
CRONJOB_CHANGED = "cronjob.changed"
CRONJOB_DRIFTED = "cronjob.drifted"
CRONJOB_MENDED = "cronjob.mended"
CRONJOB_REMOVED = "cronjob.removed"
CRONJOB_REFUSED = "cronjob.refused"
CRONJOB_FOUND = "cronjob.found"
CRONJOB_GONE = "cronjob.gone"
CRONJOB_MISSED = "cronjob.missed"
TOKEN_CREATED = "token.created"  # noqa: S105
TOKEN_REVOKED = "token.revoked"  # noqa: S105
USER_CREATED = "user.created"
USER_ROLE_SET = "user.role_set"
USER_PASSWORD_SET = "user.password_set"  # noqa: S105
USER_DELETED = "user.deleted"
SESSION_STARTED = "session.started"
SESSION_ENDED = "session.ended"

_INSERT = insert(events)
_LAST = select(func.max(events.c.seq))
_ORDER = "event order"


def emit(
    tx: Tx,
    kind: str,
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
    who: str | None = None,
    data: Mapping[str, Json] | None = None,
    at: dt.datetime | None = None,
) -> None:
    """Say that something happened; it is written with the transaction, at its end."""
    tx.pending.append(
        Event(
            seq=0,
            at=at or tx.now(),
            kind=kind,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            try_number=try_number,
            who=who,
            data=data or {},
        )
    )


def emit_of_task(
    tx: Tx,
    kind: str,
    instance: TaskInstance,
    data: Mapping[str, Json],
    *,
    who: str,
    at: dt.datetime | None = None,
    try_number: int | None = None,
) -> None:
    """Say that something happened to INSTANCE, in its present try unless TRY_NUMBER is another."""
    emit(
        tx,
        kind,
        dag_id=instance.dag_id,
        run_id=instance.run_id,
        task_id=instance.task_id,
        map_index=instance.map_index,
        try_number=instance.try_number if try_number is None else try_number,
        who=who,
        data=data,
        at=at,
    )


def flush(tx: Tx) -> None:
    """Write the events of TX and give them their numbers; called once, right before the commit."""
    if not tx.pending:
        return
    rows = [_values(event) for event in tx.pending]
    if tx.store.dialect == "sqlite":
        # There is one writer, so the numbers of this batch follow each other without a gap.
        tx.connection.execute(_INSERT, rows)
        last = int(tx.connection.execute(_LAST).scalar_one())
        numbers = list(range(last - len(rows) + 1, last + 1))
    else:
        given = {**bulk.as_json(rows), "key": _ORDER_KEY, "identity": tx.store.identity}
        numbers = list(tx.connection.execute(_LOCK_NOTIFY_INSERT, given).scalars())
    tx.pending = [event.numbered(seq) for event, seq in zip(tx.pending, numbers, strict=True)]


_ORDER_KEY = databases.name_key(_ORDER)
_COLUMNS = {
    "at": "timestamptz",
    **dict.fromkeys(("kind", "dag_id", "run_id", "task_id", "who", "data"), "text"),
    **dict.fromkeys(("map_index", "try_number"), "integer"),
}
"""The columns of an event and their types on PostgreSQL."""
_TYPED = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_LOCK_NOTIFY_INSERT = text(
    f"""
    WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(:key), pg_notify('{CHANNEL}', :identity))
    INSERT INTO events ({", ".join(_COLUMNS)})
    SELECT {", ".join(f"event.{name}" for name in _COLUMNS)}
    FROM locked, ROWS FROM (json_to_recordset(CAST(:{bulk.ROWS} AS json)) AS ({_TYPED}))
         WITH ORDINALITY AS event({", ".join(_COLUMNS)}, place)
    ORDER BY event.place
    RETURNING seq
    """  # noqa: S608
)
"""One text for any number of events, so that the server plans it once; a number is given out when the lock is held."""


def after(
    tx: Tx,
    seq: int,
    *,
    limit: int = 1000,
    dag_id: str | None = None,
    run_id: str | None = None,
    kinds: Collection[str] | None = None,
) -> list[Event]:
    """Events with a number above SEQ, in order, at most LIMIT."""
    given = {"dag_id": dag_id, "run_id": run_id, "kinds": list(kinds) if kinds is not None else None}
    present = {name: value for name, value in given.items() if value is not None}
    rows = tx.rows(_after(tuple(present)), {"seq": seq, "limit": limit, **present})
    return [event_of(row) for row in rows]


def before(
    tx: Tx, seq: int | None, *, limit: int = 100, dag_id: str | None = None, kinds: Collection[str] = ()
) -> list[Event]:
    """The newest LIMIT events with a number below SEQ (None: of all), newest first: for pages of an audit log. KINDS:
    those alone whose kind begins with one of these."""
    statement = select(events).order_by(events.c.seq.desc()).limit(limit)
    if seq is not None:
        statement = statement.where(events.c.seq < seq)
    if dag_id is not None:
        statement = statement.where(events.c.dag_id == dag_id)
    if kinds:
        statement = statement.where(or_(*(events.c.kind.startswith(kind, autoescape=True) for kind in kinds)))
    return [event_of(row) for row in tx.rows(statement)]


def newest(tx: Tx, dag_id: str, kinds: Collection[str]) -> Event | None:
    """The newest event of a DAG that is one of KINDS, or None."""
    statement = select(events).where(events.c.dag_id == dag_id, events.c.kind.in_(list(kinds)))
    row = tx.first(statement.order_by(events.c.seq.desc()).limit(1))
    return None if row is None else event_of(row)


def last_seq(tx: Tx, *, before: dt.datetime | None = None) -> int:
    """The number of the newest event, or of the newest one that happened BEFORE a moment; 0 when there is none."""
    if before is None:
        return int(tx.value(_LAST) or 0)
    older = select(events.c.seq).where(events.c.at < before).order_by(events.c.seq.desc()).limit(1)
    return int(tx.value(older) or 0)


@functools.cache
def _after(present: tuple[str, ...]) -> Any:
    statement = select(events).where(events.c.seq > bindparam("seq")).order_by(events.c.seq).limit(bindparam("limit"))
    for name in present:
        if name == "kinds":
            statement = statement.where(events.c.kind.in_(bindparam("kinds", expanding=True)))
        else:
            statement = statement.where(events.c[name] == bindparam(name))
    return statement


def _values(event: Event) -> dict[str, Any]:
    return {
        "at": event.at,
        "kind": event.kind,
        "dag_id": event.dag_id,
        "run_id": event.run_id,
        "task_id": event.task_id,
        "map_index": event.map_index,
        "try_number": event.try_number,
        "who": event.who,
        "data": dumps(event.data) if event.data else None,
    }


def event_of(row: Row[Any]) -> Event:
    """A row of the table as what is handed out."""
    values = row._asdict()
    values["data"] = loads(values["data"], {})
    return Event(**values)


_e = events.c
_LISTING = Listing(
    statement=select(events),
    key=_e.seq,
    fields={
        "event_log_id": _e.seq,
        "dag_id": _e.dag_id,
        "run_id": _e.run_id,
        "task_id": _e.task_id,
        "map_index": _e.map_index,
        "try_number": _e.try_number,
        "owner": _e.who,
        "event": _e.kind,
        "when": _e.at,
    },
    orders={
        "id": [_e.seq],
        "event_log_id": [_e.seq],
        "when": [_e.at],
        "dttm": [_e.at],
        "dag_id": [_e.dag_id],
        "task_id": [_e.task_id],
        "run_id": [_e.run_id],
        "event": [_e.kind],
        "owner": [_e.who],
        "extra": [_e.data],
    },
    special={"excluded_events": lambda one, tx: _e.kind.not_in(one.value)},
)


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[Event], int]:
    """Events, and how many there are. Raises InvalidRequestError."""
    rows, total = _LISTING.page(tx, conditions, page)
    return [event_of(row) for row in rows], total
