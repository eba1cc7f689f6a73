"""Deadlines of runs, missed SLAs, and what callbacks are told besides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: tables and a column that nothing older knows of."""
    op.create_table(
        "deadlines",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("dag_run_id", KEY, nullable=False),
        sa.Column("reading_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("interval_s", sa.Float(), nullable=False),
        sa.Column("deadline_time", UtcMoment(), nullable=False),
        sa.Column("missed", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("last_updated_at", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_runs.id"], name=op.f("fk_deadlines_dag_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["dag_readings.id"], name=op.f("fk_deadlines_reading_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines")),
        sqlite_autoincrement=True,
    )
    is_open = sa.text("NOT missed")
    op.create_index(
        "ix_deadlines_open",
        "deadlines",
        ["deadline_time"],
        unique=False,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_deadlines_dag_run_id", "deadlines", ["dag_run_id"], unique=False)
    op.create_index("ix_deadlines_reading_id", "deadlines", ["reading_id"], unique=False)
    op.create_table(
        "sla_misses",
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("logical_date", UtcMoment(), nullable=False),
        sa.Column("missed_at", UtcMoment(), nullable=False),
        sa.Column("callback_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["dag_id"], ["dags.id"], name=op.f("fk_sla_misses_dag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dag_id", "task_id", "logical_date", name=op.f("pk_sla_misses")),
        sqlite_with_rowid=False,
    )
    op.add_column("run_callbacks", sa.Column("data", sa.Text(), nullable=True))
