"""CronJobs while two daemons share a database, with the rights of the chart: one of them looks after them, the other when
that is killed or asleep, and each Job is one run."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from goflow.cronjobs.jobs import FINALIZER
from tests.chart.rendered import POSTGRES
from tests.cluster.cronjobs import House, let_go
from tests.cluster.daemon import free_port, settings_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.cluster.harness.processes import wait_until
from tests.cluster.rights import refusals, rights_of_the_chart
from tests.postgres import postgres_server, postgres_url
from tests.several import Several

__all__ = ["postgres_server", "postgres_url"]

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
WRITES = {"POST", "PATCH", "PUT", "DELETE"}
Pair = tuple[Several, House]


@pytest.fixture
def pair(
    cluster: Cluster,
    kube: client.ApiClient,
    runner_image: str,
    helm: Callable[..., str],
    postgres_url: str,
    tmp_path: Path,
) -> Iterator[Pair]:
    """Both daemons, and the house of the one that looks after CronJobs."""
    del runner_image, helm
    (tmp_path / "dags").mkdir()
    with namespace_on(kube) as namespace, rights_of_the_chart(cluster, kube, namespace, tmp_path, **POSTGRES) as rights:
        settings = {
            **settings_on(cluster, namespace),
            **rights,
            "GOFLOW_LEASE_IN": "kubernetes",
            "GOFLOW_LEASE_TTL_S": "5",
        }
        command = ["daemon", "--dags", str(tmp_path / "dags"), "--port", "0"]
        several = Several(postgres_url, tmp_path, command, settings)
        try:
            for name in ("a", "b"):
                several.start(name, GOFLOW_TASK_API_PORT=str(free_port(cluster.host_address)))
            house = House(several["a"], tmp_path / "dags", namespace, client.BatchV1Api(kube), client.CoreV1Api(kube))
            house.daemon.wait_for(
                "one has the duty", lambda: several.ask("SELECT 1 FROM leases WHERE name = 'cronjobs'")
            )
            house.daemon = several[several.lease("cronjobs")[0]]
            yield several, house
        finally:
            several.stop()
            let_go(house)


def follow_the_duty(several: Several, house: House, away: str) -> None:
    """Wait until the daemon that is not AWAY looks after CronJobs; the house is that one's from now on."""
    other = several.other(away)
    house.daemon = several[other]
    house.daemon.wait_for("the other takes over", lambda: several.lease("cronjobs")[0] == other)


def test_one_looks_after_them_and_the_other_goes_on_where_it_was_killed(pair: Pair) -> None:
    several, house = pair
    leader, _ = several.lease("cronjobs")
    house.put("shared")
    made = house.placed("shared")
    before = house.begin(made)
    first = house.run("shared", "success")
    house.wait_until_let_go(before)

    name = house.begin(made, minutes=1)
    house.daemon.wait_for("it is held", lambda: FINALIZER in (house.job(name).metadata.finalizers or []))
    idle = [labels for labels, _ in several[several.other(leader)].series("goflow_kube_requests_total")]
    assert [labels for labels in idle if labels["resource"] == "cronjobs" and labels["verb"] in WRITES] == []
    house.kill()
    patch = {"spec": {"schedule": "0 2 * * *"}}
    house.batch.patch_namespaced_cron_job("shared", house.namespace, patch, field_manager="somebody")
    wait_until("the Job is over", lambda: house.is_over(name), 60)
    follow_the_duty(several, house, leader)
    second = house.run("shared", "success", minutes=1)
    house.placed("shared", schedule=made.spec.schedule)
    house.wait_until_let_go(name)
    for run, number in ((first, 0), (second, 1)):
        assert [line for line in house.lines("shared", run, "shared") if line == "bye"] == ["bye"], number

    several.start(leader)
    (house.dags / "shared.yaml").unlink()
    house.daemon.wait_for("it is gone with its file", lambda: house.cronjob("shared") is None)
    house.daemon.wait_for("that is told", lambda: house.told("shared")[-1] == "cronjob.removed")
    assert house.told("shared") == ["cronjob.placed", "cronjob.drifted", "cronjob.mended", "cronjob.removed"]
    assert several.ask("SELECT count(*) FROM dag_runs WHERE dag_id = 'shared'") == [(2,)]
    assert refusals(house.asked + house.asks()) == []


def test_one_that_slept_through_a_change_does_not_undo_it(pair: Pair) -> None:
    several, house = pair
    sleeper, _ = several.lease("cronjobs")
    asleep: Any = several[sleeper].process
    house.put("shared")
    first = house.placed("shared")
    asleep.send_signal(signal.SIGSTOP)
    follow_the_duty(several, house, sleeper)
    house.put("shared", Schedule="0 3 * * *")
    changed = house.placed("shared", schedule="0 3 * * *")
    assert changed.metadata.uid == first.metadata.uid
    asleep.send_signal(signal.SIGCONT)
    house.begin(changed)
    house.run("shared", "success")
    several[sleeper].wait_for("it is awake", lambda: several[sleeper].ask("/readyz").is_success)
    house.put("shared", Schedule="0 4 * * *")
    house.placed("shared", schedule="0 4 * * *")
    told = ["cronjob.placed", "cronjob.changed", "cronjob.changed"]
    house.daemon.wait_for("all of it is told, and no more", lambda: house.told("shared") == told)
    assert several.ask("SELECT count(*) FROM dag_runs WHERE dag_id = 'shared'") == [(1,)]
    assert refusals(house.asks()) == []
