"""The tables. ``docs/database.md`` explains them to those who read the database with other tools.

`dags` and `dag_runs` keep the column names that GoFlow has always promised to other tools. Columns that hold JSON hold
it as text. An index that serves work under way is partial, so that history costs it nothing.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    text,
)

from goflow.store.columns import UtcMoment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The conditions of the partial indexes. Queries use the same words (`where` below), since a database only takes a
# partial index when it sees its condition in the query, and values that travel as parameters are not seen.
PLANNED_DAGS = "is_active AND NOT is_paused AND next_run_after IS NOT NULL"
OPEN_RUNS = "status IN ('queued', 'running')"
PARTITIONED_RUNS = "partition_key IS NOT NULL"
OCCUPYING = "state IN ('queued', 'running', 'restarting')"
SCHEDULED = "state = 'scheduled'"
WAITING = "next_at IS NOT NULL"
UNFINISHED_LAUNCHES = "state <> 'cleaned'"
WAITING_TRIGGERS = "state = 'waiting'"
OPEN_CALLBACKS = "state IN ('waiting', 'claimed')"
OPEN_QUESTIONS = "state IN ('waiting', 'claimed')"


def where(condition: str) -> TextClause:
    """One of the conditions above, for a query on its table alone."""
    return text(condition)


KEY = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the type is INTEGER to the letter."""


def id_column() -> Column[int]:
    """The key of a table whose rows are numbered."""
    return Column("id", KEY, Identity(always=False), primary_key=True)


