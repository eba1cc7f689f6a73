"""Which DAGs somebody has marked as favourites."""

from __future__ import annotations

from sqlalchemy import delete, select

from goflow.store.favorite_tables import dag_favorites
from goflow.store.tx import Tx

_f = dag_favorites.c


def is_one(tx: Tx, dag_id: str, user: str) -> bool:
    """Whether the DAG is one of USER's."""
    return tx.first(select(_f.dag_id).where(_f.dag_id == dag_id, _f.user_name == user)) is not None


def add(tx: Tx, dag_id: str, user: str) -> bool:
    """Let it be one; whether it was none."""
    if is_one(tx, dag_id, user):
        return False
    tx.insert_new(dag_favorites, [{"dag_id": dag_id, "user_name": user}])
    return True


def remove(tx: Tx, dag_id: str, user: str) -> bool:
    """Let it be none; whether it was one."""
    return tx.change(delete(dag_favorites).where(_f.dag_id == dag_id, _f.user_name == user)) > 0
