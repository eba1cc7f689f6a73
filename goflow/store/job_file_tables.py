"""Native DAG files that people keep in the database. The table belongs to `goflow.store.tables`, which explains how
all of them are made."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table, Text

from goflow.store.columns import UtcMoment
from goflow.store.tables import metadata

job_files = Table(
    "job_files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
    Column("last_updated_date", UtcMoment, nullable=False),
    Column("updated_by", Text, nullable=False),
    sqlite_with_rowid=False,
)
