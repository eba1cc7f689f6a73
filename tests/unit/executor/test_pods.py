"""What a pod's status tells about its launch, and when that is sure (decision 11)."""

from __future__ import annotations

import json

import pytest

from goflow.domain.state import TaskState
from goflow.executor.backend import Phase
from goflow.executor.pods import deleted_pod, observe_job, observe_pod
from goflow.kube.protobuf import object_of
from tests.unit.kube.encoded import object_in_bytes

LAUNCH = "a" * 32


def pod(state=None, *, phase="Running", conditions=(), deleting=False, extra=()):
    metadata = {
        "uid": "u1",
        "name": "p",
        "labels": {"goflow/launch-id": LAUNCH},
        "annotations": {"goflow/verdict": "runner"},
    }
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    statuses = [{"name": "base", "state": state}] if state is not None else []
    return {
        "metadata": metadata,
        "status": {"phase": phase, "conditions": list(conditions), "containerStatuses": [*statuses, *extra]},
    }


def ended(code, reason="Error", message=None):
    return {
        "terminated": {"exitCode": code, "reason": reason, "message": message, "finishedAt": "2026-01-01T00:00:00Z"}
    }


DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "evicted"}
UNKNOWN = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None, "finishedAt": None}}
"""What a kubelet says of a container that it does not find when it ends the pod."""
WORD = json.dumps({"state": "skipped", "reason": "Skip"})
NO_SERVER = json.dumps({"state": "failed", "reason": "NoServer", "message": "no answer", "not_begun": True})

CASES = {
    "exit 0 is sure at once": (pod(ended(0)), (Phase.ENDED, True, TaskState.SUCCESS, False)),
    "another exit waits while the pod's phase is open": (pod(ended(1)), (Phase.ENDED, False, TaskState.FAILED, False)),
    "another exit is final once the pod has failed": (
        pod(ended(1), phase="Failed"),
        (Phase.ENDED, True, TaskState.FAILED, False),
    ),
    "an evicted pod's exit is nobody's failure": (
        pod(ended(143), phase="Failed", conditions=[DISRUPTED]),
        (Phase.ENDED, True, TaskState.FAILED, True),
    ),
    "a pod that is being deleted was disrupted": (
        pod(ended(137), phase="Failed", deleting=True),
        (Phase.ENDED, True, TaskState.FAILED, True),
    ),
    "a pod was deleted whose container never began, and ended nobody knows when": (
        pod(UNKNOWN, phase="Failed", deleting=True),
        (Phase.ENDED, True, TaskState.FAILED, True),
    ),
    "our runner's word is sure at once": (pod(ended(0, message=WORD)), (Phase.ENDED, True, TaskState.SKIPPED, False)),
    "a runner that found no server, and has begun nothing, is nobody's failure": (
        pod(ended(96, message=NO_SERVER), phase="Failed"),
        (Phase.ENDED, True, TaskState.FAILED, True),
    ),
    "an exception that is called so is one": (
        pod(ended(1, message=NO_SERVER.replace(', "not_begun": true', "")), phase="Failed"),
        (Phase.ENDED, True, TaskState.FAILED, False),
    ),
    "a container that runs": (pod({"running": {"startedAt": "2026-01-01T00:00:00Z"}}), (Phase.RUNNING, True, None, None)),
    "a container that waits": (pod({"waiting": {"reason": "ContainerCreating"}}, phase="Pending"), (Phase.PENDING, True, None, None)),
}  # fmt: skip


def in_protobuf(status):
    return object_of(object_in_bytes(status))


@pytest.mark.parametrize("told", [dict, in_protobuf])
@pytest.mark.parametrize(("status", "expected"), CASES.values(), ids=CASES.keys())
def test_what_a_pod_tells(told, status, expected):
    seen = observe_pod(told(status))
    outcome = seen.outcome
    found = (seen.phase, seen.final, outcome and outcome.state, outcome and outcome.disrupted)
    assert found == expected
    assert seen.launch_id == LAUNCH


def test_why_a_pod_does_not_start_is_told_in_words():
    seen = observe_pod(pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}, phase="Pending"))
    assert (seen.reason, seen.message) == ("ImagePullBackOff", "no such image")
    unschedulable = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    seen = observe_pod(pod(phase="Pending", conditions=[unschedulable]))
    assert (seen.reason, seen.message) == ("Unschedulable", "0/1 nodes")


def test_memory_beyond_the_limit_is_told_in_words():
    seen = observe_pod(pod(ended(137, reason="OOMKilled"), phase="Failed"))
    assert seen.outcome.reason == "OOMKilled"
    assert "memory" in seen.outcome.message


