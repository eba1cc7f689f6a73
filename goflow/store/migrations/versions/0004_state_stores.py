"""What tasks and assets remember."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: two tables that nothing older knows of."""
    op.create_table(
        "task_state_store",
        sa.Column("dag_run_id", KEY, autoincrement=False, nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("map_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcMoment(), nullable=True),
        sa.Column("last_updated_date", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_runs.id"], name=op.f("fk_task_state_store_dag_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_run_id", "task_id", "map_index", "key", name=op.f("pk_task_state_store")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "asset_state_store",
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("last_updated_date", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "key", name=op.f("pk_asset_state_store")),
        sqlite_with_rowid=False,
    )
