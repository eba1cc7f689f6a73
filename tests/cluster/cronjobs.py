"""CronJobs on the test cluster: a DAG folder with DAGs that are CronJobs, a daemon, and the cluster beside it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from goflow.cronjobs.jobs import SCHEDULED_AT
from tests.cluster.harness import RUNNER_IMAGE
from tests.running import Daemon

NEVER = "0 0 1 1 *"
POINT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HELLO = "echo hello from $HOSTNAME; echo bye"


@dataclass
class House:
    """A daemon that is killed and started at will, its DAG folder, and the cluster as its administrator sees it."""

    daemon: Daemon
    dags: Path
    namespace: str
    batch: Any
    core: Any
    asked: list[dict[str, str]] = field(default_factory=list)
    """What its daemons have asked the API server for, and how it was answered, up to their death."""

    def kill(self) -> None:
        """``kill -9`` of the daemon."""
        self.asked += self.asks()
        self.daemon.kill()

    def asks(self) -> list[dict[str, str]]:
        """What the running daemon has asked the API server for: verb, resource and code."""
        return [labels for labels, _ in self.daemon.series("goflow_kube_requests_total")]

    def put(self, name: str, command: str = HELLO, **more: Any) -> None:
        """A file with a DAG of that name that is a CronJob."""
        document = {
            "Name": name,
            "RunAs": "CronJob",
            "Schedule": NEVER,
            "DockerImage": RUNNER_IMAGE,
            "Command": ["sh", "-c", command],
            **more,
        }
        (self.dags / f"{name}.yaml").write_text(yaml.safe_dump(document))

    def placed(self, name: str, **spec: Any) -> Any:
        """The CronJob of that name, once it is there and says SPEC."""

        def found() -> Any:
            item = self.cronjob(name)
            return item if item and all(getattr(item.spec, key) == value for key, value in spec.items()) else None

        return self.daemon.wait_for(f"CronJob {name}", found)

    def cronjob(self, name: str) -> Any:
        try:
            return self.batch.read_namespaced_cron_job(name, self.namespace)
        except client.ApiException as problem:
            if problem.status != 404:
                raise
            return None

    def begin(self, cronjob: Any, minutes: int = 0) -> str:
        """A Job of a CronJob as its controller would make it, for a moment MINUTES after `POINT`; its name."""
        at = POINT + dt.timedelta(minutes=minutes)
        name = f"{cronjob.metadata.name}-{int(at.timestamp()) // 60}"
        template = cronjob.spec.job_template
        said = template.metadata or client.V1ObjectMeta()
        annotations = {**(said.annotations or {}), SCHEDULED_AT: at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        owner = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": cronjob.metadata.name,
            "uid": cronjob.metadata.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }
        metadata = {"name": name, "labels": said.labels, "annotations": annotations}
        body = {"metadata": {**metadata, "ownerReferences": [owner]}, "spec": template.spec}
        self.batch.create_namespaced_job(self.namespace, body)
        return name

    def job(self, name: str) -> Any:
        try:
            return self.batch.read_namespaced_job(name, self.namespace)
        except client.ApiException as problem:
            if problem.status != 404:
                raise
            return None

    def is_over(self, name: str) -> bool:
        return any(one.type in {"Complete", "Failed"} for one in self.job(name).status.conditions or [])

    def pods(self, job: str) -> list[Any]:
        return list(self.core.list_namespaced_pod(self.namespace, label_selector=f"job-name={job}").items)

    def run(self, dag_id: str, state: str, minutes: int = 0) -> dict[str, Any]:
        """The run of that moment, once it is in STATE."""
        run_id = f"scheduled__{(POINT + dt.timedelta(minutes=minutes)).isoformat()}"

        def found() -> Any:
            with self.daemon.api() as api:
                answer = api.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
            return answer.json() if answer.is_success and answer.json()["state"] == state else None

        answer: dict[str, Any] = self.daemon.wait_for(f"run {run_id} of {dag_id} {state}", found, 90)
        return answer

    def wait_until_let_go(self, name: str) -> None:
        """Wait until nothing holds the Job NAME any more: then all of it is stored, its log too, which comes up to a
        second after its end."""
        self.daemon.wait_for(
            "its Job is let go", lambda: (job := self.job(name)) is None or not job.metadata.finalizers
        )

    def lines(self, dag_id: str, run: dict[str, Any], task_id: str, number: int = 1) -> list[str]:
        path = f"/goflow/v1/dags/{dag_id}/dagRuns/{run['dag_run_id']}/taskInstances/{task_id}/logs/{number}"
        with self.daemon.api() as api:
            return [line["text"] for line in api.get(path).raise_for_status().json()["lines"]]

    def told(self, dag_id: str) -> list[str]:
        with self.daemon.api() as api:
            found = api.get("/goflow/v1/page/events", params={"dag_id": dag_id, "limit": 200}).json()["events"]
        return [one["event"] for one in reversed(found) if one["event"].startswith("cronjob.")]


def let_go(house: House) -> None:
    """A namespace ends only when nobody holds anything in it."""
    for item in house.batch.list_namespaced_job(house.namespace).items:
        if item.metadata.finalizers:
            patch = {"metadata": {"finalizers": None}}
            house.batch.patch_namespaced_job(item.metadata.name, house.namespace, patch)
