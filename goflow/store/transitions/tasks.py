"""State changes of task instances, and the attempts' rows that follow them."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Update, bindparam, delete, func, select, update
from sqlalchemy.sql import Executable

from goflow.domain.errors import StateChangeRefusedError
from goflow.domain.state import SUSPENDED_STATES, TERMINAL_TASK_STATES, TaskState, may_follow
from goflow.store import events
from goflow.store.columns import dumps
from goflow.store.tables import attempts, task_instances, triggers
from goflow.store.tx import Tx, in_parts

_t = task_instances.c
_a = attempts.c
_S = TaskState

COLUMNS = frozenset(
    {
        *("set_try_number", "max_tries", "pool", "pool_slots", "priority_weight", "queued_at"),
        *("start_date", "end_date", "next_at", "note"),
    }
)
"""What a change may set beside the state; ``set_try_number`` is the new ``try_number``."""

_UNDER_WAY = frozenset({_S.QUEUED, _S.RUNNING, _S.RESTARTING, _S.UP_FOR_RESCHEDULE, *SUSPENDED_STATES})
"""States in which an attempt is under way, so that its row follows the task's."""


@dataclass(frozen=True, slots=True)
class TaskChange:
    """One change for `apply`: NEW, if the task instance is in one of EXPECTED (and at TRY_NUMBER, where that is given).

    COLUMNS as in `COLUMNS`; ATTEMPT is what to write into the attempt's row: ``exit_code``, ``reason``, ``message``,
    ``usage``. AT None: now.
    """

    ti_id: int
    expected: TaskState | Collection[TaskState]
    new: TaskState
    at: dt.datetime | None = None
    who: str = "scheduler"
    reason: str = ""
    try_number: int | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    attempt: Mapping[str, Any] = field(default_factory=dict)

    def expects(self, state: TaskState) -> bool:
        """Whether STATE is one of those expected."""
        return state is self.expected or (not isinstance(self.expected, str) and state in self.expected)


def advance_task(
    tx: Tx,
    ti_id: int,
    expected: TaskState | Collection[TaskState],
    new: TaskState,
    *,
    who: str,
    at: dt.datetime | None = None,
    reason: str = "",
    try_number: int | None = None,
    attempt: Mapping[str, Any] | None = None,
    **columns: Any,
) -> bool:
    """Change one task instance's state; False when it is not in EXPECTED (at TRY_NUMBER) any more.

    Raises StateChangeRefusedError when the state table does not have the change. See `apply` for what follows from it.
    """
    change = TaskChange(ti_id, expected, new, at, who, reason, try_number, columns, attempt or {})
    return apply(tx, [change])[0]


def apply(tx: Tx, changes: Sequence[TaskChange]) -> list[bool]:
    """Make those of CHANGES that hold, in order; which ones did. A few statements for any number of them.

    Moments follow: ``queued`` sets QUEUED_AT, ``running`` START_DATE, ends and ``up_for_retry`` END_DATE where there is
    none, ``none`` empties all three; NEXT_AT is emptied by every change that does not give it. Raises
    StateChangeRefusedError when the state table does not have a change that would hold otherwise.
    """
    seen = _lock(tx, {change.ti_id for change in changes})
    done: list[bool] = []
    work = _Work(tx)
    touched: set[int] = set()
    for change in changes:
        row = seen.get(change.ti_id)
        if row is None or not _holds(change, row):
            done.append(False)
            continue
        if change.ti_id in touched:
            work.write()
            touched.clear()
        touched.add(change.ti_id)
        seen[change.ti_id] = work.add(change, row)
        done.append(True)
    work.write()
    return done


@dataclass(slots=True)
class _Seen:
    """A task instance as it is in this transaction."""

    id: int
    state: TaskState
    try_number: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int


_SEEN = select(_t.id, _t.state, _t.try_number, _t.dag_id, _t.run_id, _t.task_id, _t.map_index)
_SEE_ONE = _SEEN.where(_t.id == bindparam("ti_id"))
_SEE_MANY = _SEEN.where(_t.id.in_(bindparam("ids", expanding=True))).order_by(_t.id)
_LOCK_ONE = _SEE_ONE.with_for_update()
_LOCK_MANY = _SEE_MANY.with_for_update()


