"""How the daemon bears what the cluster cannot give just now (quotas, limits, accounts, an API server that is away), what
it asks of the API server for each task, and its own share of it.

How long the API server is away is ``GOFLOW_TEST_AWAY_S`` (seconds, `tests.integration.away`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from goflow.kube.api import JOBS, KubeApi
from goflow.kube.errors import UnavailableError
from tests.cluster.daemon import daemon_on, free_port
from tests.cluster.harness import Cluster
from tests.cluster.harness.helm import render
from tests.cluster.harness.processes import wait_until
from tests.integration import away
from tests.killing import Marks
from tests.running import Daemon

TASKS = 12
DAG = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("many", schedule=None, max_active_tasks=100):
    for number in range({tasks}):
        BashOperator(task_id=f"t{{number}}", bash_command="true")
"""
KEPT_WAITING = """
import urllib.request

from airflow.sdk import DAG, get_current_context, task

with DAG("many", schedule=None, max_active_tasks=100):

    def tell(*words):
        ti = get_current_context()["ti"]
        path = "/".join([*words, ti.task_id, str(ti.map_index), str(ti.try_number)])
        urllib.request.urlopen(f"{address}/{{path}}", timeout=1200)

    @task
    def first(number):
        tell("began")
        tell("wait")
        print(f"line of {{number}}")
        return number

    @task
    def second(number):
        tell("began")
        return 100 + number

    second.expand(number=first.expand(number=list(range({copies}))))
"""
pytestmark = pytest.mark.timeout(900 + 2 * away.AWAY_S)


def written(folder: Path, text: str) -> Path:
    (folder / "dags").mkdir()
    (folder / "dags" / "many.py").write_text(text)
    return folder / "dags"


