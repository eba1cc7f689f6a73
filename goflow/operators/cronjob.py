"""A native DAG of one command as a CronJob: the Job that GoFlow would make for it, as the template of Kubernetes' own.

What differs from GoFlow's own Job: nothing in it names a run, Kubernetes makes further attempts itself, a pod that was
evicted or deleted is replaced and counts as no attempt, and the time for a whole run is the Job's.
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from goflow.domain.cronjobs import forbids_overlap
from goflow.domain.runs import DagRun, Launch, TaskInstance
from goflow.domain.spec import DagSpec
from goflow.domain.state import LaunchState, RunState, RunType
from goflow.operators import native
from goflow.operators.identity import PREFIX, label_value
from goflow.operators.manifest import Site, job_manifest
from goflow.operators.plan import JobPlan
from goflow.operators.request import Defaults, PlanRequest

Json = dict[str, Any]
CRONJOB_LABEL = f"{PREFIX}cronjob"
"""On the CronJob, its Jobs and their pods: the CronJob's name."""
JOBS_KEPT = 10_000
"""How many Jobs that have ended Kubernetes keeps. GoFlow removes each once all of it is stored; so many may run while
no daemon is there, and nothing of them is lost."""
LONGEST_NAME = 52
"""Characters of a CronJob's name: its Jobs' names are eleven longer."""
_OF_A_RUN = frozenset(
    f"{PREFIX}{name}" for name in ("run-id", "try-number", "launch-id", "launch-ordinal", "map-index")
)
_UNSAFE = re.compile(r"[^a-z0-9-]+")
_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def cronjob_name(dag_id: str) -> str:
    """The name of DAG_ID's CronJob: the id itself where Kubernetes takes it, else its words and a part of a hash."""
    words = _UNSAFE.sub("-", dag_id.lower()).strip("-")
    if words == dag_id and len(words) <= LONGEST_NAME:
        return words
    tail = hashlib.sha256(dag_id.encode()).hexdigest()[:8]
    return f"{words[: LONGEST_NAME - 9].rstrip('-') or 'dag'}-{tail}"


def cronjob_manifest(spec: DagSpec, defaults: Defaults, site: Site, *, suspended: bool) -> Json:
    """The CronJob for SPEC, which `goflow.domain.cronjobs.obstacles` has nothing against."""
    name = cronjob_name(spec.dag_id)
    plan = native.plan(_request(spec, defaults))
    job = job_manifest(plan, site)
    namespace = job["metadata"]["namespace"]
    metadata = _without_a_run(job["metadata"], plan, name)
    template = job["spec"]["template"]
    own = _without_a_run(template["metadata"], plan, name)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "goflow", **_identity(metadata["labels"])},
            "annotations": _identity(metadata["annotations"]),
        },
        "spec": {
            "schedule": spec.schedule.crons[0],
            "timeZone": spec.schedule.timezone,
            "concurrencyPolicy": "Forbid" if forbids_overlap(spec) else "Allow",
            "suspend": suspended,
            "successfulJobsHistoryLimit": JOBS_KEPT,
            "failedJobsHistoryLimit": JOBS_KEPT,
            "jobTemplate": {
                "metadata": metadata,
                "spec": {**_job_spec(spec, job["spec"]), "template": {**template, "metadata": own}},
            },
        },
    }


def _request(spec: DagSpec, defaults: Defaults) -> PlanRequest:
    """What a conversion is asked with, of no run in particular."""
    task = spec.tasks[0]
    run = DagRun(
        id=0,
        dag_id=spec.dag_id,
        run_id="",
        run_type=RunType.SCHEDULED,
        state=RunState.QUEUED,
        version_id=0,
        reading_id=0,
        logical_date=None,
        data_interval_start=None,
        data_interval_end=None,
        run_after=_NEVER,
    )
    instance = TaskInstance(id=0, dag_run_id=0, dag_id=spec.dag_id, run_id="", task_id=task.task_id)
    launch = Launch(
        id="", task_instance_id=0, try_number=1, ordinal=1, state=LaunchState.PLANNED, backend=defaults.backend
    )
    return PlanRequest(dag=spec, task=task, run=run, instance=instance, launch=launch, defaults=defaults)


def _without_a_run(metadata: Json, plan: JobPlan, name: str) -> Json:
    """METADATA of GoFlow's own Job for any run of PLAN, with whose it is in full. (Its selectors leave out what has the
    label of a CronJob.)"""
    said = {**metadata["annotations"], **_identity(plan.annotations)}
    labels = {key: value for key, value in metadata["labels"].items() if key not in _OF_A_RUN}
    annotations = {key: value for key, value in said.items() if key not in _OF_A_RUN}
    return {"labels": {**labels, CRONJOB_LABEL: name}, "annotations": annotations}


def _identity(values: Mapping[str, str]) -> dict[str, str]:
    """Those of labels or annotations that say what the CronJob is; the author's own are on Job and pod."""
    return {key: value for key, value in values.items() if key.startswith((PREFIX, "app.kubernetes.io/"))}


def _job_spec(spec: DagSpec, made: Json) -> Json:
    job = {key: value for key, value in made.items() if key != "template"}
    if job.get("podFailurePolicy"):
        job["backoffLimit"] = spec.tasks[0].retries
        on_disruption = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
        job["podFailurePolicy"] = {"rules": [on_disruption]}
    elif spec.tasks[0].retries:
        job["backoffLimit"] = spec.tasks[0].retries
    limits = [int(limit) for limit in (job.get("activeDeadlineSeconds"), spec.dagrun_timeout) if limit]
    return {**job, "activeDeadlineSeconds": min(limits)} if limits else job


def selector_of(installation: str) -> str:
    """The label selector of Jobs and pods that CronJobs of that INSTALLATION have made."""
    return f"{CRONJOB_LABEL},app.kubernetes.io/managed-by=goflow,app.kubernetes.io/instance={label_value(installation)}"
