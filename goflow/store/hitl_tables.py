"""The table of what tasks ask people. It belongs to `goflow.store.tables`, which explains how all of them are made."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import KEY, metadata

hitl_details = Table(
    "hitl_details",
    metadata,
    Column(
        "task_instance_id",
        KEY,
        ForeignKey("task_instances.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("launch_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text),
    Column("options", Text, nullable=False),
    Column("defaults", Text),
    Column("multiple", Boolean, nullable=False),
    Column("params", Text, nullable=False),
    Column("assigned_users", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("responded_at", UtcMoment),
    Column("responded_by", Text),
    Column("chosen_options", Text),
    Column("params_input", Text),
)
