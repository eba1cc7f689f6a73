"""CronJobs that are placed and watched, and their Jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: tables that nothing older knows of."""
    op.create_table(
        "cronjobs",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("placed", sa.Boolean(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("settled", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("in_force_since", UtcMoment(), nullable=False),
        sa.Column("checked_until", UtcMoment(), nullable=False),
        sa.Column("last_schedule_at", UtcMoment(), nullable=True),
        sa.Column("mended_at", UtcMoment(), nullable=True),
        sa.Column("mended", sa.Text(), nullable=True),
        sa.Column("seen_at", UtcMoment(), nullable=True),
        sa.ForeignKeyConstraint(["dag_id"], ["dags.id"], name=op.f("fk_cronjobs_dag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("namespace", "name", name=op.f("pk_cronjobs")),
    )
    op.create_index("ix_cronjobs_dag_id", "cronjobs", ["dag_id"], unique=False)
    op.create_table(
        "cronjob_jobs",
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("cronjob", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dag_run_id", KEY, nullable=True),
        sa.Column("created_at", UtcMoment(), nullable=False),
        sa.Column("recorded_at", UtcMoment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_runs.id"], name=op.f("fk_cronjob_jobs_dag_run_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_cronjob_jobs")),
    )
    op.create_index("ix_cronjob_jobs_dag_run_id", "cronjob_jobs", ["dag_run_id"], unique=False)
    op.create_index("ix_cronjob_jobs_cronjob", "cronjob_jobs", ["namespace", "cronjob"], unique=False)
