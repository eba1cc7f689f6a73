"""Jobs whose pods the API server does not take: a ResourceQuota, a LimitRange, a service account that is not there.

The Job controller tries again by itself, and says why only in events. They are asked for when there are Jobs without a
pod that are some seconds old: one list for each namespace that has such Jobs, however many they are.
https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from goflow.executor.backend import Observation, Phase, Sink
from goflow.executor.holds import QUOTA
from goflow.kube.api import Json, KubeApi
from goflow.kube.errors import KubeError
from goflow.kube.status import QUOTA_EXCEEDED, why_refused
from goflow.telemetry.waiting import Waits

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
YOUNG_S = 3.0
"""Seconds that the Job controller has to make a pod before anybody asks."""
MOST_WAITING = 20
"""Jobs of a namespace without room for their pods after which no more are made there: tasks wait in the database."""
PLACE = "{namespace}, pods"


@dataclass(frozen=True, slots=True)
class Podless:
    """A launch whose Job has no pod for it."""

    launch_id: str
    namespace: str
    job_name: str


class PodlessJobs:
    """Tells SINK why, for what FIND gives: the launches without a pod. WAITS hears of quotas."""

    def __init__(self, api: KubeApi, find: Callable[[], Iterable[Podless]], waits: Waits) -> None:
        self._api = api
        self._find = find
        self._waits = waits
        self._sink: Sink = lambda _: None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="podless-jobs", daemon=True)
        self._short: dict[str, tuple[int, str]] = {}
        """Namespaces whose quota leaves no room for pods: how many wait there, and the words."""

    def start(self, sink: Sink) -> None:
        """Begin to look."""
        self._sink = sink
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()

    def crowded(self, namespace: str) -> str | None:
        """Why another Job in NAMESPACE would only wait for its pod, too; None while that is not so."""
        count, words = self._short.get(namespace, (0, ""))
        return words if count >= MOST_WAITING else None

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except KubeError as problem:  # 403: a Role of an older chart; the tasks wait without a word then
                log.debug("nobody says why Jobs have no pods", problem=str(problem))
            except Exception:
                log.exception("a look at Jobs without pods failed; the next one tries again")

    def look(self) -> None:
        """Ask once. Raises KubeError."""
        waiting: dict[str, list[Podless]] = {}
        for found in self._find():
            waiting.setdefault(found.namespace, []).append(found)
        for namespace in [known for known in self._short if known not in waiting]:
            self._end(namespace)
        for namespace, group in waiting.items():
            self._tell(namespace, group, self._refusals(namespace))

    def _tell(self, namespace: str, group: Iterable[Podless], refusals: Mapping[str, str]) -> None:
        short: list[str] = []
        for launch in group:
            if (said := refusals.get(launch.job_name)) is None:
                continue
            reason, words = why_refused(said)
            if reason == QUOTA_EXCEEDED:
                short.append(words)
            self._sink(Observation(launch_id=launch.launch_id, phase=Phase.PENDING, reason=reason, message=words))
        if short:
            self._short[namespace] = (len(short), short[-1])
            self._waits.begin(QUOTA, short[-1], where=PLACE.format(namespace=namespace), blocks=False)
        else:
            self._end(namespace)

    def _end(self, namespace: str) -> None:
        self._short.pop(namespace, None)
        self._waits.end(QUOTA, where=PLACE.format(namespace=namespace))

    def _refusals(self, namespace: str) -> dict[str, str]:
        """Job to what was said the last time that a pod of it could not be made."""
        items: list[Json] = self._api.list_events(namespace, kind="Job", reason="FailedCreate")
        items.sort(key=lambda item: str(item.get("lastTimestamp") or item.get("eventTime") or ""))
        return {item["involvedObject"]["name"]: str(item.get("message") or "") for item in items}
