"""What Kubernetes says in the status of pods and Jobs, whoever made them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

Json = dict[str, Any]


def why_pending(pod: Json) -> tuple[str, str]:
    """Why the pod has not begun: a reason for machines, and words for people as kubelet and scheduler say them."""
    status = pod.get("status") or {}
    for entry in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (entry.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
            return str(waiting["reason"]), str(waiting.get("message") or waiting["reason"])
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("reason") or "Unschedulable"), str(condition.get("message") or "")
    return "", ""


def moment(text: str | None) -> dt.datetime | None:
    """A moment as Kubernetes writes it (RFC 3339), in UTC; None for none."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if text else None


def condition_of(thing: Json, *kinds: str) -> Json | None:
    """The first condition of one of KINDS that is true of a pod or a Job."""
    for condition in (thing.get("status") or {}).get("conditions") or []:
        if condition.get("type") in kinds and condition.get("status") == "True":
            return dict(condition)
    return None


def final_condition(job: Json) -> Json | None:
    """The condition by which a Job has come to its end with all of its pods, so that nothing follows any more; None
    while it has not. https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions"""
    return condition_of(job, "Complete", "Failed")


def container_status(status: Json, name: str) -> Json | None:
    """What a pod's STATUS says of its container NAME, an init container or not."""
    for entry in [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]:
        if entry.get("name") == name:
            return dict(entry)
    return None


def in_words(reason: str, code: int | None) -> str:
    """How a container ended that did not succeed, for people: REASON and exit CODE are as Kubernetes tells them."""
    if reason == "OOMKilled":
        return "its container was killed for using more memory than its limit"
    if code == 137:
        return "its container was killed (exit code 137, SIGKILL)"
    return f"its container ended with exit code {code}" if code is not None else f"its pod ended: {reason}"


QUOTA_EXCEEDED = "QuotaExceeded"
NO_POD: tuple[tuple[str, re.Pattern[str]], ...] = (
    (QUOTA_EXCEEDED, re.compile(r"exceeded quota: ")),
    ("QuotaWantsResources", re.compile(r"failed quota: ")),
    ("ServiceAccountMissing", re.compile(r"error looking up service account ")),
    ("LimitRange", re.compile(r"(maximum|minimum) \S+ usage per |\S+ max limit to request ratio per ")),
    ("PodSecurity", re.compile(r"violates PodSecurity ")),
)
"""Reasons for which the API server takes no pod, with the words by which its admission plugins say them: ResourceQuota,
LimitRanger, ServiceAccount and PodSecurity of kube-apiserver."""
_LED_BY = re.compile(r'^(Error creating: )?(?:[\w.]+ "[^"]*" is forbidden: )?')


def why_refused(message: str) -> tuple[str, str]:
    """A reason for machines, and MESSAGE without the name of the one object that it is about. ``FailedCreate``, the Job
    controller's own word, where nothing more is known."""
    words = _LED_BY.sub("", message)
    return next((reason for reason, found in NO_POD if found.search(words)), "FailedCreate"), words
