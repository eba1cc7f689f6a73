"""What identifies this installation: its id goes on every Job as an annotation."""

from __future__ import annotations

import uuid

from sqlalchemy import bindparam, delete, select

from goflow.store.tables import installation, pools
from goflow.store.tx import Tx

DEFAULT_POOL = "default_pool"
DEFAULT_POOL_SLOTS = 128
"""Airflow's ``default_pool_task_slot_count``."""

_GET = select(installation.c.value).where(installation.c.name == bindparam("name"))


def prepare(tx: Tx, slots: int = DEFAULT_POOL_SLOTS) -> None:
    """Give a new database its id and its default pool with so many SLOTS; does nothing to others."""
    tx.insert_new(installation, [{"name": "id", "value": uuid.uuid4().hex[:12]}])
    pool = {"name": DEFAULT_POOL, "slots": slots, "description": "Default pool", "include_deferred": False}
    tx.insert_new(pools, [pool])


def get(tx: Tx, name: str) -> str:
    """A fact. Raises KeyError when it is not there."""
    value = tx.value(_GET, {"name": name})
    if value is None:
        raise KeyError(name)
    return str(value)


def find(tx: Tx, name: str) -> str | None:
    """A fact, or None."""
    value = tx.value(_GET, {"name": name})
    return None if value is None else str(value)


def set_(tx: Tx, name: str, value: str) -> None:
    """Write a fact down."""
    tx.upsert(installation, {"name": name, "value": value})


def delete_(tx: Tx, name: str) -> None:
    """Forget a fact."""
    tx.change(delete(installation).where(installation.c.name == name))
