"""The tables of alerts and of the messages that carry them. They belong to `goflow.store.tables`, which explains how
all of them are made."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, PrimaryKeyConstraint, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import KEY, id_column, metadata

OPEN_ALERTS = "resolved_at IS NULL"
OPEN_MESSAGES = "state IN ('collecting', 'sending')"

alerts = Table(
    "alerts",
    metadata,
    id_column(),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("dag_id", Text),
    Column("run_id", Text),
    Column("task_id", Text),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("labels", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("resolved_at", UtcMoment),
    sqlite_autoincrement=True,
)

alert_messages = Table(
    "alert_messages",
    metadata,
    id_column(),
    Column("key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("group_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("due_at", UtcMoment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("content", Text),
    Column("error", Text),
    Column("ended_at", UtcMoment),
    sqlite_autoincrement=True,
)

alert_message_parts = Table(
    "alert_message_parts",
    metadata,
    Column("message_id", KEY, ForeignKey("alert_messages.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    Column("alert_id", KEY, ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    Column("resolved", Boolean, nullable=False),
    PrimaryKeyConstraint("message_id", "alert_id"),
    sqlite_with_rowid=False,
)
