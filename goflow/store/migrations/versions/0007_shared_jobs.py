"""Launches that share a Job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: a column that nothing older knows of."""
    op.add_column("launches", sa.Column("job_index", sa.Integer(), nullable=True))
