"""The tables of CronJobs and of their Jobs. They belong to `goflow.store.tables`, which explains how all of them are
made."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, PrimaryKeyConstraint, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import KEY, metadata

cronjobs = Table(
    "cronjobs",
    metadata,
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("placed", Boolean, nullable=False),
    Column("present", Boolean, nullable=False),
    Column("uid", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("suspended", Boolean, nullable=False),
    Column("digest", Text, nullable=False),
    Column("settled", Text, nullable=False),
    Column("problem", Text),
    Column("in_force_since", UtcMoment, nullable=False),
    Column("checked_until", UtcMoment, nullable=False),
    Column("last_schedule_at", UtcMoment),
    Column("mended_at", UtcMoment),
    Column("mended", Text),
    Column("seen_at", UtcMoment),
    PrimaryKeyConstraint("namespace", "name"),
)

cronjob_jobs = Table(
    "cronjob_jobs",
    metadata,
    Column("uid", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("cronjob", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="SET NULL")),
    Column("created_at", UtcMoment, nullable=False),
    Column("recorded_at", UtcMoment),
    PrimaryKeyConstraint("uid"),
)
