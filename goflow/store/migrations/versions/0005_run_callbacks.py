"""Callbacks of DAG runs that are to be called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: a table that nothing older knows of."""
    op.create_table(
        "run_callbacks",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("dag_run_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("task_instance_id", KEY, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("runner_id", sa.Text(), nullable=True),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("claimed_at", UtcMoment(), nullable=True),
        sa.Column("ended_at", UtcMoment(), nullable=True),
        sa.Column("output", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_runs.id"], name=op.f("fk_run_callbacks_dag_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["runner_id"], ["trigger_runners.id"], name=op.f("fk_run_callbacks_runner_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_callbacks")),
        sqlite_autoincrement=True,
    )
    unfinished = sa.text("state IN ('waiting', 'claimed')")
    op.create_index(
        "ix_run_callbacks_open",
        "run_callbacks",
        ["runner_id", "id"],
        unique=False,
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_index("ix_run_callbacks_dag_run_id", "run_callbacks", ["dag_run_id"], unique=False)