@pytest.fixture
def daemon(cluster: Cluster, runner_image: str, namespace: str, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon for a DAG of tasks side by side, each of which has a Job of its own."""
    made = daemon_on(cluster, namespace, tmp_path / "home", written(tmp_path, DAG.format(tasks=TASKS)))
    made.start()
    made.wait_for("the DAG", lambda: made.json("dags", "list"), 60)
    yield made
    made.stop()


def state(daemon: Daemon) -> str:
    return str(daemon.json("runs", "show", "many", "one")["state"])


def states(daemon: Daemon) -> Counter[str]:
    return Counter(row["state"] for row in daemon.json("tasks", "list", "many", "one"))


def wait_for_success(daemon: Daemon, timeout_s: float = 240) -> None:
    daemon.wait_for("the end", lambda: state(daemon) in {"success", "failed"}, timeout_s, 0.5)
    rows = daemon.json("tasks", "list", "many", "one")
    assert {(row["state"], row["try_number"]) for row in rows} == {("success", 1)}


# What is asked for a task -------------------------------------------------------------------------------------------


def asked(daemon: Daemon) -> Counter[str]:
    """``VERB resource`` to the number of the daemon's requests so far, watches left out, as it counts them itself."""
    found: Counter[str] = Counter()
    for labels, value in daemon.series("goflow_kube_requests_total"):
        code, resource, verb = labels["code"], labels["resource"], labels["verb"]
        assert code.startswith("2"), f"{verb} {resource} was answered {code}"
        if verb != "WATCH":
            found[f"{verb} {resource}"] += int(value)
    return found


def test_a_task_costs_three_requests_and_no_list(daemon: Daemon) -> None:
    """Its Job, whose token its runner has, and its Job's removal: the table in docs/benchmarks.md."""
    before = asked(daemon)
    daemon.run("dags", "trigger", "many", "--run-id", "one")
    wait_for_success(daemon)
    daemon.wait_for("the last Job to be removed", lambda: (asked(daemon) - before)["DELETE jobs"] == TASKS, 120)
    found = asked(daemon) - before
    del found["LIST events"]  # one every five seconds, while the controller is slow to make pods, and none for a task
    del found["GET nodes/proxy"]  # what its pods use: one every ten seconds for a node
    assert found == {"POST jobs": TASKS, "DELETE jobs": TASKS, "POST tokenreviews": TASKS}


def test_a_task_that_is_stopped_costs_two_more(daemon: Daemon) -> None:
    dag = daemon.home.parent / "dags" / "many.py"
    dag.write_text(dag.read_text().replace('"true"', '"sleep 600"'))
    daemon.wait_for("the change", lambda: daemon.json("dags", "show", "many")["version"] == 2, 60)
    before = asked(daemon)
    daemon.run("dags", "trigger", "many", "--run-id", "one")
    daemon.wait_for("all to run", lambda: states(daemon)["running"] == TASKS, 240, 0.5)
    daemon.run("runs", "mark", "many", "one", "failed")
    daemon.wait_for("the last pod to be deleted", lambda: (asked(daemon) - before)["DELETE pods"] == TASKS, 60)
    found = asked(daemon) - before
    assert found["DELETE jobs"] == TASKS
    assert found["GET jobs"] + found["PATCH jobs"] == 0, "nothing is left to be cleaned up"
    assert {name for name in found if name.startswith("LIST")} <= {"LIST events"}


# What the cluster cannot give ---------------------------------------------------------------------------------------


def why(daemon: Daemon) -> str:
    return daemon.run("tasks", "why", "many", "one")


@pytest.mark.parametrize("resource", ["count/jobs.batch", "pods"], ids=["of Jobs", "of pods"])
def test_a_quota_is_waited_for(daemon: Daemon, kube: client.ApiClient, namespace: str, resource: str) -> None:
    core: Any = client.CoreV1Api(kube)
    quota = {"metadata": {"name": "team"}, "spec": {"hard": {resource: "0"}}}
    core.create_namespaced_resource_quota(namespace, quota)
    wait_until(
        "the quota to hold", lambda: core.read_namespaced_resource_quota("team", namespace).status.hard is not None, 30
    )
    daemon.run("dags", "trigger", "many", "--run-id", "one")
    words = "exceeded quota: team"
    daemon.wait_for("every task to say so", lambda: why(daemon).count(words) == TASKS, 120, 1)
    assert states(daemon) == {"queued": TASKS}
    status, text = away.ask(daemon, "/readyz")
    assert (status, text.startswith("ok\n"), words in text) == (200, True, True), text
    assert away.metric(daemon, "goflow_waiting", **{"for": "quota"}) == 1
    core.patch_namespaced_resource_quota("team", namespace, {"spec": {"hard": {resource: "100"}}})
    wait_for_success(daemon)
    daemon.wait_for("nothing to be said", lambda: away.ask(daemon, "/readyz")[1] == "ok\n", 60)
    assert away.metric(daemon, "goflow_waiting", **{"for": "quota"}) == 0


def forbid_by_limits(core: Any, namespace: str) -> Callable[[], None]:
    limits = [{"type": "Pod", "min": {"memory": "4Gi"}}]
    core.create_namespaced_limit_range(namespace, {"metadata": {"name": "large"}, "spec": {"limits": limits}})
    return lambda: core.delete_namespaced_limit_range("large", namespace)


def forbid_by_quota(core: Any, namespace: str) -> Callable[[], None]:
    spec = {"hard": {"limits.memory": "1Ti"}}
    core.create_namespaced_resource_quota(namespace, {"metadata": {"name": "team"}, "spec": spec})
    return lambda: core.delete_namespaced_resource_quota("team", namespace)


LACKS: dict[str, tuple[Callable[[Any, str], Callable[[], None]], str, str]] = {
    "room within a LimitRange": (forbid_by_limits, "LimitRange", "minimum memory usage per Pod"),
    "limits that a quota asks for": (forbid_by_quota, "QuotaWantsResources", "must specify limits.memory"),
}


@pytest.mark.parametrize(("forbid", "reason", "words"), LACKS.values(), ids=LACKS)
def test_what_a_pod_lacks_is_told_and_waited_for(
    daemon: Daemon, kube: client.ApiClient, namespace: str, forbid: Any, reason: str, words: str
) -> None:
    allow = forbid(client.CoreV1Api(kube), namespace)
    daemon.run("dags", "trigger", "many", "--run-id", "one")
    daemon.wait_for("every task to say so", lambda: why(daemon).count(words) == TASKS, 120, 1)
    assert why(daemon).count(reason) == TASKS
    assert states(daemon) == {"queued": TASKS}
    allow()
    wait_for_success(daemon)


def test_a_service_account_that_is_missing_is_told_and_waited_for(
    cluster: Cluster, runner_image: str, kube: client.ApiClient, namespace: str, tmp_path: Path
) -> None:
    dags = written(tmp_path, DAG.format(tasks=2))
    daemon = daemon_on(cluster, namespace, tmp_path / "home", dags, GOFLOW_TASK_SERVICE_ACCOUNT="etl")
    daemon.start()
    try:
        daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 60)
        daemon.run("dags", "trigger", "many", "--run-id", "one")
        words = "error looking up service account"
        daemon.wait_for("both tasks to say so", lambda: why(daemon).count(words) == 2, 120, 1)
        client.CoreV1Api(kube).create_namespaced_service_account(namespace, {"metadata": {"name": "etl"}})
        wait_for_success(daemon)
    finally:
        daemon.stop()


