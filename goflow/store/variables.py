"""Variables; their values are encrypted at rest where there is a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from goflow.domain.errors import NotFoundError
from goflow.store import events
from goflow.store.listing import Condition, Listing, Page
from goflow.store.rows import Variable
from goflow.store.tables import variables
from goflow.store.tx import Tx

_GET = select(variables).where(variables.c.name == bindparam("name"))
_LIST = select(variables).order_by(variables.c.name)


def find(tx: Tx, name: str) -> Variable | None:
    """The Variable of that name, or None."""
    row = tx.first(_GET, {"name": name})
    return None if row is None else _variable(tx, row)


def get(tx: Tx, name: str) -> Variable:
    """The Variable of that name. Raises NotFoundError."""
    variable = find(tx, name)
    if variable is None:
        raise NotFoundError(f"Variable {name}")
    return variable


def list_(tx: Tx) -> list[Variable]:
    """All Variables by name."""
    return [_variable(tx, row) for row in tx.rows(_LIST)]


def values(tx: Tx) -> dict[str, str]:
    """Name to text, of all of them."""
    return {row.name: tx.sealer.open(row.value) for row in tx.rows(_LIST)}


def set_(tx: Tx, name: str, value: str, description: str | None = None, *, who: str) -> None:
    """Set a Variable; a description stays when none is given."""
    row = {"name": name, "value": tx.sealer.seal(value), "description": description, "last_updated_date": tx.now()}
    tx.upsert(variables, row, keep=("description",) if description is None else ())
    events.emit(tx, events.VARIABLE_SET, who=who, data={"name": name})


def delete_(tx: Tx, name: str, *, who: str) -> bool:
    """Delete a Variable; whether there was one."""
    gone = tx.change(delete(variables).where(variables.c.name == name)) > 0
    if gone:
        events.emit(tx, events.VARIABLE_DELETED, who=who, data={"name": name})
    return gone


def _variable(tx: Tx, row: Row[Any]) -> Variable:
    return Variable(**{**row._asdict(), "value": tx.sealer.open(row.value)})


_v = variables.c
_LISTING = Listing(
    statement=select(variables),
    key=_v.name,
    fields={"variable_key": _v.name},
    orders={"id": [_v.name], "key": [_v.name], "_val": [_v.value], "description": [_v.description]},
)


def page(tx: Tx, conditions: Sequence[Condition], page: Page) -> tuple[list[Variable], int]:
    """Variables, and how many there are. Raises InvalidRequestError."""
    rows, total = _LISTING.page(tx, conditions, page)
    return [_variable(tx, row) for row in rows], total


def describe(tx: Tx, name: str, description: str | None) -> None:
    """Give a Variable another description, or none."""
    tx.change(update(variables).where(_v.name == name).values(description=description))
