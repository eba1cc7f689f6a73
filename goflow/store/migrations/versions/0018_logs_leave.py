"""Log lines that leave the database: what is to be sent on, and up to where they are no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: two tables that nothing older knows of."""
    op.create_table(
        "log_batches",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("written_at", UtcMoment(), nullable=False),
        sa.Column("shipped_at", UtcMoment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["launch_id"], ["launches.id"], name=op.f("fk_log_batches_launch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_batches")),
        sqlite_autoincrement=True,
    )
    for name, column, condition in (
        ("unshipped", "id", "shipped_at IS NULL"),
        ("shipped", "shipped_at", "shipped_at IS NOT NULL"),
    ):
        words = sa.text(condition)
        op.create_index(f"ix_log_batches_{name}", "log_batches", [column], sqlite_where=words, postgresql_where=words)
    op.create_index("ix_log_batches_launch_id", "log_batches", ["launch_id"])
    op.create_table(
        "launch_logs",
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("pruned_to", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["launch_id"], ["launches.id"], name=op.f("fk_launch_logs_launch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("launch_id", name=op.f("pk_launch_logs")),
        sqlite_with_rowid=False,
    )
