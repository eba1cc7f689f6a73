"""Triggers and the runners that hold them: reading them, and the runners' own rows. States: see `transitions`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update

from goflow.domain.triggers import Fired, Trigger, TriggerState
from goflow.store.columns import loads
from goflow.store.rows import Resumption, TriggerRunner
from goflow.store.tables import WAITING_TRIGGERS, trigger_runners, triggers, where
from goflow.store.tx import Tx

_g = triggers.c
_r = trigger_runners.c
_SECRET = frozenset({"kwargs", "next_kwargs", "event"})
_SELECT = select(*(column for column in _g if column.name not in _SECRET))
_GET = _SELECT.where(_g.id == bindparam("trigger_id"))
_OF_TASK = _SELECT.where(_g.task_instance_id == bindparam("ti_id"))
_HELD = _SELECT.where(where(WAITING_TRIGGERS), _g.runner_id == bindparam("runner")).order_by(_g.id)
_HOLDS_FOR = select(_g.id).where(
    where(WAITING_TRIGGERS), _g.runner_id == bindparam("runner"), _g.launch_id == bindparam("launch")
)
_KWARGS = select(_g.kwargs).where(_g.id == bindparam("trigger_id"))
_RESUMPTION = select(_g.next_method, _g.next_kwargs, _g.encoding, _g.event).where(
    _g.task_instance_id == bindparam("ti_id"),
    _g.try_number == bindparam("number"),
    _g.state == TriggerState.FIRED.value,
)
_NEEDING = select(func.count()).select_from(triggers).where(where(WAITING_TRIGGERS), _g.due_at.is_(None))
_UNHELD = _NEEDING.where(_g.runner_id.is_(None))
_WAITING = select(func.count()).select_from(triggers).where(where(WAITING_TRIGGERS))
_RUNNERS = (
    select(trigger_runners, func.count(_g.id).label("held"))
    .select_from(
        trigger_runners.outerjoin(triggers, (_g.runner_id == _r.id) & (_g.state == TriggerState.WAITING.value))
    )
    .group_by(*trigger_runners.c)
    .order_by(_r.created_at, _r.id)
)
_SEEN = (
    update(trigger_runners)
    .where(_r.id == bindparam("runner"))
    .values(
        process=func.coalesce(bindparam("by", type_=_r.process.type), _r.process),
        capacity=bindparam("most", type_=_r.capacity.type),
        seen_at=bindparam("now", type_=_r.seen_at.type),
        expires_at=bindparam("until", type_=_r.expires_at.type),
    )
)
_RUNNER = select(trigger_runners).where(_r.id == bindparam("runner"))
_EXTEND = (
    update(trigger_runners)
    .where(_r.expires_at < bindparam("until", type_=_r.expires_at.type))
    .values(expires_at=bindparam("until", type_=_r.expires_at.type))
)
_DROP = delete(trigger_runners).where(_r.id == bindparam("runner"))


def find(tx: Tx, trigger_id: int) -> Trigger | None:
    """The trigger of that id, or None."""
    row = tx.first(_GET, {"trigger_id": trigger_id})
    return None if row is None else _trigger(row)


def of_task(tx: Tx, ti_id: int) -> Trigger | None:
    """The trigger that a task instance waits for, or that its attempt goes on from; None without one."""
    row = tx.first(_OF_TASK, {"ti_id": ti_id})
    return None if row is None else _trigger(row)


def held_by(tx: Tx, runner_id: str) -> list[Trigger]:
    """The waiting triggers that a runner holds, in order of their ids."""
    return [_trigger(row) for row in tx.rows(_HELD, {"runner": runner_id})]


def holds_for(tx: Tx, runner_id: str, launch_id: str) -> bool:
    """Whether a runner holds the trigger that LAUNCH_ID's task waits for."""
    return tx.first(_HOLDS_FOR, {"runner": runner_id, "launch": launch_id}) is not None