def test_what_the_runner_has_accounted_for_is_in_its_word_though_no_server_heard_it():
    used = {"cpu_seconds": 1.5, "max_rss_bytes": 1000, "nonsense": "x", "more": True, "much": float("inf")}
    word = json.dumps({"state": "success", "usage": used})
    outcome = observe_pod(pod(ended(96, message=word), phase="Failed")).outcome
    assert outcome.usage == {"cpu_seconds": 1.5, "max_rss_bytes": 1000.0}
    assert observe_pod(pod(ended(96, message='{"state": "success", "usage": 7}'))).outcome.usage == {}


def test_what_the_kubelet_knows_of_memory_is_added_to_our_runners_word():
    word = json.dumps({"state": "failed", "reason": "BashExit", "message": "exit code -9.", "exit_code": 137})
    outcome = observe_pod(pod(ended(137, reason="OOMKilled", message=word), phase="Failed")).outcome
    assert outcome.reason == "OOMKilled"
    assert outcome.message == "exit code -9. (its container was killed for using more memory than its limit)"
    skipped = observe_pod(pod(ended(0, reason="OOMKilled", message=WORD), phase="Succeeded")).outcome
    assert (skipped.state, skipped.reason) == (TaskState.SKIPPED, "Skip")


def test_a_deferral_that_the_server_has_not_heard_is_lost():
    """What a task waits for may hold secrets, and is in no termination message."""
    word = json.dumps({"state": "deferred", "reason": "Deferred"})
    seen = observe_pod(pod(ended(96, message=word), phase="Failed"))
    assert (seen.outcome.state, seen.outcome.reason, seen.final) == (TaskState.FAILED, "Lost", True)
    assert "must say what it waits for" in seen.outcome.message


@pytest.mark.parametrize(("state", "reason"), [("success", "Lost"), ("skipped", "Lost"), ("failed", "")])
def test_an_end_whose_meaning_had_no_room_is_lost_unless_it_has_failed_anyway(state, reason):
    """Only the server is told all of it; here it has not heard it."""
    word = json.dumps({"state": state, "cut": ["xcoms"]})
    outcome = observe_pod(pod(ended(96, message=word), phase="Failed")).outcome
    assert (outcome.state, outcome.reason) == (TaskState.FAILED, reason)
    assert ("xcoms had no room in it" in outcome.message) is bool(reason)


WAITING = {
    "an image that is not there": ("ErrImagePull", "failed to pull: not found"),
    "an image that is waited for after a failure": ("ImagePullBackOff", "Back-off pulling image"),
    "an image that must not be pulled": ("ErrImageNeverPull", "Container image is not present"),
    "an image whose name is none": ("InvalidImageName", "couldn't parse image name"),
    "a Secret that is not there": ("CreateContainerConfigError", 'secret "no-such" not found'),
    "a command that cannot be started": ("CreateContainerError", "exec: no such file"),
}


@pytest.mark.parametrize(("reason", "message"), WAITING.values(), ids=WAITING.keys())
@pytest.mark.parametrize("kind", ["containerStatuses", "initContainerStatuses"])
def test_what_keeps_a_container_from_starting_is_told_at_once(kind, reason, message):
    waits = pod(phase="Pending")
    waits["status"][kind] = [{"name": "base", "state": {"waiting": {"reason": reason, "message": message}}}]
    seen = observe_pod(waits)
    assert (seen.phase, seen.reason, seen.message) == (Phase.PENDING, reason, message)


def test_a_pod_that_vanishes_was_disrupted_unless_it_had_succeeded():
    assert deleted_pod(pod({"running": {}})).outcome.disrupted
    assert deleted_pod(pod(ended(0), phase="Succeeded")).outcome.state is TaskState.SUCCESS


def test_results_come_before_the_end_where_a_sidecar_sends_them():
    sidecar = {"name": "airflow-xcom-sidecar", "state": {"running": {}}}
    assert observe_pod(pod(ended(0), extra=[sidecar])).final is False
    assert observe_pod(pod(ended(0), phase="Succeeded", extra=[sidecar])).final is True


def test_a_pod_of_somebody_else_tells_nothing():
    assert observe_pod({"metadata": {"uid": "x", "labels": {}}, "status": {}}) is None


JOBS = {
    "complete": ({"type": "Complete", "status": "True"}, TaskState.SUCCESS, False),
    "its deadline is over": (
        {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"},
        TaskState.FAILED,
        False,
    ),
    "a disruption": (
        {"type": "Failed", "status": "True", "reason": "PodFailurePolicy", "message": "matching DisruptionTarget rule"},
        TaskState.FAILED,
        True,
    ),
}


@pytest.mark.parametrize(("condition", "state", "disrupted"), JOBS.values(), ids=JOBS.keys())
def test_what_a_job_tells(condition, state, disrupted):
    job = {"metadata": {"labels": {"goflow/launch-id": LAUNCH}}, "status": {"conditions": [condition]}}
    outcome = observe_job(job).outcome
    assert (outcome.state, outcome.disrupted) == (state, disrupted)
