"""KubernetesJobOperator: the author's own Job, with as many pods as it wants.

Fields and defaults are those of ``airflow.providers.cncf.kubernetes.operators.job.KubernetesJobOperator``, whose pod is
KubernetesPodOperator's. Where it does not wait (the default), the task's end is that the Job is there; the Job then
belongs to the author, who gives it a TTL or deletes it. Where it waits, the Job's own condition is the task's end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from goflow.domain.spec import TaskSpec
from goflow.operators import pod
from goflow.operators.objects import manifest_of
from goflow.operators.plan import JobPlan, NotConvertibleError, Verdict
from goflow.operators.pod_template import merged_metadata, merged_specs
from goflow.operators.request import PlanRequest
from goflow.operators.values import time_limit, values_of

PATHS = frozenset({"airflow.providers.cncf.kubernetes.operators.job.KubernetesJobOperator"})
_JOB_FIELDS = {
    "active_deadline_seconds": "activeDeadlineSeconds",
    "backoff_limit": "backoffLimit",
    "completion_mode": "completionMode",
    "completions": "completions",
    "manual_selector": "manualSelector",
    "selector": "selector",
    "suspend": "suspend",
    "ttl_seconds_after_finished": "ttlSecondsAfterFinished",
}


def trouble(task: TaskSpec) -> str:
    """Why TASK's Job cannot be made, as far as the file says; empty where it can."""
    given = {**task.arguments, **task.fields}
    numbers = [given.get(name) for name in ("parallelism", "completions")]
    several = any(isinstance(number, int) and number > 1 for number in numbers)
    if task.do_xcom_push and several and given.get("wait_until_job_complete"):
        return "results (do_xcom_push) of a Job with several pods are not carried out yet"
    return ""


def plan(request: PlanRequest) -> JobPlan:
    """The operator's Job as a plan. Raises NotConvertibleError for what is not carried out."""
    if reason := trouble(request.task):
        raise NotConvertibleError(request.task.operator, reason)
    values = values_of(request)
    template = _template(request, values)
    waits = bool(values.get("wait_until_job_complete"))
    given = (template.get("spec") or {}).get("template") or {}
    if given:  # the Job's own template lies below what the operator says of the pod
        own = dict(request.task.arguments)
        below = pod.as_template(own.get("pod_template_dict"), given)
        request = dataclasses.replace(
            request, task=dataclasses.replace(request.task, arguments={**own, "pod_template_dict": below})
        )
    made = pod.plan(request)
    parallelism = values.get("parallelism")
    job = {
        **{name: value for name, value in (template.get("spec") or {}).items() if name != "template"},
        "parallelism": 1 if parallelism is None else int(parallelism),
        **{theirs: manifest_of(values[ours]) for ours, theirs in _JOB_FIELDS.items() if values.get(ours) is not None},
    }
    if waits and job["parallelism"] < 1:
        words = "parallelism cannot be less than 1 with wait_until_job_complete=True"
        raise NotConvertibleError(request.task.operator, words)
    metadata = template.get("metadata") or {}
    return dataclasses.replace(
        made,
        verdict=Verdict.JOB if waits else Verdict.CREATED,
        job=job,
        labels={**pod.texts(metadata.get("labels")), **made.labels},
        annotations={**pod.texts(metadata.get("annotations")), **made.annotations},
        xcom_sidecar=made.xcom_sidecar and waits,
        active_deadline_s=time_limit(request.task, job.get("activeDeadlineSeconds"))
        if waits and request.task.execution_timeout
        else None,
        results={"job_name": made.job_name, "job_namespace": made.namespace},
    )


def _template(request: PlanRequest, values: Mapping[str, Any]) -> dict[str, Any]:
    """The Job that the operator begins with: ``job_template_file``, and over it ``full_job_spec``."""
    found: dict[str, Any] = {}
    if values.get("job_template_file"):
        found = pod.parsed(request, "job_template_file", str(values["job_template_file"]))
    if values.get("full_job_spec"):
        over = manifest_of(values["full_job_spec"])
        if not isinstance(over, dict):
            raise NotConvertibleError(request.task.operator, "its full_job_spec is no Job")
        found = _merged(found, over)
    return found


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """BASE with OVER's word (``KubernetesJobOperator.reconcile_jobs``)."""
    ours, theirs = dict(base.get("spec") or {}), dict(over.get("spec") or {})
    below, above = ours.pop("template", None) or {}, theirs.pop("template", None) or {}
    template = {
        "metadata": merged_metadata(below.get("metadata"), above.get("metadata")),
        "spec": merged_specs(below.get("spec"), above.get("spec")),
    }
    said = {name: value for name, value in theirs.items() if value is not None}
    return {
        **base,
        **over,
        "metadata": merged_metadata(base.get("metadata"), over.get("metadata")),
        "spec": {**ours, **said, "template": template},
    }
