"""CronJobs on the real cluster, by a daemon that has the rights of the chart: placed, mended, removed; their Jobs are
runs, also those that began while no daemon was there; and those of others are watched and left untouched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import client

from goflow.cronjobs.jobs import FINALIZER
from goflow.cronjobs.placing import MANAGER
from goflow.operators.cronjob import JOBS_KEPT
from tests.cluster.cronjobs import NEVER, House, let_go
from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import RUNNER_IMAGE, Cluster
from tests.cluster.harness.processes import wait_until
from tests.cluster.rights import refusals, rights_of_the_chart

OVERRUN_S = 125
"""Longer than two minutes: of the moments that pass meanwhile Kubernetes makes up for the last one alone."""


@pytest.fixture(scope="module")
def house(
    cluster: Cluster,
    kube: client.ApiClient,
    runner_image: str,
    helm: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("cronjobs")
    dags = folder / "dags"
    dags.mkdir()
    with namespace_on(kube) as namespace, rights_of_the_chart(cluster, kube, namespace, folder) as rights:
        daemon = daemon_on(cluster, namespace, folder / "home", dags, **rights)
        made = House(daemon, dags, namespace, client.BatchV1Api(kube), client.CoreV1Api(kube))
        made.put("minutely", Schedule="* * * * *")  # while the other tests go on, its minute comes
        made.put("overrun", f"sleep {OVERRUN_S}", Schedule="* * * * *", MaxActiveRuns=1)
        for name in ("away", "held"):
            made.put(name)
        for name in ("deleted", "cleared"):
            made.put(name, "trap 'echo told; exit 3' TERM; echo here; sleep 300 & wait")
        made.put("retried", "echo try; exit 7", Retries=1)
        daemon.start()
        yield made
        daemon.stop()
        let_go(made)


def test_it_is_placed_changed_mended_and_removed_with_its_file(house: House) -> None:
    house.put("life", Timezone="Europe/Berlin")
    made = house.placed("life", time_zone="Europe/Berlin", suspend=False)
    assert MANAGER in {entry.manager for entry in made.metadata.managed_fields}
    house.put("life", Schedule="0 1 * * *")
    house.placed("life", schedule="0 1 * * *", time_zone="UTC")
    house.daemon.run("dags", "pause", "life")
    house.placed("life", suspend=True)
    house.daemon.run("dags", "unpause", "life")
    settled = house.placed("life", suspend=False).spec.to_dict()

    patch = {"spec": {"schedule": "0 2 * * *", "startingDeadlineSeconds": 100, "successfulJobsHistoryLimit": 0}}
    house.batch.patch_namespaced_cron_job("life", house.namespace, patch, field_manager="somebody")
    house.daemon.wait_for("what was changed is mended", lambda: house.cronjob("life").spec.to_dict() == settled)
    house.batch.delete_namespaced_cron_job("life", house.namespace)
    house.daemon.wait_for(
        "it is placed again", lambda: (found := house.cronjob("life")) and found.metadata.uid != made.metadata.uid
    )
    changed, mended = ["cronjob.changed"] * 3, ["cronjob.drifted", "cronjob.mended"]
    house.daemon.wait_for("all of it is told", lambda: house.told("life") == ["cronjob.placed", *changed, *mended * 2])

    (house.dags / "life.yaml").unlink()
    house.daemon.wait_for("it is gone with its file", lambda: house.cronjob("life") is None)
    house.daemon.wait_for("that is told", lambda: house.told("life")[-1] == "cronjob.removed")


def test_each_pod_of_a_job_is_an_attempt_with_its_log(house: House) -> None:
    name = house.begin(house.placed("retried"))
    run = house.run("retried", "failed")
    house.wait_until_let_go(name)
    assert [house.lines("retried", run, "retried", number) for number in (1, 2)] == [["try"], ["try"]]
    with house.daemon.api() as api:
        path = f"/api/v2/dags/retried/dagRuns/{run['dag_run_id']}/taskInstances/retried"
        tries = api.get(f"{path}/tries").json()["task_instances"]
    assert [(one["try_number"], one["state"]) for one in tries] == [(1, "up_for_retry"), (2, "failed")]


def test_a_run_that_began_and_ended_while_no_daemon_was_there_is_recorded_with_its_log(house: House) -> None:
    made = house.placed("away")
    house.kill()
    name = house.begin(made)
    wait_until("the Job is over", lambda: house.is_over(name), 60)
    (pod,) = house.pods(name)
    house.daemon.start()
    run = house.run("away", "success")
    house.wait_until_let_go(name)
    assert house.lines("away", run, "away") == [f"hello from {pod.metadata.name}", "bye"]
    ended = pod.status.container_statuses[0].state.terminated.finished_at
    assert dt.datetime.fromisoformat(run["end_date"]) == ended
    assert (run["run_type"], run["logical_date"][:10]) == ("scheduled", "2026-01-01")


def test_a_job_above_the_history_limit_stays_with_its_pod_until_its_log_is_read(house: House) -> None:
    """It was seen while it ran; the daemon was away at its end, and somebody lowered the limit meanwhile."""
    name = house.begin(house.placed("held"))
    house.daemon.wait_for("it is held", lambda: FINALIZER in (house.job(name).metadata.finalizers or []))
    house.kill()
    wait_until("the Job is over", lambda: house.is_over(name), 60)
    patch = {"spec": {"successfulJobsHistoryLimit": 0}}
    house.batch.patch_namespaced_cron_job("held", house.namespace, patch, field_manager="somebody")
    wait_until("Kubernetes removes it", lambda: house.job(name).metadata.deletion_timestamp is not None, 60)
    other = house.begin(house.placed("away"), minutes=1)  # the garbage collector has time for more than this one
    wait_until("another Job is over", lambda: house.is_over(other), 60)
    assert [pod.metadata.deletion_timestamp for pod in house.pods(name)] == [None]
    house.daemon.start()
    run = house.run("held", "success")
    house.daemon.wait_for("it is let go", lambda: house.job(name) is None and not house.pods(name))
    assert house.lines("held", run, "held")[-1] == "bye"
    house.placed("held", successful_jobs_history_limit=JOBS_KEPT)


def test_what_a_person_clears_while_it_runs_is_stopped_and_begins_anew_as_goflows_own(house: House) -> None:
    name = house.begin(house.placed("cleared"))
    run = house.run("cleared", "running")
    house.daemon.wait_for("it works", lambda: house.lines("cleared", run, "cleared") == ["here"])
    with house.daemon.api() as api:
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run["dag_run_id"]}
        api.post("/api/v2/dags/cleared/clearTaskInstances", json=body).raise_for_status()
        house.daemon.wait_for("its Job is gone", lambda: house.job(name) is None)
        house.daemon.wait_for("it works again", lambda: house.lines("cleared", run, "cleared", 2) == ["here"])
        selector = "goflow/dag-id=cleared,goflow/launch-id"
        assert len(house.batch.list_namespaced_job(house.namespace, label_selector=selector).items) == 1
        path = f"/api/v2/dags/cleared/dagRuns/{run['dag_run_id']}"
        api.patch(path, json={"state": "failed"}).raise_for_status()
    house.daemon.wait_for("its last word", lambda: house.lines("cleared", run, "cleared") == ["here", "told"])


def test_a_job_that_somebody_deletes_while_it_runs_ends_and_its_run_fails(house: House) -> None:
    name = house.begin(house.placed("deleted"))
    run = house.run("deleted", "running")
    house.daemon.wait_for("its log begins", lambda: house.lines("deleted", run, "deleted") == ["here"])
    house.batch.delete_namespaced_job(name, house.namespace, propagation_policy="Background")
    run = house.run("deleted", "failed")
    house.daemon.wait_for("its last word", lambda: house.lines("deleted", run, "deleted") == ["here", "told"])
    house.daemon.wait_for("it is gone", lambda: house.job(name) is None)


FOREIGN: dict[str, Any] = {
    "metadata": {"name": "theirs", "labels": {"goflow.io/monitor": "true"}},
    "spec": {
        "schedule": NEVER,
        "jobTemplate": {
            "metadata": {"labels": {}},
            "spec": {
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [
                            {"name": "main", "image": RUNNER_IMAGE, "command": ["sh", "-c", "echo theirs; exit 4"]}
                        ],
                    }
                },
                "backoffLimit": 0,
            },
        },
    },
}


def test_a_labelled_cronjob_of_others_is_watched_and_left_untouched(house: House) -> None:
    house.batch.create_namespaced_cron_job(house.namespace, FOREIGN)
    dag_id = f"cronjob.{house.namespace}.theirs"
    with house.daemon.api() as api:
        house.daemon.wait_for("its DAG", lambda: api.get(f"/api/v2/dags/{dag_id}").is_success)
    made = house.cronjob("theirs")
    house.kill()
    name = house.begin(made)
    wait_until("the Job is over", lambda: house.is_over(name), 60)
    before = house.job(name)
    house.daemon.start()
    run = house.run(dag_id, "failed")
    house.daemon.wait_for("its log", lambda: house.lines(dag_id, run, "main") == ["theirs"])
    with house.daemon.api() as api:
        rows = api.get("/goflow/v1/cronjobs", params={"placed": "false"}).json()["cronjobs"]
        assert [(row["name"], row["dag_id"], row["state"]) for row in rows] == [("theirs", dag_id, "active")]
        refused = api.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None})
        assert refused.status_code == 400, refused.text
    after, cronjob = house.job(name), house.cronjob("theirs")
    assert after.metadata.resource_version == before.metadata.resource_version
    assert cronjob.metadata.resource_version == made.metadata.resource_version
    for item in (after, cronjob):
        assert not [entry.manager for entry in item.metadata.managed_fields if "goflow" in entry.manager]
    house.batch.delete_namespaced_cron_job("theirs", house.namespace)
    house.daemon.wait_for("its DAG goes out of force", lambda: house.told(dag_id)[-1] == "cronjob.gone")


def test_kubernetes_begins_it_by_its_schedule(house: House) -> None:
    house.placed("minutely")

    def first() -> Any:
        with house.daemon.api() as api:
            runs = api.get("/api/v2/dags/minutely/dagRuns", params={"state": "success"}).json()["dag_runs"]
        return runs[0] if runs else None

    run = house.daemon.wait_for("a run of the schedule", first, 90)
    date = dt.datetime.fromisoformat(run["logical_date"])
    assert (date.second, date.microsecond, run["run_type"]) == (0, 0, "scheduled")
    house.daemon.wait_for("its log", lambda: house.lines("minutely", run, "minutely")[-1:] == ["bye"])
    assert house.daemon.series("goflow_cronjobs")
    rows = house.daemon.json("cronjobs", "get", "minutely")["runs"]
    assert run["dag_run_id"] in {row["run_id"] for row in rows}
    assert "CronJobs" in house.daemon.ask("/readyz?verbose").text


def test_what_is_passed_over_while_a_run_is_under_way_is_told_as_missed(house: House) -> None:
    house.placed("overrun", concurrency_policy="Forbid")

    def first() -> Any:
        with house.daemon.api() as api:
            query = {"state": "success", "order_by": "logical_date"}
            runs = api.get("/api/v2/dags/overrun/dagRuns", params=query).json()["dag_runs"]
        return runs[0] if runs else None

    run = house.daemon.wait_for("the end of its first run", first, 60 + OVERRUN_S + 60)
    house.daemon.wait_for("it is told", lambda: "cronjob.missed" in house.told("overrun"), 90)
    with house.daemon.api() as api:
        found = api.get("/goflow/v1/page/events", params={"dag_id": "overrun", "limit": 200}).json()["events"]
    [missed] = [one["extra"] for one in found if one["event"] == "cronjob.missed"]
    after = dt.datetime.fromisoformat(run["logical_date"]) + dt.timedelta(minutes=1)
    assert [dt.datetime.fromisoformat(point) for point in missed["points"]] == [after]
    assert missed["why"] == "The run before it had not ended, and no two may run at once."
    told = {labels["kind"]: value for labels, value in house.daemon.series("goflow_cronjob_events_total")}
    assert told["missed"] >= 1


def test_nothing_was_refused_with_the_rights_of_the_chart(house: House) -> None:
    asked = house.asked + house.asks()
    verbs = {labels["verb"] for labels in asked if labels["resource"] == "cronjobs"}
    assert verbs >= {"LIST", "WATCH", "PATCH", "DELETE"}
    assert {labels["verb"] for labels in asked if labels["resource"] == "jobs"} >= {"LIST", "WATCH", "PATCH"}
    assert refusals(asked) == []
