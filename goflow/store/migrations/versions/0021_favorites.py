"""Which DAGs somebody has marked as favourites."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: a table that older code need not know of."""
    op.create_table(
        "dag_favorites",
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["dag_id"], ["dags.id"], name=op.f("fk_dag_favorites_dag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dag_id", "user_name", name=op.f("pk_dag_favorites")),
        sqlite_with_rowid=False,
    )
