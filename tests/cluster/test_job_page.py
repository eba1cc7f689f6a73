"""A job from the page to the real cluster: the dry run asks the real API server, with the rights that the chart gives; what
is saved runs, and Kubernetes' events of its pods are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from kubernetes import client
from playwright.sync_api import expect

from tests.browser import browsing
from tests.cluster.daemon import daemon_on
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import RUNNER_IMAGE, Cluster
from tests.cluster.rights import kubeconfig_of
from tests.page import built_page
from tests.running import Daemon

PATIENCE_MS = 120_000
HELLO = f"""\
Name: hello
DockerImage: {RUNNER_IMAGE}
Command: [sh, -c, "echo hello from $HOSTNAME"]
Paused: false
"""
NO_IMAGE = "Name: no-image\nDockerImage: localhost/not-there:1\nCommand: ['true']\nPaused: false\n"
STRANGE = """\
Name: strange
DockerImage: busybox
Tasks:
  - Name: fine
    Command: ['true']
  - Name: typo
    Command: ['true']
    PodTemplate: {spec: {nodeSelectr: {disk: fast}}}
  - Name: wrong
    Command: ['true']
    Resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}
"""


class House:
    """A daemon with the chart's rights, and the cluster as its administrator sees it."""

    def __init__(self, daemon: Daemon, namespace: str, kube: client.ApiClient) -> None:
        self.daemon, self.namespace = daemon, namespace
        self.core: Any = client.CoreV1Api(kube)
        self.batch: Any = client.BatchV1Api(kube)
        self._api = httpx.Client(base_url=daemon.endpoint()["url"], timeout=60)

    def post(self, path: str, body: Any) -> Any:
        return self._api.post(path, json=body).raise_for_status().json()

    def get(self, path: str, **query: Any) -> Any:
        return self._api.get(path, params=query).raise_for_status().json()

    def tried(self, content: str) -> dict[str, str | None]:
        """What the API server says to each task of a file."""
        told = self.post("/goflow/v1/job-files/try", {"content": content})
        assert told["backend"] == "kubernetes"
        return {one["task_id"]: one["problem"] for one in told["tasks"]}

    def jobs(self) -> list[str]:
        return [job.metadata.name for job in self.batch.list_namespaced_job(self.namespace).items]

    def run(self, name: str, content: str) -> str:
        """Save a file as the page does and begin a run of its DAG; the run's id."""
        self.post("/goflow/v1/job-files", {"name": f"{name}.yaml", "content": content})
        self.daemon.wait_for(f"the DAG {name}", lambda: self._api.get(f"/api/v2/dags/{name}").is_success, timeout_s=60)
        body = {"logical_date": None, "conf": {}}
        run_id: str = self.post(f"/api/v2/dags/{name}/dagRuns", body)["dag_run_id"]
        return run_id

    def task(self, name: str, run_id: str) -> Any:
        return self.get(f"/goflow/v1/page/dags/{name}/runs/{run_id}/tasks/{name}")

    def told(self, name: str, run_id: str) -> dict[str, Any]:
        """What Kubernetes says, or has said, of the newest start of the task of that name."""
        launches = self.task(name, run_id)["launches"]
        found: dict[str, Any] = {"events": []}
        return self.get(f"/goflow/v1/page/launches/{launches[-1]['launch_id']}/events") if launches else found


@pytest.fixture(scope="module")
def house(
    cluster: Cluster, kube: client.ApiClient, runner_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    built_page()
    folder = tmp_path_factory.mktemp("job-page")
    (folder / "dags").mkdir()
    with namespace_on(kube) as namespace:
        config = kubeconfig_of(cluster, kube, namespace, folder)
        daemon = daemon_on(cluster, namespace, folder / "home", folder / "dags", GOFLOW_KUBECONFIG=str(config))
        daemon.start()
        try:
            yield House(daemon, namespace, kube)
        finally:
            daemon.stop()


def test_the_api_server_is_asked_and_nothing_is_made(house: House) -> None:
    assert house.tried(HELLO) == {"hello": None}
    said = house.tried(STRANGE)
    assert said["fine"] is None
    assert "nodeSelectr" in (said["typo"] or "")
    assert "memory limit" in (said["wrong"] or "")
    assert house.jobs() == []


def test_a_quota_and_a_namespace_that_is_not_watched_are_told(house: House) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"count/jobs.batch": "0"}}}
    house.core.create_namespaced_resource_quota(house.namespace, quota)
    try:
        house.daemon.wait_for(
            "the quota", lambda: "exceeded quota" in (house.tried(HELLO)["hello"] or ""), timeout_s=60
        )
    finally:
        house.core.delete_namespaced_resource_quota("none", house.namespace)
    assert "job_namespaces" in (house.tried(f"{HELLO}Namespace: elsewhere\n")["hello"] or "")
    assert house.jobs() == []


def test_what_is_saved_runs_and_what_kubernetes_says_of_its_pods_is_told_and_kept(house: House) -> None:
    run_id = house.run("no-image", NO_IMAGE)
    house.daemon.wait_for(
        "the kubelet's word",
        lambda: any(one["kind"] == "Warning" for one in house.told("no-image", run_id)["events"]),
        timeout_s=120,
    )
    expect.set_options(timeout=PATIENCE_MS)
    with browsing() as browser:
        page = browser.new_page(base_url=house.daemon.endpoint()["url"])
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"/dags/no-image/runs/{run_id.replace('+', '%2B')}/tasks/no-image?tab=events")
        events = page.get_by_role("table", name="Events of Kubernetes")
        expect(events).to_contain_text("Failed to pull image")
        expect(events.get_by_role("img", name="Warning").first).to_be_visible()
        expect(page.get_by_text("Why it does not run yet")).to_be_visible()
        house.daemon.run("runs", "mark", "no-image", run_id, "failed")
        its_events = page.url
        page.goto("/jobs?tab=try")
        page.get_by_role("button", name="Try it, and make nothing").click()
        expect(page.get_by_role("table", name="Dry run")).to_contain_text("it would be taken")
        _runs_well(house)
        house.daemon.wait_for(  # half a minute after its end: most of it is over
            "its removal", lambda: house.task("no-image", run_id)["launches"][-1]["state"] == "cleaned", timeout_s=120
        )
        house.core.delete_collection_namespaced_event(house.namespace)  # as Kubernetes does after an hour
        told = house.told("no-image", run_id)
        assert told["kept"], told
        assert {"SuccessfulCreate", "Scheduled", "Failed"} <= {one["reason"] for one in told["events"]}
        page.goto(its_events)
        expect(page.get_by_text("These were kept with the attempt")).to_be_visible()
        expect(events).to_contain_text("Failed to pull image")


def _runs_well(house: House) -> None:
    run_id = house.run("hello", HELLO)
    house.daemon.wait_for("its end", lambda: house.task("hello", run_id)["state"] == "success", timeout_s=180)
    reasons = {one["reason"] for one in house.told("hello", run_id)["events"]}
    assert {"SuccessfulCreate", "Scheduled", "Started"} <= reasons
