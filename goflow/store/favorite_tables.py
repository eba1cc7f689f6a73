"""Whose favourites DAGs are. The table belongs to `goflow.store.tables`, which explains how all of them are made."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, PrimaryKeyConstraint, Table, Text

from goflow.store.tables import metadata

dag_favorites = Table(
    "dag_favorites",
    metadata,
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("user_name", Text, nullable=False),
    PrimaryKeyConstraint("dag_id", "user_name"),
    sqlite_with_rowid=False,
)