def _lock(tx: Tx, ids: Collection[int]) -> dict[int, _Seen]:
    """Read those rows, locked in order of their ids, so that two transactions never wait for each other."""
    rows: list[Row[Any]] = []
    if len(ids) == 1:
        (only,) = ids
        rows.extend(tx.rows(_LOCK_ONE if tx.locks_rows else _SEE_ONE, {"ti_id": only}))
    else:
        for part in in_parts(sorted(ids)):
            rows.extend(tx.rows(_LOCK_MANY if tx.locks_rows else _SEE_MANY, {"ids": part}))
    return {
        row.id: _Seen(row.id, TaskState(row.state), row.try_number, row.dag_id, row.run_id, row.task_id, row.map_index)
        for row in rows
    }


def _holds(change: TaskChange, seen: _Seen) -> bool:
    if not change.expects(seen.state):
        return False
    if change.try_number is not None and change.try_number != seen.try_number:
        return False
    if not may_follow(seen.state, change.new):
        what = f"{seen.dag_id}.{seen.task_id} of {seen.run_id}: {seen.state} to {change.new}"
        raise StateChangeRefusedError(what)
    return True


_FORGET_TRIGGERS = delete(triggers).where(triggers.c.task_instance_id.in_(bindparam("ids", expanding=True)))


class _Work:
    """Updates that are collected and then written, those of one shape in one statement."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._tasks: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        self._attempts: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        self._decided: list[dict[str, Any]] = []
        self._undeferred: list[int] = []

    def add(self, change: TaskChange, seen: _Seen) -> _Seen:
        """Note what CHANGE changes; the row as it is from then on."""
        tx = self._tx
        at = change.at or tx.now()
        values = _values(change, seen.state, at)
        number = int(values.get("try_number", seen.try_number))
        if seen.state in SUSPENDED_STATES and change.new is not _S.SCHEDULED:
            self._undeferred.append(seen.id)  # nobody waits for its trigger any more: whoever holds it sees it gone
        self._tasks.setdefault(tuple(sorted(values)), []).append({"key": seen.id, **values})
        self._follow(change, seen, number, at)
        data = {"ti": seen.id, "from": seen.state.value, "to": change.new.value, "reason": change.reason}
        events.emit(
            tx,
            events.TASK_STATE,
            dag_id=seen.dag_id,
            run_id=seen.run_id,
            task_id=seen.task_id,
            map_index=seen.map_index,
            try_number=number,
            who=change.who,
            data=data,
            at=at,
        )
        return _Seen(seen.id, change.new, number, seen.dag_id, seen.run_id, seen.task_id, seen.map_index)

    def write(self) -> None:
        """Write everything that was noted."""
        for names, rows in self._tasks.items():
            self._run(_update_tasks(names), rows)
        for names, rows in self._attempts.items():
            self._run(_update_attempts(names), rows)
        for row in self._decided:
            self._tx.upsert(attempts, row)
        for part in in_parts(self._undeferred):
            self._tx.change(_FORGET_TRIGGERS, {"ids": part})
        self._tasks, self._attempts, self._decided, self._undeferred = {}, {}, [], []

    def _run(self, statement: Executable, rows: list[dict[str, Any]]) -> None:
        if len(rows) == 1:
            self._tx.change(statement, rows[0])
        else:
            self._tx.change_many(statement, rows)

    def _follow(self, change: TaskChange, seen: _Seen, number: int, at: dt.datetime) -> None:
        """The attempt's row follows while it is under way; an attempt without a container gets its row at its end."""
        told = dict(change.attempt)
        if "usage" in told:
            told["usage"] = dumps(told["usage"])
        ended = change.new in TERMINAL_TASK_STATES or change.new in {_S.UP_FOR_RETRY, _S.NONE}
        state = _S.RESTARTING if change.new is _S.NONE else change.new
        if seen.state is _S.SCHEDULED and change.new is not _S.QUEUED and number:
            # It may have been about to go on with an attempt (resumed, rescheduled), which is over with this.
            self._tx.change(_END_ATTEMPT, {"key": seen.id, "number": seen.try_number, "new": state.value, "at": at})
        if seen.state in _UNDER_WAY and change.new is not _S.SCHEDULED:
            values = {"state": state.value, **told}
            if change.new is _S.RUNNING or ended:
                values["start_date"] = change.columns.get("start_date", at)
            if ended:
                values["end_date"] = change.columns.get("end_date", at)
            key: dict[str, Any] = {"key": seen.id, "number": seen.try_number}
            self._attempts.setdefault(tuple(sorted(values)), []).append({**key, **values})
        elif number != seen.try_number and change.new in TERMINAL_TASK_STATES:
            moments = {"start_date": change.columns.get("start_date", at), "end_date": at}
            key = {"task_instance_id": seen.id, "try_number": number, "state": change.new.value}
            self._decided.append({**key, **moments, **told})


