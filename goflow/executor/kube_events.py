"""What Kubernetes says of the Job of a launch and of its pods: its events, which it keeps for an hour.

https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from goflow.domain.kube_events import KubeEvent, merged
from goflow.domain.runs import Launch
from goflow.kube.api import Json, KubeApi
from goflow.kube.status import moment

MOST_PODS = 10
"""Pods of a launch that are asked about, the newest: each takes a request."""
_CREATED = re.compile(r"Created pod: (\S+)")


def events_of(api: KubeApi, launch: Launch) -> list[KubeEvent]:
    """The events of the Job of LAUNCH and of the pods that were made for this launch, the oldest first. Raises
    KubeError."""
    if not (launch.namespace and launch.job_name):  # it came to no Job; asked without a name, all events would come
        return []
    of_job = [event_of(item) for item in api.list_events(launch.namespace, kind="Job", name=launch.job_name)]
    found = [event for event in of_job if is_of(event, launch)]
    for pod in _pods(api, launch, of_job):
        found += map(event_of, api.list_events(launch.namespace, kind="Pod", name=pod))
    return merged(found)


def is_of(event: KubeEvent, launch: Launch) -> bool:
    """Whether EVENT, of the Job of LAUNCH or of a pod of that, is no matter of another launch of it."""
    kind, _, name = event.about.partition(" ")
    if kind == "Pod":
        return _is_for(name, launch)
    match = _CREATED.search(event.message)
    return match is None or _is_for(match[1], launch)


def event_of(item: Json) -> KubeEvent:
    """What an object of the kind Event says, be it of the older or of the newer form."""
    about, series = item.get("involvedObject") or {}, item.get("series") or {}
    source = (item.get("source") or {}).get("component") or item.get("reportingComponent") or ""
    begun = item.get("firstTimestamp") or item.get("eventTime")
    return KubeEvent(
        kind=str(item.get("type") or "Normal"),
        about=f"{about.get('kind', '')} {about.get('name', '')}",
        reason=str(item.get("reason") or ""),
        message=str(item.get("message") or "").strip(),
        source=str(source),
        count=int(series.get("count") or item.get("count") or 1),
        first_at=moment(begun),
        last_at=moment(series.get("lastObservedTime") or item.get("lastTimestamp") or begun),
    )


def _pods(api: KubeApi, launch: Launch, of_job: Iterable[KubeEvent]) -> list[str]:
    """The pods of LAUNCH: those that the Job's events name, of which some may be gone; where these are forgotten, those
    that are there."""
    names = [match[1] for event in of_job if (match := _CREATED.search(event.message)) and _is_for(match[1], launch)]
    if not names:
        there = api.list_pods(launch.namespace, f"batch.kubernetes.io/job-name={launch.job_name}")
        names = [name for pod in there if _is_for(name := pod["metadata"]["name"], launch)]
    return names[-MOST_PODS:]


def _is_for(pod: str, launch: Launch) -> bool:
    """Whether POD is for LAUNCH: the pods of a Job that many share bear the completion index in their names."""
    return launch.job_index is None or pod.startswith(f"{launch.job_name}-{launch.job_index}-")
