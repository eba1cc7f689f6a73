"""The newest revision that a daemon's code knows: what it needs is not taken away while it is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: a column that older code need not know of."""
    op.add_column("daemons", sa.Column("schema_head", sa.Text(), nullable=True))
