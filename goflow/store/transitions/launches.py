"""State changes of launches: created, claimed, ended, lost; asking one to stop; replacing one that is gone."""

from __future__ import annotations

import datetime as dt
import enum
import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Update, bindparam, func, insert, or_, select, update

from goflow.domain.errors import NotFoundError, StateChangeRefusedError
from goflow.domain.runs import Launch, job_name, new_launch_id
from goflow.domain.state import LAUNCH_TRANSITIONS, LaunchState, TaskState
from goflow.store import events, launches
from goflow.store.columns import dumps
from goflow.store.tables import launches as table
from goflow.store.tables import task_instances
from goflow.store.tx import Tx, in_parts

_l = table.c
_t = task_instances.c
_L = LaunchState

_JSON = ("kube_events", "outcome", "usage")
COLUMNS = frozenset({"claimed_by", "home", "job_name", "namespace", "plan", "token_hash", *_JSON})
"""What a change may set beside state, exit code, reason and message; ``kube_events``, ``outcome`` and ``usage`` are any
JSON, ``plan`` is text."""

_SEEN = select(
    *(_l.id.label("launch_id"), _l.state, _l.try_number, _t.dag_id, _t.run_id, _t.task_id, _t.map_index),
    _t.id.label("ti"),
).select_from(table.join(task_instances, _t.id == _l.task_instance_id))
_SEE = _SEEN.where(_l.id == bindparam("launch_id"))
_LOCK = _SEE.with_for_update(of=table)
_SEE_MANY = _SEEN.where(_l.id.in_(bindparam("ids", expanding=True))).order_by(_l.id)
_LOCK_MANY = _SEE_MANY.with_for_update(of=table)


@dataclass(frozen=True, slots=True)
class LaunchChange:
    """One change for `advance_launches`: NEW, if the launch is in one of EXPECTED. TOLD are ``exit_code``, ``reason``
    and ``message`` where they are given, COLUMNS as in `COLUMNS`. AT None: now."""

    launch_id: str
    expected: LaunchState | Collection[LaunchState]
    new: LaunchState
    who: str = "executor"
    at: dt.datetime | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)


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
    """Change a launch's state; False when it is not in EXPECTED any more. See `advance_launches`."""
    told = {"exit_code": exit_code, "reason": reason, "message": message}
    return advance_launches(tx, [LaunchChange(launch_id, expected, new, who, at, told, columns)])[0]


def advance_launches(tx: Tx, changes: Sequence[LaunchChange]) -> list[bool]:
    """Make those of CHANGES that hold, each of another launch; which ones did. A few statements for any number of them.

    ``created``, ``claimed`` and the ends (``ended``, ``lost``) set their moments. Raises StateChangeRefusedError for a
    change that there is not.
    """
    seen = _see(tx, [change.launch_id for change in changes])
    written: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    done = []
    for change in changes:
        row = seen.get(change.launch_id)
        before = None if row is None else LaunchState(row.state)
        holds = before is change.expected or (not isinstance(change.expected, str) and before in change.expected)
        done.append(holds)
        if row is None or before is None or not holds:
            continue
        if change.new not in LAUNCH_TRANSITIONS[before]:
            raise StateChangeRefusedError(f"launch {change.launch_id}: {before} to {change.new}")
        at = change.at or tx.now()
        told = {name: value for name, value in change.told.items() if value is not None}
        values = _values(change.new, at, dict(change.columns), told)
        written.setdefault(tuple(sorted(values)), []).append({"key": change.launch_id, **values})
        reason = str(change.told.get("reason") or "")
        _say(tx, row, change.launch_id, before=before, new=change.new, who=change.who, at=at, reason=reason)
    for names, rows in written.items():
        tx.change_many(_update(names), rows)
    return done


