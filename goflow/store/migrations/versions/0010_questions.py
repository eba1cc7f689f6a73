"""Questions to code of authors' own, and their answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward: a table that nothing older knows of."""
    op.create_table(
        "questions",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("reading_id", KEY, nullable=False),
        sa.Column("dag_run_id", KEY, nullable=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("runner_id", sa.Text(), nullable=True),
        sa.Column("asked_at", UtcMoment(), nullable=False),
        sa.Column("ended_at", UtcMoment(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["dag_id"], ["dags.id"], name=op.f("fk_questions_dag_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["dag_readings.id"], name=op.f("fk_questions_reading_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_runs.id"], name=op.f("fk_questions_dag_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["runner_id"], ["trigger_runners.id"], name=op.f("fk_questions_runner_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("subject", name=op.f("uq_questions_subject")),
        sqlite_autoincrement=True,
    )
    unfinished = sa.text("state IN ('waiting', 'claimed')")
    op.create_index(
        "ix_questions_open",
        "questions",
        ["runner_id", "id"],
        unique=False,
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    for column in ("dag_id", "dag_run_id", "reading_id"):
        op.create_index(f"ix_questions_{column}", "questions", [column], unique=False)
