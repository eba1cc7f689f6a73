"""What tasks on the real cluster have used: by our runner, and by the kubelet for a container that is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from goflow.kube.api import KubeApi
from goflow.usage.contract import RefusedError
from goflow.usage.kubelet import KubeletMeter
from goflow.usage.metrics_api import MetricsApiMeter
from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.cluster.harness.images import RUNNER
from tests.cluster.harness.processes import wait_until
from tests.cluster.metrics_server import metrics_server
from tests.cluster.rights import kubeconfig_for, rights_of_the_chart
from tests.running import Daemon

DAG = """
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from kubernetes.client import models as k8s

WORK = '''
import time
have = bytearray((80 << 20) - 4096 * int(open("/proc/self/statm").read().split()[1]))
have[::4096] = b"x" * len(range(0, len(have), 4096))
while time.process_time() < {cpu}:
    pass
'''

with DAG("uses", schedule=None, default_args={{"retries": 0}}):
    BashOperator(task_id="ours", bash_command="python3 -c '" + WORK.replace("{{cpu}}", "10") + "'")
    BashOperator(task_id="short", bash_command="python3 -c '" + WORK.replace("{{cpu}}", "0.5") + "'")
    KubernetesPodOperator(
        task_id="foreign",
        image="{image}",
        image_pull_policy="Never",
        cmds=["python3", "-c", WORK.replace("{{cpu}}", "10") + "time.sleep(30)"],
        container_resources=k8s.V1ResourceRequirements(requests={{"memory": "96Mi"}}, limits={{"memory": "1Gi"}}),
    )
"""


@pytest.fixture(scope="module")
def daemon(
    cluster: Cluster, kube: Any, runner_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    """A daemon that samples every five seconds, with a run of the DAG to its end."""
    work: Path = tmp_path_factory.mktemp("usage")
    (work / "dags").mkdir()
    (work / "dags" / "uses.py").write_text(DAG.format(image=RUNNER.name, cpu="{cpu}"))
    with namespace_on(kube) as name:
        running = daemon_on(cluster, name, work / "home", work / "dags", GOFLOW_USAGE_INTERVAL_S="5")
        running.start()
        try:
            run_to_its_end(running)
            yield running
        finally:
            running.stop()


def run_to_its_end(daemon: Daemon) -> None:
    daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"))
    daemon.run("dags", "unpause", "uses")
    daemon.run("dags", "trigger", "uses", "--run-id", "r")
    daemon.wait_for(
        "the end of the run",
        lambda: [run for run in daemon.json("runs", "list", "uses") if run["state"] in ("success", "failed")],
        240,
    )


def last_of(daemon: Daemon, task_id: str) -> dict[str, Any]:
    """What its attempt has used, once the last samples are stored."""
    told = lambda: one if (one := attempt(daemon, task_id))["cpu_seconds"] else None  # noqa: E731
    return dict(daemon.wait_for("the last samples", told, 60))


def attempt(daemon: Daemon, task_id: str) -> dict[str, Any]:
    [found] = daemon.json("tasks", "usage", "uses", task_id)["attempts"]
    assert found["state"] == "success", found
    return dict(found)


@pytest.mark.parametrize(("task_id", "cpu"), [("ours", 10.0), ("short", 0.5)])
def test_our_runner_tells_what_its_task_has_used(daemon: Daemon, task_id: str, cpu: float) -> None:
    found = attempt(daemon, task_id)
    assert found["source"] == "runner"
    assert found["cpu_seconds"] == pytest.approx(cpu, rel=0.1)
    assert found["memory_bytes"] == pytest.approx(80 << 20, rel=0.1)
    assert found["cached_bytes"] >= found["memory_bytes"], "its control group can be read"
    assert found["run_seconds"] >= cpu
    assert found["wait_seconds"] >= 0


def test_the_kubelet_tells_what_a_container_that_is_not_ours_has_used(daemon: Daemon) -> None:
    found = last_of(daemon, "foreign")
    assert found["source"] == "kubelet"
    assert found["cpu_seconds"] == pytest.approx(10.0, rel=0.1)
    assert found["memory_bytes"] == pytest.approx(80 << 20, rel=0.1)
    with daemon.api() as api:
        answer = api.get("/goflow/v1/dags/uses/dagRuns/r/taskInstances/foreign/usage").raise_for_status().json()
    assert answer["resources"]["memory_limit"] == 1 << 30
    [series] = answer["series"]
    assert len(series["at"]) >= 3
    assert sorted(series["cpu_seconds"]) == series["cpu_seconds"]


def test_prometheus_is_told_of_all_three(daemon: Daemon) -> None:
    assert daemon.series("goflow_usage_failures_total") == []
    cpu = daemon.wait_for(
        "the CPU seconds of all three",
        lambda: [value for labels, value in daemon.series("goflow_task_cpu_seconds_total") if value > 19],
        60,
    )
    assert cpu == [pytest.approx(20.5, rel=0.1)]
    assert daemon.series("goflow_launch_start_seconds_count")[0][1] == 3


def test_the_metrics_api_tells_it_where_the_kubelets_may_not_be_asked(
    cluster: Cluster, kube: Any, helm: object, namespace: str, runner_image: str, tmp_path: Path
) -> None:
    """A real metrics-server serves it. It knows averages of ten seconds, which add up less exactly."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "uses.py").write_text(DAG.format(image=runner_image, cpu="{cpu}"))
    with (
        metrics_server(cluster, kube, tmp_path),
        rights_of_the_chart(cluster, kube, namespace, tmp_path) as settings,
    ):
        settings["GOFLOW_USAGE_INTERVAL_S"] = "5"
        running = daemon_on(cluster, namespace, tmp_path / "home", tmp_path / "dags", **settings)
        running.start()
        try:
            run_to_its_end(running)
            found = last_of(running, "foreign")
        finally:
            running.stop()
    assert found["source"] == "metrics-api"
    assert found["cpu_seconds"] == pytest.approx(10.0, rel=0.2)
    assert found["memory_bytes"] == pytest.approx(80 << 20, rel=0.1)


def test_the_kubelets_may_be_asked_by_who_has_that_right_and_no_other(
    cluster: Cluster, kube: Any, namespace: str, tmp_path: Path
) -> None:
    core: Any = client.CoreV1Api(kube)
    rbac: Any = client.RbacAuthorizationV1Api(kube)
    name = {"metadata": {"name": namespace}}
    core.create_namespaced_service_account(namespace, name)
    api = KubeApi(kubeconfig_for(cluster, kube, namespace, namespace, tmp_path))
    pod = {
        "metadata": {"name": "x", "namespace": namespace},
        "spec": {"nodeName": core.list_node().items[0].metadata.name, "containers": []},
        "status": {"phase": "Running"},
    }
    kubelet = KubeletMeter(api, lambda: [("l", pod)])
    for meter in (kubelet, MetricsApiMeter(api, lambda: [("l", pod)])):
        with pytest.raises(RefusedError, match="cannot"):
            meter.measure()
    rules = [{"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]}]
    rbac.create_cluster_role({**name, "rules": rules})
    try:
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace}
        subject = {"kind": "ServiceAccount", "name": namespace, "namespace": namespace}
        rbac.create_cluster_role_binding({**name, "roleRef": role, "subjects": [subject]})
        wait_until("the right holds", lambda: _answers(kubelet), 30)
    finally:
        rbac.delete_cluster_role(namespace)
        rbac.delete_cluster_role_binding(namespace)


def _answers(meter: KubeletMeter) -> bool:
    try:
        return meter.measure() == {}
    except RefusedError:
        return False
