"""Assets: which there are, where DAGs mention them, what has happened to them, and what that has begun."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: tables that nothing older knows of. They are filled when the DAG files are read again."""
    op.create_table(
        "assets",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("name", "uri", name=op.f("uq_assets_name_uri")),
    )
    op.create_table(
        "asset_uses",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("dag_id", "role", "task_id", "kind", "name", "uri")),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        _reference("asset_uses", "dag_id", "dags"),
        sa.PrimaryKeyConstraint("dag_id", "role", "task_id", "kind", "name", "uri", name=op.f("pk_asset_uses")),
        sqlite_with_rowid=False,
    )
    _of_events()
    op.create_index("ix_asset_uses_name", "asset_uses", ["name"])
    op.create_index("ix_asset_uses_uri", "asset_uses", ["uri"])
    op.create_index("ix_asset_events_asset_id", "asset_events", ["asset_id", "at"])
    op.create_index("ix_asset_event_aliases_event_id", "asset_event_aliases", ["event_id"])
    op.create_index("ix_asset_queue_asset_id", "asset_queue", ["asset_id"])
    op.create_index("ix_run_asset_events_event_id", "run_asset_events", ["event_id"])


def _of_events() -> None:
    op.create_table(
        "asset_events",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("at", UtcMoment(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("map_index", sa.Integer(), nullable=True),
        sa.Column("partition_key", sa.Text(), nullable=True),
        _reference("asset_events", "asset_id", "assets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_events")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "asset_event_aliases",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("event_id", KEY, autoincrement=False, nullable=False),
        _reference("asset_event_aliases", "event_id", "asset_events"),
        sa.PrimaryKeyConstraint("alias", "event_id", name=op.f("pk_asset_event_aliases")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "asset_queue",
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("asset_id", KEY, autoincrement=False, nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        _reference("asset_queue", "dag_id", "dags"),
        _reference("asset_queue", "asset_id", "assets"),
        sa.PrimaryKeyConstraint("dag_id", "asset_id", name=op.f("pk_asset_queue")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_asset_events",
        sa.Column("dag_run_id", KEY, autoincrement=False, nullable=False),
        sa.Column("event_id", KEY, autoincrement=False, nullable=False),
        _reference("run_asset_events", "dag_run_id", "dag_runs"),
        _reference("run_asset_events", "event_id", "asset_events"),
        sa.PrimaryKeyConstraint("dag_run_id", "event_id", name=op.f("pk_run_asset_events")),
        sqlite_with_rowid=False,
    )


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")
