"""A meter that asks the cluster's metrics API (``metrics.k8s.io``, from metrics-server, say), a namespace at a time.

It tells how much of the processor a pod uses just now, as an average over the last half minute or so; CPU seconds are
that, times the time that has passed: less exact than a kubelet's own counter. A server of that API tells of a container
after two looks; what it has used before that is taken to be as much, for a minute at most. It takes the right to list
``pods`` of ``metrics.k8s.io`` in the Jobs' namespaces, and no more.
https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from goflow.domain import quantities
from goflow.domain.usage import Sample
from goflow.kube.api import KubeApi
from goflow.kube.errors import ForbiddenError, KubeError, NotFoundError
from goflow.kube.status import moment
from goflow.operators.identity import JOB_OF_POD
from goflow.telemetry import metrics
from goflow.usage.contract import RefusedError
from goflow.usage.pods import Pods, Running, running

MOST_UNSEEN_S = 60.0
"""Seconds of a container's life before the first average of it, for which that is taken to hold, too. By default
metrics-server looks every 15 seconds. A container that has run for longer was begun before this daemon."""


class MetricsApiMeter:
    """Asks for PODS, among the namespace's pods that a Job has made."""

    source = "metrics-api"

    def __init__(self, api: KubeApi, pods: Pods) -> None:
        self._api = api
        self._pods = pods
        self._used: dict[str, Sample] = {}

    def measure(self) -> Mapping[str, Sample]:
        """What running launches have used since they were seen first. Raises RefusedError."""
        pods = running(self._pods)
        by_place = {(one.namespace, one.pod): one for one in pods}
        found: dict[str, Sample] = {}
        for namespace in sorted({one.namespace for one in pods}):
            for item in self._ask(namespace):
                metadata = item.get("metadata") or {}
                one = by_place.get((namespace, str(metadata.get("name"))))
                sample = None if one is None else self._sample(item, one)
                if one is not None and sample is not None:
                    found[one.launch_id] = sample
        self._used = found
        return found

    def _ask(self, namespace: str) -> Sequence[Mapping[str, Any]]:
        try:
            return self._api.pod_metrics(namespace, JOB_OF_POD)
        except (ForbiddenError, NotFoundError) as problem:
            raise RefusedError(f"pods.metrics.k8s.io in {namespace}: {problem.message}") from problem
        except KubeError:
            metrics.USAGE_FAILURES.labels(self.source).inc()
            return []

    def _sample(self, item: Mapping[str, Any], one: Running) -> Sample | None:
        containers = {container.get("name"): container for container in item.get("containers") or ()}
        used = (containers.get(one.container) or {}).get("usage") or {}
        cpus, memory = (quantities.number(used.get(name)) for name in ("cpu", "memory"))
        if cpus is None or memory is None:
            return None
        at = dt.datetime.fromisoformat(str(item["timestamp"])).timestamp()
        before = self._used.get(one.launch_id)
        if before is None:
            window_s, began = _window_s(item), moment(one.began)
            unseen_s = 0.0 if began is None else at - window_s - began.timestamp()
            return Sample(at, cpus * (window_s + min(max(0.0, unseen_s), MOST_UNSEEN_S)), int(memory))
        return Sample(at, before.cpu_seconds + cpus * max(0.0, at - before.at), int(memory))


def _window_s(item: Mapping[str, Any]) -> float:
    """The seconds that the average of ITEM is of: ``10.062s``, ``1m5s``."""
    minutes, _, seconds = str(item.get("window") or "").removesuffix("s").rpartition("m")
    try:
        return 60.0 * float(minutes or 0) + float(seconds or 0)
    except ValueError:
        return 0.0
