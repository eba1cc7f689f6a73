"""Prometheus metrics. Each is documented in ``docs/metrics.md``; a test holds the two together."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

EVENTS = Counter("goflow_events_total", "Events written, by kind.", ["kind"])
TASKS_ENDED = Counter("goflow_tasks_ended_total", "Task instances that ended, by state.", ["state"])
RUNS_ENDED = Counter("goflow_dag_runs_ended_total", "DAG runs that ended, by state.", ["state"])
LAUNCHES = Counter("goflow_launches_total", "Launches by the state that they reached.", ["state"])
DAGS = Gauge("goflow_dags", "Active DAGs.")
IMPORT_ERRORS = Gauge("goflow_import_errors", "DAG files that could not be taken as they are.")
OPEN_RUNS = Gauge("goflow_dag_runs_open", "DAG runs that are queued or running.")
