"""Partitions of assets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: a table and columns that nothing older knows of."""
    op.create_table(
        "partition_queue",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("partition_key", sa.Text(), nullable=False),
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("partition_date", UtcMoment(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_partition_queue_{column}", ondelete="CASCADE")
            for column, table in (("dag_id", "dags"), ("asset_id", "assets"), ("event_id", "asset_events"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partition_queue")),
        sa.UniqueConstraint(
            "dag_id", "partition_key", "event_id", name=op.f("uq_partition_queue_dag_id_partition_key_event_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_partition_queue_asset_id", "partition_queue", ["asset_id"])
    op.create_index("ix_partition_queue_event_id", "partition_queue", ["event_id"])
    op.add_column("dag_runs", sa.Column("partition_key", sa.Text(), nullable=True))
    op.add_column("dag_runs", sa.Column("partition_date", UtcMoment(), nullable=True))
    keyed = sa.text("partition_key IS NOT NULL")
    op.create_index(
        "ix_dag_runs_partition_key", "dag_runs", ["dag_id", "partition_key"], sqlite_where=keyed, postgresql_where=keyed
    )
    op.add_column("asset_events", sa.Column("problems", sa.Text(), nullable=True))
    op.add_column("backfill_runs", sa.Column("partition_key", sa.Text(), nullable=True))
