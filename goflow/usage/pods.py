"""Running pods of launches: where they are, and which of their containers is the task's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from goflow.kube.status import moment
from goflow.operators.manifest import main_container

Pods = Callable[[], Iterable[tuple[str, Mapping[str, Any]]]]
"""Launches with the newest pod that the watch has shown of each."""


class Running(NamedTuple):
    """A launch's pod while it runs. CONTAINER is the task's own; BEGAN: since when it runs, in seconds since 1970, or
    None where that is not known."""

    launch_id: str
    namespace: str
    pod: str
    node: str
    container: str
    began: float | None


def running(pods: Pods) -> list[Running]:
    """Those of PODS that run."""
    found = []
    for launch_id, pod in pods():
        metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
        if status.get("phase") != "Running" or not spec.get("nodeName"):
            continue
        place = metadata["namespace"], metadata["name"], spec["nodeName"]
        container = main_container(pod)
        found.append(Running(launch_id, *place, container, _began(status, container)))
    return found


def _began(status: Mapping[str, Any], container: str) -> float | None:
    for one in status.get("containerStatuses") or ():
        if one.get("name") == container:
            began = moment(((one.get("state") or {}).get("running") or {}).get("startedAt"))
            return None if began is None else began.timestamp()
    return None
