"""What a Job of a CronJob and its pods tell: pure functions over their JSON.

A pod is an attempt: Kubernetes makes another one where one has failed. An end is final when the pod has ended well, or
when the Job will have no other one.
https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.kube.status import condition_of, container_status, final_condition, in_words, moment, why_pending
from goflow.operators.cronjob import CRONJOB_LABEL
from goflow.operators.identity import PREFIX
from goflow.operators.manifest import main_container

Json = dict[str, Any]
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
"""Annotation of the moment for which the CronJob controller made a Job (since Kubernetes 1.28)."""
VERSION = f"{PREFIX}dag-version"
"""Annotation with the number of the version of the DAG's file that a Job was made from."""
FINALIZER = "goflow.io/recorded"
"""On Jobs of CronJobs that GoFlow has placed: they stay until all that there is to know of them is stored."""
_ENDED = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CronJobRun:
    """One JOB as a run of DAG_ID. PLACED: its CronJob is GoFlow's. SCHEDULED_AT: the moment for which it was made;
    None: somebody has made it by hand."""

    job: Mapping[str, Any]
    uid: str
    namespace: str
    name: str
    cronjob: str
    dag_id: str
    placed: bool
    created_at: dt.datetime
    scheduled_at: dt.datetime | None
    version: int | None = None
    """The number of the DAG's version that it was made from, where it says so."""

    @property
    def started_at(self) -> dt.datetime:
        """When the Job controller took it up."""
        return moment((self.job.get("status") or {}).get("startTime")) or self.created_at

    @property
    def is_held(self) -> bool:
        """Whether it has GoFlow's finalizer."""
        return FINALIZER in (self.job["metadata"].get("finalizers") or [])

    @property
    def is_being_deleted(self) -> bool:
        """Whether somebody has deleted it: it is there only for its finalizers."""
        return bool(self.job["metadata"].get("deletionTimestamp"))

    @property
    def verdict(self) -> Json | None:
        """The condition by which it will have no other pod; None while it may have."""
        return final_condition(dict(self.job))

    def launch_id(self, number: int) -> str:
        """The id of its attempt NUMBER: the same whoever works it out, and in the day on which the Job was made."""
        millis = int(self.created_at.timestamp() * 1000)
        return f"{millis:012x}{number:04x}{hashlib.sha256(self.uid.encode()).hexdigest()[:16]}"


def of_ours(job: Json, installation: str) -> CronJobRun | None:
    """JOB as a run, where a CronJob has made it that INSTALLATION has placed; None for any other."""
    metadata = job["metadata"]
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    dag_id = annotations.get(f"{PREFIX}dag-id")
    if CRONJOB_LABEL not in labels or not dag_id or annotations.get(f"{PREFIX}installation") != installation:
        return None
    return _run(job, labels[CRONJOB_LABEL], str(dag_id), placed=True)


def of_others(job: Json, watched: Mapping[str, tuple[str, str]]) -> CronJobRun | None:
    """JOB as a run, where a CronJob has made it that is WATCHED (its uid to its name and its DAG)."""
    for owner in job["metadata"].get("ownerReferences") or []:
        found = watched.get(str(owner.get("uid"))) if owner.get("controller") else None
        if found is not None:
            return _run(job, *found, placed=False)
    return None


def _run(job: Json, cronjob: str, dag_id: str, *, placed: bool) -> CronJobRun:
    metadata = job["metadata"]
    annotations = metadata.get("annotations") or {}
    version = str(annotations.get(VERSION) or "")
    return CronJobRun(
        job=job,
        uid=metadata["uid"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        cronjob=cronjob,
        dag_id=dag_id,
        placed=placed,
        created_at=moment(metadata["creationTimestamp"]) or dt.datetime.now(dt.UTC),
        scheduled_at=moment(annotations.get(SCHEDULED_AT)),
        version=int(version) if version.isdecimal() else None,
    )


@dataclass(slots=True)
class PodSeen:
    """A pod as it was seen last. GONE: it is there no longer."""

    item: Json
    gone: bool = False
    started_at: dt.datetime | None = field(init=False)
    """When its main container has begun; None: it has not."""

    def __post_init__(self) -> None:
        state = (container_status(self.status, self.container) or {}).get("state") or {}
        begun = state.get("running") or state.get("terminated") or {}
        self.started_at = moment(begun.get("startedAt"))

    @property
    def uid(self) -> str:
        """Its id."""
        return str(self.item["metadata"]["uid"])

    @property
    def status(self) -> Json:
        """Its status."""
        return self.item.get("status") or {}

    @property
    def container(self) -> str:
        """The container that is the task."""
        return main_container(self.item)

    @property
    def age_key(self) -> tuple[str, str]:
        """What pods of a Job are put in order by: the first that was made first."""
        return str(self.item["metadata"]["creationTimestamp"]), str(self.item["metadata"]["name"])

    def why_pending(self) -> tuple[str, str]:
        """Why it has not begun, as a reason and in words."""
        return why_pending(self.item)

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.gone or self.status.get("phase") in _ENDED

    def outcome(self) -> Outcome | None:
        """How it ended; None while it has not."""
        if not self.has_ended:
            return None
        main = container_status(self.status, self.container) or {}
        ended = (main.get("state") or {}).get("terminated") or {}
        code, at = ended.get("exitCode"), moment(ended.get("finishedAt"))
        if self.status.get("phase") == "Succeeded":
            return Outcome(state=TaskState.SUCCESS, exit_code=code, at=at)
        reason = str(ended.get("reason") or self.status.get("reason") or "Failed")
        words = str(self.status.get("message") or "") or in_words(reason, code)
        if disruption := self._disruption(at):
            reason, words = "Disrupted", disruption
        return Outcome(state=TaskState.FAILED, exit_code=code, reason=reason, message=words, at=at)

    def _disruption(self, ended_at: dt.datetime | None) -> str:
        """Why it was taken away before it had ended by itself; empty when it was not."""
        if target := condition_of(self.item, "DisruptionTarget"):
            return f"{target.get('reason')}: {target.get('message')}"
        return "its pod was deleted" if self.gone and ended_at is None else ""


def verdict_outcome(run: CronJobRun, last: Outcome | None) -> Outcome | None:
    """How the Job has ended, with what its LAST pod knows of it; None while it has not."""
    verdict = run.verdict
    if verdict is None:
        return None
    status = run.job.get("status") or {}
    at = moment(status.get("completionTime")) or moment(verdict.get("lastTransitionTime"))
    if verdict["type"] == "Complete":
        code = last.exit_code if last is not None and last.state is TaskState.SUCCESS else None
        ended = last.at if last is not None and last.state is TaskState.SUCCESS else None
        return Outcome(state=TaskState.SUCCESS, exit_code=code, at=ended or at)
    reason, words = str(verdict.get("reason") or "Failed"), str(verdict.get("message") or "")
    if reason == "DeadlineExceeded":
        return Outcome(state=TaskState.FAILED, reason="Timeout", message=words, at=at)
    if last is not None and last.state is TaskState.FAILED:
        return dataclasses.replace(last, at=last.at or at)
    return Outcome(state=TaskState.FAILED, reason=reason, message=words, at=at)
