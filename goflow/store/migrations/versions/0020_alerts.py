"""Alerts, and the messages that carry them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: tables that nothing older knows of."""
    op.create_table(
        "alerts",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("at", UtcMoment(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("map_index", sa.Integer(), nullable=True),
        sa.Column("try_number", sa.Integer(), nullable=True),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("resolved_at", UtcMoment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("key", name=op.f("uq_alerts_key")),
        sqlite_autoincrement=True,
    )
    is_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "ix_alerts_open", "alerts", ["problem"], unique=False, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index("ix_alerts_problem", "alerts", ["problem", "kind"], unique=False)
    op.create_index("ix_alerts_dag_id", "alerts", ["dag_id", "id"], unique=False)
    op.create_table(
        "alert_messages",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("due_at", UtcMoment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("ended_at", UtcMoment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_alert_messages_key")),
        sqlite_autoincrement=True,
    )
    waits = sa.text("state IN ('collecting', 'sending')")
    op.create_index(
        "ix_alert_messages_open",
        "alert_messages",
        ["due_at"],
        unique=False,
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index("ix_alert_messages_channel", "alert_messages", ["channel", "id"], unique=False)
    op.create_table(
        "alert_message_parts",
        sa.Column("message_id", KEY, nullable=False, autoincrement=False),
        sa.Column("alert_id", KEY, nullable=False, autoincrement=False),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["alert_messages.id"],
            name=op.f("fk_alert_message_parts_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_message_parts_alert_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "alert_id", name=op.f("pk_alert_message_parts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_alert_message_parts_alert_id", "alert_message_parts", ["alert_id"], unique=False)
