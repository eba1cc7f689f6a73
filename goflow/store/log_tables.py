"""What is to leave the database of its log lines. It belongs to `goflow.store.tables`, which explains all tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import id_column, metadata

UNSHIPPED = "shipped_at IS NULL"
SHIPPED = "shipped_at IS NOT NULL"

log_batches = Table(
    "log_batches",
    metadata,
    id_column(),
    Column("launch_id", Text, ForeignKey("launches.id", ondelete="CASCADE"), nullable=False),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("written_at", UtcMoment, nullable=False),
    Column("shipped_at", UtcMoment),
    sqlite_autoincrement=True,
)

launch_logs = Table(
    "launch_logs",
    metadata,
    Column("launch_id", Text, ForeignKey("launches.id", ondelete="CASCADE"), primary_key=True),
    Column("written", Integer, nullable=False),
    Column("pruned_to", Integer, nullable=False),
    sqlite_with_rowid=False,
)
