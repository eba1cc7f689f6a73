"""Backfills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: tables and a column that nothing older knows of."""
    op.create_table(
        "backfills",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("from_date", UtcMoment(), nullable=False),
        sa.Column("to_date", UtcMoment(), nullable=False),
        sa.Column("run_backwards", sa.Boolean(), nullable=False),
        sa.Column("reprocess_behavior", sa.Text(), nullable=False),
        sa.Column("max_active_runs", sa.Integer(), nullable=False),
        sa.Column("dag_run_conf", sa.Text(), nullable=True),
        sa.Column("run_on_latest_version", sa.Boolean(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("updated_at", UtcMoment(), nullable=False),
        sa.Column("completed_at", UtcMoment(), nullable=True),
        sa.Column("triggering_user_name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["dag_id"], ["dags.id"], name=op.f("fk_backfills_dag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfills")),
        sqlite_autoincrement=True,
    )
    active = sa.text("completed_at IS NULL")
    op.create_index(
        "ix_backfills_active", "backfills", ["dag_id"], unique=True, sqlite_where=active, postgresql_where=active
    )
    op.create_index("ix_backfills_dag_id", "backfills", ["dag_id", "id"], unique=False)
    op.create_table(
        "backfill_runs",
        sa.Column("backfill_id", KEY, nullable=False, autoincrement=False),
        sa.Column("sort_ordinal", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("logical_date", UtcMoment(), nullable=True),
        sa.Column("dag_run_id", KEY, nullable=True),
        sa.Column("exception_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["backfill_id"], ["backfills.id"], name=op.f("fk_backfill_runs_backfill_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_runs.id"], name=op.f("fk_backfill_runs_dag_run_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("backfill_id", "sort_ordinal", name=op.f("pk_backfill_runs")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_backfill_runs_dag_run_id", "backfill_runs", ["dag_run_id"], unique=False)
    op.add_column("dag_runs", sa.Column("backfill_id", KEY, nullable=True))
