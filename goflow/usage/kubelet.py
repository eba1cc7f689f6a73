"""A meter that asks the kubelets, through the API server: each node that holds running pods of ours, once a round.

https://kubernetes.io/docs/reference/instrumentation/node-metrics/
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from prometheus_client.parser import text_string_to_metric_families

from goflow.domain.usage import Sample
from goflow.kube.api import KubeApi
from goflow.kube.errors import ForbiddenError, KubeError
from goflow.telemetry import metrics
from goflow.usage.contract import RefusedError
from goflow.usage.pods import Pods, Running, running

log = structlog.get_logger(__name__)

AT_ONCE = 4
"""Nodes that are asked at the same time: the bound of what the API server is asked, whatever there is of nodes."""
REST_S, LONGEST_REST_S = 60.0, 600.0
"""Seconds for which a node is left alone that could not be asked; twice as long each time."""
CPU, MEMORY = "container_cpu_usage_seconds", "container_memory_working_set_bytes"
"""The families that are read, as the parser names them: a counter without its ``_total``."""


class KubeletMeter:
    """Asks the nodes of PODS."""

    source = "kubelet"

    def __init__(self, api: KubeApi, pods: Pods) -> None:
        self._api = api
        self._pods = pods
        self._rests: dict[str, tuple[float, float]] = {}
        """Node to when it may be asked again (``time.monotonic``), and for how long it was left alone last."""

    def measure(self) -> Mapping[str, Sample]:
        """What the containers of running launches have used. Raises RefusedError."""
        by_node: dict[str, list[Running]] = {}
        for one in running(self._pods):
            by_node.setdefault(one.node, []).append(one)
        self._rests = {node: rest for node, rest in self._rests.items() if node in by_node}
        now = time.monotonic()
        nodes = [node for node in sorted(by_node) if self._rests.get(node, (0.0, 0.0))[0] <= now]
        found: dict[str, Sample] = {}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kubelets") as threads:
            for node, text in zip(nodes, threads.map(self._ask, nodes), strict=True):
                if text is not None:
                    found |= _of_launches(text, by_node[node])
        return found

    def _ask(self, node: str) -> str | None:
        """What the kubelet of NODE says; None where it does not answer. Raises RefusedError."""
        try:
            text = self._api.node_metrics(node)
        except ForbiddenError as problem:
            raise RefusedError(f"nodes/proxy: {problem.message}") from problem
        except KubeError as problem:
            _, before = self._rests.get(node, (0.0, 0.0))
            rest = min(LONGEST_REST_S, max(REST_S, 2 * before))
            self._rests[node] = (time.monotonic() + rest, rest)
            metrics.USAGE_FAILURES.labels(self.source).inc()
            log.info("a kubelet does not say what its pods use", node=node, problem=str(problem), rests_s=rest)
            return None
        self._rests.pop(node, None)
        return text


def parsed(text: str) -> dict[tuple[str, str, str], Sample]:
    """TEXT of a kubelet: namespace, pod and container to what it has used."""
    cpu: dict[tuple[str, str, str], tuple[float, float]] = {}
    memory: dict[tuple[str, str, str], float] = {}
    now = time.time()
    for family in text_string_to_metric_families(_wanted(text)):
        for sample in family.samples:
            labels = sample.labels
            key = (labels.get("namespace", ""), labels.get("pod", ""), labels.get("container", ""))
            if sample.name.removesuffix("_total") == CPU:
                cpu[key] = (now if sample.timestamp is None else float(sample.timestamp), sample.value)
            elif sample.name == MEMORY:
                memory[key] = sample.value
    return {key: Sample(at, used, int(memory.get(key, 0))) for key, (at, used) in cpu.items()}


def _wanted(text: str) -> str:
    """The lines of the two families: a node tells of itself and of whole pods, too."""
    return "\n".join(line for line in text.splitlines() if line.startswith((CPU, MEMORY))) + "\n"


def _of_launches(text: str, pods: Iterable[Running]) -> dict[str, Sample]:
    try:
        used = parsed(text)
    except ValueError as problem:
        metrics.USAGE_FAILURES.labels(KubeletMeter.source).inc()
        log.warning("what a kubelet says cannot be read", problem=str(problem))
        return {}
    places = {one.launch_id: (one.namespace, one.pod, one.container) for one in pods}
    return {launch_id: used[place] for launch_id, place in places.items() if place in used}