installation = Table(
    "installation",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts about this installation, such as ``id``: which Jobs of a cluster are ours."""

dags = Table(
    "dags",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("namespace", Text, nullable=False, server_default=""),
    Column("version", Integer),
    Column("file_path", Text, nullable=False),
    Column("file_format", Text, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
    Column("last_updated_date", UtcMoment, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("dialect_source", Text, nullable=False),
    Column("version_id", KEY),
    Column("reading_id", KEY),
    Column("description", Text),
    Column("tags", Text, nullable=False, server_default="[]"),
    Column("owners", Text, nullable=False, server_default="[]"),
    Column("schedule", Text, nullable=False, server_default="{}"),
    Column("task_count", Integer, nullable=False, server_default="0"),
    Column("max_active_runs", Integer, nullable=False, server_default="16"),
    Column("max_active_tasks", Integer, nullable=False, server_default="16"),
    Column("next_logical_date", UtcMoment),
    Column("next_interval_start", UtcMoment),
    Column("next_interval_end", UtcMoment),
    Column("next_run_after", UtcMoment),
    Column("hold_reason", Text),
)

folders = Table(
    "folders",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("manifest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

dag_versions = Table(
    "dag_versions",
    metadata,
    id_column(),
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("file_hash", Text, nullable=False),
    Column("folder_digest", Text, ForeignKey("folders.digest"), nullable=False),
    Column("file_path", Text, nullable=False),
    Column("file_format", Text, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
    UniqueConstraint("dag_id", "file_hash"),
    UniqueConstraint("dag_id", "number"),
)

dag_readings = Table(
    "dag_readings",
    metadata,
    id_column(),
    Column("version_id", KEY, ForeignKey("dag_versions.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("reader_version", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("read_by", Text, nullable=False, server_default="evaluate"),
    Column("spec_digest", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("inputs_digest", Text, nullable=False),
    Column("diagnostics", Text, nullable=False, server_default="[]"),
    Column("created_date", UtcMoment, nullable=False),
    UniqueConstraint("version_id", "number"),
    UniqueConstraint("version_id", "spec_digest", "inputs_digest"),
)

dag_runs = Table(
    "dag_runs",
    metadata,
    id_column(),
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("run_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("execution_date", UtcMoment),
    Column("data_interval_start", UtcMoment),
    Column("data_interval_end", UtcMoment),
    Column("run_after", UtcMoment, nullable=False),
    Column("version_id", KEY, ForeignKey("dag_versions.id"), nullable=False),
    Column("reading_id", KEY, ForeignKey("dag_readings.id"), nullable=False),
    Column("conf", Text, nullable=False, server_default="{}"),
    Column("queued_at", UtcMoment),
    Column("start_date", UtcMoment),
    Column("end_date", UtcMoment),
    Column("last_updated_date", UtcMoment, nullable=False),
    Column("note", Text),
    Column("triggered_by", Text),
    Column("backfill_id", KEY),  # no foreign key: SQLite cannot add one to a table that is there
    Column("partition_key", Text),
    Column("partition_date", UtcMoment),
    UniqueConstraint("dag_id", "run_id"),
    UniqueConstraint("dag_id", "execution_date"),
    sqlite_autoincrement=True,
)

task_instances = Table(
    "task_instances",
    metadata,
    id_column(),
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="CASCADE"), nullable=False),
    Column("dag_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("max_tries", Integer, nullable=False),
    Column("pool", Text, nullable=False),
    Column("pool_slots", Integer, nullable=False),
    Column("priority_weight", BigInteger, nullable=False),
    Column("queued_at", UtcMoment),
    Column("start_date", UtcMoment),
    Column("end_date", UtcMoment),
    Column("next_at", UtcMoment),
    Column("note", Text),
    Column("rendered_fields", Text),
    Column("rendered_map_index", Text),
    UniqueConstraint("dag_run_id", "task_id", "map_index"),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    Column(
        "task_instance_id",
        KEY,
        ForeignKey("task_instances.id", ondelete="CASCADE"),
        nullable=False,
        autoincrement=False,
    ),
    Column("try_number", Integer, nullable=False, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("queued_at", UtcMoment),
    Column("start_date", UtcMoment),
    Column("end_date", UtcMoment),
    Column("exit_code", Integer),
    Column("reason", Text),
    Column("message", Text),
    Column("usage", Text),
    Column("rendered_fields", Text),
    PrimaryKeyConstraint("task_instance_id", "try_number"),
    sqlite_with_rowid=False,
)

launches = Table(
    "launches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("task_instance_id", KEY, ForeignKey("task_instances.id", ondelete="CASCADE"), nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("backend", Text, nullable=False),
    Column("namespace", Text, nullable=False, server_default=""),
    Column("job_name", Text, nullable=False, server_default=""),
    Column("claimed_by", Text),
    Column("token_hash", Text),
    Column("planned_at", UtcMoment),
    Column("created_at", UtcMoment),
    Column("claimed_at", UtcMoment),
    Column("ended_at", UtcMoment),
    Column("exit_code", Integer),
    Column("reason", Text),
    Column("message", Text),
    Column("stop_requested_at", UtcMoment),
    Column("plan", Text),
    Column("outcome", Text),
    Column("job_index", Integer),
    Column("home", Text),
    Column("usage", Text),
    Column("kube_events", Text),
    UniqueConstraint("task_instance_id", "try_number", "ordinal"),
)

trigger_runners = Table(
    "trigger_runners",
    metadata,
    Column("id", Text, primary_key=True),
    Column("process", Text),
    Column("capacity", Integer, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("seen_at", UtcMoment),
    Column("expires_at", UtcMoment, nullable=False),
)

triggers = Table(
    "triggers",
    metadata,
    id_column(),
    Column("task_instance_id", KEY, ForeignKey("task_instances.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("try_number", Integer, nullable=False),
    Column("launch_id", Text, ForeignKey("launches.id", ondelete="CASCADE"), nullable=False),
    Column("classpath", Text, nullable=False),
    Column("kwargs", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("from_folder", Boolean, nullable=False),
    Column("next_method", Text, nullable=False),
    Column("next_kwargs", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("due_at", UtcMoment),
    Column("timeout_at", UtcMoment),
    Column("runner_id", Text, ForeignKey("trigger_runners.id", ondelete="SET NULL")),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("event", Text),
    Column("fired_at", UtcMoment),
    sqlite_autoincrement=True,
)

run_callbacks = Table(
    "run_callbacks",
    metadata,
    id_column(),
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("task_instance_id", KEY),
    Column("state", Text, nullable=False),
    Column("runner_id", Text, ForeignKey("trigger_runners.id", ondelete="SET NULL")),
    Column("created_at", UtcMoment, nullable=False),
    Column("claimed_at", UtcMoment),
    Column("ended_at", UtcMoment),
    Column("output", Text),
    Column("data", Text),
    sqlite_autoincrement=True,
)

questions = Table(
    "questions",
    metadata,
    id_column(),
    Column("subject", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("dag_id", Text, ForeignKey("dags.id", ondelete="CASCADE"), nullable=False),
    Column("reading_id", KEY, ForeignKey("dag_readings.id", ondelete="CASCADE"), nullable=False),
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="CASCADE")),
    Column("asked", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("runner_id", Text, ForeignKey("trigger_runners.id", ondelete="SET NULL")),
    Column("asked_at", UtcMoment, nullable=False),
    Column("ended_at", UtcMoment),
    Column("failures", Integer, nullable=False),
    Column("answer", Text),
    Column("problem", Text),
    sqlite_autoincrement=True,
)

xcoms = Table(
    "xcoms",
    metadata,
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    Column("task_id", Text, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("length", Integer),
    Column("created_date", UtcMoment, nullable=False),
    PrimaryKeyConstraint("dag_run_id", "task_id", "map_index", "key"),
    sqlite_with_rowid=False,
)

task_state_store = Table(
    "task_state_store",
    metadata,
    Column("dag_run_id", KEY, ForeignKey("dag_runs.id", ondelete="CASCADE"), nullable=False, autoincrement=False),
    Column("task_id", Text, nullable=False),
    Column("map_index", Integer, nullable=False, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("expires_at", UtcMoment),
    Column("last_updated_date", UtcMoment, nullable=False),
    PrimaryKeyConstraint("dag_run_id", "task_id", "map_index", "key"),
    sqlite_with_rowid=False,
)

asset_state_store = Table(
    "asset_state_store",
    metadata,
    Column("asset", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("last_updated_date", UtcMoment, nullable=False),
    PrimaryKeyConstraint("asset", "key"),
    sqlite_with_rowid=False,
)

variables = Table(
    "variables",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("description", Text),
    Column("last_updated_date", UtcMoment, nullable=False),
)

connections = Table(
    "connections",
    metadata,
    Column("conn_id", Text, primary_key=True),
    Column("conn_type", Text, nullable=False),
    Column("host", Text),
    Column("login", Text),
    Column("password", Text),
    Column("schema", Text),
    Column("port", Integer),
    Column("extra", Text),
    Column("description", Text),
    Column("last_updated_date", UtcMoment, nullable=False),
)

pools = Table(
    "pools",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("description", Text),
    Column("include_deferred", Boolean, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", KEY, Identity(always=False), primary_key=True),
    Column("at", UtcMoment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("dag_id", Text),
    Column("run_id", Text),
    Column("task_id", Text),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("who", Text),
    Column("data", Text),
    sqlite_autoincrement=True,
)

files = Table(
    "files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("closure", Text, nullable=False),
    Column("reader_version", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("dag_ids", Text, nullable=False, server_default="[]"),
    Column("looks_like_dag", Boolean, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("last_read_at", UtcMoment, nullable=False),
)

import_errors = Table(
    "import_errors",
    metadata,
    Column("path", Text, primary_key=True),
    Column("diagnostics", Text, nullable=False),
    Column("first_seen_at", UtcMoment, nullable=False),
    Column("last_seen_at", UtcMoment, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", UtcMoment, nullable=False),
)

daemons = Table(
    "daemons",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("backend", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("started_at", UtcMoment, nullable=False),
    Column("expires_at", UtcMoment, nullable=False),
    Column("schema_head", Text),
)

log_lines = Table(
    "log_lines",
    metadata,
    Column("launch_id", Text, nullable=False),
    Column("seq", Integer, nullable=False, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("stream", Text, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("launch_id", "seq"),
    ForeignKeyConstraint(["launch_id"], ["launches.id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("created_date", UtcMoment, nullable=False),
    Column("expires_at", UtcMoment),
    Column("last_used_at", UtcMoment),
)
