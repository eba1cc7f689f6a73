"""The tables of what tasks ask people. They belong to `goflow.store.tables`, which explains how all are made."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import KEY, metadata


def _columns(*, keyed_by_launch: bool) -> list[Column[Any]]:
    whose = ForeignKey("task_instances.id", ondelete="CASCADE")
    return [
        Column("task_instance_id", KEY, whose, primary_key=True, autoincrement=False),
        Column("launch_id", Text, nullable=False, primary_key=keyed_by_launch),
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
    ]


hitl_details = Table("hitl_details", metadata, *_columns(keyed_by_launch=False))
hitl_history = Table("hitl_history", metadata, *_columns(keyed_by_launch=True))
"""The same of earlier launches, once another has asked."""
