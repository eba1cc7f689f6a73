"""What a real API server tells in protobuf is what it tells as JSON, of every field that GoFlow reads."""

from __future__ import annotations

import itertools

import pytest

from goflow.kube import protobuf
from goflow.kube.api import JOBS, JSON, PODS, Json, KubeApi, Query
from goflow.kube.errors import KubeError
from tests.chaos.streams import form_of
from tests.cluster.harness import Cluster

MOMENT = "2026-11-30T22:46:05Z"
LATER = "2026-11-30T22:46:07Z"
TERMINATED = {
    "exitCode": 0,
    "reason": "Completed",
    "message": '{"state": "success"}',
    "startedAt": MOMENT,
    "finishedAt": LATER,
}
POD_STATUS = {
    "phase": "Running",
    "reason": "Evicted",
    "message": "The node was low on resource: memory.",
    "conditions": [
        {"type": "PodScheduled", "status": "True"},
        {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": "so it is"},
    ],
    "containerStatuses": [
        {"name": "base", "state": {"terminated": TERMINATED}},
        {"name": "beside", "state": {"running": {"startedAt": MOMENT}}},
        {"name": "gone", "state": {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}},
    ],
    "initContainerStatuses": [
        {"name": "first", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}
    ],
}
"""All that is read of a pod's status."""
POD: Json = {
    "metadata": {
        "name": "everything",
        "labels": {"goflow/launch-id": "0123", "empty": ""},
        "annotations": {"goflow/verdict": "runner"},
        "finalizers": ["goflow.test/stays"],
    },
    "spec": {
        "nodeName": "nowhere",
        "containers": [{"name": "base", "image": "x"}, {"name": "beside", "image": "x"}],
        "initContainers": [{"name": "first", "image": "x"}],
    },
}
JOB: Json = {
    "metadata": {
        "name": "everything",
        "labels": {"goflow/shared-job": "0123"},
        "annotations": {"goflow/verdict": "job"},
        "finalizers": ["goflow.test/stays"],
    },
    "spec": {
        "completionMode": "Indexed",
        "completions": 3,
        "parallelism": 0,
        "managedBy": "goflow.test/nobody",
        "backoffLimitPerIndex": 0,
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "base", "image": "x"}]}},
    },
}
JOB_STATUS = {
    "startTime": MOMENT,
    "completedIndexes": "0,2",
    "failedIndexes": "1",
    "succeeded": 2,
    "failed": 1,
    "conditions": [
        {"type": "FailureTarget", "status": "True", "reason": "FailedIndexes", "message": "Job has failed indexes"}
    ],
}


@pytest.fixture
def api(cluster: Cluster) -> KubeApi:
    return KubeApi(cluster.kubeconfig)


def told(api: KubeApi, path: str, since: str, count: int, accept: str) -> list[Json]:
    """The first COUNT events of a watch from the version SINCE on."""
    query: Query = {"watch": True, "resourceVersion": since, "timeoutSeconds": 30}
    with api.stream(path, query=query, accept=accept, read_timeout_s=30) as answer:
        assert answer.headers["Content-Type"].startswith(accept)
        chunks = answer.stream(1 << 16)
        form = form_of(accept)
        return [form.read(part) for part in itertools.islice(form.parts(chunks), count)]


def lean(name: str, said: Json, seen: set[tuple[str, str]]) -> Json:
    """What protobuf tells of SAID, a message of that NAME as JSON; SEEN gets the fields that had something to tell."""
    found: Json = {}
    for field, (_, kind) in protobuf.FIELDS[name].items():
        value = said.get(field)
        if value is None or value == "":
            continue
        seen.add((name, field))
        inner = kind.strip("[]")
        if inner in protobuf.FIELDS and inner != "Time":
            value = lean(inner, value, seen) if kind == inner else [lean(inner, one, seen) for one in value]
        found[field] = value
    return found


def fields_of(name: str) -> set[tuple[str, str]]:
    """Every field of a message and of those within it."""
    found: set[tuple[str, str]] = set()
    for field, (_, kind) in protobuf.FIELDS[name].items():
        inner = kind.strip("[]")
        found |= {(name, field)} | (fields_of(inner) if inner in protobuf.FIELDS and inner != "Time" else set())
    return found


@pytest.mark.parametrize(
    ("kind", "path", "made", "status"), [("Pod", PODS, POD, POD_STATUS), ("Job", JOBS, JOB, JOB_STATUS)]
)
def test_an_object_of_which_every_field_says_something(
    api: KubeApi, namespace: str, kind: str, path: str, made: Json, status: Json
) -> None:
    path = path.format(namespace=namespace)
    since = api.request("GET", path)["metadata"]["resourceVersion"]
    api.request("POST", path, body=made)
    there, merge = f"{path}/everything", "application/merge-patch+json"
    api.request("PATCH", f"{there}/status", body={"status": status}, content_type=merge)
    api.request("DELETE", there, body={"gracePeriodSeconds": 7, "propagationPolicy": "Background"})
    api.request("PATCH", there, body={"metadata": {"finalizers": None}}, content_type=merge)
    as_json = told(api, path, since, 3, JSON)
    seen: set[tuple[str, str]] = set()
    expected = [{"type": one["type"], "object": {"kind": kind, **lean(kind, one["object"], seen)}} for one in as_json]
    assert told(api, path, since, 3, protobuf.MEDIA_TYPE) == expected
    assert seen == fields_of(kind), "a field of which nothing here has shown that it is the right one"


def test_a_refusal_is_told_in_words(api: KubeApi, namespace: str) -> None:
    with pytest.raises(KubeError, match="nonsense"):
        told(api, PODS.format(namespace=namespace), "nonsense", 1, protobuf.MEDIA_TYPE)
