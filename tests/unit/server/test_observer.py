"""Metrics count what was stored, once for each event."""

from __future__ import annotations

import contextlib
import math

from prometheus_client import REGISTRY

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.executor.outcomes import settle
from goflow.server.observer import EventMetrics
from goflow.store.errors import DatabaseBusyError
from tests.stores import bash_dag, begin, make_run


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_ends_are_counted_and_gauges_are_read_when_asked(sqlite_store):
    metrics = EventMetrics(sqlite_store)
    sqlite_store.subscribe(metrics.take)
    names = {
        "task": ("goflow_tasks_ended_total", {"state": "success"}),
        "launch": ("goflow_launches_total", {"state": "ended"}),
    }
    before = {key: value(name, **labels) for key, (name, labels) in names.items()}
    with sqlite_store.transaction() as tx:
        launch = begin(tx, make_run(tx, bash_dag("d", "a"))["a"])
    for _ in range(2):  # told twice, counted once
        settle(sqlite_store, launch.id, Outcome(state=TaskState.SUCCESS), who="test")
    after = {key: value(name, **labels) for key, (name, labels) in names.items()}
    assert {key: after[key] - before[key] for key in names} == {"task": 1.0, "launch": 1.0}
    assert value("goflow_dags") == 1.0
    assert value("goflow_dag_runs_open") == 1.0
    assert value("goflow_import_errors") == 0.0


def test_a_database_that_is_away_does_not_hide_the_other_metrics(sqlite_store, monkeypatch):
    EventMetrics(sqlite_store)

    @contextlib.contextmanager
    def away():
        raise DatabaseBusyError("away")
        yield

    monkeypatch.setattr(sqlite_store, "reading", away)
    assert math.isnan(value("goflow_dags"))
    assert value("goflow_events_total", kind="none") == 0.0
