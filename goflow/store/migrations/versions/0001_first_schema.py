"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from goflow.store.columns import UtcMoment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def partial(condition: str) -> dict[str, Any]:
    """The condition of a partial index, for both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "api_tokens",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        sa.Column("expires_at", UtcMoment(), nullable=True),
        sa.Column("last_used_at", UtcMoment(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "blobs",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_blobs")),
    )
    op.create_table(
        "connections",
        sa.Column("conn_id", sa.Text(), nullable=False),
        sa.Column("conn_type", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("schema", sa.Text(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("extra", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("last_updated_date", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("conn_id", name=op.f("pk_connections")),
    )
    op.create_table(
        "dags",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("file_path", sa.Text(), nullable=False),
        sa.Column("file_format", sa.Text(), nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        sa.Column("last_updated_date", UtcMoment(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("dialect_source", sa.Text(), nullable=False),
        sa.Column("version_id", KEY, nullable=True),
        sa.Column("reading_id", KEY, nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), server_default="[]", nullable=False),
        sa.Column("owners", sa.Text(), server_default="[]", nullable=False),
        sa.Column("schedule", sa.Text(), server_default="{}", nullable=False),
        sa.Column("task_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_active_runs", sa.Integer(), server_default="16", nullable=False),
        sa.Column("max_active_tasks", sa.Integer(), server_default="16", nullable=False),
        sa.Column("next_logical_date", UtcMoment(), nullable=True),
        sa.Column("next_interval_start", UtcMoment(), nullable=True),
        sa.Column("next_interval_end", UtcMoment(), nullable=True),
        sa.Column("next_run_after", UtcMoment(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dags")),
    )
    op.create_index(
        "ix_dags_due",
        "dags",
        ["next_run_after"],
        unique=False,
        **partial("is_active AND NOT is_paused AND next_run_after IS NOT NULL"),
    )
    op.create_index("ix_dags_file_path", "dags", ["file_path"], unique=False)
    op.create_table(
        "events",
        sa.Column("seq", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("at", UtcMoment(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("map_index", sa.Integer(), nullable=True),
        sa.Column("try_number", sa.Integer(), nullable=True),
        sa.Column("who", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_dag_id", "events", ["dag_id", "seq"], unique=False)
    op.create_table(
        "files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("closure", sa.Text(), nullable=False),
        sa.Column("reader_version", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("dag_ids", sa.Text(), server_default="[]", nullable=False),
        sa.Column("looks_like_dag", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("last_read_at", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_files")),
    )
    op.create_table(
        "folders",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_folders")),
    )
    op.create_table(
        "import_errors",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("diagnostics", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcMoment(), nullable=False),
        sa.Column("last_seen_at", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_import_errors")),
    )
    op.create_table(
        "installation",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "pools",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("include_deferred", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pools")),
    )
    op.create_table(
        "variables",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("last_updated_date", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_variables")),
    )
    op.create_table(
        "dag_versions",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_hash", sa.Text(), nullable=False),
        sa.Column("folder_digest", sa.Text(), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=False),
        sa.Column("file_format", sa.Text(), nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(["dag_id"], ["dags.id"], name=op.f("fk_dag_versions_dag_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["folder_digest"], ["folders.digest"], name=op.f("fk_dag_versions_folder_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dag_versions")),
        sa.UniqueConstraint("dag_id", "file_hash", name=op.f("uq_dag_versions_dag_id_file_hash")),
        sa.UniqueConstraint("dag_id", "number", name=op.f("uq_dag_versions_dag_id_number")),
    )
    op.create_table(
        "dag_readings",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reader_version", sa.Text(), nullable=False),
        sa.Column("dialect", sa.Text(), nullable=False),
        sa.Column("spec_digest", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("inputs_digest", sa.Text(), nullable=False),
        sa.Column("diagnostics", sa.Text(), server_default="[]", nullable=False),
        sa.Column("created_date", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["dag_versions.id"], name=op.f("fk_dag_readings_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dag_readings")),
        sa.UniqueConstraint("version_id", "number", name=op.f("uq_dag_readings_version_id_number")),
        sa.UniqueConstraint(
            "version_id",
            "spec_digest",
            "inputs_digest",
            name=op.f("uq_dag_readings_version_id_spec_digest_inputs_digest"),
        ),
    )
    op.create_table(
        "dag_runs",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("run_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("execution_date", UtcMoment(), nullable=True),
        sa.Column("data_interval_start", UtcMoment(), nullable=True),
        sa.Column("data_interval_end", UtcMoment(), nullable=True),
        sa.Column("run_after", UtcMoment(), nullable=False),
        sa.Column("version_id", KEY, nullable=False),
        sa.Column("reading_id", KEY, nullable=False),
        sa.Column("conf", sa.Text(), server_default="{}", nullable=False),
        sa.Column("queued_at", UtcMoment(), nullable=True),
        sa.Column("start_date", UtcMoment(), nullable=True),
        sa.Column("end_date", UtcMoment(), nullable=True),
        sa.Column("last_updated_date", UtcMoment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("triggered_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["dag_id"], ["dags.id"], name=op.f("fk_dag_runs_dag_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reading_id"], ["dag_readings.id"], name=op.f("fk_dag_runs_reading_id")),
        sa.ForeignKeyConstraint(["version_id"], ["dag_versions.id"], name=op.f("fk_dag_runs_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dag_runs")),
        sa.UniqueConstraint("dag_id", "execution_date", name=op.f("uq_dag_runs_dag_id_execution_date")),
        sa.UniqueConstraint("dag_id", "run_id", name=op.f("uq_dag_runs_dag_id_run_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_dag_runs_open", "dag_runs", ["dag_id", "status"], unique=False, **partial("status IN ('queued', 'running')")
    )
    op.create_index("ix_dag_runs_run_after", "dag_runs", ["dag_id", "run_after"], unique=False)
    op.create_index("ix_dag_runs_version_id", "dag_runs", ["version_id"], unique=False)
    op.create_index("ix_dag_runs_reading_id", "dag_runs", ["reading_id"], unique=False)
    op.create_table(
        "task_instances",
        sa.Column("id", KEY, sa.Identity(always=False), nullable=False),
        sa.Column("dag_run_id", KEY, nullable=False),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("max_tries", sa.Integer(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("pool_slots", sa.Integer(), nullable=False),
        sa.Column("priority_weight", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", UtcMoment(), nullable=True),
        sa.Column("start_date", UtcMoment(), nullable=True),
        sa.Column("end_date", UtcMoment(), nullable=True),
        sa.Column("next_at", UtcMoment(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("rendered_fields", sa.Text(), nullable=True),
        sa.Column("rendered_map_index", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dag_run_id"], ["dag_runs.id"], name=op.f("fk_task_instances_dag_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_instances")),
        sa.UniqueConstraint(
            "dag_run_id", "task_id", "map_index", name=op.f("uq_task_instances_dag_run_id_task_id_map_index")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_task_instances_occupying",
        "task_instances",
        ["pool", "dag_run_id"],
        unique=False,
        **partial("state IN ('queued', 'running', 'restarting')"),
    )
    op.create_index(
        "ix_task_instances_scheduled",
        "task_instances",
        ["priority_weight"],
        unique=False,
        **partial("state = 'scheduled'"),
    )
    op.create_index(
        "ix_task_instances_waiting", "task_instances", ["next_at"], unique=False, **partial("next_at IS NOT NULL")
    )
    op.create_table(
        "xcoms",
        sa.Column("dag_run_id", KEY, autoincrement=False, nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=True),
        sa.Column("created_date", UtcMoment(), nullable=False),
        sa.ForeignKeyConstraint(["dag_run_id"], ["dag_runs.id"], name=op.f("fk_xcoms_dag_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("dag_run_id", "task_id", "map_index", "key", name=op.f("pk_xcoms")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attempts",
        sa.Column("task_instance_id", KEY, autoincrement=False, nullable=False),
        sa.Column("try_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queued_at", UtcMoment(), nullable=True),
        sa.Column("start_date", UtcMoment(), nullable=True),
        sa.Column("end_date", UtcMoment(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("usage", sa.Text(), nullable=True),
        sa.Column("rendered_fields", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_instance_id"], ["task_instances.id"], name=op.f("fk_attempts_task_instance_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_instance_id", "try_number", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "launches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task_instance_id", KEY, nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("job_name", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("planned_at", UtcMoment(), nullable=True),
        sa.Column("created_at", UtcMoment(), nullable=True),
        sa.Column("claimed_at", UtcMoment(), nullable=True),
        sa.Column("ended_at", UtcMoment(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("stop_requested_at", UtcMoment(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_instance_id"], ["task_instances.id"], name=op.f("fk_launches_task_instance_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launches")),
        sa.UniqueConstraint(
            "task_instance_id", "try_number", "ordinal", name=op.f("uq_launches_task_instance_id_try_number_ordinal")
        ),
    )
    op.create_index(
        "ix_launches_token_hash", "launches", ["token_hash"], unique=False, **partial("token_hash IS NOT NULL")
    )
    op.create_index(
        "ix_launches_unfinished", "launches", ["backend", "state"], unique=False, **partial("state <> 'cleaned'")
    )
    op.create_table(
        "log_lines",
        sa.Column("launch_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["launch_id"], ["launches.id"], name=op.f("fk_log_lines_launch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("launch_id", "seq", name=op.f("pk_log_lines")),
        sqlite_with_rowid=False,
    )
