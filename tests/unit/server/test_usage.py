"""What task attempts have used, over REST and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner

from goflow.cli import main
from goflow.domain.runs import Outcome
from goflow.domain.spec import DagSpec, RuntimeSpec, TaskSpec
from goflow.domain.state import TaskState
from goflow.domain.usage import Sample, Series
from goflow.executor.outcomes import End, settle_all
from goflow.store import Store, usage
from tests.stores import begin, make_run
from tests.unit.server.serving import serving

MI = 1 << 20


@pytest.fixture
def url(sqlite_store: Store) -> Iterator[str]:
    """Three runs of a task that asks for 4 GiB: it uses 10 CPU seconds and 300 MiB, and the last one is sampled."""
    task = TaskSpec(
        task_id="t", operator="native", operator_path="goflow.native",
        native={"Command": ["work"], "DockerImage": "busybox"},
        runtime=RuntimeSpec(resources={"requests": {"memory": "4Gi"}}),
    )  # fmt: skip
    spec = DagSpec(dag_id="d", tasks=(task,))
    with sqlite_store.transaction() as tx:
        for number in range(3):
            ti = make_run(tx, spec, run_id=f"r{number}")["t"]
            launch = begin(tx, ti, backend="kubernetes")
            used = {"cpu_seconds": 10.0, "max_rss_bytes": 300.0 * MI, "wall_seconds": 20.0}
            series = Series("kubelet")
            for at in range(5):
                series.add(Sample(1000.0 + 10 * at, 2.5 * at, (100 + 50 * at) * MI))
            if number == 2:
                usage.save(tx, {launch.id: series})
            sqlite_store.clock.advance(20)  # type: ignore[attr-defined]
            settle_all(
                tx, [End(launch_id=launch.id, outcome=Outcome(state=TaskState.SUCCESS, usage=used), who="runner")]
            )
        make_run(tx, spec, run_id="waits")
    with serving(sqlite_store, open=True) as url:
        yield url


def test_what_the_attempts_of_a_task_instance_have_used(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        path = "/goflow/v1/dags/d/dagRuns/{}/taskInstances/t/usage"
        found = api.get(path.format("r2")).json()
        [attempt] = found["attempts"]
        assert (attempt["cpu_seconds"], attempt["memory_bytes"], attempt["source"]) == (10.0, 300 * MI, "runner")
        assert (attempt["wait_seconds"], attempt["run_seconds"], attempt["sampled_bytes"]) == (0.0, 20.0, 300 * MI)
        [series] = found["series"]
        assert series["at"] == [1000.0, 1010.0, 1020.0, 1030.0, 1040.0]
        assert series["cpu_seconds"] == [0.0, 2.5, 5.0, 7.5, 10.0]
        assert series["memory_bytes"] == [number * MI for number in (100, 150, 200, 250, 300)]
        assert found["resources"]["memory_request"] == 4 << 30
        assert api.get(path.format("r1")).json()["series"] == []
        assert api.get(path.format("waits")).json() == {
            "resources": None, "attempts": [], "try_number": 0, "series": [],
        }  # fmt: skip
        assert api.get(path.format("none")).status_code == 404
        assert api.get("/goflow/v1/dags/d/dagRuns/r2/taskInstances/t/usage?map_index=3").status_code == 404
        old = api.get("/api/v2/dags/d/dagRuns/r2/taskInstances/t").json()["attempts"][0]["usage"]
        assert (old["cpu_seconds"], old["memory_bytes"]) == (10.0, 300 * MI)


def test_what_a_task_has_used_in_the_newest_runs_and_what_follows(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        found = api.get("/goflow/v1/dags/d/tasks/t/usage").json()
        assert [row["dag_run_id"] for row in found["attempts"]] == ["r2", "r1", "r0"]
        assert found["hints"] == [
            {"kind": "memory_request_high", "text": "asks for 4 GiB, never used more than 300 MiB (last 3 attempts)"}
        ]
        assert api.get("/goflow/v1/dags/d/tasks/t/usage?newest=3").json()["total_entries"] == 2
        assert api.get("/goflow/v1/dags/none/tasks/t/usage").status_code == 404
        assert api.get("/goflow/v1/dags/d/tasks/none/usage").json()["attempts"] == []


def test_the_command_line_tells_of_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLOW_SERVER", url)

    def said(*words: str) -> str:
        done = CliRunner().invoke(main, ["tasks", "usage", "d", "t", *words])
        assert done.exit_code == 0, done.output
        return done.output

    text = said()
    assert all(word in text for word in ("300 MiB", "10 s", "20 s"))
    assert "It asks for 4 GiB of memory." in text
    assert "Hint: it asks for 4 GiB, never used more than 300 MiB (last 3 attempts)." in text
    assert json.loads(said("--json", "--newest", "2"))["total_entries"] == 1