def kwargs(tx: Tx, trigger_id: int) -> Mapping[str, Any]:
    """The arguments that make the trigger. They may hold secrets."""
    return dict(loads(tx.sealer.open_optional(tx.value(_KWARGS, {"trigger_id": trigger_id})), {}))


def resumption(tx: Tx, ti_id: int, try_number: int) -> Resumption | None:
    """How that attempt goes on, after its trigger has fired; None when it begins at its beginning."""
    row = tx.first(_RESUMPTION, {"ti_id": ti_id, "number": try_number})
    if row is None:
        return None
    return Resumption(
        next_method=row.next_method,
        next_kwargs=loads(tx.sealer.open(row.next_kwargs)),
        encoding=row.encoding,
        fired=Fired.from_json(loads(tx.sealer.open(row.event))),
    )


def count_waiting(tx: Tx) -> int:
    """How many triggers nothing has come of yet."""
    return int(tx.value(_WAITING))


def count_for_runners(tx: Tx, *, unheld: bool = False) -> int:
    """How many waiting triggers need a runner; with UNHELD those that none holds."""
    return int(tx.value(_UNHELD if unheld else _NEEDING))


def runners(tx: Tx) -> list[TriggerRunner]:
    """Every runner that is known, the oldest first, with how much it holds."""
    return [TriggerRunner(**row._asdict()) for row in tx.rows(_RUNNERS)]


def runner(tx: Tx, runner_id: str) -> TriggerRunner | None:
    """A runner, without how much it holds; None when it is not known (any more)."""
    row = tx.first(_RUNNER, {"runner": runner_id})
    return None if row is None else TriggerRunner(**row._asdict())


def extend_all(tx: Tx, ttl_s: float) -> None:
    """Give every runner at least TTL_S seconds from now: there was nobody whom it could have told that it is there."""
    until = tx.now() + dt.timedelta(seconds=ttl_s)
    tx.change(_EXTEND, {"until": until})


def add_runner(tx: Tx, runner_id: str, *, capacity: int, ttl_s: float, process: str | None = None) -> None:
    """Note a runner that is about to begin; it has TTL_S seconds to say its first word. Harmless when repeated."""
    now = tx.now()
    tx.insert_new(
        trigger_runners,
        [
            {
                "id": runner_id,
                "process": process,
                "capacity": capacity,
                "created_at": now,
                "seen_at": None,
                "expires_at": now + dt.timedelta(seconds=ttl_s),
            }
        ],
    )


def runner_seen(tx: Tx, runner_id: str, *, capacity: int, ttl_s: float, process: str | None = None) -> None:
    """A runner has said that it is there: it keeps what it holds for TTL_S more seconds. One that was given up comes
    back with nothing."""
    now = tx.now()
    until = now + dt.timedelta(seconds=ttl_s)
    params = {"runner": runner_id, "by": process, "most": capacity, "now": now, "until": until}
    if not tx.change(_SEEN, params):
        add_runner(tx, runner_id, capacity=capacity, ttl_s=ttl_s, process=process)
        tx.change(_SEEN, params)


def drop_runner(tx: Tx, runner_id: str) -> None:
    """Forget a runner; what it held nobody holds from now on (`ON DELETE SET NULL`)."""
    tx.change(_DROP, {"runner": runner_id})


def drop_expired(tx: Tx) -> list[str]:
    """Forget every runner that has not been heard of for longer than it may; which ones."""
    now = tx.now()
    gone = [row.id for row in tx.rows(_EXPIRED, {"now": now})]
    return [runner_id for runner_id in gone if tx.change(_DROP_EXPIRED, {"runner": runner_id, "now": now})]


_EXPIRED = select(_r.id).where(_r.expires_at <= bindparam("now", type_=_r.expires_at.type)).order_by(_r.id)
_DROP_EXPIRED = _DROP.where(_r.expires_at <= bindparam("now", type_=_r.expires_at.type))


def _trigger(row: Row[Any]) -> Trigger:
    values = row._asdict()
    values["state"] = TriggerState(values["state"])
    return Trigger(**values)
