"""Triggers of deferred tasks, and the runners that hold them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: two tables that nothing older knows of."""
    op.create_table(
        "trigger_runners",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("seen_at", UtcMoment(), nullable=True),
        sa.Column("expires_at", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trigger_runners")),
    )
    op.create_table(
        "triggers",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("task_instance_id", KEY, nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("classpath", sa.Text(), nullable=False),
        sa.Column("kwargs", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("from_folder", sa.Boolean(), nullable=False),
        sa.Column("next_method", sa.Text(), nullable=False),
        sa.Column("next_kwargs", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("due_at", UtcMoment(), nullable=True),
        sa.Column("timeout_at", UtcMoment(), nullable=True),
        sa.Column("runner_id", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.Column("fired_at", UtcMoment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_instance_id"],
            ["task_instances.id"],
            name=op.f("fk_triggers_task_instance_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["launch_id"], ["launches.id"], name=op.f("fk_triggers_launch_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["runner_id"], ["trigger_runners.id"], name=op.f("fk_triggers_runner_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triggers")),
        sa.UniqueConstraint("task_instance_id", name=op.f("uq_triggers_task_instance_id")),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_triggers_waiting",
        "triggers",
        ["runner_id", "id"],
        unique=False,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_triggers_launch_id", "triggers", ["launch_id"], unique=False)
