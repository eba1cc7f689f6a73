"""What Kubernetes has said of task attempts: events of their Jobs and pods, as it has them now and as they are kept."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from goflow.domain.kube_events import KubeEvent, merged
from goflow.domain.runs import UNMAPPED, Launch
from goflow.kube.errors import KubeError
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import pod_events as told_events
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.server.rest.packed import packed
from goflow.server.rest.tasks import find
from goflow.store import launches

router = APIRouter(tags=["Task Instance"])
MOST_ASKED = 3
"""Starts of an attempt for which the API server is asked, the newest: a sensor may have had hundreds."""
LOCAL = "it is a process of this machine: there is no pod"
ALONE = "this daemon has no API server to ask"
OLD = f"the API server is asked for the newest {MOST_ASKED} starts alone"


@router.get("/goflow/v1/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/events")
def show_pod_events(
    dag_id: str,
    run_id: str,
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    map_index: int = UNMAPPED,
    try_number: int = Query(0, ge=0, description="Which attempt; 0: the newest"),
) -> Annotated[shapes.Body, Is(told_events.PodEventsAnswer)]:
    """The events of Kubernetes about each start of an attempt, of its Job and its pods: those that there are now, and
    those that were kept. ``reason`` says why it could not be asked."""
    with services.store.reading() as tx:
        _, row = find(tx, dag_id, run_id, task_id, map_index)
        number = try_number or row.try_number
        its = launches.of_task(tx, row.id, number)
        kept = launches.kube_events(tx, [launch.id for launch in its])
    starts = []
    for place, launch in enumerate(reversed(its)):
        told = _told(services, launch, kept.get(launch.id, []), asks=place < MOST_ASKED)
        starts.append(
            {
                "launch_id": launch.id,
                "ordinal": launch.ordinal,
                "namespace": launch.namespace,
                "job_name": launch.job_name,
                **told,
            }
        )
    return {"try_number": number, "starts": starts[::-1]}


@router.get("/goflow/v1/page/launches/{launch_id}/events", response_model=None, tags=["Page"])
def show_kube_events(
    request: Request, launch_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[Response, Is(told_events.KubeEvents)]:
    """The same of one launch."""
    with services.store.reading() as tx:
        launch = launches.get(tx, launch_id)
        kept = launches.kube_events(tx, [launch_id]).get(launch_id, [])
    return packed(request, _told(services, launch, kept, asks=True))


def _told(services: Services, launch: Launch, kept: list[KubeEvent], *, asks: bool) -> shapes.Body:
    """The events of LAUNCH, the oldest first; why the API server has told none; and whether those are told that were
    KEPT alone."""
    now: list[KubeEvent] = []
    reason = None
    if launch.backend != "kubernetes":
        reason = LOCAL
    elif services.kube_events is None:
        reason = ALONE
    elif not asks:
        reason = None if kept else OLD
    else:
        try:
            now = list(services.kube_events(launch))
        except KubeError as problem:
            reason = f"the API server gives no events: {problem.message}"
    events = [_event(event) for event in merged(kept, now)]
    return {"events": events, "reason": reason, "kept": bool(kept) and not now}


def _event(event: KubeEvent) -> shapes.Body:
    moments = {"first_at": shapes.moment(event.first_at), "last_at": shapes.moment(event.last_at)}
    return {**dataclasses.asdict(event), **moments}
