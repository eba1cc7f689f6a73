"""Prometheus metrics. Each is documented in ``docs/metrics.md``; a test holds the two together."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter("goflow_events_total", "Events written, by kind.", ["kind"])
TASKS_ENDED = Counter("goflow_tasks_ended_total", "Task instances that ended, by state.", ["state"])
RUNS_ENDED = Counter("goflow_dag_runs_ended_total", "DAG runs that ended, by state.", ["state"])
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
FILES_READ = Counter("goflow_dag_files_read_total", "DAG files that were read because something had changed.")
FILE_READ_SECONDS = Histogram(
    "goflow_dag_file_read_seconds",
    "Seconds that reading one DAG file took.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0),
)
SCAN_SECONDS = Histogram(
    "goflow_import_scan_seconds",
    "Seconds that one scan of the DAG folder took, readings included.",
    buckets=(0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0),
)
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
KUBE_REQUESTS = Counter(
    "goflow_kube_requests_total",
    "Requests to the Kubernetes API server, by verb, resource and the answer's code.",
    ["verb", "resource", "code"],
)
