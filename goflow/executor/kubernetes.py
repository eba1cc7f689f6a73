"""The kubernetes backend: one Job per launch, watched through its pods and itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import structlog

from goflow.executor.backend import BackendAwayError, Handle, LaunchRefusedError, Observation, Phase, Sink
from goflow.executor.pods import (
    SKIP_ANNOTATION,
    VERDICT_ANNOTATION,
    Json,
    deleted_pod,
    is_parallel,
    observe_job,
    observe_pod,
)
from goflow.kube.api import JOBS, PODS, KubeApi
from goflow.kube.errors import AlreadyExistsError, ForbiddenError, KubeError, NotFoundError, UnavailableError
from goflow.kube.reflector import Change, Reflector
from goflow.operators.identity import PREFIX, is_ours, label_value
from goflow.operators.manifest import Site, job_manifest
from goflow.operators.plan import JobPlan

log = structlog.get_logger(__name__)
T = TypeVar("T")

CLEAN_TTL_S = 30
"""Seconds that a Job stays after its end and its log are stored; ``kubectl get jobs`` may still find it."""


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
        clean_ttl_s: int = CLEAN_TTL_S,
    ) -> None:
        self.api = api
        self.site = site
        self.namespaces = list(dict.fromkeys(namespaces))
        self.installation = installation
        self.clean_ttl_s = clean_ttl_s
        selector = f"app.kubernetes.io/managed-by=goflow,app.kubernetes.io/instance={label_value(installation)}"
        self.selector = selector
        self._reflectors: list[Reflector] = []
        self._pods: dict[str, Json] = {}
        self._lock = threading.Lock()
        self._sink: Sink = lambda _: None

    def start(self, sink: Sink) -> None:
        """Begin to watch pods and Jobs of every namespace; what exists is told first."""
        self._sink = sink
        for namespace in self.namespaces:
            self._reflectors += [
                Reflector(self.api, PODS.format(namespace=namespace), self.selector, self._on_pod),
                Reflector(self.api, JOBS.format(namespace=namespace), self.selector, self._on_job),
            ]
        for reflector in self._reflectors:
            reflector.start()

    def stop(self) -> None:
        """Stop watching."""
        for reflector in self._reflectors:
            reflector.stop()

    def launch(self, plan: JobPlan, token: str) -> None:
        """Create the Job. A Job of that name that carries this launch's annotations is ours: success."""
        del token  # attempts prove themselves by their projected service-account token
        if plan.namespace not in self.namespaces:
            raise LaunchRefusedError(
                "NamespaceNotWatched",
                f"namespace {plan.namespace!r} is not among those that this daemon watches"
                f" ({', '.join(self.namespaces)}): add it to the setting job_namespaces",
            )
        try:
            self.api.create_job(plan.namespace, self.manifest(plan))
        except AlreadyExistsError:
            existing = self._call(lambda: self.api.get_job(plan.namespace, plan.job_name))
            if existing is not None and not is_ours(
                existing["metadata"].get("annotations"), plan.launch_id, self.installation
            ):
                raise LaunchRefusedError("NameTaken", f"a Job {plan.job_name} that is not ours is there") from None
        except UnavailableError as problem:
            raise BackendAwayError(str(problem), problem.retry_after_s or 1.0) from problem
        except KubeError as problem:
            if isinstance(problem, ForbiddenError) and "exceeded quota" in problem.message:
                raise BackendAwayError(str(problem), 5.0) from problem
            raise LaunchRefusedError(problem.reason or str(problem.status), problem.message) from problem

    def manifest(self, plan: JobPlan) -> Json:
        """The Job for PLAN; its annotations also say whose verdict counts, and which exit codes mean *skipped*."""
        manifest = job_manifest(plan, self.site)
        said = {VERDICT_ANNOTATION: plan.verdict.value}
        if plan.skip_exit_codes:
            said[SKIP_ANNOTATION] = ",".join(map(str, plan.skip_exit_codes))
        for metadata in (manifest["metadata"], manifest["spec"]["template"]["metadata"]):
            metadata["annotations"] = {**metadata["annotations"], **said}
        return manifest

    def terminate(self, handle: Handle, grace_s: float) -> None:
        """Delete the Job and its pods, which get SIGTERM and GRACE_S seconds."""
        for pod in self._pods_of(handle):
            name = pod["metadata"]["name"]
            self._call(partial(self.api.delete_pod, handle.namespace, name, grace_s=int(grace_s)))
        self._call(lambda: self.api.delete_job(handle.namespace, handle.job_name))

    def cleanup(self, handle: Handle) -> None:
        """Set the TTL of an ended Job: Kubernetes removes it with its pods."""
        patch = {"spec": {"ttlSecondsAfterFinished": self.clean_ttl_s}}
        self._call(lambda: self.api.patch_job(handle.namespace, handle.job_name, patch))
        with self._lock:
            self._pods.pop(handle.launch_id, None)

    def present(self) -> Iterable[Observation]:
        """Every launch that has a Job or a pod now."""
        seen: dict[str, Observation] = {}
        for namespace in self.namespaces:
            jobs = self._list(JOBS.format(namespace=namespace))
            pods = self._list(PODS.format(namespace=namespace))
            for job in jobs:
                launch_id = (job["metadata"].get("labels") or {}).get(f"{PREFIX}launch-id")
                if launch_id:
                    verdict = observe_job(job)
                    seen[launch_id] = verdict or Observation(launch_id=launch_id, phase=Phase.PENDING)
            for pod in pods:
                found = observe_pod(pod)
                if found is not None and (found.launch_id not in seen or found.phase is not Phase.PENDING):
                    seen[found.launch_id] = found
        return list(seen.values())

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

    def _on_pod(self, change: Change, pod: Json) -> None:
        seen = observe_pod(pod) if change == "seen" else deleted_pod(pod)
        launch_id = (pod["metadata"].get("labels") or {}).get(f"{PREFIX}launch-id")
        if launch_id:
            with self._lock:
                if change == "seen":
                    self._pods[launch_id] = pod
                else:
                    self._pods.pop(launch_id, None)
        if seen is not None:
            self._sink(seen)

    def _on_job(self, change: Change, job: Json) -> None:
        if change == "deleted":
            launch_id = (job["metadata"].get("labels") or {}).get(f"{PREFIX}launch-id")
            if launch_id:
                self._sink(Observation(launch_id=launch_id, phase=Phase.GONE, reason="JobDeleted"))
            return
        verdict = observe_job(job)
        if verdict is not None and (is_parallel(job) or self.pod_of(verdict.launch_id) is None):
            self._sink(verdict)

    def _pods_of(self, handle: Handle) -> list[Json]:
        found = self._call(lambda: self.api.list_pods(handle.namespace, f"{PREFIX}launch-id={handle.launch_id}"))
        return found or []

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
