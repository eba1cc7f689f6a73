"""What samples have shown of launches. It belongs to `goflow.store.tables`, which explains all tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import metadata

launch_usage = Table(
    "launch_usage",
    metadata,
    Column("launch_id", Text, ForeignKey("launches.id", ondelete="CASCADE"), primary_key=True),
    Column("cpu_seconds", Float, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("sampled_at", UtcMoment, nullable=False),
    Column("series", Text, nullable=False),
)
