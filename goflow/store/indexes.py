"""The tables' indexes, as the migrations make them. Only what compares or makes a schema loads this module: an index
with a condition of PostgreSQL's makes SQLAlchemy load that database's dialect, which SQLite does without.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, text

from goflow.store.alert_tables import OPEN_ALERTS, OPEN_MESSAGES, alert_message_parts, alert_messages, alerts
from goflow.store.asset_tables import (
    asset_event_aliases,
    asset_events,
    asset_queue,
    asset_uses,
    asset_watches,
    partition_queue,
    run_asset_events,
)
from goflow.store.backfill_tables import ACTIVE_BACKFILLS, backfill_runs, backfills
from goflow.store.cronjob_tables import cronjob_jobs, cronjobs
from goflow.store.deadline_tables import OPEN_DEADLINES, deadlines
from goflow.store.favorite_tables import dag_favorites
from goflow.store.hitl_tables import hitl_details
from goflow.store.job_file_tables import job_files
from goflow.store.log_tables import SHIPPED, UNSHIPPED, log_batches
from goflow.store.tables import (
    OCCUPYING,
    OPEN_CALLBACKS,
    OPEN_QUESTIONS,
    OPEN_RUNS,
    PARTITIONED_RUNS,
    PLANNED_DAGS,
    SCHEDULED,
    UNFINISHED_LAUNCHES,
    WAITING,
    WAITING_TRIGGERS,
    dag_runs,
    dags,
    events,
    launches,
    metadata,
    questions,
    run_callbacks,
    task_instances,
    triggers,
)
from goflow.store.usage_tables import launch_usage
from goflow.store.user_tables import sessions

__all__ = ["dag_favorites", "hitl_details", "job_files", "launch_usage", "metadata"]


def _partial(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


Index("ix_dags_due", dags.c.next_run_after, **_partial(PLANNED_DAGS))
Index("ix_dags_file_path", dags.c.file_path)
Index("ix_dag_runs_run_after", dag_runs.c.dag_id, dag_runs.c.run_after)
Index("ix_dag_runs_version_id", dag_runs.c.version_id)
Index("ix_dag_runs_reading_id", dag_runs.c.reading_id)
Index("ix_dag_runs_open", dag_runs.c.dag_id, dag_runs.c.status, **_partial(OPEN_RUNS))
Index("ix_dag_runs_partition_key", dag_runs.c.dag_id, dag_runs.c.partition_key, **_partial(PARTITIONED_RUNS))
Index("ix_task_instances_occupying", task_instances.c.pool, task_instances.c.dag_run_id, **_partial(OCCUPYING))
Index("ix_task_instances_scheduled", task_instances.c.priority_weight, **_partial(SCHEDULED))
Index("ix_task_instances_waiting", task_instances.c.next_at, **_partial(WAITING))
Index("ix_launches_token_hash", launches.c.token_hash, **_partial("token_hash IS NOT NULL"))
Index("ix_launches_unfinished", launches.c.backend, launches.c.state, launches.c.id, **_partial(UNFINISHED_LAUNCHES))
Index("ix_triggers_waiting", triggers.c.runner_id, triggers.c.id, **_partial(WAITING_TRIGGERS))
Index("ix_run_callbacks_open", run_callbacks.c.runner_id, run_callbacks.c.id, **_partial(OPEN_CALLBACKS))
Index("ix_run_callbacks_dag_run_id", run_callbacks.c.dag_run_id)
Index("ix_questions_open", questions.c.runner_id, questions.c.id, **_partial(OPEN_QUESTIONS))
Index("ix_questions_dag_id", questions.c.dag_id)
Index("ix_questions_dag_run_id", questions.c.dag_run_id)
Index("ix_questions_reading_id", questions.c.reading_id)
Index("ix_triggers_launch_id", triggers.c.launch_id)
Index("ix_events_dag_id", events.c.dag_id, events.c.seq)
Index("ix_asset_uses_name", asset_uses.c.name)
Index("ix_asset_uses_uri", asset_uses.c.uri)
Index("ix_asset_events_asset_id", asset_events.c.asset_id, asset_events.c.at)
Index("ix_asset_event_aliases_event_id", asset_event_aliases.c.event_id)
Index("ix_asset_queue_asset_id", asset_queue.c.asset_id)
Index("ix_partition_queue_asset_id", partition_queue.c.asset_id)
Index("ix_partition_queue_event_id", partition_queue.c.event_id)
Index("ix_run_asset_events_event_id", run_asset_events.c.event_id)
Index("ix_sessions_user_name", sessions.c.user_name)
Index("ix_sessions_expires_at", sessions.c.expires_at)
Index("ix_asset_events_told_as", asset_events.c.told_as, unique=True)
Index("ix_asset_watches_runner_id", asset_watches.c.runner_id)
Index("ix_backfills_active", backfills.c.dag_id, unique=True, **_partial(ACTIVE_BACKFILLS))
Index("ix_backfills_dag_id", backfills.c.dag_id, backfills.c.id)
Index("ix_deadlines_open", deadlines.c.deadline_time, **_partial(OPEN_DEADLINES))
Index("ix_deadlines_dag_run_id", deadlines.c.dag_run_id)
Index("ix_deadlines_reading_id", deadlines.c.reading_id)
Index("ix_backfill_runs_dag_run_id", backfill_runs.c.dag_run_id)
Index("ix_log_batches_unshipped", log_batches.c.id, **_partial(UNSHIPPED))
Index("ix_log_batches_shipped", log_batches.c.shipped_at, **_partial(SHIPPED))
Index("ix_log_batches_launch_id", log_batches.c.launch_id)
Index("ix_alerts_open", alerts.c.problem, **_partial(OPEN_ALERTS))
Index("ix_alerts_problem", alerts.c.problem, alerts.c.kind)
Index("ix_alerts_dag_id", alerts.c.dag_id, alerts.c.id)
Index("ix_alert_messages_open", alert_messages.c.due_at, **_partial(OPEN_MESSAGES))
Index("ix_alert_messages_channel", alert_messages.c.channel, alert_messages.c.id)
Index("ix_alert_message_parts_alert_id", alert_message_parts.c.alert_id)
Index("ix_cronjobs_dag_id", cronjobs.c.dag_id)
Index("ix_cronjob_jobs_dag_run_id", cronjob_jobs.c.dag_run_id)
Index("ix_cronjob_jobs_cronjob", cronjob_jobs.c.namespace, cronjob_jobs.c.cronjob)