def _values(change: TaskChange, before: TaskState, at: dt.datetime) -> dict[str, Any]:
    """The columns that CHANGE sets, those that follow by themselves among them."""
    values: dict[str, Any] = {"state": change.new.value, "next_at": None}
    match change.new:
        case _S.QUEUED:
            values["queued_at"] = at
        case _S.RUNNING:
            values["first_start_date"] = at
        case _S.SUCCESS | _S.FAILED | _S.SKIPPED | _S.UPSTREAM_FAILED | _S.REMOVED | _S.UP_FOR_RETRY:
            values |= {"first_start_date": at, "first_end_date": at}
        case _S.NONE:
            values |= {"queued_at": None, "start_date": None, "end_date": None}
        case _S.SCHEDULED:
            if before is _S.UP_FOR_RETRY:
                values |= {"start_date": None, "end_date": None}
        case _S.UP_FOR_RESCHEDULE | _S.DEFERRED | _S.AWAITING_INPUT | _S.RESTARTING:
            pass
    for name, value in change.columns.items():
        if name not in COLUMNS:
            raise TypeError(f"a state change cannot set {name}")
        values.pop(f"first_{name}", None)
        values[name] = value
    if "set_try_number" in values:
        values["try_number"] = values.pop("set_try_number")
    return values


@functools.cache
def _update_tasks(names: tuple[str, ...]) -> Update:
    """An update of those columns; ``first_X`` sets X only where there is none."""
    columns: dict[str, Any] = {}
    for name in names:
        real = name.removeprefix("first_")
        value = bindparam(name, type_=_t[real].type)
        columns[real] = value if real == name else func.coalesce(_t[real], value)
    return update(task_instances).where(_t.id == bindparam("key")).values(columns)


@functools.cache
def _update_attempts(names: tuple[str, ...]) -> Update:
    columns: dict[str, Any] = {}
    for name in names:
        value = bindparam(name, type_=_a[name].type)
        columns[name] = func.coalesce(_a[name], value) if name == "start_date" else value
    mine = (_a.task_instance_id == bindparam("key")) & (_a.try_number == bindparam("number"))
    return update(attempts).where(mine).values(columns)


_END_ATTEMPT = (
    update(attempts)
    .where(_a.task_instance_id == bindparam("key"), _a.try_number == bindparam("number"), _a.end_date.is_(None))
    .values(state=bindparam("new", type_=_a.state.type), end_date=bindparam("at", type_=_a.end_date.type))
)


def clear_tasks(
    tx: Tx, tasks: Mapping[int, int], *, who: str, at: dt.datetime | None = None, reason: str = "cleared"
) -> list[int]:
    """Let task instances begin anew. TASKS maps each id to its new ``max_tries``; the ids of those that changed.

    What is over, waits or is scheduled goes to ``none``. What is queued or running, or was when it was given an end
    and has not stopped yet, goes to ``restarting``, and its open launches are asked to stop; it goes on to ``none``
    when their end is stored: there are never two containers of one task.
    """
    from goflow.store.transitions.launches import stop_launches, with_open_launches

    seen = _lock(tx, tasks)
    running = with_open_launches(tx, seen)
    changes = []
    for ti_id, max_tries in tasks.items():
        if ti_id not in seen or seen[ti_id].state in {_S.NONE, _S.RESTARTING}:
            continue
        state = seen[ti_id].state
        stopping = ti_id in running and may_follow(state, _S.RESTARTING)
        new = _S.RESTARTING if stopping or state in {_S.QUEUED, _S.RUNNING} else _S.NONE
        changes.append(TaskChange(ti_id, state, new, at, who, reason, None, {"max_tries": max_tries}))
    done = apply(tx, changes)
    to_stop = [change.ti_id for change in changes if change.new is _S.RESTARTING]
    stop_launches(tx, to_stop, who=who, at=at, reason=reason)
    return [change.ti_id for change, changed in zip(changes, done, strict=True) if changed]


def mark_task(
    tx: Tx, ti_id: int, new: TaskState, *, who: str, at: dt.datetime | None = None, reason: str = "marked"
) -> bool:
    """Let a person's word be the end of a task: ``success``, ``failed`` or ``skipped``; open launches are stopped.

    False when it is in that state already or is not there. Raises StateChangeRefusedError for other states.
    """
    from goflow.store.transitions.launches import stop_launches

    others = [state for state in TaskState if state is not new]
    changed = advance_task(tx, ti_id, others, new, who=who, at=at, reason=reason)
    if changed:
        stop_launches(tx, [ti_id], who=who, at=at, reason=reason)
    return changed
