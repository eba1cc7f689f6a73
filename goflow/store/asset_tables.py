"""The tables of assets: which there are, where DAGs mention them, what has happened to them, and what that has begun.
They belong to `goflow.store.tables`, which explains how all of them are made.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, PrimaryKeyConstraint, Table, Text, UniqueConstraint, false

from goflow.store.columns import UtcMoment
from goflow.store.tables import KEY, id_column, metadata

assets = Table(
    "assets",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
    UniqueConstraint("name", "uri"),
)

asset_uses = Table(
    "asset_uses",
    metadata,
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
    Column("watched", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("dag_id", "role", "task_id", "kind", "name", "uri"),
    sqlite_with_rowid=False,
)

asset_events = Table(
    "asset_events",
    metadata,
    id_column(),
    Column("asset_id", KEY, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("extra", Text, nullable=False),
    Column("dag_id", Text),
    Column("run_id", Text),
    Column("task_id", Text),
    Column("map_index", Integer),
    Column("partition_key", Text),
    Column("told_as", Text),
    Column("problems", Text),
    sqlite_autoincrement=True,
)

asset_event_aliases = Table(
    "asset_event_aliases",
    metadata,
    Column("alias", Text, nullable=False),
    Column("event_id", KEY, ForeignKey("asset_events.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    PrimaryKeyConstraint("alias", "event_id"),
    sqlite_with_rowid=False,
)

asset_queue = Table(
    "asset_queue",
    metadata,
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("asset_id", KEY, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    Column("created_date", UtcMoment, nullable=False),
    PrimaryKeyConstraint("dag_id", "asset_id"),
    sqlite_with_rowid=False,
)

partition_queue = Table(
    "partition_queue",
    metadata,
    id_column(),
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("partition_key", Text, nullable=False),
    Column("asset_id", KEY, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("event_id", KEY, ForeignKey("asset_events.id", ondelete="CASCADE"), nullable=False),
    Column("source_key", Text, nullable=False),
    Column("partition_date", UtcMoment),
    Column("fingerprint", Text, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
    Column("told", Text),
    UniqueConstraint("dag_id", "partition_key", "event_id"),
    sqlite_autoincrement=True,
)

run_asset_events = Table(
    "run_asset_events",
    metadata,
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    Column("event_id", KEY, ForeignKey("asset_events.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    PrimaryKeyConstraint("dag_run_id", "event_id"),
    sqlite_with_rowid=False,
)

asset_watches = Table(
    "asset_watches",
    metadata,
    id_column(),
    Column("asset_id", KEY, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("reading_id", KEY, ForeignKey("dag_readings.id", ondelete="CASCADE"), nullable=False),
    Column("runner_id", Text, ForeignKey("trigger_runners.id", ondelete="SET NULL")),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("watchers", Text),
    Column("trouble", Text),
    Column("created_date", UtcMoment, nullable=False),
    sqlite_autoincrement=True,
)