def _see(tx: Tx, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Launches with their tasks, locked in order of their ids, so that two transactions never wait for each other."""
    if len(ids) == 1:
        row = tx.first(_LOCK if tx.locks_rows else _SEE, {"launch_id": ids[0]})
        return {} if row is None else {ids[0]: row}
    statement = _LOCK_MANY if tx.locks_rows else _SEE_MANY
    return {row.launch_id: row for part in in_parts(sorted(ids)) for row in tx.rows(statement, {"ids": part})}


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
    return values | {name: dumps(value) if name in _JSON else value for name, value in columns.items()}


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
_SEEN_CLAIM = select(
    *(_l.id.label("launch_id"), _l.state, _l.try_number, _l.claimed_by, _l.stop_requested_at, _l.home),
    *(_t.state.label("task_state"), _t.try_number.label("task_try")),
    *(_t.dag_id, _t.run_id, _t.task_id, _t.map_index, _t.id.label("ti")),
).select_from(table.join(task_instances, _t.id == _l.task_instance_id))
_SEE_CLAIM = _SEEN_CLAIM.where(_l.id == bindparam("launch_id"))
_SEE_CLAIMS = _SEEN_CLAIM.where(_l.id.in_(bindparam("ids", expanding=True)))
_LOCK_TASK = (
    select(_t.id)
    .where(_t.id == select(_l.task_instance_id).where(_l.id == bindparam("launch_id")).scalar_subquery())
    .with_for_update()
)
_LOCK_TASKS = (
    select(_t.id)
    .where(_t.id.in_(select(_l.task_instance_id).where(_l.id.in_(bindparam("ids", expanding=True)))))
    .order_by(_t.id)
    .with_for_update()
)
_CLAIM = (
    update(table)
    .where(_l.id == bindparam("key"), _l.claimed_by.is_(None))
    .where(or_(*(_l.state == state.value for state in sorted(_CLAIMABLE))))  # an IN cannot be asked for many at once
    .where(or_(_l.home.is_(None), _l.home == bindparam("whose", type_=_l.home.type)))
    .values(
        state=_L.CLAIMED.value,
        home=func.coalesce(_l.home, bindparam("whose", type_=_l.home.type)),
        claimed_by=bindparam("claimant", type_=_l.claimed_by.type),
        claimed_at=bindparam("at", type_=_l.claimed_at.type),
        reason=None,  # why it did not begin
        message=None,
    )
)


def lock_tasks_of(tx: Tx, launch_ids: Collection[str]) -> None:
    """Lock the task instances of those launches, in order of their ids, as whoever changes both does it first."""
    if tx.locks_rows:
        tx.rows(_LOCK_TASKS, {"ids": sorted(launch_ids)})


def claim_launch(tx: Tx, launch_id: str, claimant: str, *, home: str = "", at: dt.datetime | None = None) -> Claimed:
    """Let CLAIMANT (a pod's uid, ``pid:start time``) be the one process that runs this launch.

    Exactly one of any number of claimants, in any number of processes, gets CLAIMED; it may ask again and hears OURS.
    UNWANTED: asked to stop, ended, its attempt is over, there is no such launch, or it went over to another daemon's
    home than HOME, whose process asks. The task instance's row is locked
    until the transaction ends, so `advance_task` to ``running`` may follow without another check.
    """
    return claim_launches(tx, {launch_id: claimant}, home=home, at=at)[launch_id]


def claim_launches(
    tx: Tx,
    claims: Mapping[str, str],
    *,
    home: str = "",
    at: dt.datetime | None = None,
    moments: Mapping[str, dt.datetime | None] | None = None,
) -> dict[str, Claimed]:
    """The same for several launches at once, CLAIMS being their claimants by their ids; MOMENTS, where not all of them
    are of one, when each was."""
    lock_tasks_of(tx, claims)
    if len(claims) == 1:
        rows = tx.rows(_SEE_CLAIM, {"launch_id": next(iter(claims))})
    else:
        rows = tx.rows(_SEE_CLAIMS, {"ids": sorted(claims)})
    at = at or tx.now()
    found = dict.fromkeys(claims, Claimed.UNWANTED)
    free: dict[str, Row[Any]] = {}
    for row in sorted(rows, key=lambda row: str(row.launch_id)):
        found[row.launch_id] = _claimable(row, claims[row.launch_id], home)
        if found[row.launch_id] is Claimed.CLAIMED:
            free[row.launch_id] = row
    when = {launch_id: (moments or {}).get(launch_id) or at for launch_id in free}
    taken = _take(tx, {launch_id: claims[launch_id] for launch_id in free}, when, home or None)
    for launch_id, row in free.items():
        if launch_id not in taken:
            found[launch_id] = Claimed.TAKEN
            continue
        before, who, moment = LaunchState(row.state), claims[launch_id], when[launch_id]
        _say(tx, row, launch_id, before=before, new=_L.CLAIMED, who=who, at=moment, reason="")
    return found


def _claimable(row: Row[Any], claimant: str, home: str) -> Claimed:
    """What comes of a claim, as far as the row that was read says."""
    state = LaunchState(row.state)
    current = TaskState(row.task_state) in _WANTED and row.task_try == row.try_number
    if state not in _CLAIMABLE | {_L.CLAIMED} or row.stop_requested_at is not None or not current:
        return Claimed.UNWANTED
    if home and row.home is not None and row.home != home:
        return Claimed.UNWANTED
    if row.claimed_by is not None:
        return Claimed.OURS if row.claimed_by == claimant else Claimed.TAKEN
    return Claimed.CLAIMED


def _take(tx: Tx, claims: Mapping[str, str], when: Mapping[str, dt.datetime], home: str | None) -> Collection[str]:
    """Write those claims where nobody was faster; the ids of the launches that they have got."""
    rows = [{"key": key, "claimant": who, "at": when[key], "whose": home} for key, who in claims.items()]
    changed = tx.change_many(_CLAIM, rows)
    if changed == len(claims):
        return claims.keys()
    now = tx.rows(_SEE_CLAIMS, {"ids": list(claims)})
    return {row.launch_id for row in now if row.claimed_by == claims[row.launch_id] and row.state == _L.CLAIMED.value}


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
