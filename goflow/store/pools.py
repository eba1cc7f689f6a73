"""Pools and how full they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update

from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.state import TaskState
from goflow.store import events
from goflow.store.installation import DEFAULT_POOL
from goflow.store.listing import Condition, Listing, Page
from goflow.store.rows import Pool
from goflow.store.tables import OCCUPYING, SCHEDULED, pools, task_instances, where
from goflow.store.tx import Tx

_t = task_instances.c
_LIST = select(pools).order_by(pools.c.name)
_GET = select(pools).where(pools.c.name == bindparam("name"))
_SLOTS = select(_t.pool, _t.state, func.sum(_t.pool_slots).label("slots")).group_by(_t.pool, _t.state)
_TAKEN = _SLOTS.where(where(OCCUPYING))
_WAITING = _SLOTS.where(where(SCHEDULED))
_DEFERRED = _SLOTS.where(_t.state == TaskState.DEFERRED.value)


def list_(tx: Tx) -> list[Pool]:
    """All pools by name, with what is in them."""
    usage = _usage(tx)
    return [_pool(row, usage) for row in tx.rows(_LIST)]


def find(tx: Tx, name: str) -> Pool | None:
    """The pool of that name, with what is in it, or None."""
    row = tx.first(_GET, {"name": name})
    return None if row is None else _pool(row, _usage(tx))


def get(tx: Tx, name: str) -> Pool:
    """The pool of that name, with what is in it. Raises NotFoundError."""
    found = find(tx, name)
    if found is None:
        raise NotFoundError(f"pool {name}")
    return found


def set_(
    tx: Tx, name: str, slots: int, *, description: str | None = None, include_deferred: bool = False, who: str
) -> None:
    """Set a pool; SLOTS -1: without bound. Raises InvalidRequestError for other negative numbers."""
    if slots < -1:
        raise InvalidRequestError(f"pool {name} with {slots} slots")
    row = {"name": name, "slots": slots, "description": description, "include_deferred": include_deferred}
    tx.upsert(pools, row, keep=("description",) if description is None else ())
    events.emit(tx, events.POOL_SET, who=who, data={"name": name, "slots": slots})


def delete_(tx: Tx, name: str, *, who: str) -> bool:
    """Delete a pool; whether there was one. Raises InvalidRequestError for the default pool."""
    if name == DEFAULT_POOL:
        raise InvalidRequestError(f"{DEFAULT_POOL} cannot be deleted")
    gone = tx.change(delete(pools).where(pools.c.name == name)) > 0
    if gone:
        events.emit(tx, events.POOL_DELETED, who=who, data={"name": name})
    return gone


def _usage(tx: Tx) -> dict[tuple[str, str], int]:
    rows = [*tx.rows(_TAKEN), *tx.rows(_WAITING), *tx.rows(_DEFERRED)]
    return {(row.pool, row.state): int(row.slots) for row in rows}


def _pool(row: Row[Any], usage: dict[tuple[str, str], int]) -> Pool:
    def slots(*states: TaskState) -> int:
        return sum(usage.get((row.name, state.value), 0) for state in states)

    return Pool(
        **row._asdict(),
        queued=slots(TaskState.QUEUED),
        running=slots(TaskState.RUNNING, TaskState.RESTARTING),
        deferred=slots(TaskState.DEFERRED),
        scheduled=slots(TaskState.SCHEDULED),
    )


_p = pools.c
_LISTING = Listing(
    statement=select(pools),
    key=_p.name,
    fields={"pool_name": _p.name},
    orders={"id": [_p.name], "name": [_p.name], "pool": [_p.name]},
)


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[Pool], int]:
    """Pools with what is in them, and how many there are. Raises InvalidRequestError."""
    rows, total = _LISTING.page(tx, conditions, page)
    usage = _usage(tx)
    return [_pool(row, usage) for row in rows], total


def describe(tx: Tx, name: str, description: str | None) -> None:
    """Give a pool another description, or none."""
    tx.change(update(pools).where(_p.name == name).values(description=description))
