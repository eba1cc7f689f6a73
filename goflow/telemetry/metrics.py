"""Prometheus metrics. Each is documented in ``docs/metrics.md``; a test holds the two together."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
_SHORT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_LONG = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)

EVENTS = Counter("goflow_events_total", "Events written, by kind.", ["kind"])
TASKS_ENDED = Counter("goflow_tasks_ended_total", "Task instances that ended, by state.", ["state"])
RUNS_ENDED = Counter("goflow_dag_runs_ended_total", "DAG runs that ended, by state and DAG.", ["state", "dag_id"])
RUN_SECONDS = Histogram(
    "goflow_dag_run_duration_seconds", "Seconds from a DAG run's begin to its end.", ["dag_id"], buckets=_LONG
)
RUN_DELAY_SECONDS = Histogram(
    "goflow_dag_run_start_delay_seconds",
    "Seconds from the moment at which a DAG run was due, or was ordered, to its begin.",
    buckets=_SHORT,
)
TASKS = Gauge("goflow_task_instances", "Task instances that are under way or wait for room, by state.", ["state"])
TASK_QUEUE_SECONDS = Histogram(
    "goflow_task_queue_seconds",
    "Seconds from a task's dependencies being met to its launch being planned: the scheduler, pools and limits.",
    buckets=_SHORT,
)
TASK_SECONDS = Histogram(
    "goflow_task_duration_seconds",
    "Seconds from the begin of a launch's process to its end.",
    ["dag_id"],
    buckets=_LONG,
)
TASK_CPU_SECONDS = Counter("goflow_task_cpu_seconds_total", "CPU seconds that launches have used.", ["dag_id"])
TASK_MEMORY_BYTES = Histogram(
    "goflow_task_memory_bytes",
    "Highest memory of launches, of those of which it is known.",
    ["dag_id"],
    buckets=tuple(float(16 * 4**step << 20) for step in range(7)),
)
LAUNCH_CREATE_SECONDS = Histogram(
    "goflow_launch_create_seconds",
    "Seconds from a launch being planned to its Job or process being there: the executor and the backend.",
    buckets=_SHORT,
)
LAUNCH_START_SECONDS = Histogram(
    "goflow_launch_start_seconds",
    "Seconds from a launch's Job or process being there to its container running.",
    buckets=_SHORT,
)
SCHEDULER_LAG_SECONDS = Histogram(
    "goflow_scheduler_lag_seconds",
    "Seconds from an event to the batch of the scheduler that takes it in; the oldest of each batch counts.",
    buckets=_SHORT,
)
SCHEDULER_BATCH_SECONDS = Histogram(
    "goflow_scheduler_batch_seconds", "Seconds that a batch of the scheduler took.", buckets=_QUICK
)
SCHEDULER_DECISIONS = Counter("goflow_scheduler_decisions_total", "Decisions of the scheduler.")
DATABASE_SECONDS = Histogram(
    "goflow_database_transaction_seconds",
    "Seconds that a transaction took, waiting for the database and its locks included, by kind.",
    ["kind"],
    buckets=_QUICK,
)
API_REQUESTS = Counter(
    "goflow_api_requests_total",
    "Requests to an API, by the template of their route and the answer's code.",
    ["api", "method", "route", "code"],
)
API_REQUEST_SECONDS = Histogram(
    "goflow_api_request_seconds",
    "Seconds from a request to the end of its answer; streams of events are left out.",
    ["api", "method", "route"],
    buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10.0),
)
READY = Gauge("goflow_ready", "1 while a part of the daemon is ready.", ["part"])
BUILD = Gauge("goflow_build_info", "1, with what the daemon is.", ["version", "backend", "database"])
LAUNCHES = Counter("goflow_launches_total", "Launches by the state that they reached.", ["state"])
DAGS = Gauge("goflow_dags", "Active DAGs.")
IMPORT_ERRORS = Gauge("goflow_import_errors", "DAG files that could not be taken as they are.")
OPEN_RUNS = Gauge("goflow_dag_runs_open", "DAG runs that are queued or running.")
TRIGGERS_WAITING = Gauge("goflow_triggers_waiting", "Deferred tasks whose trigger has not fired.")
TRIGGERS_UNHELD = Gauge("goflow_triggers_unheld", "Of these, those that need a trigger runner and have none.")
TRIGGER_RUNNERS = Gauge("goflow_trigger_runners", "Trigger runners that are heard of.")
TRIGGER_RUNNERS_LOST = Counter("goflow_trigger_runners_lost_total", "Trigger runners that ended or fell silent.")
TRIGGERS_FIRED = Counter("goflow_triggers_fired_total", "Triggers by what came of them.", ["kind"])
CALLBACKS = Counter("goflow_run_callbacks_total", "Callbacks of DAG runs by what became of them.", ["state"])
DAEMONS = Gauge("goflow_daemons", "Daemons that share the database, as this one sees it.")
MEMBER = Gauge("goflow_member", "1 while this daemon is sure that others leave its share alone.")
LEADS = Gauge("goflow_leads", "1 where this daemon does what only one may do.", ["lease"])
LEASE_EPOCH = Gauge("goflow_lease_epoch", "Epoch of a lease that this daemon has; 0 without.", ["lease"])
LEASE_AGE = Gauge(
    "goflow_lease_age_seconds", "Seconds since this daemon renewed a lease; NaN where it has not.", ["lease"]
)
DEADLINES = Counter("goflow_deadlines_total", "Deadlines of runs by what became of them.", ["result"])
SLAS_MISSED = Counter("goflow_slas_missed_total", "Dates for which a task has missed its SLA.")
SIGN_INS = Counter("goflow_sign_ins_total", "Tries to sign in, by way and what became of them.", ["way", "result"])
ALERTS = Counter("goflow_alerts_total", "Alerts that rules took up, by kind.", ["kind"])
ALERT_MESSAGES = Counter(
    "goflow_alert_messages_total", "Messages of alerts by channel and what became of them.", ["channel", "state"]
)
ALERT_MESSAGES_WAITING = Gauge("goflow_alert_messages_waiting", "Messages of alerts that are not sent yet.")
ALERT_ATTEMPTS_FAILED = Counter(
    "goflow_alert_attempts_failed_total", "Times that a channel has not taken a message.", ["channel"]
)
WATCHDOG_PINGS = Counter(
    "goflow_watchdog_pings_total", "Times that the watchdog outside was to be told, by result.", ["result"]
)
FILES_READ = Counter("goflow_dag_files_read_total", "DAG files that were read because something had changed.")
FILE_READ_SECONDS = Histogram(
    "goflow_dag_file_read_seconds",
    "Seconds that reading one DAG file took.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0),
)
LAST_SCAN = Gauge("goflow_import_last_scan_timestamp_seconds", "Unix time at the end of the last scan of DAG files.")
SCAN_SECONDS = Histogram(
    "goflow_import_scan_seconds",
    "Seconds that one scan of the DAG folder took, readings included.",
    buckets=(0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0),
)
LOG_LINES_SHIPPED = Counter("goflow_log_lines_shipped_total", "Log lines that a log store has taken.", ["store"])
LOG_LINES_REFUSED = Counter("goflow_log_lines_refused_total", "Log lines that a log store takes never.", ["store"])
LOG_REQUESTS_SENT_BACK = Counter(
    "goflow_log_requests_sent_back_total", "Requests of runners whose lines have to wait, since too many do already."
)
LOG_BATCHES_PENDING = Gauge("goflow_log_batches_pending", "Batches of log lines that were not sent yet.")
LOG_CHARACTERS_PENDING = Gauge("goflow_log_characters_pending", "Characters of text in them.")
LOG_PENDING_SECONDS = Gauge("goflow_log_pending_seconds", "Seconds for which the oldest of them waits; 0 without any.")
LOG_STORE_AWAY = Gauge("goflow_log_store_away", "1 while the log store does not take what is sent.")
LOG_STORE_FAILURES = Counter("goflow_log_store_failures_total", "Requests that the log store did not take.", ["kind"])
LOG_WRITE_SECONDS = Histogram(
    "goflow_log_write_seconds",
    "Seconds that the log store took for one request.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0),
)
LOG_WRITE_LIMIT = Gauge("goflow_log_write_limit", "Characters that one request has at most: what the log store bears.")
LOG_BATCHES_PRUNED = Counter("goflow_log_batches_pruned_total", "Batches of lines removed from the database.")
WAITING = Gauge("goflow_waiting", "Places in which the daemon waits for something, by what it waits for.", ["for"])
WAITED_SECONDS = Counter("goflow_waited_seconds_total", "Seconds that were waited, by what for.", ["for"])
WAIT_RETRIES = Counter("goflow_wait_retries_total", "Times that what is waited for was asked in vain.", ["for"])
LAUNCH_LIMIT = Gauge("goflow_launch_limit", "Launches that may be asked for at once: what the backend bears.")
LAUNCHES_IN_FLIGHT = Gauge("goflow_launches_in_flight", "Launches that are being asked for just now.")
LAUNCH_THROTTLED_SECONDS = Counter(
    "goflow_launch_throttled_seconds_total",
    "Seconds for which no launch was asked for, since the backend said so or did not answer.",
)
WORK_QUEUED = Gauge("goflow_work_queued", "Steps that the executor holds; more of them stay in the database.", ["kind"])
USAGE_SAMPLED = Gauge("goflow_usage_sampled", "Running launches of which the last round of samples has told.")
USAGE_FAILURES = Counter(
    "goflow_usage_failures_total", "Times that a source of what tasks use could not be asked.", ["source"]
)
USAGE_ROUND_SECONDS = Histogram(
    "goflow_usage_round_seconds",
    "Seconds that asking for what running tasks use has taken.",
    buckets=(0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0),
)
CRONJOBS = Gauge("goflow_cronjobs", "CronJobs that are placed or watched, by how they stand.", ["kind", "state"])
CRONJOB_JOBS_OPEN = Gauge("goflow_cronjob_jobs_open", "Jobs of CronJobs of which not all is stored yet.")
CRONJOB_EVENTS = Counter(
    "goflow_cronjob_events_total",
    "CronJobs that somebody had changed (drifted), that were put right (mended), and whose runs were missed.",
    ["kind"],
)
KUBE_SECONDS = Histogram(
    "goflow_kube_request_seconds",
    "Seconds from a request to the Kubernetes API server to its answer, of a stream to its begin.",
    buckets=_QUICK,
)
KUBE_REQUESTS = Counter(
    "goflow_kube_requests_total",
    "Requests to the Kubernetes API server, by verb, resource and the answer's code.",
    ["verb", "resource", "code"],
)
