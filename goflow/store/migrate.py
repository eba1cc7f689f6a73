"""Bringing the schema up to date, with alembic and without its command line.

Everything happens in one transaction that nobody else can be in at the same time (SQLite: ``BEGIN IMMEDIATE``;
PostgreSQL: an advisory lock), so an upgrade that is killed leaves the schema as it was, and two that start at once
follow each other.

Daemons are replaced one after the other, so an older one has to work on with a schema that a newer one has upgraded. A
revision therefore only adds what older code need not know of, unless it says ``works_from``: the newest revision of the
oldest code that works with it. The highest of these stands in the database, and code that is older refuses it.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from goflow.domain.errors import GoFlowError
from goflow.store import databases

HEAD = "0026"
"""The newest revision; known here so that a database that is up to date needs no alembic."""
DEADLOCK = "40P01"
"""PostgreSQL's code: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
TRIES, PAUSE_S = 20, (0.1, 1.0)
"""How often an upgrade is begun at most, and the seconds between: daemons at work write many times a second."""
OLDEST_CODE = "oldest_code"
"""Under that name ``installation`` has the revision that code must know to work with the schema."""
FIRST_TO_ASK = "0014"
"""Code that knows no later revision refuses every newer schema."""


class OlderDaemonsError(GoFlowError):
    """Daemons are there that could not work with the upgraded schema"""

    hint = "replace them by the release before this one first, or end them"


class NewerSchemaError(GoFlowError):
    """The database was written by a newer GoFlow"""

    hint = "this GoFlow is too old for it: install the one that upgraded it, or a later one"


def upgrade(database: databases.Database) -> bool:
    """Bring the schema up to date; whether there was anything to do. One that a newer GoFlow has upgraded stays as it
    is.

    Older daemons go on meanwhile (see above), and may hold what a step wants next while they want what it has: where
    the database ends that deadlock at this one's cost, all of it is tried again. Raises NewerSchemaError when the
    schema is too new for this GoFlow.
    """
    with database.reading() as connection:
        if _is_good(connection, revision(connection)):
            return False
    for left in reversed(range(TRIES)):
        try:
            return _upgrade(database)
        except OperationalError as problem:
            if getattr(problem.orig, "sqlstate", None) != DEADLOCK or not left:
                raise
            time.sleep(random.uniform(*PAUSE_S))  # noqa: S311
    raise AssertionError("it was tried at least once")


def _upgrade(database: databases.Database) -> bool:
    """The same, once."""
    with database.writing() as connection:
        if database.dialect == "postgresql":
            databases.lock_names(connection, ["schema"])
        current = revision(connection)
        if _is_good(connection, current):
            return False
        _run(connection, current)
        connection.commit()
    return True


def _is_good(connection: Connection, current: str | None) -> bool:
    """Whether the schema is up to date, or newer and this code works with it. Raises NewerSchemaError."""
    if current is None or current <= HEAD:
        return current == HEAD
    oldest = connection.execute(_OLDEST, {"name": OLDEST_CODE}).scalar()
    if oldest is None or oldest > HEAD:
        raise NewerSchemaError(f"schema {current}, made for {oldest or current} and later; this GoFlow knows {HEAD}")
    return True


_OLDEST = text("SELECT value FROM installation WHERE name = :name")
_SET_OLDEST = text(
    "INSERT INTO installation (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


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
    revisions = {item.revision: item.module for item in script.walk_revisions()}
    demands = {key: getattr(module, "works_from", FIRST_TO_ASK) for key, module in revisions.items()}
    if current is not None:
        _refuse_older(connection, max(demand for key, demand in demands.items() if key > current))
    steps = script._upgrade_revs
    with EnvironmentContext(config, script, fn=lambda rev, _: steps("head", rev), destination_rev="head"):
        script.run_env()
    connection.execute(_SET_OLDEST, {"name": OLDEST_CODE, "value": max(demands.values())})


_LIVE = text("SELECT * FROM daemons WHERE expires_at > now() ORDER BY id")


def _refuse_older(connection: Connection, oldest: str) -> None:
    """Take nothing away that a daemon needs which is there now. Raises OlderDaemonsError."""
    if connection.dialect.name != "postgresql" or not inspect(connection).has_table("daemons"):
        return
    older = [row for row in connection.execute(_LIVE).mappings() if (row.get("schema_head") or FIRST_TO_ASK) < oldest]
    if older:
        told = ", ".join(f"{row['name']} (GoFlow {row['version']})" for row in older)
        raise OlderDaemonsError(f"{told}; it takes one that knows schema {oldest}")
