"""Deferring a task, claiming its trigger, and firing it: each by compare-and-set, with its event.

A trigger's row is written in the transaction that defers its task and is kept, once fired, until the attempt's next
end, so that a container which is replaced goes on from the same event. A task that leaves ``deferred`` in any other way
than by its trigger takes the row with it (`goflow.store.transitions.tasks`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from goflow.domain.hitl import A_PERSON_DECIDES, HITL_TRIGGER
from goflow.domain.runs import TaskInstance
from goflow.domain.state import SUSPENDED_STATES, TaskState
from goflow.domain.triggers import Deferral, Fired, FiredKind, TriggerState, fired_by_moment, moment_of
from goflow.store import events, xcoms
from goflow.store import triggers as stored
from goflow.store.columns import dumps
from goflow.store.tables import WAITING_TRIGGERS, task_instances, triggers, where
from goflow.store.transitions.claims import Claims, Returns
from goflow.store.transitions.hitl import expire_question
from goflow.store.transitions.tasks import TaskChange, advance_task, apply
from goflow.store.tx import Tx

_g = triggers.c
_t = task_instances.c
_FORGET = delete(triggers).where(_g.task_instance_id == bindparam("ti"))
_FIRE = (
    update(triggers)
    .where(_g.id == bindparam("key"), _g.state == TriggerState.WAITING.value)
    .values(
        state=TriggerState.FIRED.value,
        runner_id=None,
        event=bindparam("told", type_=_g.event.type),
        fired_at=bindparam("at", type_=_g.fired_at.type),
    )
)
_FREE = (
    select(_g.id)
    .where(where(WAITING_TRIGGERS), _g.runner_id.is_(None), _g.due_at.is_(None))
    .order_by(_g.id)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(triggers)
    .where(_g.id == bindparam("key"), _g.runner_id.is_(None), _g.state == TriggerState.WAITING.value)
    .values(runner_id=bindparam("runner", type_=_g.runner_id.type), epoch=_g.epoch + 1)
)
_CLAIMS = Claims(_FREE, _CLAIM)
_MINE = (_g.runner_id == bindparam("runner", type_=_g.runner_id.type), _g.state == TriggerState.WAITING.value)
_RETURNS = Returns(
    select(_g.id).where(*_MINE).order_by(_g.id.desc()).limit(bindparam("most")),
    update(triggers).where(_g.id == bindparam("key"), *_MINE).values(runner_id=None),
)


def defer_task(
    tx: Tx,
    instance: TaskInstance,
    launch_id: str,
    deferral: Deferral,
    *,
    who: str,
    at: dt.datetime | None = None,
    latest: dt.datetime | None = None,
    reason: str = "",
    attempt: Mapping[str, Any] | None = None,
) -> bool:
    """Let INSTANCE wait for its trigger, and LAUNCH_ID's container be over; false when it is in another state by now.

    Its time is up after the trigger's own timeout or at LATEST, whichever comes first. ``next_at`` of the task is when
    the scheduler itself has to look: at that time, or at the moment that the trigger waits for.
    """
    at = at or tx.now()
    due_at = moment_of(deferral.classpath, deferral.kwargs)
    asks = deferral.classpath == HITL_TRIGGER
    limits = [] if latest is None else [latest]
    if deferral.timeout_s is not None:
        limits.append(_after(at, deferral.timeout_s))
    timeout_at = min(limits, default=None)
    next_at = min((moment for moment in (due_at, timeout_at) if moment is not None), default=None)
    due_at = A_PERSON_DECIDES if asks else due_at
    change = TaskChange(
        ti_id=instance.id,
        expected=instance.state,
        new=TaskState.AWAITING_INPUT if asks else TaskState.DEFERRED,
        at=at,
        who=who,
        reason=reason,
        try_number=instance.try_number,
        columns={} if next_at is None else {"next_at": next_at},
        attempt=attempt or {},
    )
    if not apply(tx, [change])[0]:
        return False
    tx.change(_FORGET, {"ti": instance.id})
    key = tx.insert(
        triggers,
        {
            "task_instance_id": instance.id,
            "try_number": instance.try_number,
            "launch_id": launch_id,
            "classpath": deferral.classpath,
            "kwargs": tx.sealer.seal(dumps(dict(deferral.kwargs))),
            "encoding": deferral.encoding,
            "from_folder": deferral.from_folder,
            "next_method": deferral.next_method,
            "next_kwargs": tx.sealer.seal(dumps(dict(deferral.next_kwargs))),
            "state": TriggerState.WAITING.value,
            "created_at": at,
            "due_at": due_at,
            "timeout_at": timeout_at,
        },
    )
    _say(tx, events.TRIGGER_WAITING, instance, {"trigger": key, "class": deferral.classpath}, who=who, at=at)
    return True


def fire_trigger(
    tx: Tx,
    trigger_id: int,
    fired: Fired,
    *,
    who: str,
    at: dt.datetime | None = None,
    end: TaskState | None = None,
) -> bool:
    """Store what came of a trigger and let its task go on; false when something had come of it before, or it is gone.

    END: the task is over with that state at once, without another launch. Whoever comes first is believed, whether
    the trigger was taken from it meanwhile or not: what it saw has happened.
    """
    from goflow.store import tasks

    trigger = stored.find(tx, trigger_id)
    if trigger is None or trigger.state is not TriggerState.WAITING:
        return False
    tasks.lock(tx, trigger.task_instance_id)
    at = at or tx.now()
    told = tx.sealer.seal(dumps(fired.to_json()))
    if not tx.change(_FIRE, {"key": trigger_id, "told": told, "at": at}):
        return False
    instance = tasks.get(tx, trigger.task_instance_id)
    _say(tx, events.TRIGGER_FIRED, instance, {"trigger": trigger_id, "kind": fired.kind.value}, who=who, at=at)
    if end is not None:
        for key, value in fired.xcoms.items():
            length = len(value) if isinstance(value, list | dict) else None
            xcoms.push(tx, instance.dag_run_id, instance.task_id, instance.map_index, key, value, length)
    return advance_task(
        tx,
        instance.id,
        SUSPENDED_STATES,
        end or TaskState.SCHEDULED,
        who=who,
        at=at,
        reason=f"trigger: {fired.kind.value}",
        try_number=trigger.try_number,
    )


def due_event(tx: Tx, ti_id: int, now: dt.datetime) -> tuple[int, Fired] | None:
    """What the scheduler itself has to fire for a deferred task at NOW: its time-out, or the moment that it waits for.

    The trigger's key and what comes of it; None: nothing yet.
    """
    from goflow.store import tasks

    trigger = stored.of_task(tx, ti_id)
    if trigger is None or trigger.state is not TriggerState.WAITING:
        return None
    due = trigger.due_at if trigger.due_at is not None and trigger.due_at <= now else None
    if trigger.classpath == HITL_TRIGGER and trigger.timeout_at is not None and trigger.timeout_at <= now:
        return trigger.id, expire_question(tx, tasks.get(tx, ti_id), who="scheduler")
    late = trigger.timeout_at if trigger.timeout_at is not None and trigger.timeout_at <= now else None
    if due is not None and (late is None or due <= late):
        return trigger.id, fired_by_moment(stored.kwargs(tx, trigger.id))
    return None if late is None else (trigger.id, Fired(kind=FiredKind.TIMEOUT))


def forget_trigger(tx: Tx, ti_id: int) -> None:
    """The attempt that went on from a trigger has come to an end: nothing goes on from it again."""
    tx.change(_FORGET, {"ti": ti_id})


def claim_triggers(tx: Tx, runner_id: str, most: int) -> list[int]:
    """Let a runner hold up to MOST triggers that nobody holds, the oldest first; which ones.

    Each is claimed by compare-and-set and its epoch grows, so that no two runners ever hold one.
    """
    return _CLAIMS.claim(tx, runner_id, most)


def return_triggers(tx: Tx, runner_id: str, most: int) -> list[int]:
    """Let a runner hold up to MOST fewer triggers, the youngest first; which ones. What it still tells of
    them counts."""
    return _RETURNS.give_back(tx, runner_id, most)


def _after(at: dt.datetime, seconds: float) -> dt.datetime:
    try:
        return at + dt.timedelta(seconds=seconds)
    except OverflowError:
        return dt.datetime.max.replace(tzinfo=dt.UTC)


def _say(tx: Tx, kind: str, instance: TaskInstance, data: Mapping[str, Any], *, who: str, at: dt.datetime) -> None:
    events.emit_of_task(tx, kind, instance, {**data, "ti": instance.id}, who=who, at=at)
