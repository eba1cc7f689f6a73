"""The tables of backfills. They belong to `goflow.store.tables`, which explains how all of them are made."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, PrimaryKeyConstraint, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import KEY, id_column, metadata

ACTIVE_BACKFILLS = "completed_at IS NULL"

backfills = Table(
    "backfills",
    metadata,
    id_column(),
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("from_date", UtcMoment, nullable=False),
    Column("to_date", UtcMoment, nullable=False),
    Column("run_backwards", Boolean, nullable=False),
    Column("reprocess_behavior", Text, nullable=False),
    Column("max_active_runs", Integer, nullable=False),
    Column("dag_run_conf", Text),
    Column("run_on_latest_version", Boolean, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("updated_at", UtcMoment, nullable=False),
    Column("completed_at", UtcMoment),
    Column("triggering_user_name", Text),
    sqlite_autoincrement=True,
)

backfill_runs = Table(
    "backfill_runs",
    metadata,
    Column("backfill_id", KEY, ForeignKey("backfills.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    Column("sort_ordinal", Integer, nullable=False, autoincrement=False),
    Column("logical_date", UtcMoment),
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="SET NULL")),
    Column("exception_reason", Text),
    Column("partition_key", Text),
    PrimaryKeyConstraint("backfill_id", "sort_ordinal"),
    sqlite_with_rowid=False,
)
