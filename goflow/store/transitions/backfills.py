"""Making a backfill, letting it pause and go on, and its end: each with its event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, update

from goflow.domain.backfills import Backfill, BackfillOrder, BackfillRun
from goflow.domain.errors import AlreadyExistsError
from goflow.domain.runs import DagRun
from goflow.domain.state import RunType
from goflow.store import backfills as stored
from goflow.store import events
from goflow.store.backfill_tables import ACTIVE_BACKFILLS, backfill_runs, backfills
from goflow.store.columns import dumps
from goflow.store.tables import dag_runs, where
from goflow.store.tx import Tx

_b = backfills.c
_MINE = (_b.id == bindparam("key"), where(ACTIVE_BACKFILLS))
_AT: dict[str, Any] = {"updated_at": bindparam("at", type_=_b.updated_at.type)}
_PAUSE = (
    update(backfills).where(*_MINE, _b.is_paused != bindparam("paused")).values(is_paused=bindparam("paused"), **_AT)
)
_COMPLETE = update(backfills).where(*_MINE).values(completed_at=bindparam("at", type_=_b.updated_at.type), **_AT)


def create_backfill(tx: Tx, order: BackfillOrder, *, who: str) -> Backfill:
    """A backfill, still without dates. Raises AlreadyExistsError while another one of its DAG is not over."""
    at = tx.now()
    conf = None if order.dag_run_conf is None else dumps(dict(order.dag_run_conf))
    values = {
        "dag_id": order.dag_id,
        "from_date": order.from_date,
        "to_date": order.to_date,
        "run_backwards": order.run_backwards,
        "reprocess_behavior": order.reprocess_behavior.value,
        "max_active_runs": order.max_active_runs,
        "dag_run_conf": conf,
        "run_on_latest_version": order.run_on_latest_version,
        "is_paused": False,
        "created_at": at,
        "updated_at": at,
        "triggering_user_name": who,
    }
    key = tx.insert_or_none(backfills, values)
    if key is None:
        hint = "there can be one at a time; goflow backfills list shows it, and cancel ends it"
        raise AlreadyExistsError(f"a running backfill of DAG {order.dag_id}", hint=hint)
    made = stored.get(tx, key)
    _say(tx, events.BACKFILL_CREATED, made, who=who)
    return made


def add_backfill_runs(tx: Tx, dates: Sequence[BackfillRun]) -> None:
    """The dates of a backfill; those that are there already stay as they are."""
    rows = [
        {
            "backfill_id": date.backfill_id,
            "sort_ordinal": date.sort_ordinal,
            "logical_date": date.logical_date,
            "partition_key": date.partition_key,
            "dag_run_id": date.dag_run_id,
            "exception_reason": None if date.exception_reason is None else date.exception_reason.value,
        }
        for date in dates
    ]
    tx.insert_new(backfill_runs, rows)


def take_over_run(tx: Tx, run: DagRun, backfill: Backfill, *, who: str) -> None:
    """A run that is there already belongs to BACKFILL from now on, with its configuration if it has one."""
    values: dict[str, Any] = {
        "backfill_id": backfill.id,
        "run_type": RunType.BACKFILL.value,
        "triggered_by": RunType.BACKFILL.value,
        "last_updated_date": tx.now(),
    }
    if backfill.dag_run_conf is not None:
        values["conf"] = dumps(dict(backfill.dag_run_conf))
    tx.change(update(dag_runs).where(dag_runs.c.id == run.id).values(**values))
    data = {"id": run.id, "backfill_id": backfill.id}
    events.emit(tx, events.RUN_TAKEN_OVER, dag_id=run.dag_id, run_id=run.run_id, who=who, data=data)


def set_backfill_paused(tx: Tx, backfill_id: int, paused: bool, *, who: str) -> bool:
    """Let no run of a backfill begin, or let them go on; False when that is so already, or the backfill is over."""
    if not tx.change(_PAUSE, {"key": backfill_id, "paused": paused, "at": tx.now()}):
        return False
    kind = events.BACKFILL_PAUSED if paused else events.BACKFILL_UNPAUSED
    _say(tx, kind, stored.get(tx, backfill_id), who=who)
    return True


def complete_backfill(tx: Tx, backfill_id: int, *, who: str, cancelled: bool = False) -> bool:
    """A backfill is over; False when it was already. CANCELLED: by a person's word."""
    if not tx.change(_COMPLETE, {"key": backfill_id, "at": tx.now()}):
        return False
    kind = events.BACKFILL_CANCELLED if cancelled else events.BACKFILL_COMPLETED
    _say(tx, kind, stored.get(tx, backfill_id), who=who)
    return True


def _say(tx: Tx, kind: str, backfill: Backfill, *, who: str) -> None:
    events.emit(tx, kind, dag_id=backfill.dag_id, who=who, data={"id": backfill.id})
