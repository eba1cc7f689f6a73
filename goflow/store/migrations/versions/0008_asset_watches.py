"""Watchers of assets: which assets have some, and who runs their triggers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: columns that what is there leaves empty, and a table that nothing older knows of."""
    op.add_column("asset_uses", sa.Column("watched", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("asset_events", sa.Column("told_as", sa.Text(), nullable=True))
    op.create_table(
        "asset_watches",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("reading_id", KEY, nullable=False),
        sa.Column("runner_id", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("watchers", sa.Text(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("created_date", UtcMoment(), nullable=False),
        _reference("asset_id", "assets"),
        _reference("dag_id", "dags"),
        _reference("reading_id", "dag_readings"),
        _reference("runner_id", "trigger_runners", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_watches")),
        sa.UniqueConstraint("asset_id", name=op.f("uq_asset_watches_asset_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_asset_events_told_as", "asset_events", ["told_as"], unique=True)
    op.create_index("ix_asset_watches_runner_id", "asset_watches", ["runner_id"])


def _reference(column: str, other: str, then: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_asset_watches_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=then)
