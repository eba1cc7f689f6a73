"""CronJobs over REST and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner, Result

from goflow.cli import main
from goflow.cronjobs.jobs import of_others
from goflow.store import Store, cronjobs, installation, launches, runs, tasks
from tests.stores import record
from tests.unit.cronjobs.kit import Job, dag_of, recorder
from tests.unit.cronjobs.test_missed import at, cronjob
from tests.unit.cronjobs.test_watched import DAG_ID, THEIRS, see
from tests.unit.server.serving import serving


@pytest.fixture
def url(sqlite_store: Store) -> Iterator[str]:
    """One is placed and has run, one is watched."""
    with sqlite_store.transaction() as tx:
        record(tx, dag_of(), namespace="work", paused=False)
        cronjobs.put(tx, cronjob(mended="spec.suspend: true instead of false", mended_at=at("11:30")))
    made = Job(dag_of(), at("11:10"), at("11:10"))
    made.is_over("Complete")
    recorder(sqlite_store).take(made.run, made.pods)
    see(sqlite_store, THEIRS)
    with serving(sqlite_store, open=True) as url:
        yield url


def test_all_of_them_and_how_they_stand(url: str, sqlite_store: Store) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        answer = api.get("/goflow/v1/cronjobs").json()
        found = {row["name"]: row for row in answer["cronjobs"]}
        assert (answer["total_entries"], answer["trouble"]) == (2, None)
        assert (found["nightly"]["placed"], found["nightly"]["state"], found["nightly"]["dag_id"]) == (
            True,
            "active",
            "nightly",
        )
        assert (found["backup"]["placed"], found["backup"]["dag_id"]) == (False, DAG_ID)
        assert found["nightly"]["mended"] == "spec.suspend: true instead of false"
        for query, names in (({"placed": "false"}, ["backup"]), ({"namespace": "x"}, [])):
            rows = api.get("/goflow/v1/cronjobs", params=query).json()["cronjobs"]
            assert [row["name"] for row in rows] == names
        with sqlite_store.transaction() as tx:
            installation.set_(tx, cronjobs.TROUBLE, "the API server is away")
        assert api.get("/goflow/v1/cronjobs").json()["trouble"] == "the API server is away"


def test_one_with_how_it_is_wanted_and_its_runs(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        one = api.get("/goflow/v1/cronjobs/work/nightly").json()
        assert one["manifest"]["spec"]["schedule"] == "*/10 * * * *"
        assert api.get("/goflow/v1/cronjobs/work/backup").json()["manifest"] is None
        [run] = api.get("/goflow/v1/cronjobs/work/nightly/runs").json()["runs"]
        assert (run["logical_date"][:16], run["job"], run["triggered_by"]) == (
            "2026-03-01T11:10",
            "nightly-job-1",
            "cronjob",
        )
        for path in ("work/nope", "nope/nightly", "work/nope/runs"):
            assert api.get(f"/goflow/v1/cronjobs/{path}").status_code == 404


def test_the_page_marks_their_dags(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as api:
        columns = api.get("/goflow/v1/page/dags").json()
    assert dict(zip(columns["dag_id"], columns["cronjob"], strict=True)) == {"nightly": "placed", DAG_ID: "watched"}


def test_the_command_line_tells_the_same(url: str, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLOW_SERVER", url)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["cronjobs", *words])

    assert [row["name"] for row in json.loads(run("list", "--json").stdout)] == ["backup", "nightly"]
    assert "placed" in run("list").output
    for name in ("nightly", "backup", DAG_ID):
        assert run("get", name).exit_code == 0
    told = json.loads(run("get", "nightly", "--json").stdout)
    assert [one["job"] for one in told["runs"]] == ["nightly-job-1"]
    assert "there is no CronJob nope" in run("get", "nope").output
    with sqlite_store.transaction() as tx:
        cronjobs.put(tx, cronjob(namespace="other"))
        installation.set_(tx, cronjobs.TROUBLE, "away")
    assert "in other, work; say which" in run("get", "nightly").output
    assert run("get", "nightly", "--namespace", "other").exit_code == 0
    assert "not looked after just now: away" in run("list").output


OF_A_DAG = [
    *("/goflow/v1/page/dags/{dag}", "/goflow/v1/page/dags/{dag}/grid", "/goflow/v1/page/dags/{dag}/graph"),
    *("/goflow/v1/page/dags/{dag}/calendar?year=2026", "/goflow/v1/page/dags/{dag}/versions"),
    *("/goflow/v1/page/dags/{dag}/durations", "/goflow/v1/dags/{dag}/source", "/goflow/v1/dags/{dag}/versions"),
    *("/api/v2/dags/{dag}", "/api/v2/dags/{dag}/details", "/api/v2/dagSources/{dag}", "/api/v2/dags/{dag}/tasks"),
    *("/goflow/v1/page/dags/{dag}/runs/{run}", "/goflow/v1/page/dags/{dag}/runs/{run}/tasks/{task}?map_index=-1"),
    *("/goflow/v1/page/dags/{dag}/runs/{run}/tasks/{task}/log?map_index=-1", "/api/v2/dags/{dag}/dagRuns/{run}"),
    *("/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}", "/goflow/v1/dags/{dag}/dagRuns/{run}/waiting"),
    "/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/tries",
    "/goflow/v1/dags/{dag}/dagRuns/{run}/taskInstances/{task}/usage",
]


@pytest.mark.parametrize("which", ["placed", "watched"])
def test_every_view_of_a_dag_shows_it(url: str, sqlite_store: Store, which: str) -> None:
    dag, task, run_id = ("nightly", "nightly", f"scheduled__{at('11:10').isoformat()}")
    if which == "watched":
        dag, task, made = DAG_ID, "dump", Job(dag_of(), at("11:20"), at("11:20"), "job-2")
        made.item["metadata"]["ownerReferences"] = [{"uid": "uid-1", "controller": True}]
        made.is_over("Failed")
        run = of_others(made.item, {"uid-1": ("backup", DAG_ID)})
        assert run is not None
        recorder(sqlite_store).take(run, [])
        run_id = f"scheduled__{at('11:20').isoformat()}"
    with sqlite_store.reading() as tx:
        (instance,) = tasks.of_run(tx, runs.by_run_id(tx, dag, run_id).id)
        (launch,) = launches.of_task(tx, instance.id)
    with httpx.Client(base_url=url, timeout=60) as api:
        for path in [*OF_A_DAG, f"/goflow/v1/page/launches/{launch.id}/lines"]:
            answer = api.get(path.format(dag=dag, run=run_id, task=task))
            assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        for path in (f"/goflow/v1/page/launches/{launch.id}/job", f"/goflow/v1/dags/{dag}/render"):
            answer = api.get(path)
            assert answer.status_code in {200, 400, 404, 409}, f"{path}: {answer.status_code} {answer.text[:500]}"
        assert "schedule" in api.get(f"/goflow/v1/dags/{dag}/source").text.lower() or which == "placed"
