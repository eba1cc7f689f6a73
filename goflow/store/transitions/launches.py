"""State changes of launches: created, claimed, ended, lost; asking one to stop; replacing one that is gone."""

from __future__ import annotations

import datetime as dt
import enum
import functools
from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Update, bindparam, func, insert, select, update

from goflow.domain.errors import NotFoundError, StateChangeRefusedError
from goflow.domain.runs import Launch, job_name, new_launch_id
from goflow.domain.state import LaunchState, TaskState
from goflow.store import events, launches
from goflow.store.columns import dumps
from goflow.store.tables import launches as table
from goflow.store.tables import task_instances
from goflow.store.tx import Tx, in_parts

_l = table.c
_t = task_instances.c
_L = LaunchState

LAUNCH_TRANSITIONS: dict[LaunchState, frozenset[LaunchState]] = {
    _L.PLANNED: frozenset({_L.CREATED, _L.CLAIMED, _L.ENDED, _L.LOST}),
    _L.CREATED: frozenset({_L.CLAIMED, _L.ENDED, _L.LOST}),
    _L.CLAIMED: frozenset({_L.ENDED, _L.LOST}),
    _L.ENDED: frozenset({_L.CLEANED}),
    _L.LOST: frozenset({_L.CLEANED, _L.ENDED}),
    _L.CLEANED: frozenset(),
}
"""From each state of a launch, the states that may follow. A lost launch may still be heard of."""

COLUMNS = frozenset({"claimed_by", "job_name", "namespace", "plan", "outcome", "token_hash"})
"""What a change may set beside state, exit code, reason and message; ``outcome`` is any JSON, ``plan`` is text."""

_SEE = (
    select(_l.state, _l.try_number, _t.dag_id, _t.run_id, _t.task_id, _t.map_index, _t.id.label("ti"))
    .select_from(table.join(task_instances, _t.id == _l.task_instance_id))
    .where(_l.id == bindparam("launch_id"))
)
_LOCK = _SEE.with_for_update(of=table)


def advance_launch(
    tx: Tx,
    launch_id: str,
    expected: LaunchState | Collection[LaunchState],
    new: LaunchState,
    *,
    who: str = "executor",
    at: dt.datetime | None = None,
    exit_code: int | None = None,
    reason: str | None = None,
    message: str | None = None,
    **columns: Any,
) -> bool:
    """Change a launch's state; False when it is not in EXPECTED any more.

    ``created``, ``claimed`` and the ends (``ended``, ``lost``) set their moments. EXIT_CODE, REASON and MESSAGE are
    written where they are given. Raises StateChangeRefusedError for a change that there is not.
    """
    row = tx.first(_LOCK if tx.locks_rows else _SEE, {"launch_id": launch_id})
    if row is None:
        return False
    before = LaunchState(row.state)
    if before is not expected and (isinstance(expected, str) or before not in expected):
        return False
    if new not in LAUNCH_TRANSITIONS[before]:
        raise StateChangeRefusedError(f"launch {launch_id}: {before} to {new}")
    at = at or tx.now()
    told = {"exit_code": exit_code, "reason": reason, "message": message}
    values = _values(new, at, columns, {name: value for name, value in told.items() if value is not None})
    tx.change(_update(tuple(sorted(values))), {"key": launch_id, **values})
    _say(tx, row, launch_id, before=before, new=new, who=who, at=at, reason=reason or "")
    return True


def _values(new: LaunchState, at: dt.datetime, columns: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"state": new.value, **told}
    if new is _L.CREATED:
        values["created_at"] = at
    elif new is _L.CLAIMED:
        values["claimed_at"] = at
    elif new in {_L.ENDED, _L.LOST}:
        values["ended_at"] = at
    unknown = set(columns) - COLUMNS
    if unknown:
        raise TypeError(f"a state change cannot set {sorted(unknown)}")
    if "outcome" in columns:
        columns = {**columns, "outcome": dumps(columns["outcome"])}
    return values | columns


@functools.cache
def _update(names: tuple[str, ...]) -> Update:
    columns = {name: bindparam(name, type_=_l[name].type) for name in names}
    return update(table).where(_l.id == bindparam("key")).values(columns)


def _say(
    tx: Tx,
    row: Any,
    launch_id: str,
    *,
    before: LaunchState | None,
    new: LaunchState,
    who: str,
    at: dt.datetime,
    reason: str,
) -> None:
    data = {"launch_id": launch_id, "ti": row.ti, "to": new.value, "reason": reason}
    events.emit(
        tx,
        events.LAUNCH_STATE,
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        try_number=row.try_number,
        who=who,
        data={**data, "from": None if before is None else before.value},
        at=at,
    )


class Claimed(enum.StrEnum):
    """What came of a claim: CLAIMED now, OURS already, TAKEN by another process, or UNWANTED: end quietly."""

    CLAIMED = "claimed"
    OURS = "ours"
    TAKEN = "taken"
    UNWANTED = "unwanted"


_CLAIMABLE = frozenset({_L.PLANNED, _L.CREATED})
_WANTED = frozenset({TaskState.QUEUED, TaskState.RUNNING})
_SEE_CLAIM = (
    select(
        *(_l.state, _l.try_number, _l.claimed_by, _l.stop_requested_at),
        *(_t.state.label("task_state"), _t.try_number.label("task_try")),
        *(_t.dag_id, _t.run_id, _t.task_id, _t.map_index, _t.id.label("ti")),
    )
    .select_from(table.join(task_instances, _t.id == _l.task_instance_id))
    .where(_l.id == bindparam("launch_id"))
)
_LOCK_TASK = (
    select(_t.id)
    .where(_t.id == select(_l.task_instance_id).where(_l.id == bindparam("launch_id")).scalar_subquery())
    .with_for_update()
)
_CLAIM = (
    update(table)
    .where(_l.id == bindparam("key"), _l.claimed_by.is_(None), _l.state.in_([state.value for state in _CLAIMABLE]))
    .values(state=_L.CLAIMED.value, claimed_by=bindparam("claimant"), claimed_at=bindparam("at"))
)


