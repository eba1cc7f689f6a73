"""Every store case runs on SQLite and on PostgreSQL: the schema, and how it gets there."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

import goflow.store
from goflow.store import Store, indexes, installation, migrate, pools, tables, versions


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sub' / 'new.sqlite3'}"
    return str(request.getfixturevalue("empty_postgres_url"))


SQLITE_CATALOGUE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'"
POSTGRES_CATALOGUE = """
SELECT 'column', table_name || '.' || column_name, data_type, is_nullable, column_default, is_identity
  FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL SELECT 'index', indexname, indexdef, '', '', '' FROM pg_indexes
  WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid), '', '', '' FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass
"""


def catalogue(store: Store) -> list[tuple[object, ...]]:
    """Everything that the database itself says about its schema, rows and the words of each in a fixed order."""
    statement = SQLITE_CATALOGUE if store.dialect == "sqlite" else POSTGRES_CATALOGUE
    with store.database.reading() as connection:
        rows = [tuple(row) for row in connection.execute(text(statement))]
    words = [
        tuple(sorted(re.split(r"[\s,]+", part)) if isinstance(part, str) else part for part in row) for row in rows
    ]
    return sorted(words, key=repr)


def test_migrated_is_what_the_tables_say(empty_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    migrated = Store(empty_url)
    migrated.upgrade()
    if migrated.dialect == "sqlite":
        made = Store(f"sqlite:///{tmp_path / 'made.sqlite3'}")
    else:
        server = request.getfixturevalue("postgres_server")
        made = Store(server.url(server.create()))
    with made.database.writing() as connection:
        indexes.metadata.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        connection.commit()
    assert catalogue(migrated) == catalogue(made)
    assert len(catalogue(migrated)) > len(tables.metadata.tables)
    migrated.close()
    made.close()


def alembic_config() -> Config:
    """Where alembic finds the revisions."""
    config = Config()
    config.set_main_option("script_location", str(Path(goflow.store.__file__).parent / "migrations"))
    return config


def test_the_newest_revision_is_the_one_that_the_code_names() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == migrate.HEAD


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    store = Store(empty_url)
    assert migrate.upgrade(store.database)
    assert not migrate.upgrade(store.database)
    store.upgrade()
    with store.transaction() as tx:
        pools.set_(tx, "default_pool", 3, who="me")
    store.upgrade()
    with store.reading() as tx:
        assert pools.get(tx, "default_pool").slots == 3
    store.close()


def test_daemons_that_start_at_the_same_time_upgrade_once(empty_url: str) -> None:
    stores = [Store(empty_url) for _ in range(4)]
    line = threading.Barrier(len(stores))

    def start(store: Store) -> str:
        line.wait(30)
        store.upgrade()
        return store.installation_id

    with ThreadPoolExecutor(len(stores)) as threads:
        ids = list(threads.map(start, stores))
    assert len(set(ids)) == 1
    for store in stores:
        store.close()


def test_an_upgrade_that_is_killed_leaves_nothing_behind(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(empty_url)
    run = migrate._run

    def fall(*arguments: object) -> None:
        run(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "_run", fall)
    with pytest.raises(KeyboardInterrupt):
        store.upgrade()
    with store.database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    monkeypatch.undo()
    store.upgrade()
    store.close()


@pytest.mark.parametrize(
    ("ends", "times"),
    [(psycopg.errors.DeadlockDetected("deadlock detected"), 3), (psycopg.errors.UndefinedTable("no such table"), 1)],
    ids=["a deadlock with an older daemon", "something else"],
)
def test_an_upgrade_that_ends_a_deadlock_is_begun_anew(
    empty_url: str, monkeypatch: pytest.MonkeyPatch, ends: psycopg.Error, times: int
) -> None:
    begun: list[str | None] = []
    run = migrate._run

    def fails_at_first(connection: Connection, current: str | None) -> None:
        begun.append(current)
        run(connection, current)
        if len(begun) < 3:
            raise OperationalError("ALTER TABLE launches", {}, ends)

    monkeypatch.setattr(migrate, "_run", fails_at_first)
    monkeypatch.setattr(migrate, "PAUSE_S", (0.0, 0.0))
    store = Store(empty_url)
    if times == 1:
        with pytest.raises(OperationalError):
            store.upgrade()
    else:
        store.upgrade()
        with store.reading() as tx:
            assert installation.get(tx, "id")
    assert begun == [None] * times


def test_a_new_database_gets_the_default_pool_that_is_asked_for_and_keeps_it(empty_url: str) -> None:
    store = Store(empty_url)
    for slots in (7, 9):
        store.upgrade(default_pool_slots=slots)
        with store.reading() as tx:
            assert pools.get(tx, "default_pool").slots == 7
    store.close()


def test_a_newer_schema_is_refused(empty_url: str) -> None:
    store = Store(empty_url)
    store.upgrade()
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE installation SET value = '9998' WHERE name = 'oldest_code'"))
        connection.commit()
    with pytest.raises(migrate.NewerSchemaError, match="schema 9999, made for 9998 and later"):
        store.upgrade()
    store.close()


def test_a_newer_schema_that_this_code_works_with_is_left_alone(empty_url: str) -> None:
    store = Store(empty_url)
    store.upgrade()
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    assert not migrate.upgrade(store.database)
    with store.reading() as tx:
        assert installation.get(tx, migrate.OLDEST_CODE) <= migrate.HEAD
    with store.database.reading() as connection:
        assert migrate.revision(connection) == "9999"
    store.close()


def test_a_database_that_is_up_to_date_needs_no_alembic(sqlite_url: str) -> None:
    program = (
        "import sys; from goflow.store import Store; Store(sys.argv[1]).upgrade(); "
        "sys.exit('alembic' in sys.modules or 'libcst' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, sqlite_url]).returncode == 0


def test_the_names_that_other_tools_read_are_there() -> None:
    dags = {"id", "name", "namespace", "version", "file_path", "file_format", "created_date", "last_updated_date"}
    runs = {"dag_id", "status", "execution_date", "start_date", "end_date", "last_updated_date"}
    assert dags <= set(tables.dags.c.keys())
    assert runs <= set(tables.dag_runs.c.keys())


def test_what_was_read_before_keeps_how_it_was_read(empty_url: str) -> None:
    """Revision 0002 takes it from the specs, where it stood before."""
    specs = {"a": "{}", "b": '{"read_by":"sandbox"}', "c": '{"params":{"read_by":"sandbox"}}'}
    store = Store(empty_url)
    store.upgrade()
    with store.database.writing() as connection:
        of_assets = (
            "partition_queue",
            "hitl_history",
            "hitl_details",
            "asset_watches",
            "run_asset_events",
            "asset_queue",
            "asset_event_aliases",
            "asset_events",
            "asset_uses",
            "assets",
        )
        for later in (
            *("launch_usage", "alert_message_parts", "alert_messages", "alerts", "dag_favorites", "job_files"),
            *("cronjobs", "cronjob_jobs"),
            *("deadlines", "sla_misses", "log_batches", "launch_logs", "sessions", "users", "sign_in_tries"),
            *of_assets,
            "asset_state_store",
            "task_state_store",
            "triggers",
            "run_callbacks",
            "questions",
            "trigger_runners",
            "backfill_runs",
            "backfills",
            "daemons",
        ):
            connection.execute(text(f"DROP TABLE {later}"))
        connection.execute(text("ALTER TABLE dag_readings DROP COLUMN read_by"))
        connection.execute(text("ALTER TABLE launches DROP COLUMN job_index"))
        connection.execute(text("ALTER TABLE launches DROP COLUMN home"))
        connection.execute(text("ALTER TABLE launches DROP COLUMN usage"))
        connection.execute(text("ALTER TABLE launches DROP COLUMN kube_events"))
        connection.execute(text("ALTER TABLE dag_runs DROP COLUMN backfill_id"))
        connection.execute(text("DROP INDEX ix_dag_runs_partition_key"))
        for column in ("partition_key", "partition_date"):
            connection.execute(text(f"ALTER TABLE dag_runs DROP COLUMN {column}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        at = {"at": "2024-01-01 00:00:00+00:00"}
        connection.execute(text("INSERT INTO folders VALUES ('f', '{}', 0, :at)"), at)
        for dag_id, spec in specs.items():
            values = {"dag": dag_id, "spec": spec, **at}
            connection.execute(
                text(
                    "INSERT INTO dags (id, name, namespace, file_path, file_format, is_active, is_paused, version,"
                    " dialect, dialect_source, created_date, last_updated_date)"
                    " VALUES (:dag, :dag, '', 'f', 'python', true, false, 1, 'airflow3', 'default', :at, :at)"
                ),
                values,
            )
            key = connection.execute(
                text(
                    "INSERT INTO dag_versions (dag_id, number, file_hash, folder_digest, file_path, file_format,"
                    " created_date) VALUES (:dag, 1, :dag, 'f', 'f', 'python', :at) RETURNING id"
                ),
                values,
            ).scalar_one()
            connection.execute(
                text(
                    "INSERT INTO dag_readings (version_id, number, reader_version, dialect, spec_digest, spec, inputs,"
                    " inputs_digest, created_date) VALUES (:version, 1, '', 'airflow3', '', :spec, '', '', :at)"
                ),
                {**values, "version": key},
            )
        connection.commit()
    store.upgrade()
    with store.reading() as tx:
        found = {
            dag_id: reading.read_by
            for dag_id in specs
            for version in versions.list_(tx, dag_id)
            for reading in versions.readings(tx, version.id)
        }
    assert found == {"a": "evaluate", "b": "sandbox", "c": "evaluate"}
    store.close()
