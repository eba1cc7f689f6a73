"""Backfills: reading them. Making, pausing and ending them: see `transitions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from goflow.domain.backfills import Backfill, BackfillRun, Reprocess, Skipped
from goflow.domain.errors import NotFoundError
from goflow.domain.runs import DagRun
from goflow.domain.state import RunState
from goflow.store.backfill_tables import ACTIVE_BACKFILLS, backfill_runs, backfills
from goflow.store.columns import loads
from goflow.store.listing import Condition, Listing, Page
from goflow.store.tables import OPEN_RUNS, dag_runs, where
from goflow.store.tx import Tx

_b = backfills.c
_m = backfill_runs.c
_r = dag_runs.c
_SELECT = select(backfills)
_GET = _SELECT.where(_b.id == bindparam("backfill_id"))
_ACTIVE = _SELECT.where(where(ACTIVE_BACKFILLS)).order_by(_b.dag_id)
_DATES = select(backfill_runs).where(_m.backfill_id == bindparam("backfill_id")).order_by(_m.sort_ordinal)
_ORDINALS = select(_m.dag_run_id, _m.sort_ordinal).where(
    _m.backfill_id == bindparam("backfill_id"), _m.dag_run_id.is_not(None)
)
_ORDINAL = select(_m.sort_ordinal).where(
    _m.backfill_id == bindparam("backfill_id"), _m.dag_run_id == bindparam("dag_run_id")
)
_OPEN = select(_r.id).where(
    where(OPEN_RUNS), _r.dag_id == bindparam("dag_id"), _r.backfill_id == bindparam("backfill_id")
)
_QUEUED = _OPEN.where(_r.status == RunState.QUEUED.value)
_STATES = (
    select(_r.status, func.count().label("runs"))
    .select_from(backfill_runs.outerjoin(dag_runs, _m.dag_run_id == _r.id))
    .where(_m.backfill_id == bindparam("backfill_id"))
    .group_by(_r.status)
)


def find(tx: Tx, backfill_id: int) -> Backfill | None:
    """The backfill of that id, or None."""
    row = tx.first(_GET, {"backfill_id": backfill_id})
    return None if row is None else _backfill(row)


def get(tx: Tx, backfill_id: int) -> Backfill:
    """The backfill of that id. Raises NotFoundError."""
    found = find(tx, backfill_id)
    if found is None:
        raise NotFoundError(f"backfill {backfill_id}", hint="goflow backfills list shows those there are")
    return found


def active(tx: Tx) -> list[Backfill]:
    """Those that are not over, by their DAGs; a DAG has one at most."""
    return [_backfill(row) for row in tx.rows(_ACTIVE)]


def list_(
    tx: Tx, dag_id: str | None = None, *, newest_first: bool = False, limit: int = 100, offset: int = 0
) -> list[Backfill]:
    """Backfills of a DAG, or of all, in the order in which they were made."""
    statement = _SELECT if dag_id is None else _SELECT.where(_b.dag_id == dag_id)
    order = _b.id.desc() if newest_first else _b.id
    return [_backfill(row) for row in tx.rows(statement.order_by(order).limit(limit).offset(offset))]


def count(tx: Tx, dag_id: str | None = None) -> int:
    """How many `list_` would give without a limit."""
    statement = select(func.count()).select_from(backfills)
    return int(tx.value(statement if dag_id is None else statement.where(_b.dag_id == dag_id)))


def dates(tx: Tx, backfill_id: int) -> list[BackfillRun]:
    """The dates of a backfill, in the order in which their runs begin."""
    return [_date(row) for row in tx.rows(_DATES, {"backfill_id": backfill_id})]


def ordinals(tx: Tx, backfill_id: int) -> dict[int, int]:
    """The place of each run of a backfill in its order, by the run's key."""
    return {row.dag_run_id: row.sort_ordinal for row in tx.rows(_ORDINALS, {"backfill_id": backfill_id})}


def is_first(tx: Tx, run: DagRun) -> bool:
    """Whether RUN is the first of its backfill."""
    if run.backfill_id is None:
        return False
    return bool(tx.value(_ORDINAL, {"backfill_id": run.backfill_id, "dag_run_id": run.id}) == 1)


def has_open_runs(tx: Tx, backfill: Backfill) -> bool:
    """Whether a run of it is queued or running."""
    return tx.first(_OPEN, {"dag_id": backfill.dag_id, "backfill_id": backfill.id}) is not None


def queued_runs(tx: Tx, backfill: Backfill) -> list[int]:
    """The keys of its runs that have not begun."""
    return [row.id for row in tx.rows(_QUEUED, {"dag_id": backfill.dag_id, "backfill_id": backfill.id})]


def states(tx: Tx, backfill_id: int) -> dict[str, int]:
    """How many of its runs are in each state; ``skipped`` are dates that got no run, or whose run was deleted."""
    found = {row.status or "skipped": row.runs for row in tx.rows(_STATES, {"backfill_id": backfill_id})}
    return {name: found.get(name, 0) for name in ("queued", "running", "success", "failed", "skipped")}


def runs_of(tx: Tx, backfill_id: int, *, limit: int = 100, offset: int = 0) -> list[tuple[BackfillRun, str, str]]:
    """Its dates in order, each with the id and the state of its run (empty without one)."""
    statement = (
        select(backfill_runs, _r.run_id, _r.status)
        .select_from(backfill_runs.outerjoin(dag_runs, _m.dag_run_id == _r.id))
        .where(_m.backfill_id == backfill_id)
        .order_by(_m.sort_ordinal)
        .limit(limit)
        .offset(offset)
    )
    return [(_date(row), row.run_id or "", row.status or "") for row in tx.rows(statement)]


def count_dates(tx: Tx, backfill_id: int) -> int:
    """How many dates it has."""
    return int(tx.value(select(func.count()).select_from(backfill_runs).where(_m.backfill_id == backfill_id)))


_DATE_COLUMNS = tuple(column.name for column in backfill_runs.columns)


def _backfill(row: Row[Any]) -> Backfill:
    values = row._asdict()
    values["reprocess_behavior"] = Reprocess(values["reprocess_behavior"])
    values["dag_run_conf"] = loads(values["dag_run_conf"])
    return Backfill(**values)


def _date(row: Row[Any]) -> BackfillRun:
    values = {name: getattr(row, name) for name in _DATE_COLUMNS}
    reason = values["exception_reason"]
    return BackfillRun(**{**values, "exception_reason": None if reason is None else Skipped(reason)})


_LISTING = Listing(statement=_SELECT, key=_b.id, fields={"dag_id": _b.dag_id}, orders={"id": [_b.id]})


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[Backfill], int]:
    """Backfills, and how many there are. Raises InvalidRequestError."""
    rows, total = _LISTING.page(tx, conditions, page)
    return [_backfill(row) for row in rows], total
