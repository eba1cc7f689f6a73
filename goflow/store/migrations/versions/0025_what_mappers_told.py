"""What partition mappers of authors' own have told of the keys that they made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: a column that older code need not know of, and leaves empty."""
    op.add_column("partition_queue", sa.Column("told", sa.Text(), nullable=True))
