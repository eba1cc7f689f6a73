"""What tasks asked people in earlier tries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: a table that nothing older knows of."""
    op.create_table(
        "hitl_history",
        sa.Column("task_instance_id", KEY, autoincrement=False, nullable=False),
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("defaults", sa.Text(), nullable=True),
        sa.Column("multiple", sa.Boolean(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("assigned_users", sa.Text(), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("responded_at", UtcMoment(), nullable=True),
        sa.Column("responded_by", sa.Text(), nullable=True),
        sa.Column("chosen_options", sa.Text(), nullable=True),
        sa.Column("params_input", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_instance_id"],
            ["task_instances.id"],
            name=op.f("fk_hitl_history_task_instance_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_instance_id", "launch_id", name=op.f("pk_hitl_history")),
    )
