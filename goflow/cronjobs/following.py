"""Jobs, from the moment they are seen until all of them is stored: held, recorded, stopped, and let go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import structlog

from goflow.cronjobs.jobs import FINALIZER, CronJobRun, PodSeen, of_others, of_ours
from goflow.cronjobs.placing import MANAGER
from goflow.cronjobs.recording import Recorder
from goflow.cronjobs.view import ClusterView
from goflow.domain.errors import NotFoundError
from goflow.kube import errors as kube
from goflow.operators.identity import JOB_OF_POD
from goflow.store import Store, cronjobs

log = structlog.get_logger(__name__)

KEEP_S = 600
"""Seconds that a Job stays after all of it is stored; ``kubectl get jobs`` may still find it."""
STOP_GRACE_S = 30
_GONE = frozenset({404, 409, 422})
Object = dict[str, Any]


class JobApi(Protocol):
    """What is asked of the API server about Jobs (`goflow.kube.api.KubeApi`)."""

    def apply_job(self, namespace: str, name: str, uid: str, fields: Object, manager: str) -> Object:
        """Say FIELDS of a Job, and nothing else."""

    def delete_job(self, namespace: str, name: str, *, grace_s: int | None = None) -> Object:
        """Delete it."""

    def list_pods(self, namespace: str, label_selector: str) -> list[Object]:
        """The pods that LABEL_SELECTOR picks."""

    def delete_pod(self, namespace: str, name: str, *, grace_s: int | None = None) -> None:
        """Delete a pod."""


class Jobs:
    """Follows the Jobs that CronJobs of INSTALLATION have made, and those of watched ones. Nothing is done to the
    latter."""

    def __init__(self, api: JobApi, store: Store, recorder: Recorder, installation: str) -> None:
        self._api = api
        self._store = store
        self._recorder = recorder
        self._installation = installation
        self._stopped: set[str] = set()
        self._unknown: set[str] = set()
        self._listed: dict[str, dict[str, PodSeen]] = {}
        """Of Jobs that are over and are not recorded to their end: all pods that there are, by their uids."""
        self._running: dict[str, tuple[str, Object]] = {}
        """By the Job's uid; never changed, only replaced: other threads read it."""

    def take(self, view: ClusterView, watched: Mapping[str, tuple[str, str]]) -> bool:
        """Take what has changed in VIEW; whether there is something to be looked at again soon. WATCHED: the uid of
        each watched CronJob to its name and its DAG. Raises UnavailableError, NotLeadingError and DatabaseBusyError,
        and then what was not taken is told again."""
        again = False
        changed = view.changed()
        for uid in list(changed):
            job, pods, gone = changed[uid]
            run = of_ours(job, self._installation) or of_others(job, watched)
            if run is None:
                view.forget(uid)
                changed.pop(uid)
                continue
            try:
                done = self._gone(run, pods) if gone else self._take(run, pods)
            except NotFoundError as problem:
                self._tell_unknown(run, problem)
            except BaseException:
                for other in changed:
                    view.again(other)
                raise
            else:
                if not done:
                    view.again(uid)
                    again = again or run.verdict is not None or run.is_being_deleted
            changed.pop(uid)
            view.forget(uid)
        return again

    def waits_for_dags(self) -> bool:
        """Whether there were Jobs of DAGs that nobody knew, and that may be known by now; asked once."""
        found = bool(self._unknown)
        self._unknown.clear()
        return found

    def pods(self) -> list[tuple[str, Object]]:
        """The launches that run, each with its pod; any thread may ask."""
        return list(self._running.values())

    def moments(self, view: ClusterView, watched: Mapping[str, tuple[str, str]]) -> dict[str, set[dt.datetime]]:
        """For each DAG the moments for which there are Jobs."""
        found: dict[str, set[dt.datetime]] = {}
        for job in view.jobs():
            run = of_ours(job, self._installation) or of_others(job, watched)
            if run is not None and run.scheduled_at is not None:
                found.setdefault(run.dag_id, set()).add(run.scheduled_at)
        return found

    def _take(self, run: CronJobRun, pods: Sequence[PodSeen]) -> bool:
        """Whether nothing of it needs to be looked at before something changes."""
        with self._store.reading() as tx:
            known = cronjobs.job(tx, run.uid)
        is_recorded = known is not None and known.recorded_at is not None
        if run.placed and not is_recorded and not run.is_held and not run.is_being_deleted:
            self._say(run, {"metadata": {"finalizers": [FINALIZER]}})
        if is_recorded:
            self._let_go(run)
            return True
        if run.verdict is not None:
            pods = self._with_all(run, pods)
        progress = self._recorder.take(run, pods)
        self._running = {uid: one for uid, one in self._running.items() if uid != run.uid}
        if progress.running is not None:
            self._running = {**self._running, run.uid: progress.running}
        if progress.done:
            self._let_go(run)
        elif run.placed and (progress.stop or run.is_being_deleted):
            self._stop(run, pods)
        return progress.done or (run.verdict is None and not run.is_being_deleted)

    def _with_all(self, run: CronJobRun, pods: Sequence[PodSeen]) -> list[PodSeen]:
        """PODS, and what the watch has not told of them yet when it tells that the Job is over: how the last has ended,
        or that there was another one."""
        if run.uid not in self._listed:
            found = self._api.list_pods(run.namespace, f"{JOB_OF_POD}={run.uid}")
            self._listed[run.uid] = {pod.uid: pod for pod in map(PodSeen, found)}
        return list({**{pod.uid: pod for pod in pods}, **self._listed[run.uid]}.values())

    def _gone(self, run: CronJobRun, pods: Sequence[PodSeen]) -> bool:
        """It is not there any more: what was seen of it last is all that there will be."""
        self._running = {uid: one for uid, one in self._running.items() if uid != run.uid}
        self._listed.pop(run.uid, None)
        if not self._recorder.take(run, pods).done:
            with self._store.reading() as tx:
                known = cronjobs.job(tx, run.uid)
            if known is not None:
                self._recorder.lose(known)
        with self._store.transaction() as tx:
            cronjobs.forget_jobs(tx, [run.uid])
        return True

    def _stop(self, run: CronJobRun, pods: Sequence[PodSeen]) -> None:
        """A person wants it to end, or has deleted it; its finalizer keeps Kubernetes from ending its pods itself."""
        if run.uid not in self._stopped and not run.is_being_deleted:
            self._quietly(lambda: self._api.delete_job(run.namespace, run.name))
        for pod in pods:
            if not pod.has_ended and pod.uid not in self._stopped:
                name = pod.item["metadata"]["name"]
                self._quietly(partial(self._api.delete_pod, run.namespace, name, grace_s=STOP_GRACE_S))
                self._stopped.add(pod.uid)
        self._stopped.add(run.uid)

    def _let_go(self, run: CronJobRun) -> None:
        """All of it is stored: Kubernetes may remove it, and does so after a while."""
        if run.placed and (run.is_held or "ttlSecondsAfterFinished" not in run.job["spec"]):
            self._say(run, {"spec": {"ttlSecondsAfterFinished": KEEP_S}})
        self._stopped.discard(run.uid)
        self._listed.pop(run.uid, None)

    def _say(self, run: CronJobRun, fields: Object) -> None:
        self._quietly(lambda: self._api.apply_job(run.namespace, run.name, run.uid, fields, MANAGER))

    @staticmethod
    def _quietly(call: Callable[[], object]) -> None:
        """CALL, unless the object is gone, is another one by now (422: another uid), or goes at this moment (422: it
        takes no more finalizers)."""
        try:
            call()
        except kube.KubeError as problem:
            if problem.status not in _GONE:
                raise
            log.debug("it is gone", problem=str(problem))

    def _tell_unknown(self, run: CronJobRun, problem: NotFoundError) -> None:
        if run.dag_id not in self._unknown:
            self._unknown.add(run.dag_id)
            log.warning("a Job of a DAG that nobody knows is left as it is", job=run.name, problem=str(problem))

    def reconcile(self, view: ClusterView) -> None:
        """Jobs that were there when a daemon looked last, and are not: what is not stored of them is lost."""
        with self._store.reading() as tx:
            known = cronjobs.jobs(tx)
        gone = [job for job in known if not view.has(job.uid)]
        for job in gone:
            if job.recorded_at is None:
                self._recorder.lose(job)
        with self._store.transaction() as tx:
            cronjobs.forget_jobs(tx, [job.uid for job in gone])
