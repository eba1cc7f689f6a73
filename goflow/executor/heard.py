"""The warnings of Kubernetes about Jobs and pods, as a watch tells them: nobody has to ask for those of a launch.

Only warnings are watched, so that launches that have none cost nothing here. What is heard is held until the launch is
cleaned up, within bounds: Kubernetes forgets its events after an hour.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence

from goflow.domain.kube_events import KubeEvent, merged
from goflow.domain.runs import Launch
from goflow.executor.kube_events import event_of, is_of
from goflow.kube.api import EVENTS, Json, KubeApi
from goflow.kube.reflector import Change, Reflector

WARNINGS = "type=Warning"
MOST = 10_000
"""Warnings that are held; those of the Job that was heard of first go first."""
MOST_OF_JOB = 2_000
"""Of one Job, which many launches may share."""
WATCH_S = 600
"""Seconds that one watch is asked to stay open. The API server has no cache of events, and sends no bookmarks on their
watches: after a silence of minutes the next one has to begin with a list."""
SILENCE_S = WATCH_S + 30.0
LONGEST_PAUSE_S = 60.0
"""A Role of an older chart does not let events be watched: then they are listed, so often."""
_OURS = re.compile(r"(?P<job>.+-[0-9a-f]{16})(?P<pod>(-\d{1,6})?-[a-z0-9]{5})?")
"""What Jobs are called (`goflow.domain.runs.job_name`), and pods after them, with an index where they have one."""


class Heard:
    """The warnings about Jobs and their pods in NAMESPACES, by Job. Thread-safe."""

    def __init__(self, api: KubeApi, namespaces: Sequence[str]) -> None:
        self._watches = [
            Reflector(
                api,
                EVENTS.format(namespace=namespace),
                "",
                self.take,
                field_selector=WARNINGS,
                watch_s=WATCH_S,
                silence_s=SILENCE_S,
                longest_pause_s=LONGEST_PAUSE_S,
                remembers=_no_more_than_its_name,
            )
            for namespace in namespaces
        ]
        self._lock = threading.Lock()
        self._count = 0
        self._of_jobs: OrderedDict[tuple[str, str], OrderedDict[str, KubeEvent]] = OrderedDict()
        """Namespace and name of a Job to its warnings and its pods', by the uids of the events."""

    def start(self) -> None:
        """Begin to listen."""
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """End."""
        for watch in self._watches:
            watch.stop()

    def of(self, launch: Launch) -> list[KubeEvent]:
        """What was heard of LAUNCH, the oldest first."""
        with self._lock:
            found = list(self._of_jobs.get((launch.namespace, launch.job_name), {}).values())
        return merged(event for event in found if is_of(event, launch))

    def forget(self, launch: Launch) -> None:
        """Nobody will ask for those of LAUNCH any more; what is of others that share its Job stays."""
        with self._lock:
            key = (launch.namespace, launch.job_name)
            of_job = self._of_jobs.get(key, OrderedDict())
            for uid in [uid for uid, event in of_job.items() if launch.job_index is None or is_of(event, launch)]:
                self._drop(of_job, uid)
            if not of_job:
                self._of_jobs.pop(key, None)

    def take(self, change: Change, item: Json) -> None:
        """Hear ITEM, an Event; that Kubernetes has forgotten one changes nothing."""
        about = item.get("involvedObject") or {}
        job = _job_of(str(about.get("kind")), str(about.get("name")))
        if change == "deleted" or job is None:
            return
        metadata = item["metadata"]
        with self._lock:
            of_job = self._of_jobs.setdefault((str(metadata.get("namespace")), job), OrderedDict())
            uid = str(metadata.get("uid"))
            if uid not in of_job:
                self._count += 1
            of_job[uid] = event_of(item)
            if len(of_job) > MOST_OF_JOB:
                self._drop(of_job, next(iter(of_job)))
            while self._count > MOST and len(self._of_jobs) > 1:
                self._count -= len(self._of_jobs.popitem(last=False)[1])

    def _drop(self, of_job: OrderedDict[str, KubeEvent], uid: str) -> None:
        del of_job[uid]
        self._count -= 1


def _job_of(kind: str, name: str) -> str | None:
    """The Job that the object is, or is a pod of by its name; None for what is none of ours."""
    match = _OURS.fullmatch(name)
    return match["job"] if match and kind == ("Pod" if match["pod"] else "Job") else None


def _no_more_than_its_name(item: Json) -> Json:
    metadata = item["metadata"]
    return {"metadata": {name: metadata.get(name) for name in ("name", "namespace", "uid")}}
