"""State changes of DAG runs."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection
from typing import Any

from sqlalchemy import Update, bindparam, func, select, update

from goflow.domain.errors import StateChangeRefusedError
from goflow.domain.state import RUN_TRANSITIONS, TERMINAL_RUN_STATES, RunState
from goflow.store import events
from goflow.store.tables import dag_runs
from goflow.store.tx import Tx

_r = dag_runs.c
_SEE = select(_r.status, _r.dag_id, _r.run_id).where(_r.id == bindparam("key"))
_LOCK = _SEE.with_for_update()

COLUMNS = frozenset({"queued_at", "start_date", "end_date", "note"})
"""What a change may set beside the state."""


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
    """Change a run's state; False when it is not in EXPECTED any more.

    ``queued`` sets QUEUED_AT and empties the other moments, ``running`` sets START_DATE where there is none and empties
    END_DATE, an end sets END_DATE. Raises StateChangeRefusedError when the state table does not have the change.
    """
    row = tx.first(_LOCK if tx.locks_rows else _SEE, {"key": dag_run_id})
    if row is None:
        return False
    before = RunState(row.status)
    if before is not expected and (isinstance(expected, str) or before not in expected):
        return False
    if new not in RUN_TRANSITIONS[before]:
        raise StateChangeRefusedError(f"run {row.run_id} of {row.dag_id}: {before} to {new}")
    at = at or tx.now()
    values = _values(new, at, columns)
    tx.change(_update(tuple(sorted(values))), {"key": dag_run_id, **values})
    data = {"id": dag_run_id, "from": before.value, "to": new.value, "reason": reason}
    events.emit(tx, events.RUN_STATE, dag_id=row.dag_id, run_id=row.run_id, who=who, data=data, at=at)
    return True


def _values(new: RunState, at: dt.datetime, columns: dict[str, Any]) -> dict[str, Any]:
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
