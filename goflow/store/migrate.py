"""Bringing the schema up to date, with alembic and without its command line.

Everything happens in one transaction that nobody else can be in at the same time (SQLite: ``BEGIN IMMEDIATE``;
PostgreSQL: an advisory lock), so an upgrade that is killed leaves the schema as it was, and two that start at once
follow each other.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from goflow.domain.errors import GoFlowError
from goflow.store import databases

HEAD = "0014"
"""The newest revision; known here so that a database that is up to date needs no alembic."""


class NewerSchemaError(GoFlowError):
    """The database was written by a newer GoFlow"""


def upgrade(database: databases.Database) -> bool:
    """Bring the schema up to date; whether there was anything to do.

    Raises NewerSchemaError when it is ahead of this GoFlow.
    """
    with database.reading() as connection:
        if revision(connection) == HEAD:
            return False
    with database.writing() as connection:
        if database.dialect == "postgresql":
            databases.lock_name(connection, "schema")
        current = revision(connection)
        if current == HEAD:
            return False
        _run(connection, current)
        connection.commit()
    return True


def revision(connection: Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    value: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return value


def _run(connection: Connection, current: str | None) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    if current is not None and current not in {item.revision for item in script.walk_revisions()}:
        raise NewerSchemaError(f"schema {current}, this GoFlow knows {HEAD}")
    steps = script._upgrade_revs
    with EnvironmentContext(config, script, fn=lambda rev, _: steps("head", rev), destination_rev="head"):
        script.run_env()
