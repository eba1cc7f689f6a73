"""Metrics count what was stored, once for each event."""

from __future__ import annotations

import contextlib
import math
import time

from prometheus_client import REGISTRY

from goflow.domain.runs import Outcome
from goflow.domain.state import RunState, TaskState
from goflow.executor.outcomes import End, settle, settle_all
from goflow.server.ended import Ended
from goflow.server.observer import EventMetrics, observe_transactions
from goflow.store import dags, transitions
from goflow.store.errors import DatabaseBusyError
from goflow.store.tables import dag_runs
from goflow.telemetry.dag_labels import DagLabels
from tests.stores import bash_dag, begin, make_run, queue, record
from tests.unit.server.serving import asking, serving


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


def failed_runs(dag_id: str) -> float | None:
    return REGISTRY.get_sample_value("goflow_dag_runs_ended_total", {"dag_id": dag_id, "state": "failed"})


def test_a_dags_runs_are_told_from_nought_on_so_that_the_first_failure_is_a_rise(sqlite_store):
    with sqlite_store.transaction() as tx:
        record(tx, bash_dag("before", "a"))
        record(tx, bash_dag("still", "a"), paused=True)
    EventMetrics(sqlite_store, DagLabels(0))
    assert failed_runs("before") is None, "there is no label for it"
    labels = DagLabels(2)
    sqlite_store.subscribe(EventMetrics(sqlite_store, labels).take)
    assert (failed_runs("before"), failed_runs("still")) == (0.0, None)
    with sqlite_store.transaction() as tx:
        dags.set_paused(tx, "still", False, who="test")
    assert failed_runs("still") == 0.0
    assert labels.of("third") == "other"


def test_a_database_that_is_away_does_not_hide_the_other_metrics(sqlite_store, monkeypatch):
    EventMetrics(sqlite_store)

    @contextlib.contextmanager
    def away():
        raise DatabaseBusyError("away")
        yield

    monkeypatch.setattr(sqlite_store, "reading", away)
    assert math.isnan(value("goflow_dags"))
    assert value("goflow_events_total", kind="none") == 0.0


def test_what_has_ended_is_measured_some_time_later(sqlite_store):
    ended = Ended(sqlite_store, DagLabels(1), later_s=15.0)
    metrics = EventMetrics(sqlite_store, DagLabels(1), ended)
    sqlite_store.subscribe(metrics.take)
    names = {
        "cpu": ("goflow_task_cpu_seconds_total", {"dag_id": "measured"}),
        "memory": ("goflow_task_memory_bytes_sum", {"dag_id": "measured"}),
        "ran": ("goflow_task_duration_seconds_sum", {"dag_id": "measured"}),
        "run": ("goflow_dag_run_duration_seconds_sum", {"dag_id": "measured"}),
        "runs": ("goflow_dag_runs_ended_total", {"dag_id": "measured", "state": "success"}),
        "queued": ("goflow_task_queue_seconds_count", {}),
    }
    before = {key: value(name, **labels) for key, (name, labels) in names.items()}
    with sqlite_store.transaction() as tx:
        made = make_run(tx, bash_dag("measured", "a"))
        launch = begin(tx, made["a"])
        tx.change(dag_runs.update().values(start_date=tx.now()))
    sqlite_store.clock.advance(40)
    used = {"cpu_seconds": 12.5, "max_rss_bytes": 1000.0}
    with sqlite_store.transaction() as tx:
        end = End(launch_id=launch.id, outcome=Outcome(state=TaskState.SUCCESS, usage=used), who="test")
        settle_all(tx, [end])
        transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.SUCCESS, who="test")

    def grown():
        return {key: value(name, **labels) - before[key] for key, (name, labels) in names.items()}

    now = time.monotonic()
    ended.look(now)
    assert grown() == {"cpu": 0, "memory": 0, "ran": 0, "run": 40.0, "runs": 1, "queued": 1}
    ended.look(now + 16)
    ended.look(now + 16)
    assert grown() == {"cpu": 12.5, "memory": 1000, "ran": 40.0, "run": 40.0, "runs": 1, "queued": 1}


def test_no_more_dags_have_a_label_than_may():
    labels = DagLabels(2)
    assert [labels.of(dag_id) for dag_id in ("a", "b", "c", "a", None)] == ["a", "b", "other", "a", "other"]
    assert DagLabels(0).of("a") == "other"


def test_tasks_under_way_are_counted_by_state_when_asked(sqlite_store):
    EventMetrics(sqlite_store)
    with sqlite_store.transaction() as tx:
        begin(tx, make_run(tx, bash_dag("d", "a", "b"))["a"])
        queue(tx, make_run(tx, bash_dag("d", "a", "b"), run_id="r2")["a"])
    states = {state: value("goflow_task_instances", state=state) for state in ("scheduled", "queued", "running")}
    assert states == {"scheduled": 0.0, "queued": 1.0, "running": 1.0}


def test_transactions_are_measured(sqlite_store):
    observe_transactions(sqlite_store)
    before = value("goflow_database_transaction_seconds_count", kind="write")
    with sqlite_store.transaction() as tx:
        make_run(tx, bash_dag("d", "a"))
    with sqlite_store.reading():
        pass
    assert value("goflow_database_transaction_seconds_count", kind="write") == before + 1


def test_requests_are_counted_by_the_template_of_their_route(sqlite_store):
    name = "goflow_api_requests_total"
    labels = {"api": "rest", "method": "GET", "route": "/api/v2/dags/{dag_id}", "code": "404"}
    nobody = {**labels, "route": "none"}
    before, strangers = value(name, **labels), value(name, **nobody)
    with serving(sqlite_store, open=True) as url, asking(url) as client:
        for dag_id in ("one", "two"):
            assert client.get(f"/api/v2/dags/{dag_id}").status_code == 404
        client.get("/api/v2/there/is/no/such/thing")
        text = client.get("/metrics").text
    assert value(name, **labels) == before + 2
    assert value(name, **nobody) == strangers + 1
    assert 'route="/api/v2/dags/one"' not in text
