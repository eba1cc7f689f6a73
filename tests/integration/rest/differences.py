"""Where answers of GoFlow and of Airflow 3.3.2 to the same call differ, each with its reason.

A place is written as ``operation: path`` or ``name of the call: path``; ``*`` stands for any call, or for any part of the
path; elements of lists are not numbered. `ITS_OWN` are fields whose values belong to one installation and one moment, in
whatever answer: there on both sides, or on neither. The test fails where a difference is not stated here, and where one
that is stated is not there.
"""

from __future__ import annotations

ITS_OWN = frozenset(
    {
        # moments at which something happened there and here, and how long it took
        *("created_at", "updated_at", "timestamp", "when", "queued_at", "queued_when", "scheduled_when", "run_after"),
        *("start_date", "end_date", "duration", "completed_at", "responded_at", "last_scheduling_decision"),
        *("last_parsed", "last_parsed_time", "last_parse_duration"),
        *("latest_heartbeat", "latest_scheduler_heartbeat", "latest_triggerer_heartbeat"),
        "latest_dag_processor_heartbeat",
        # numbers that each gives out: rows of its own tables, processes
        *("id", "import_error_id", "pid"),
        # tokens that only who has made them reads
        *("file_token", "next_cursor", "previous_cursor"),
        # where its copy of the folder lies, and who has signed in
        *("fileloc", "triggering_user_name"),
    }
)

NO_ORDER = frozenset({"patch_dags", "post_clear_task_instances", "clear_dag_run", "clear_dag_runs"})
"""Operations whose answer Airflow leaves in the order in which the database gives it."""

SHAPE: dict[str, str] = {
    "* again: detail": "Airflow hands out the SQL of its unique constraint; GoFlow says what is there already",
    "get_dag_details: default_args.*": "they are told with the tasks that got them",
    "get_log: content.*": "what a line has beside `timestamp` and `event` is up to who wrote it",
}
"""Places that one side alone has, or whose JSON is of another type."""

CONTENT: dict[str, str] = {
    "*: bundle_version": "GoFlow's is the version's file hash; Airflow's folder on a disk has none",
    "*: *.bundle_version": "the same",
    "*: detail": "errors are told in other words",
    "*: *.errors.error": "the same",
    "get_version: git_version": "of the release of Airflow",
    "* json: value": "a JSON value under a secret name is masked as a whole; Airflow heeds the names inside alone",
    "get_variable secret: value": "the same",
    "get_variables: variables.value": "the same",
    "*: *next_dagrun_*": "a DAG that is paused has no next run here; there it is the one that unpausing would begin",
    "*: total_entries_limit": "Airflow counts no further than that; GoFlow counts all",
    "*: responded_by.name": "who has signed in",
    "*: responded_by_user.name": "the same",
    "get_log: content": "lines are what the task's process has written there",
    "get_log: content.*": "the same",
    "get_jobs: *": "the parts of one process here, processes of their own there",
    "get_config: *": "the settings of each",
    "get_config_value: *": "the same",
    "login": "the page of each",
    "logout": "the same",
    "get_extra_links of call: extra_links.*": "the page of each",
    "get_dag_run of operator: logical_date": "the moment at which the operator has triggered it",
    "get_dag_run of operator: data_interval_*": "the same",
    "get_dag_run of operator: triggering_user_name": "GoFlow tells the task that has triggered a run (`who`), and not for whom that ran",
    "get_providers: *": "providers are in the images of tasks",
    "get_event_logs: *": "events have GoFlow's names",
    "get_event_log: *": "the same",
    "*: *scheduled_when": "GoFlow keeps when a task was queued, and not since when it had waited for a slot",
    "post_clear_task_instances: task_instances.start_date": "a task that was cleared has not begun; there it keeps its last try's",
    "post_clear_task_instances: task_instances.end_date": "the same",
    "post_clear_task_instances: task_instances.duration": "the same",
    "materialize_asset: run_type": "a run by hand",
    "get_import_errors: import_errors.stack_trace": "GoFlow's own diagnostics",
    "get_import_error: stack_trace": "the same",
    "get_asset_state_store: last_updated_by": "who set a value last is in the event log",
    "list_asset_state_store: asset_state_store.last_updated_by": "the same",
}
"""Places with another value."""

STATUS: dict[str, str] = {
    "delete_dag": "the file of the DAG is there: here it is refused, there the DAG comes back with the next reading",
    "delete_task_instance": "a run keeps its task instances",
}
"""Calls that are answered with another status."""
