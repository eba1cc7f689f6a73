"""Running pods of launches: where they are, and which of their containers is the task's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from goflow.kube.status import container_status
from goflow.operators.manifest import main_container

Pods = Callable[[], Iterable[tuple[str, Mapping[str, Any]]]]
"""Launches with the newest pod that the watch has shown of each."""


class Running(NamedTuple):
    """A launch's pod while it runs. CONTAINER is the task's own, BEGAN since when it runs, as Kubernetes writes it, or
    None where that is not known."""

    launch_id: str
    namespace: str
    pod: str
    node: str
    container: str
    began: str | None


def running(pods: Pods) -> list[Running]:
    """Those of PODS that run."""
    found = []
    for launch_id, pod in pods():
        metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
        if status.get("phase") != "Running" or not spec.get("nodeName"):
            continue
        place = metadata["namespace"], metadata["name"], spec["nodeName"]
        container = main_container(pod)
        state = (container_status(status, container) or {}).get("state") or {}
        found.append(Running(launch_id, *place, container, (state.get("running") or {}).get("startedAt")))
    return found