def test_a_namespace_that_is_not_there_is_refused_with_words(
    cluster: Cluster, runner_image: str, namespace: str, tmp_path: Path
) -> None:
    elsewhere = f"{namespace}-no"
    daemon = daemon_on(
        cluster, elsewhere, tmp_path / "home", written(tmp_path, DAG.format(tasks=1)), GOFLOW_INSTALLATION=namespace
    )
    daemon.start()
    try:
        daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 60)
        daemon.run("dags", "trigger", "many", "--run-id", "one")
        daemon.wait_for("the end", lambda: state(daemon) == "failed", 60)
        (launch,) = daemon.json("tasks", "show", "many", "one", "t0")["launches"]
        assert f'namespaces "{elsewhere}" not found' in launch["message"]
    finally:
        daemon.stop()


# An API server that is away -----------------------------------------------------------------------------------------


class Way:
    """The daemon's way to the API server, which can be taken from it."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.port = free_port("127.0.0.1")
        self._words = ["--kubeconfig", str(cluster.kubeconfig), "--port", str(self.port)]
        self._process: subprocess.Popen[bytes] | None = None
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{self.port}"}
        self.kubeconfig = folder / "by-the-proxy.kubeconfig"
        self.kubeconfig.write_text(json.dumps(config))

    def open(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "tests.chaos.proxy", *self._words])
        wait_until("the proxy", self._answers, 30)

    def _answers(self) -> bool:
        try:
            return bool(KubeApi(self.kubeconfig).version())
        except UnavailableError:
            return False

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def way(cluster: Cluster, tmp_path: Path) -> Iterator[Way]:
    made = Way(cluster, tmp_path)
    made.open()
    yield made
    made.close()


def test_an_api_server_that_is_away_is_waited_for(
    cluster: Cluster, runner_image: str, namespace: str, tmp_path: Path, way: Way
) -> None:
    marks = Marks(cluster.host_address)
    dags = written(tmp_path, KEPT_WAITING.format(address=marks.address, copies=TASKS))
    daemon = daemon_on(cluster, namespace, tmp_path / "home", dags, GOFLOW_KUBECONFIG=str(way.kubeconfig))
    daemon.start()
    try:
        daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 60)
        daemon.run("dags", "trigger", "many", "--run-id", "one")
        begun = [("wait", "first", str(index), "1") for index in range(TASKS)]
        daemon.wait_for("the first tasks", lambda: all(marks.seen[each] for each in begun), 240, 0.5)
        way.close()
        marks.gate.set()
        away.wait_while_away(daemon, "kubernetes", "refused")
        way.open()
        wait_for_success(daemon, 300)
        daemon.wait_for("the daemon to be ready", lambda: away.ask(daemon, "/readyz")[0] == 200, 60)
    finally:
        marks.gate.set()
        daemon.stop()
    assert marks.repeated() == {}
    assert len(marks.seen) == 3 * TASKS


# Its share of the API server ----------------------------------------------------------------------------------------


def test_the_charts_share_of_the_api_server_is_the_daemons(
    helm: Callable[..., str], cluster: Cluster, kube: client.ApiClient, namespace: str
) -> None:
    values = {"apiPriority": {"create": True}, "dags": {"configMap": "d"}, "serviceAccount": {"name": "daemon"}}
    made = [o for o in render(values, namespace=namespace) if o["apiVersion"].startswith("flowcontrol.")]
    path = "/apis/flowcontrol.apiserver.k8s.io/v1/{kind}s"
    admin = KubeApi(cluster.kubeconfig)
    uids: dict[str, str] = {}
    try:
        for item in made:
            where = path.format(kind=item["kind"].lower())
            answer = admin.request("POST", where, query={"fieldValidation": "Strict"}, body=item)
            if item["kind"] == "FlowSchema":
                uids[answer["metadata"]["uid"]] = item["metadata"]["name"].removeprefix(f"{namespace}.")

        def schema(method: str, where: str, body: Any = None, user: str = "daemon") -> str:
            """By which of them the server has let that call wait."""
            account = f"system:serviceaccount:{namespace}:{user}"
            headers = {"Impersonate-User": account, "Impersonate-Group": "system:serviceaccounts"}
            config = kube.configuration
            token = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]
            headers |= {"Authorization": f"Bearer {token}"}
            headers |= {"Content-Type": "application/json"}
            answer = kube.call_api(method, f"{config.host}{where}", header_params=headers, body=body)
            found = {name.lower(): value for name, value in dict(answer.getheaders()).items()}
            return uids.get(found["x-kubernetes-pf-flowschema-uid"], "another")

        jobs = JOBS.format(namespace=namespace)
        wait_until("the schemas to be in force", lambda: schema("GET", jobs) == "flow-goflow", 30)
        assert schema("POST", jobs, {}) == "flow-goflow.launches"
        assert schema("DELETE", f"{jobs}/x") == "flow-goflow"
        assert schema("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {}) == "flow-goflow"
        assert schema("GET", jobs, user="somebody") == "another"
    finally:
        for item in made:
            where = path.format(kind=item["kind"].lower())
            admin.request("DELETE", f"{where}/{item['metadata']['name']}")
