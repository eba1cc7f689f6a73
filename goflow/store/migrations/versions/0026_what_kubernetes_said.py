"""Events of Kubernetes that are kept with the launch that they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward: a column that older code need not know of, and leaves empty."""
    op.add_column("launches", sa.Column("kube_events", sa.Text(), nullable=True))
