"""What is in the database of a soak, and who is connected to it."""

from __future__ import annotations

import psycopg


def in_database(database: str) -> dict[str, float]:
    """Rows of every table, alone and in all, connections of GoFlow, and task instances that ever ended."""
    with psycopg.connect(database, autocommit=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        rows = {}
        for table in sorted(tables):
            found = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
            rows[f"rows {table}"] = float(found[0]) if found else 0.0
        mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'goflow' AND application_name LIKE 'goflow%'"
        connections = connection.execute(mine).fetchone()
        made = connection.execute("SELECT max(id) FROM task_instances").fetchone()
    return {
        "connections": float(connections[0]) if connections else 0.0,
        "rows": sum(rows.values()),
        "made": float(made[0] or 0) if made else 0.0,
        **rows,
    }
