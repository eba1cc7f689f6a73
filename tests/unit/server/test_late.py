"""What is late, over REST and the command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner

from goflow.cli import main
from goflow.domain.deadlines import SlaMiss
from goflow.domain.spec import DeadlineSpec
from goflow.store import transitions
from tests.unit.scheduler.kit import T0, World, dag, task
from tests.unit.server.serving import serving


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A run that has missed one deadline and may still miss another; a task that has missed an SLA."""
    world = World(sqlite_url)
    alerts = [
        DeadlineSpec(reference="queued_at", interval_s=s, name=name) for s, name in ((60.0, "soon"), (3600, None))
    ]
    world.put(dag(task("a"), deadlines=tuple(alerts)))
    world.trigger(run_id="r")
    world.pass_time(61)
    miss = SlaMiss(dag_id="d", task_id="a", logical_date=T0, missed_at=T0 + dt.timedelta(hours=1))
    with world.store.transaction() as tx:
        transitions.record_sla_misses(tx, "d", [miss], frozenset(), who="test")
    yield world
    world.store.close()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with serving(world.store, open=True) as url:
        yield url


def test_the_deadlines_of_a_run_and_what_of_a_dag_was_late(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        found = api.get("/goflow/v1/dags/d/dagRuns/r/deadlines").json()
        first = found["deadlines"][0]
        assert (found["total_entries"], first["missed"], first["alert_name"]) == (2, True, "soon")
        assert (first["dag_id"], first["dag_run_id"], first["reference_type"]) == ("d", "r", "queued_at")
        assert first["deadline_time"] == "2026-01-05T12:01:00.000000+00:00"
        assert api.get("/goflow/v1/dags/d/dagRuns/x/deadlines").status_code == 404
        late = api.get("/goflow/v1/dags/d/late").json()
        assert late["deadlines"] == [first]
        assert [row["task_id"] for row in late["sla_misses"]] == ["a"]
        assert api.get("/goflow/v1/dags/x/late").status_code == 404


def test_the_command_line_tells_of_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLOW_SERVER", url)

    def said(*words: str) -> str:
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        return done.output

    shown = said("runs", "show", "d", "r")
    assert "deadline soon: 2026-01-05T12:01:00.000000+00:00 was missed" in shown
    assert "deadline queued_at: 2026-01-05T13:00:00.000000+00:00\n" in shown
    assert "run r has missed its deadline soon at 2026-01-05T12:01" in said("dags", "show", "d")
    assert "task a has missed its SLA for 2026-01-05T12:00" in said("dags", "show", "d")
