"""Answers about what Kubernetes has said of Jobs and pods."""

from __future__ import annotations

from typing_extensions import TypedDict

from goflow.server.rest.answers import Moment


class KubeEvent(TypedDict):
    kind: str
    about: str
    reason: str
    message: str
    source: str
    count: int
    first_at: Moment | None
    last_at: Moment | None


class KubeEvents(TypedDict):
    events: list[KubeEvent]
    reason: str | None
    kept: bool


class StartEvents(KubeEvents):
    launch_id: str
    ordinal: int
    namespace: str
    job_name: str


class PodEventsAnswer(TypedDict):
    try_number: int
    starts: list[StartEvents]
