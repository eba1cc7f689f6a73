"""CronJobs, Jobs and pods as the API server tells them, and one that keeps them in memory and fails when it is told to.

What the real one does with them is tested on the cluster (`tests/cluster/test_cronjobs.py`).
"""

from __future__ import annotations

import copy
import datetime as dt
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from goflow.cronjobs.jobs import SCHEDULED_AT, CronJobRun, PodSeen, of_ours
from goflow.cronjobs.recording import Recorder
from goflow.domain.cronjobs import CronJobRule
from goflow.domain.spec import DagSpec
from goflow.kube.errors import ConflictError, NotFoundError
from goflow.members.duties import Always
from goflow.operators.cronjob import cronjob_manifest
from goflow.operators.identity import JOB_OF_POD
from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.parser.yaml import read_native
from goflow.scheduler.loop import Scheduler
from goflow.store import Store

Object = dict[str, Any]
SITE = Site(task_api="http://goflow:8081", runner_image="runner:1")
DEFAULTS = Defaults(namespace="work", installation="goflow")
RULE = CronJobRule(enabled=True)
NIGHTLY = """\
    Name: nightly
    RunAs: CronJob
    Schedule: "*/10 * * * *"
    DockerImage: busybox
    Command: [sh, -c, echo]
    Retries: 2
"""


def dag_of(text: str = NIGHTLY) -> DagSpec:
    """The one DAG of a native file."""
    found = read_native(textwrap.dedent(text).encode(), "x.yaml")
    assert not found.diagnostics, found.diagnostics
    return found.dags[0]


class Killed(BaseException):
    """The daemon is no more."""


class ApiServer:
    """Keeps what it is given. ``at`` is called before and after each change; it may raise."""

    def __init__(self) -> None:
        self.cronjobs: dict[tuple[str, str], Object] = {}
        self.said: list[tuple[str, str, Object]] = []
        """What was said of Jobs: the verb, the name, and what."""
        self.pods: list[Object] = []
        self.number = 0
        self.at: Callable[[str], None] = lambda what: None
        self.refuses: Exception | None = None

    def _changed(self, item: Object, before: Object | None = None) -> Object:
        self.number += 1
        uid = before["metadata"]["uid"] if before else f"uid-{self.number}"
        item["metadata"].update(uid=uid, resourceVersion=str(self.number))
        item["spec"].setdefault("startingDeadlineSeconds", 200)  # a default that nobody has said
        return item

    @contextmanager
    def _call(self, what: str) -> Iterator[None]:
        self.at(f"before {what}")
        if self.refuses is not None:
            raise self.refuses
        yield
        self.at(f"after {what}")

    def try_cronjob(self, namespace: str, manifest: Object) -> Object:
        with self._call("try"):
            return self._changed(copy.deepcopy(manifest))

    def apply_cronjob(self, manifest: Object, manager: str) -> Object:
        key = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        with self._call("apply"):
            before = self.cronjobs.get(key)
            made = _merged(before or {}, copy.deepcopy(manifest))
            self.cronjobs[key] = self._changed(made, before)
        return copy.deepcopy(self.cronjobs[key])

    def replace_cronjob(self, cronjob: Object, manager: str) -> Object:
        key = cronjob["metadata"]["namespace"], cronjob["metadata"]["name"]
        with self._call("replace"):
            if self.cronjobs[key]["metadata"]["resourceVersion"] != cronjob["metadata"]["resourceVersion"]:
                raise ConflictError(409, "Conflict", "it has changed")
            self.cronjobs[key] = self._changed(copy.deepcopy(cronjob), self.cronjobs[key])
        return copy.deepcopy(self.cronjobs[key])

    def delete_cronjob(self, namespace: str, name: str, uid: str) -> None:
        with self._call("delete"):
            if self.cronjobs.get((namespace, name), {}).get("metadata", {}).get("uid") != uid:
                raise NotFoundError(404, "NotFound", name)
            del self.cronjobs[namespace, name]

    def apply_job(self, namespace: str, name: str, uid: str, fields: Object, manager: str) -> Object:
        with self._call("apply job"):
            self.said.append(("apply", name, fields))
        return {}

    def delete_job(self, namespace: str, name: str, *, grace_s: int | None = None) -> Object:
        with self._call("delete job"):
            self.said.append(("delete", name, {}))
        return {}

    def list_pods(self, namespace: str, label_selector: str) -> list[Object]:
        return [pod for pod in self.pods if label_selector == f"{JOB_OF_POD}={pod['metadata']['labels'][JOB_OF_POD]}"]

    def delete_pod(self, namespace: str, name: str, *, grace_s: int | None = None) -> None:
        with self._call("delete pod"):
            self.said.append(("delete pod", name, {}))