def claim_launch(tx: Tx, launch_id: str, claimant: str, *, at: dt.datetime | None = None) -> Claimed:
    """Let CLAIMANT (a pod's uid, ``pid:start time``) be the one process that runs this launch.

    Exactly one of any number of claimants, in any number of processes, gets CLAIMED; it may ask again and hears OURS.
    UNWANTED: asked to stop, ended, its attempt is over, or there is no such launch. The task instance's row is locked
    until the transaction ends, so `advance_task` to ``running`` may follow without another check.
    """
    if tx.locks_rows:
        tx.first(_LOCK_TASK, {"launch_id": launch_id})
    row = tx.first(_SEE_CLAIM, {"launch_id": launch_id})
    if row is None:
        return Claimed.UNWANTED
    state = LaunchState(row.state)
    current = TaskState(row.task_state) in _WANTED and row.task_try == row.try_number
    if state not in _CLAIMABLE | {_L.CLAIMED} or row.stop_requested_at is not None or not current:
        return Claimed.UNWANTED
    if row.claimed_by is not None:
        return Claimed.OURS if row.claimed_by == claimant else Claimed.TAKEN
    at = at or tx.now()
    if tx.change(_CLAIM, {"key": launch_id, "claimant": claimant, "at": at}) != 1:
        return Claimed.TAKEN
    _say(tx, row, launch_id, before=state, new=_L.CLAIMED, who=claimant, at=at, reason="")
    return Claimed.CLAIMED


_OPEN_OF = (
    select(_l.id, _l.task_instance_id)
    .where(
        _l.task_instance_id.in_(bindparam("ids", expanding=True)),
        _l.state.in_([_L.PLANNED.value, _L.CREATED.value, _L.CLAIMED.value]),
    )
    .order_by(_l.id)
)
_STOP = (
    update(table)
    .where(_l.id == bindparam("key"), _l.stop_requested_at.is_(None))
    .where(_l.state.in_([_L.PLANNED.value, _L.CREATED.value, _L.CLAIMED.value]))
    .values(stop_requested_at=bindparam("at"))
)


def request_stop(tx: Tx, launch_id: str, *, who: str, at: dt.datetime | None = None, reason: str = "") -> bool:
    """Ask a launch to stop; False when it was asked before or is over."""
    at = at or tx.now()
    row = tx.first(_SEE, {"launch_id": launch_id})
    if row is None or not tx.change(_STOP, {"key": launch_id, "at": at}):
        return False
    events.emit(
        tx,
        events.LAUNCH_STOP,
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        try_number=row.try_number,
        who=who,
        data={"launch_id": launch_id, "ti": row.ti, "reason": reason},
        at=at,
    )
    return True


def stop_launches(
    tx: Tx, ti_ids: Collection[int], *, who: str, at: dt.datetime | None = None, reason: str = ""
) -> list[str]:
    """Ask every open launch of those task instances to stop; the ids of those that were not asked before."""
    return [row.id for row in _open_of(tx, ti_ids) if request_stop(tx, row.id, who=who, at=at, reason=reason)]


def with_open_launches(tx: Tx, ti_ids: Collection[int]) -> set[int]:
    """Those of the task instances that have a launch whose end is not stored yet."""
    return {row.task_instance_id for row in _open_of(tx, ti_ids)}


def _open_of(tx: Tx, ti_ids: Collection[int]) -> list[Row[Any]]:
    return [row for part in in_parts(list(ti_ids)) for row in tx.rows(_OPEN_OF, {"ids": part})]


_NEXT_ORDINAL = select(func.coalesce(func.max(_l.ordinal), 0) + 1).where(
    _l.task_instance_id == bindparam("ti"), _l.try_number == bindparam("number")
)


def replace_launch(
    tx: Tx,
    launch_id: str,
    *,
    who: str = "executor",
    at: dt.datetime | None = None,
    token_hash: str | None = None,
    reason: str = "replaced",
    **columns: Any,
) -> Launch | None:
    """Another launch of the same attempt, for one that was lost before it began or whose pod was disrupted.

    None when the attempt is over, is to be restarted, or has an open launch. COLUMNS override backend, namespace, plan.
    Raises NotFoundError.
    """
    old = launches.get(tx, launch_id)
    if tx.locks_rows:
        tx.first(_LOCK_TASK, {"launch_id": launch_id})
    row = tx.first(_SEE_CLAIM, {"launch_id": launch_id})
    if row is None:
        raise NotFoundError(f"launch {launch_id}")
    current = TaskState(row.task_state) in _WANTED and row.task_try == row.try_number
    if not current or tx.rows(_OPEN_OF, {"ids": [old.task_instance_id]}):
        return None
    at = at or tx.now()
    new_id = new_launch_id()
    ordinal = int(tx.value(_NEXT_ORDINAL, {"ti": old.task_instance_id, "number": old.try_number}))
    values = {
        "id": new_id,
        "task_instance_id": old.task_instance_id,
        "try_number": old.try_number,
        "ordinal": ordinal,
        "state": _L.PLANNED.value,
        "backend": old.backend,
        "namespace": old.namespace,
        "job_name": job_name(row.dag_id, row.task_id, new_id),
        "token_hash": token_hash,
        "planned_at": at,
        **columns,
    }
    tx.change(insert(table), values)
    _say(tx, row, new_id, before=None, new=_L.PLANNED, who=who, at=at, reason=reason)
    return launches.get(tx, new_id)
