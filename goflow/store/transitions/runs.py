"""State changes of DAG runs."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Update, bindparam, func, select, update

from goflow.domain.errors import StateChangeRefusedError
from goflow.domain.state import RUN_TRANSITIONS, TERMINAL_RUN_STATES, RunState
from goflow.store import events
from goflow.store.tables import dag_runs
from goflow.store.tx import Tx, in_parts

_r = dag_runs.c
_SEE = (
    select(_r.id, _r.status, _r.dag_id, _r.run_id).where(_r.id.in_(bindparam("keys", expanding=True))).order_by(_r.id)
)
_LOCK = _SEE.with_for_update()

COLUMNS = frozenset({"queued_at", "start_date", "end_date", "note"})
"""What a change may set beside the state."""


@dataclass(frozen=True, slots=True)
class RunChange:
    """One change for `advance_runs`: NEW, if the run is in EXPECTED. COLUMNS as in `COLUMNS`."""

    dag_run_id: int
    expected: RunState | Collection[RunState]
    new: RunState
    reason: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)


def advance_run(
    tx: Tx,
    dag_run_id: int,
    expected: RunState | Collection[RunState],
    new: RunState,
    *,
    who: str,
    at: dt.datetime | None = None,
    reason: str = "",
    **columns: Any,
) -> bool:
    """Change a run's state; False when it is not in EXPECTED any more. See `advance_runs`."""
    return advance_runs(tx, [RunChange(dag_run_id, expected, new, reason, columns)], who=who, at=at)[0]


def advance_runs(tx: Tx, changes: Sequence[RunChange], *, who: str, at: dt.datetime | None = None) -> list[bool]:
    """Make those of CHANGES that hold, each of another run; which ones did. A few statements for any number of them.

    ``queued`` sets QUEUED_AT and empties the other moments, ``running`` sets START_DATE where there is none and empties
    END_DATE, an end sets END_DATE. Raises StateChangeRefusedError when the state table does not have a change.
    """
    statement = _LOCK if tx.locks_rows else _SEE
    keys = sorted(change.dag_run_id for change in changes)
    seen = {row.id: row for part in in_parts(keys) for row in tx.rows(statement, {"keys": part})}
    at = at or tx.now()
    written: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    done = []
    for change in changes:
        row = seen.get(change.dag_run_id)
        before = None if row is None else RunState(row.status)
        holds = before is change.expected or (not isinstance(change.expected, str) and before in change.expected)
        done.append(holds)
        if row is None or before is None or not holds:
            continue
        if change.new not in RUN_TRANSITIONS[before]:
            raise StateChangeRefusedError(f"run {row.run_id} of {row.dag_id}: {before} to {change.new}")
        values = _values(change.new, at, change.columns)
        written.setdefault(tuple(sorted(values)), []).append({"key": change.dag_run_id, **values})
        data = {"id": change.dag_run_id, "from": before.value, "to": change.new.value, "reason": change.reason}
        events.emit(tx, events.RUN_STATE, dag_id=row.dag_id, run_id=row.run_id, who=who, data=data, at=at)
    for names, rows in written.items():
        tx.change_many(_update(names), rows)
    return done


def _values(new: RunState, at: dt.datetime, columns: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"status": new.value, "last_updated_date": at}
    if new is RunState.QUEUED:
        values |= {"queued_at": at, "start_date": None, "end_date": None}
    elif new is RunState.RUNNING:
        values |= {"first_start_date": at, "end_date": None}
    else:
        assert new in TERMINAL_RUN_STATES
        values |= {"first_start_date": at, "end_date": at}
    for name, value in columns.items():
        if name not in COLUMNS:
            raise TypeError(f"a state change cannot set {name}")
        values.pop(f"first_{name}", None)
        values[name] = value
    return values


@functools.cache
def _update(names: tuple[str, ...]) -> Update:
    columns: dict[str, Any] = {}
    for name in names:
        real = name.removeprefix("first_")
        value = bindparam(name, type_=_r[real].type)
        columns[real] = value if real == name else func.coalesce(_r[real], value)
    return update(dag_runs).where(_r.id == bindparam("key")).values(columns)
