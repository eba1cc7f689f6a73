"""The kubernetes backend: one Job per launch, or for the many that share it, watched through its pods and itself."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import structlog

from goflow.executor.answers import QUOTA_PAUSE_S, why_not
from goflow.executor.backend import BackendAwayError, Handle, LaunchRefusedError, Observation, Phase, Sink
from goflow.executor.launch_events import LaunchEvents
from goflow.executor.podless import YOUNG_S, Podless, PodlessJobs
from goflow.executor.pods import (
    DEADLINE_ANNOTATION,
    RESULT_ANNOTATION,
    SKIP_ANNOTATION,
    VERDICT_ANNOTATION,
    VERDICTS,
    Json,
    deleted_pod,
    hangs_on_pod,
    held_of,
    is_over,
    is_parallel,
    judge,
    launch_of_item,
    observe_job,
    observe_pod,
    verdict_of,
    without_pod,
)
from goflow.executor.refusals import Refusals
from goflow.executor.shared_jobs import SharedJob, index_of, key_of
from goflow.executor.unsent import NOTHING, Unsent, has_sidecar, unsent_of
from goflow.kube.api import JOBS, PODS, KubeApi
from goflow.kube.errors import AlreadyExistsError, ConflictError, KubeError, NotFoundError, UnavailableError
from goflow.kube.namespaces import unwatched
from goflow.kube.reflector import Change, Reflector
from goflow.kube.status import QUOTA_EXCEEDED, condition_of
from goflow.operators.cronjob import CRONJOB_LABEL
from goflow.operators.identity import INDEX, PREFIX, SHARED, is_ours, label_value
from goflow.operators.manifest import Site, job_manifest
from goflow.operators.plan import JobPlan, Verdict
from goflow.store.cache import Cache
from goflow.telemetry.waiting import Waits

log = structlog.get_logger(__name__)
T = TypeVar("T")

KEEPS_S = 120.0
"""Seconds that a Job stays after its end is stored, where the settings say nothing else."""
MOST_DELETED = 10_000
"""Launches of which it is remembered that their Job was deleted here."""
LINGER_S = 3600
"""Seconds that a pod may go on when all launches of a shared Job are over: one that nobody wanted any more when it
came, and that never begins, would keep the Job for ever."""
POLL_S = 0.2


class KubernetesBackend:
    """Runs launches as Jobs of INSTALLATION in NAMESPACES; Jobs elsewhere can be made, but only these are watched."""

    name = "kubernetes"

    def __init__(
        self,
        api: KubeApi,
        site: Site,
        *,
        namespaces: Sequence[str],
        installation: str,
        keeps_s: float = KEEPS_S,
        waits: Waits | None = None,
    ) -> None:
        self.api = api
        self.site = site
        self.namespaces = list(dict.fromkeys(namespaces))
        self.installation = installation
        self.keeps_s = keeps_s
        self.events = LaunchEvents(api, self.namespaces)
        selector = f"app.kubernetes.io/managed-by=goflow,app.kubernetes.io/instance={label_value(installation)}"
        selector += f",!{CRONJOB_LABEL}"  # what CronJobs have begun is looked after by others
        self.selector = selector
        self._reflectors: list[Reflector] = []
        self._pods: dict[str, Json] = {}
        self._jobs: dict[str, Json] = {}
        self._shared: dict[str, SharedJob] = {}
        self._orphans: set[str] = set()
        """Launches whose Job was deleted while their pod is still there."""
        self._deleted: Cache[str, bool] = Cache(MOST_DELETED)
        self._refusals = Refusals()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sink: Sink = lambda _: None
        self._podless = PodlessJobs(api, self._without_pods, waits or Waits())

    def start(self, sink: Sink) -> None:
        """Begin to watch pods and Jobs of every namespace; what exists is told first."""
        self._sink = sink
        for namespace in self.namespaces:
            paths = PODS.format(namespace=namespace), JOBS.format(namespace=namespace)
            pods = Reflector(self.api, paths[0], self.selector, self._on_pod, lean=True, remembers=held_of)
            after = partial(self._on_job_after, pods.synced)
            jobs = Reflector(self.api, paths[1], self.selector, after, lean=True)
            self._reflectors += [pods, jobs]
        for reflector in self._reflectors:
            reflector.start()
        self._podless.start(sink)
        self.events.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        self._podless.stop()
        self.events.stop()
        for reflector in self._reflectors:
            reflector.stop()

    def launch(self, plan: JobPlan, token: str) -> None:
        """Create the Job. A Job of that name that says that it is this launch's is ours: success."""
        del token  # attempts prove themselves by their projected service-account token
        if (why := unwatched(plan.namespace, self.namespaces)) is not None:
            raise LaunchRefusedError("NamespaceNotWatched", why)
        if (why := self._podless.crowded(plan.namespace)) is not None:
            raise BackendAwayError(why, QUOTA_PAUSE_S, reason=QUOTA_EXCEEDED, waits="namespace")
        try:
            self.api.create_job(plan.namespace, self.manifest(plan))
        except AlreadyExistsError:
            existing = self._call(lambda: self.api.get_job(plan.namespace, plan.job_name))
            if existing is not None and not is_ours(
                existing["metadata"], plan.launch_id, self.installation, plan.shared_job
            ):
                raise LaunchRefusedError("NameTaken", f"a Job {plan.job_name} that is not ours is there") from None
        except KubeError as problem:
            raise self._refusals.meaning(plan.launch_id, why_not(problem)) from problem

    def watch_age_s(self) -> float:
        """Seconds since the watch that has been silent longest has told anything, bookmarks included."""
        now = time.monotonic()
        return max((now - reflector.heard_at for reflector in self._reflectors), default=0.0)

    def would_refuse(self, plan: JobPlan) -> str | None:
        """Why the API server would not take PLAN's Job, asked by a dry run, of which nothing is kept; None: it would.

        https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
        """
        if (why := unwatched(plan.namespace, self.namespaces)) is not None:
            return why
        try:
            self.api.create_job(plan.namespace, self.manifest(plan), dry_run=True)
        except AlreadyExistsError:
            return None  # an earlier launch of that name: it was taken
        except KubeError as problem:
            return str(problem)
        return None

    def manifest(self, plan: JobPlan) -> Json:
        """The Job for PLAN; its annotations also say whose verdict counts, where that is not the container's, and which
        exit codes mean *skipped*."""
        manifest = job_manifest(plan, self.site)
        said = {} if plan.verdict is Verdict.CONTAINER else {VERDICT_ANNOTATION: plan.verdict.value}
        if plan.active_deadline_s:
            said[DEADLINE_ANNOTATION] = f"{plan.active_deadline_s:g}"
        if plan.skip_exit_codes:
            said[SKIP_ANNOTATION] = ",".join(map(str, plan.skip_exit_codes))
        if plan.result_lines:
            said[RESULT_ANNOTATION] = plan.result_lines
        for metadata in (manifest["metadata"], manifest["spec"]["template"]["metadata"]):
            metadata["annotations"] = {**metadata["annotations"], **said}
        return manifest

    def terminate(self, handle: Handle, grace_s: float) -> None:
        """Delete the Job, so that it makes no more pods, and its pods, which get SIGTERM and GRACE_S seconds (one at
        least: without any the API server forgets them before they have ended). One that others share stays: it makes
        no second pod of an index."""
        if handle.job_index is None:
            self._delete_job(handle)
        known = self.pod_of(handle.launch_id)
        if known is not None:
            pods = [known]
        elif handle.job_index is None and self.ready() is None:
            pods = []  # or one that is about to be seen: it goes with its Job
        else:
            pods = self._pods_of(handle)
        for pod in pods:
            name = pod["metadata"]["name"]
            self._call(partial(self.api.delete_pod, handle.namespace, name, grace_s=max(1, math.ceil(grace_s))))

    def _delete_job(self, handle: Handle) -> None:
        if self._call(lambda: self.api.delete_job(handle.namespace, handle.job_name)) is not None:
            self._deleted.put(handle.launch_id, True)

    def cleanup(self, handle: Handle) -> bool:
        """Remove an ended Job with its pods. One that is its author's now stays, and of one that was deleted here
        nothing does."""
        if not self._deleted.get(handle.launch_id):
            self._remove(handle)
        with self._lock:
            self._pods.pop(handle.launch_id, None)
        return True

    def _remove(self, handle: Handle) -> None:
        """Delete the Job. One that goes on though its launch is over (its container has told its end and is not done
        yet) gets a time to live, which Kubernetes counts from the Job's own end; that is a change beside the deletion,
        and the deletion is one in the foreground, with more requests.
        https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/"""
        with self._lock:
            job = self._job_of(handle.launch_id)
        if job is None:
            job = self._call(lambda: self.api.get_job(handle.namespace, handle.job_name))
        if job is None or verdict_of(job) == Verdict.CREATED:
            return
        if handle.job_index is None and is_over(job):
            with contextlib.suppress(ConflictError):  # by that name there is another now
                uid = job["metadata"].get("uid")
                self._call(lambda: self.api.delete_job(handle.namespace, handle.job_name, uid=uid))
            return
        spec = {"ttlSecondsAfterFinished": int(self.keeps_s)}
        if handle.job_index is not None:
            spec["activeDeadlineSeconds"] = LINGER_S + _age_s(job)
        self._call(lambda: self.api.patch_job(handle.namespace, handle.job_name, {"spec": spec}))

    def present(self) -> Iterable[Observation]:
        """Every launch that has a Job or a pod now."""
        seen: dict[str, Observation] = {}
        for namespace in self.namespaces:
            jobs = self._list(JOBS.format(namespace=namespace))
            pods = self._list(PODS.format(namespace=namespace))
            by_launch = dict(_by_launch(jobs))
            for launch_id, job in by_launch.items():
                verdict = observe_job(job)
                pending = Observation(launch_id=launch_id, phase=Phase.PENDING)
                seen[launch_id] = pending if verdict is None else without_pod(verdict, job)
            for pod in pods:
                found = observe_pod(pod)
                if found is not None:
                    seen[found.launch_id] = judge(found, by_launch.get(found.launch_id))
        return list(seen.values())

    def unsent(self, handle: Handle) -> Unsent:
        """What the sidecars of its pods say; where there is no pod any more, whether its Job had one."""
        with self._lock:
            known = self._pods.get(handle.launch_id)
        if known is not None and not has_sidecar(known):
            return NOTHING
        if known is None:
            pods = self._pods_of(handle)
        else:  # as it is now: the watch may lag behind
            pod = self._call(partial(self.api.get_pod, handle.namespace, known["metadata"]["name"]))
            pods = [] if pod is None else [pod]
        found = [self._call(partial(unsent_of, pod, self.api)) or NOTHING for pod in pods]
        if pods:
            return functools.reduce(Unsent.and_also, found)
        job = known or self._call(lambda: self.api.get_job(handle.namespace, handle.job_name))
        template = (job or {}).get("spec", {}).get("template") or job or {}
        return Unsent(lost="its pod is gone before it was asked") if has_sidecar(template) else NOTHING

    def ready(self) -> str | None:
        """None while every watch works and has told its first list."""
        for reflector in self._reflectors:
            if reflector.trouble:
                return f"the watch of {reflector.path} is broken: {reflector.trouble}"
            if not reflector.synced.is_set():
                return f"the first list of {reflector.path} is not there yet"
        return None

    def pod_of(self, launch_id: str) -> Json | None:
        """The newest pod that the watch has shown for a launch."""
        with self._lock:
            return self._pods.get(launch_id)

    def pods(self) -> list[tuple[str, Json]]:
        """Every launch with the newest pod that the watch has shown for it."""
        with self._lock:
            return list(self._pods.items())

    def _on_pod(self, change: Change, pod: Json) -> None:
        launch_id = launch_of_item(pod)
        if not launch_id or verdict_of(pod) == Verdict.CREATED:
            return
        with self._lock:
            if change == "seen":
                self._pods[launch_id] = held_of(pod)
            else:
                self._pods.pop(launch_id, None)
            orphaned = launch_id in self._orphans
            if change == "deleted":
                self._orphans.discard(launch_id)
            job = self._job_of(launch_id)
        seen = observe_pod(pod) if change == "seen" else deleted_pod(pod)
        if seen is None:
            return
        if orphaned and seen.outcome is not None and seen.outcome.disrupted:
            if change == "deleted":
                self._gone(launch_id)
            return
        self._sink(judge(seen, job))

    def _on_job_after(self, pods_known: threading.Event, change: Change, job: Json) -> None:
        """A Job says nothing before the pods that are there are known: they know exit codes and reasons."""
        while not pods_known.wait(POLL_S):
            if self._stopping.is_set():
                return
        self._on_job(change, job)

    def _on_job(self, change: Change, job: Json) -> None:
        if (shared := SharedJob.of(job)) is not None:
            self._on_shared_job(change, shared)
            return
        launch_id = launch_of_item(job)
        if not launch_id:
            return
        with self._lock:
            pod = None if is_parallel(job) else self._pods.get(launch_id)
            if change == "seen":
                self._jobs[launch_id] = {key: job.get(key) for key in ("metadata", "status")}
            else:
                self._jobs.pop(launch_id, None)
        if change == "deleted":
            self._job_deleted(launch_id, None if pod is None else observe_pod(pod))
        elif (verdict := observe_job(job)) is not None:
            self._job_seen(job, verdict, None if pod is None else observe_pod(pod))

    def _on_shared_job(self, change: Change, shared: SharedJob) -> None:
        """Each of its launches is told what is new to it."""
        with self._lock:
            before = self._shared.pop(shared.key, None)
            if change == "seen":
                self._shared[shared.key] = shared
        news = range(shared.copies) if change == "deleted" else shared.ended
        known = shared.ended if change == "deleted" else frozenset() if before is None else before.ended
        try:
            for index in sorted(set(news) - known):
                launch_id = shared.launch(index)
                pod = self.pod_of(launch_id)
                seen = None if pod is None else observe_pod(pod)
                if change == "deleted":
                    self._job_deleted(launch_id, seen)
                elif (verdict := observe_job(job := shared.seen_by(index))) is not None:
                    self._job_seen(job, verdict, seen)
        except BackendAwayError:
            with self._lock:  # when it is told again, what was not told now is still new
                self._shared.pop(shared.key, None)
            raise

    def _job_of(self, launch_id: str) -> Json | None:
        """What is known of a launch's Job. The lock is held."""
        shared = self._shared.get(key_of(launch_id))
        return self._jobs.get(launch_id) if shared is None else shared.seen_by(index_of(launch_id))

    def _job_deleted(self, launch_id: str, seen: Observation | None) -> None:
        """Somebody has deleted a launch's Job; SEEN of its pod."""
        with self._lock:  # its pod goes on until it is told to stop: it is gone when that is
            if seen is not None and seen.phase is not Phase.ENDED and launch_id in self._pods:
                self._orphans.add(launch_id)
                return
        self._gone(launch_id)

    def _job_seen(self, job: Json, verdict: Observation, seen: Observation | None) -> None:
        """VERDICT is what JOB says beyond SEEN of its pod; a pod that is not there any more may have left its end to
        the Job."""
        told = seen
        if hangs_on_pod(verdict, job) and (seen is None or seen.outcome is None):  # the watch of pods may lag behind
            seen = self._look_at_pod(job, verdict.launch_id)
        news = without_pod(verdict, job) if seen is None else judge(seen, job)
        if news != told:
            self._sink(news)

    def _look_at_pod(self, job: Json, launch_id: str) -> Observation | None:
        """What the pod of a launch says now; None where there is none. Raises BackendAwayError."""
        metadata = job["metadata"]
        index = index_of(launch_id) if SHARED in metadata["labels"] else None
        place = {"job_name": metadata["name"], "namespace": metadata["namespace"]}
        pods = self._pods_of(Handle(launch_id=launch_id, job_index=index, **place))
        return observe_pod(pods[-1]) if pods else None

    def _without_pods(self) -> list[Podless]:
        """The launches whose Job is some seconds old, is not over, and has no pod for them."""
        found: list[Podless] = []
        with self._lock:
            for launch_id, job in self._jobs.items():
                if launch_id not in self._pods and not condition_of(job, *VERDICTS) and _is_grown(job):
                    found.append(_podless(launch_id, job))
            for shared in self._shared.values():
                job = {"metadata": shared.metadata}
                if _is_grown(job):
                    missing = (shared.launch(index) for index in sorted(set(range(shared.copies)) - shared.ended))
                    found += [_podless(launch_id, job) for launch_id in missing if launch_id not in self._pods]
        return found

    def _gone(self, launch_id: str) -> None:
        self._sink(Observation(launch_id=launch_id, phase=Phase.GONE, reason="JobDeleted"))

    def _pods_of(self, handle: Handle) -> list[Json]:
        whose = f"{PREFIX}launch-id={handle.launch_id}"
        if handle.job_index is not None:
            whose = f"{SHARED}={key_of(handle.launch_id)},{INDEX}={handle.job_index}"
        return self._call(lambda: self.api.list_pods(handle.namespace, whose)) or []

    def _list(self, path: str) -> list[Json]:
        answer = self._call(lambda: self.api.request("GET", path, query={"labelSelector": self.selector}))
        return list((answer or {}).get("items") or [])

    def _call(self, call: Callable[[], T]) -> T | None:
        """What CALL gives; None where the object is gone."""
        try:
            return call()
        except NotFoundError:
            return None
        except UnavailableError as problem:
            raise BackendAwayError(str(problem), problem.retry_after_s or 1.0) from problem


def _age_s(job: Json) -> int:
    """Seconds since JOB was made."""
    made = dt.datetime.fromisoformat(job["metadata"]["creationTimestamp"])
    return max(0, math.ceil((dt.datetime.now(dt.UTC) - made).total_seconds()))


def _is_grown(job: Json) -> bool:
    return "creationTimestamp" in job["metadata"] and _age_s(job) > YOUNG_S


def _podless(launch_id: str, job: Json) -> Podless:
    return Podless(launch_id=launch_id, namespace=job["metadata"]["namespace"], job_name=job["metadata"]["name"])


def _by_launch(jobs: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    """Each launch that has one of JOBS, with its Job as it sees it."""
    for job in jobs:
        if (shared := SharedJob.of(job)) is not None:
            yield from ((shared.launch(index), shared.seen_by(index)) for index in range(shared.copies))
        elif launch_id := launch_of_item(job):
            yield launch_id, job