def _merged(below: Object, above: Object) -> Object:
    """ABOVE's word where it has one: what others have added stays, as with server-side apply."""
    merged = dict(below)
    for key, value in above.items():
        there = merged.get(key)
        merged[key] = _merged(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return merged


class View:
    """What watches would have told of an ApiServer."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api

    def cronjobs(self) -> dict[tuple[str, str], Object]:
        return copy.deepcopy(self._api.cronjobs)

    def drop(self, namespace: str, name: str) -> None:
        pass


class Logs:
    """Says of logs that they are read, unless they are BUSY."""

    def __init__(self) -> None:
        self.followed: list[tuple[str, str, bool]] = []
        self.is_busy = False

    def follow(self, launch_id: str, pod: dict[str, Any], *, is_over: bool, container: str) -> None:
        self.followed.append((launch_id, f"{pod['metadata']['name']}/{container}", is_over))

    def busy(self, launch_id: str) -> bool:
        return self.is_busy


def text(moment: dt.datetime) -> str:
    """MOMENT as Kubernetes writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Job:
    """A Job of a CronJob for the moment AT, and its pods."""

    def __init__(self, spec: DagSpec, at: dt.datetime | None, made: dt.datetime, uid: str = "job-1") -> None:
        template = cronjob_manifest(spec, DEFAULTS, SITE, suspended=False)["spec"]["jobTemplate"]
        self.made = made
        self.item: Object = copy.deepcopy(template)
        metadata = self.item["metadata"]
        metadata.update(name=f"nightly-{uid}", namespace="work", uid=uid, creationTimestamp=text(made))
        if at is not None:
            metadata["annotations"][SCHEDULED_AT] = text(at)
        self.item["status"] = {"startTime": text(made)}
        self.pods: list[PodSeen] = []

    @property
    def run(self) -> CronJobRun:
        found = of_ours(copy.deepcopy(self.item), "goflow")
        assert found is not None
        return found

    def pod(self, after_s: float = 1.0) -> Object:
        """A new pod, which waits."""
        number = len(self.pods) + 1
        item: Object = {
            "metadata": {
                "name": f"pod-{number}",
                "namespace": "work",
                "uid": f"{self.item['metadata']['uid']}-pod-{number}",
                "creationTimestamp": text(self.made + dt.timedelta(seconds=after_s)),
                "labels": {JOB_OF_POD: self.item["metadata"]["uid"]},
            },
            "spec": {"containers": [{"name": "base"}]},
            "status": {"phase": "Pending"},
        }
        self.pods.append(PodSeen(item))
        return item

    def begins(self, after_s: float = 2.0) -> None:
        """The last pod's container runs."""
        began = text(self.made + dt.timedelta(seconds=after_s))
        self._now({"phase": "Running"}, {"running": {"startedAt": began}})

    def ends(self, code: int, after_s: float = 10.0, began_s: float = 2.0) -> None:
        """The last pod has ended."""
        ended = {
            "exitCode": code,
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": text(self.made + dt.timedelta(seconds=began_s)),
            "finishedAt": text(self.made + dt.timedelta(seconds=after_s)),
        }
        self._now({"phase": "Succeeded" if code == 0 else "Failed"}, {"terminated": ended})

    def _now(self, status: Object, state: Object) -> None:
        item = copy.deepcopy(self.pods[-1].item)
        item["status"] = {**status, "containerStatuses": [{"name": "base", "state": state}]}
        self.pods[-1] = PodSeen(item)

    def loses_pod(self) -> None:
        """The last pod was deleted."""
        self.pods[-1] = PodSeen(self.pods[-1].item, gone=True)

    def is_over(self, kind: str, after_s: float = 12.0, reason: str = "BackoffLimitExceeded") -> None:
        """Its condition says so."""
        at = text(self.made + dt.timedelta(seconds=after_s))
        condition = {"type": kind, "status": "True", "reason": reason, "message": reason, "lastTransitionTime": at}
        self.item["status"].update(conditions=[condition], **({"completionTime": at} if kind == "Complete" else {}))

    def is_deleted(self) -> None:
        """Somebody has deleted it, and a finalizer holds it."""
        self.item["metadata"]["deletionTimestamp"] = text(self.made + dt.timedelta(seconds=5))


def recorder(store: Store, logs: Logs | None = None) -> Recorder:
    """A recorder of a daemon that is alone."""
    return Recorder(store, logs or Logs(), Always())


def plan(store: Store) -> None:
    """Let the scheduler draw its consequences."""
    Scheduler(store, backend="kubernetes", namespace="work", cronjobs=RULE).cycle()
