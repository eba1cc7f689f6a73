"""How the file of a reading was read."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

READINGS = sa.table(
    "dag_readings", sa.column("id", sa.Integer), sa.column("spec", sa.Text), sa.column("read_by", sa.Text)
)


def upgrade() -> None:
    """Go forward: what is there already says it in its spec."""
    op.add_column("dag_readings", sa.Column("read_by", sa.Text(), server_default="evaluate", nullable=False))
    connection = op.get_bind()
    maybe = sa.select(READINGS.c.id, READINGS.c.spec).where(READINGS.c.spec.contains('"read_by"', autoescape=True))
    for key, spec in connection.execute(maybe).fetchall():
        read_by = json.loads(spec).get("read_by", "evaluate")
        connection.execute(sa.update(READINGS).where(READINGS.c.id == key).values(read_by=read_by))
