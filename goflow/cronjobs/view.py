"""What is there of CronJobs, their Jobs and the pods of those, as far as the watches have told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from goflow.cronjobs.jobs import PodSeen
from goflow.kube.api import CRONJOBS, JOBS, PODS, KubeApi
from goflow.kube.reflector import Change, Handler, Reflector
from goflow.operators.cronjob import selector_of
from goflow.operators.identity import JOB_OF_POD

Object = dict[str, Any]
OTHERS = "app.kubernetes.io/managed-by!=goflow"
"""Jobs that GoFlow has nothing to do with; those of watched CronJobs are among them."""
_OF_ANY_JOB = f"batch.kubernetes.io/job-name,{OTHERS}"


class ClusterView:
    """Watches NAMESPACES through API. WAKE is called when something has changed. Jobs and pods are watched from when
    somebody asks for them on: those of INSTALLATION's CronJobs, and those of others."""

    def __init__(self, api: KubeApi, namespaces: Sequence[str], installation: str, wake: Callable[[], None]) -> None:
        self._api = api
        self._namespaces = namespaces
        self._selectors = {
            True: (selector_of(installation), selector_of(installation)),
            False: (OTHERS, _OF_ANY_JOB),
        }
        self._wake = wake
        self._lock = threading.Lock()
        self._cronjobs: dict[tuple[str, str], Object] = {}
        self._jobs: dict[str, Object] = {}
        self._gone: set[str] = set()
        self._pods: dict[str, dict[str, PodSeen]] = {}
        self._changed: set[str] = set()
        self._of_cronjobs = [self._reflector(CRONJOBS, name, "", self._on_cronjob) for name in namespaces]
        self._of_jobs: dict[bool, list[Reflector]] = {}
        for reflector in self._of_cronjobs:
            reflector.start()

    def _reflector(self, path: str, namespace: str, selector: str, handler: Handler) -> Reflector:
        return Reflector(self._api, path.format(namespace=namespace), selector, handler)

    def look_at_jobs(self, *, placed: bool) -> None:
        """Watch Jobs and pods of CronJobs that GoFlow has placed, or of others; asking again does nothing."""
        if placed in self._of_jobs:
            return
        of_jobs, of_pods = self._selectors[placed]
        self._of_jobs[placed] = [
            reflector
            for name in self._namespaces
            for reflector in (
                self._reflector(PODS, name, of_pods, self._on_pod),
                self._reflector(JOBS, name, of_jobs, self._on_job),
            )
        ]
        for reflector in self._of_jobs[placed]:
            reflector.start()

    def stop(self) -> None:
        """Watch no more."""
        for reflector in self._all():
            reflector.stop()

    def _all(self) -> list[Reflector]:
        return [*self._of_cronjobs, *(one for some in self._of_jobs.values() for one in some)]

    def trouble(self) -> str | None:
        """Why what is seen may be old; None while all watches work."""
        return next((f"{one.path}: {one.trouble}" for one in self._all() if one.trouble), None)

    def has_cronjobs(self) -> bool:
        """Whether all CronJobs that there are have been told."""
        return all(one.synced.is_set() for one in self._of_cronjobs)

    def has_jobs(self) -> bool:
        """The same for Jobs and pods, as far as they are watched."""
        return all(one.synced.is_set() for some in self._of_jobs.values() for one in some)

    # What there is -----------------------------------------------------------------------------------------------

    def cronjobs(self) -> dict[tuple[str, str], Object]:
        """Every CronJob by namespace and name."""
        with self._lock:
            return dict(self._cronjobs)

    def note(self, cronjob: Object) -> None:
        """The API server has answered with CRONJOB, which the watch tells later."""
        self._on_cronjob("seen", cronjob)

    def drop(self, namespace: str, name: str) -> None:
        """That CronJob was deleted."""
        with self._lock:
            self._cronjobs.pop((namespace, name), None)

    def changed(self) -> dict[str, tuple[Object, list[PodSeen], bool]]:
        """The Jobs of which something has changed since this was asked last, by their uids: each with its pods, and
        whether it is gone."""
        with self._lock:
            uids, self._changed = self._changed, set()
            return {
                uid: (self._jobs[uid], list(self._pods.get(uid, {}).values()), uid in self._gone)
                for uid in uids
                if uid in self._jobs
            }

    def jobs(self) -> list[Object]:
        """Every Job that is there."""
        with self._lock:
            return [job for uid, job in self._jobs.items() if uid not in self._gone]

    def all_again(self) -> None:
        """Tell all Jobs once more."""
        with self._lock:
            self._changed.update(self._jobs)

    def again(self, uid: str) -> None:
        """Tell that Job once more."""
        with self._lock:
            self._changed.add(uid)

    def has(self, uid: str) -> bool:
        """Whether that Job is there."""
        with self._lock:
            return uid in self._jobs and uid not in self._gone

    def forget(self, uid: str) -> None:
        """Nothing more is asked about a Job that is gone."""
        with self._lock:
            if uid in self._gone:
                self._gone.discard(uid)
                self._jobs.pop(uid, None)
                self._pods.pop(uid, None)

    # What the watches tell ---------------------------------------------------------------------------------------

    def _on_cronjob(self, change: Change, item: Object) -> None:
        metadata = item["metadata"]
        key = metadata["namespace"], metadata["name"]
        with self._lock:
            known = self._cronjobs.get(key)
            if known is not None and _version(item) < _version(known):
                return  # older than what the API server has answered meanwhile
            if change == "seen":
                self._cronjobs[key] = item
            elif known is not None and known["metadata"]["uid"] == metadata["uid"]:
                del self._cronjobs[key]
        self._wake()

    def _on_job(self, change: Change, item: Object) -> None:
        uid = item["metadata"]["uid"]
        with self._lock:
            self._jobs[uid] = item
            if change == "deleted":
                self._gone.add(uid)
            self._changed.add(uid)
        self._wake()

    def _on_pod(self, change: Change, item: Object) -> None:
        uid = (item["metadata"].get("labels") or {}).get(JOB_OF_POD)
        if not uid:
            return
        with self._lock:
            pod = PodSeen(item, gone=change == "deleted")
            self._pods.setdefault(uid, {})[pod.uid] = pod
            if uid not in self._jobs and change == "deleted":
                del self._pods[uid][pod.uid]  # of a Job that is gone
                if not self._pods[uid]:
                    del self._pods[uid]
            self._changed.add(uid)
        self._wake()


def _version(item: Object) -> int:
    text = str(item["metadata"].get("resourceVersion") or "0")
    return int(text) if text.isdecimal() else 0
