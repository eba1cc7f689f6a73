"""The tables of deadlines and SLAs. They belong to `goflow.store.tables`, which explains how all of them are made."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, PrimaryKeyConstraint, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import KEY, id_column, metadata

OPEN_DEADLINES = "NOT missed"

deadlines = Table(
    "deadlines",
    metadata,
    id_column(),
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="CASCADE"), nullable=False),
    Column("reading_id", KEY, ForeignKey("dag_readings.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text),
    Column("reference", Text, nullable=False),
    Column("interval_s", Float, nullable=False),
    Column("deadline_time", UtcMoment, nullable=False),
    Column("missed", Boolean, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("last_updated_at", UtcMoment, nullable=False),
    sqlite_autoincrement=True,
)

sla_misses = Table(
    "sla_misses",
    metadata,
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("task_id", Text, nullable=False),
    Column("logical_date", UtcMoment, nullable=False),
    Column("missed_at", UtcMoment, nullable=False),
    Column("callback_id", KEY),
    PrimaryKeyConstraint("dag_id", "task_id", "logical_date"),
    sqlite_with_rowid=False,
)
