"""What Kubernetes says of the Job of a launch and of its pods: its events, which it keeps for an hour.

https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from goflow.domain.runs import Launch
from goflow.kube.api import Json, KubeApi
from goflow.kube.status import moment

MOST_PODS = 10
"""Pods of a launch that are asked about, the newest: each takes a request."""
_CREATED = re.compile(r"Created pod: (\S+)")
_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class KubeEvent:
    """Something that happened to an object, perhaps several times."""

    kind: str
    """``Normal`` or ``Warning``."""
    about: str
    """``Pod NAME`` or ``Job NAME``."""
    reason: str
    message: str
    source: str
    count: int
    first_at: dt.datetime | None
    last_at: dt.datetime | None


def events_of(api: KubeApi, launch: Launch) -> list[KubeEvent]:
    """The events of the Job of LAUNCH and of the pods that were made for this launch, the oldest first. Raises
    KubeError."""
    of_job = api.list_events(launch.namespace, kind="Job", name=launch.job_name)
    found = [event for event in of_job if _concerns(event, launch)]
    for pod in _pods(api, launch, of_job):
        found += api.list_events(launch.namespace, kind="Pod", name=pod)
    return sorted(map(_told, found), key=lambda event: event.last_at or _EARLIEST)


def _pods(api: KubeApi, launch: Launch, of_job: Iterable[Json]) -> list[str]:
    """The pods of LAUNCH: those that the Job's events name, of which some may be gone, and those that are there."""
    named = [match[1] for event in of_job if (match := _CREATED.search(str(event.get("message") or "")))]
    there = api.list_pods(launch.namespace, f"batch.kubernetes.io/job-name={launch.job_name}")
    names = dict.fromkeys([*named, *(pod["metadata"]["name"] for pod in there)])
    return [name for name in names if _is_of(name, launch)][-MOST_PODS:]


def _is_of(pod: str, launch: Launch) -> bool:
    """Whether POD is for LAUNCH: the pods of a Job that many share bear the completion index in their names."""
    return launch.job_index is None or pod.startswith(f"{launch.job_name}-{launch.job_index}-")


def _concerns(event: Json, launch: Launch) -> bool:
    """Whether an EVENT of the Job is no matter of another launch of it."""
    match = _CREATED.search(str(event.get("message") or ""))
    return match is None or _is_of(match[1], launch)


def _told(event: Json) -> KubeEvent:
    about, series = event.get("involvedObject") or {}, event.get("series") or {}
    source = (event.get("source") or {}).get("component") or event.get("reportingComponent") or ""
    begun = event.get("firstTimestamp") or event.get("eventTime")
    return KubeEvent(
        kind=str(event.get("type") or "Normal"),
        about=f"{about.get('kind', '')} {about.get('name', '')}",
        reason=str(event.get("reason") or ""),
        message=str(event.get("message") or "").strip(),
        source=str(source),
        count=int(series.get("count") or event.get("count") or 1),
        first_at=moment(begun),
        last_at=moment(series.get("lastObservedTime") or event.get("lastTimestamp") or begun),
    )
