"""The index of unfinished launches has their ids as well: what is to be done is fetched in order, a part at a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CONDITION = sa.text("state <> 'cleaned'")


def upgrade() -> None:
    """Go forward: another index of the same name, which whatever is older uses in the same way."""
    op.drop_index("ix_launches_unfinished", "launches")
    columns = ["backend", "state", "id"]
    op.create_index("ix_launches_unfinished", "launches", columns, sqlite_where=CONDITION, postgresql_where=CONDITION)
