"""Every store case runs on SQLite and on PostgreSQL: a daemon works on while a newer one upgrades the schema."""

from __future__ import annotations

import re

import pytest
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from goflow.domain.clock import SystemClock
from goflow.store import Store, installation, members, migrate
from tests.conformance.store.schemas import schema_of, taken_away
from tests.conformance.store.test_migrations import alembic_config, empty_url
from tests.unit.scheduler.kit import World

__all__ = ["empty_url"]

SINCE = "0014"
"""The rule holds for revisions after the first code that works with a newer schema at all."""


def go_to(connection: Connection, revision: str) -> None:
    """Upgrade to just that revision."""
    config = alembic_config()
    config.attributes["connection"] = connection
    directory = ScriptDirectory.from_config(config)
    steps = directory._upgrade_revs
    with EnvironmentContext(config, directory, fn=lambda rev, _: steps(revision, rev), destination_rev=revision):
        directory.run_env()


def test_a_revision_takes_nothing_from_older_code_unless_it_says_so(empty_url: str) -> None:
    store = Store(empty_url)
    revisions = sorted(ScriptDirectory.from_config(alembic_config()).walk_revisions(), key=lambda item: item.revision)
    with store.database.writing() as connection:
        for item in revisions:
            before = schema_of(connection)
            go_to(connection, item.revision)
            if item.revision > SINCE:
                taken = taken_away(before, schema_of(connection))
                says_so = getattr(item.module, "works_from", None)
                assert not taken or says_so, (
                    f"{item.path}: {taken}; expand now and contract a release later (works_from)"
                )
                assert taken or not says_so, f"{item.path} contracts nothing"
                assert says_so is None or SINCE <= says_so < item.revision
        connection.rollback()
    assert [item.revision for item in revisions] == [f"{n + 1:04}" for n in range(len(revisions))], (
        "their order is theirs"
    )
    store.close()


CHANGES = [
    ("CREATE TABLE novel (id INTEGER PRIMARY KEY)", None),
    ("ALTER TABLE pools ADD COLUMN colour TEXT", None),
    ("ALTER TABLE pools ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'", None),
    ("CREATE INDEX novel ON pools (description)", None),
    ("DROP TABLE log_lines", "table log_lines is gone"),
    ("ALTER TABLE pools RENAME TO basins", "table pools is gone"),
    ("ALTER TABLE pools DROP COLUMN description", "pools: column description is gone"),
    ("ALTER TABLE pools RENAME COLUMN description TO words", "pools: column description is gone"),
    ("CREATE UNIQUE INDEX novel ON pools (description)", "pools: unique .* is new"),
    ("DROP INDEX ix_asset_events_told_as", "asset_events: unique .*told_as.* is gone"),
]
OF_POSTGRESQL = [
    ("ALTER TABLE dags ALTER COLUMN description SET NOT NULL", "dags: column description may not be null any more"),
    ("ALTER TABLE dags ALTER COLUMN tags DROP DEFAULT", "dags: column tags has no default any more"),
    ("ALTER TABLE pools ALTER COLUMN slots TYPE bigint", "pools: column slots was INTEGER and is BIGINT"),
    ("ALTER TABLE pools ADD CONSTRAINT novel CHECK (slots > -9)", "pools: checks .* is new"),
    ("ALTER TABLE import_errors ADD COLUMN c TEXT NOT NULL", "column c is new, may not be null"),
    ("ALTER TABLE import_errors ADD FOREIGN KEY (path) REFERENCES dags", "import_errors: foreign .* is new"),
    ("ALTER TABLE launches DROP CONSTRAINT fk_launches_task_instance_id", None),
]


@pytest.mark.parametrize(("change", "words"), [*CHANGES, *OF_POSTGRESQL], ids=lambda part: str(part)[:60])
def test_what_the_rule_sees(change: str, words: str | None, store: Store) -> None:
    if (change, words) in OF_POSTGRESQL and store.dialect == "sqlite":
        return
    with store.database.writing() as connection:
        before = schema_of(connection)
        connection.execute(text(change))
        found = taken_away(before, schema_of(connection))
        connection.rollback()
    assert (found == []) if words is None else (len(found) == 1 and re.search(words, found[0])), found


@pytest.fixture
def of_tomorrow(store: Store) -> Store:
    """A database that a newer GoFlow has upgraded: a column more in every table, a table more."""
    with store.database.writing() as connection:
        for name in schema_of(connection):
            connection.execute(text(f"ALTER TABLE {name} ADD COLUMN of_tomorrow TEXT"))
            connection.execute(text(f"ALTER TABLE {name} ADD COLUMN also_of_tomorrow INTEGER NOT NULL DEFAULT 7"))
        connection.execute(text("CREATE TABLE tomorrow (id INTEGER PRIMARY KEY, dag_id TEXT REFERENCES dags(id))"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    return store


def test_this_code_works_on_a_schema_of_tomorrow(of_tomorrow: Store, store_url: str) -> None:
    """From a DAG's first version to the end of its run, with a failure, a retry, a mapped task and a pool."""
    from tests.unit.scheduler.kit import FAILED, dag, task

    of_tomorrow.upgrade()
    world = World(store_url)
    mapped = task("m", "make", mapped=True, expand={"x": {"$xcom": {"task_id": "make", "key": "return_value"}}})
    world.put(dag(task("make"), mapped, task("last", "m", retries=1, retry_delay=0.0)))
    world.trigger()
    world.settle()
    while world.work_off({"last": FAILED}, xcom={"make": [1, 2, 3]}):
        world.settle()
    assert world.run_state() == "success"
    assert (world.row("last").try_number, world.row("m", 2).state) == (2, "success")
    world.store.close()


@pytest.mark.postgres
def test_nothing_is_taken_from_a_daemon_that_is_there(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(postgres_url, clock=SystemClock())
    about = {"backend": "local", "session": "s", "version": "0.1"}
    with store.transaction() as tx:
        members.join(tx, daemon_id="a", name="old", ttl_s=60, **about)
        members.join(tx, daemon_id="b", name="gone", ttl_s=-1, **about)
    with store.database.writing() as connection:
        migrate._refuse_older(connection, migrate.HEAD)
        with pytest.raises(migrate.OlderDaemonsError, match=r"old \(GoFlow 0.1\); it takes one that knows schema 9000"):
            migrate._refuse_older(connection, "9000")
        connection.execute(text("DELETE FROM daemons WHERE id = 'a'"))
        migrate._refuse_older(connection, "9000")
        connection.commit()
    store.close()


def test_the_schema_says_what_code_it_takes(store: Store) -> None:
    with store.reading() as tx:
        assert migrate.FIRST_TO_ASK <= installation.get(tx, migrate.OLDEST_CODE) <= migrate.HEAD
