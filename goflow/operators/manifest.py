"""A `JobPlan` as a Job manifest: what ``goflow render`` prints and what the kubernetes backend creates.

One Job per launch, or one Indexed Job for the many launches that share it, never tried again by Kubernetes
(``backoffLimit: 0``, ``restartPolicy: Never``): retries are GoFlow's own attempts, so that each is a row with a log of
its own. There is no TTL until its end is stored (decision 11).
https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from goflow_runner import wire
from goflow_runner.xcom import OVER

from goflow.domain.canonical import normal, walk
from goflow.operators.identity import PREFIX, SHARED, TRY_NUMBER, sparing
from goflow.operators.plan import JobPlan, Verdict
from goflow.operators.runner import PACKED, PACKED_DIR

MAIN = "base"
"""Name of the task's container: Airflow's own, so that pod overrides written for it fit."""
TOKEN_AUDIENCE = "goflow"  # noqa: S105 - an audience's name
TOKEN_DIR = "/var/run/secrets/goflow"  # noqa: S105 - a path
WORK_DIR = "/var/run/goflow"
XCOM_DIR = "/airflow/xcom"
XCOM_CONTAINER = "airflow-xcom-sidecar"
RUNNER_CONTAINER = "goflow-runner"
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
"""Annotation of a pod with the container that ``kubectl logs`` shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a manifest needs to know of the cluster side: the task API's address, the runner image, and where results
    go (None: there is no limit)."""

    task_api: str
    runner_image: str
    audience: str = TOKEN_AUDIENCE
    runner_pull_policy: str = ""
    results: wire.ResultLimits | None = None


def main_container(pod: Mapping[str, Any]) -> str:
    """The name of the container of POD, or of a Job's template, that is the task; "" where there is none.

    GoFlow's own in pods of launches, whatever they are annotated with; in others the one that ``kubectl logs`` shows;
    else the first."""
    metadata = pod.get("metadata") or {}
    names = [str(one["name"]) for one in (pod.get("spec") or {}).get("containers") or ()]
    shown = (metadata.get("annotations") or {}).get(DEFAULT_CONTAINER)
    of_launch = {f"{PREFIX}launch-id", SHARED} & (metadata.get("labels") or {}).keys()
    wanted = (MAIN, shown) if of_launch else (shown, MAIN)
    return next((name for name in wanted if name in names), names[0] if names else "")


def job_manifest(plan: JobPlan, site: Site) -> dict[str, Any]:
    """The Job for PLAN, as JSON for the API server, which takes ``30.0`` for no number of seconds."""
    metadata = _metadata(plan)
    spared = {**metadata, "annotations": sparing(metadata["annotations"], metadata["labels"])}
    template = {"metadata": _metadata_of_pod(plan, metadata, spared), "spec": _pod_spec(plan, site)}
    own = _indexed(plan) if plan.shared_job else plan.job or _one_try(plan)
    spec: dict[str, Any] = {**own, "template": template}
    if plan.active_deadline_s:
        spec["activeDeadlineSeconds"] = int(plan.active_deadline_s)
    made: dict[str, Any] = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": plan.job_name, "namespace": plan.namespace, **spared},
        "spec": spec,
    }
    return {key: normal(value) for key, value in made.items()}


def _one_try(plan: JobPlan) -> dict[str, Any]:
    """The spec of a Job that is GoFlow's own: one launch, or the pods of a native task."""
    spec: dict[str, Any] = {
        "backoffLimit": plan.backoff_limit if plan.restart_policy == "Never" else 6,
        "parallelism": plan.parallelism,
        "completions": plan.parallelism,
    }
    if plan.restart_policy == "Never":
        # A pod that was evicted or deleted is nobody's failure: the Job fails at once and says so, and GoFlow
        # replaces the launch; without this rule the Job controller would start a second pod by itself.
        spec["podFailurePolicy"] = {
            "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        }
        spec["podReplacementPolicy"] = "Failed"
    return spec


def _indexed(plan: JobPlan) -> dict[str, Any]:
    """The spec of a Job that launches share: a pod for each index, begun once; however one ends, the others go on.
    https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index"""
    return {
        "completionMode": "Indexed",
        "completions": plan.copies,
        "parallelism": plan.copies,
        "backoffLimitPerIndex": 0,
        "podFailurePolicy": {
            "rules": [{"action": "FailIndex", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "podReplacementPolicy": "Failed",
    }


def _metadata(plan: JobPlan) -> dict[str, Any]:
    extra = plan.pod.get("metadata")
    own = extra if isinstance(extra, dict) else {}
    return {
        "labels": {**_map(own.get("labels")), **plan.labels},
        "annotations": {**_map(own.get("annotations")), **plan.annotations},
    }


def _metadata_of_pod(plan: JobPlan, metadata: dict[str, Any], spared: dict[str, Any]) -> dict[str, Any]:
    """What the pod has of the METADATA: what it takes (SPARED), and all of what its author hands on into a container
    (``fieldRef``), since any of ours may be meant. https://kubernetes.io/docs/concepts/workloads/pods/downward-api/"""
    texts = [text for text in _texts(plan.pod, plan.container) if text.startswith("metadata.")]
    found = dict(spared)
    if any(text.startswith("metadata.annotations") for text in texts):
        found["annotations"] = metadata["annotations"]
    if any(text.startswith("metadata.labels") for text in texts):
        found["labels"] = {TRY_NUMBER: str(plan.try_number), **metadata["labels"]}
    return found


def _texts(*said: Mapping[str, Any]) -> Iterator[str]:
    """Every text within what was SAID."""
    for value in itertools.chain.from_iterable(walk(dict(one)) for one in said):
        if isinstance(value, str):
            yield value


def _pod_spec(plan: JobPlan, site: Site) -> dict[str, Any]:
    author = plan.pod.get("spec")
    given: dict[str, Any] = dict(author) if isinstance(author, dict) else {}
    containers = [_main_container(plan, site), *_list(given.pop("containers", None))]
    volumes = _list(given.pop("volumes", None))
    if plan.verdict is Verdict.RUNNER:
        volumes = [*_runner_volumes(plan, site), *volumes]
    if plan.brings_runner:
        given["initContainers"] = [_packing_container(site), *_list(given.get("initContainers"))]
        volumes = [{"name": "goflow-runner", "emptyDir": {}}, *volumes]
    if plan.xcom_sidecar:
        given["initContainers"] = [_xcom_container(plan, site), *_list(given.get("initContainers"))]
        volumes = [{"name": "xcom", "emptyDir": {}}, *_runner_volumes(plan, site), *volumes]
    pod: dict[str, Any] = {
        "restartPolicy": plan.restart_policy,
        "terminationGracePeriodSeconds": int(plan.termination_grace_s),
        "enableServiceLinks": False,
        "automountServiceAccountToken": plan.verdict is not Verdict.RUNNER or plan.kube_access,
        "containers": containers,
        **({"volumes": volumes} if volumes else {}),
        **given,
    }
    if plan.service_account:
        pod.setdefault("serviceAccountName", plan.service_account)
    if plan.image_pull_secrets:
        pod.setdefault("imagePullSecrets", [{"name": name} for name in plan.image_pull_secrets])
    return pod


def _main_container(plan: JobPlan, site: Site) -> dict[str, Any]:
    given = dict(plan.container)
    environment = [{"name": name, "value": value} for name, value in sorted(plan.environment.items())]
    mounts = _list(given.pop("volumeMounts", None))
    if plan.verdict is Verdict.RUNNER:
        environment += _runner_environment(plan, site)
        mounts = [*_runner_mounts(plan), *mounts]
    if plan.brings_runner:
        mounts = [{"name": "goflow-runner", "mountPath": PACKED_DIR, "readOnly": True}, *mounts]
    if plan.xcom_sidecar:
        mounts = [{"name": "xcom", "mountPath": XCOM_DIR}, *mounts]
    container: dict[str, Any] = {"name": MAIN, "image": plan.image, "env": environment + _list(given.pop("env", None))}
    optional = {
        "command": list(plan.command) if plan.command else None,
        "args": list(plan.args) if plan.args else None,
        "workingDir": plan.working_dir,
        "imagePullPolicy": plan.image_pull_policy,
        "resources": dict(plan.resources) or None,
        "volumeMounts": mounts or None,
    }
    container.update({name: value for name, value in optional.items() if value is not None})
    container.update(given)
    return container


def _runner_environment(plan: JobPlan, site: Site) -> list[dict[str, Any]]:
    return [
        {"name": wire.ENV_API_URL, "value": site.task_api},
        _whose(plan),
        {"name": wire.ENV_TOKEN_FILE, "value": f"{TOKEN_DIR}/token"},
        {"name": wire.ENV_WORK_DIR, "value": WORK_DIR},
        {"name": wire.ENV_CLAIMANT, "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
    ]


def _whose(plan: JobPlan) -> dict[str, Any]:
    """The launch; in a shared Job what its id begins with, to which Kubernetes gives the index."""
    if plan.shared_job:
        return {"name": wire.ENV_SHARED_JOB, "value": plan.shared_job}
    return {"name": wire.ENV_LAUNCH, "value": plan.launch_id}


def _runner_volumes(plan: JobPlan, site: Site) -> list[dict[str, Any]]:
    token = {"serviceAccountToken": {"path": "token", "audience": site.audience, "expirationSeconds": 3600}}
    volumes: list[dict[str, Any]] = [
        {"name": "goflow-token", "projected": {"sources": [token]}},
        {"name": "goflow-work", "emptyDir": {}},
    ]
    if plan.folder_path:
        volumes.append({"name": "goflow-dags", "emptyDir": {}})
    return volumes


def _runner_mounts(plan: JobPlan) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = [
        {"name": "goflow-token", "mountPath": TOKEN_DIR, "readOnly": True},
        {"name": "goflow-work", "mountPath": WORK_DIR},
    ]
    if plan.folder_path:
        mounts.append({"name": "goflow-dags", "mountPath": plan.folder_path})
    return mounts


def _packing_container(site: Site) -> dict[str, Any]:
    """Our runner, as one file, for a main container whose image has it not."""
    container: dict[str, Any] = {
        "name": RUNNER_CONTAINER,
        "image": site.runner_image,
        "command": ["goflow-runner", "pack", PACKED],
        "volumeMounts": [{"name": "goflow-runner", "mountPath": PACKED_DIR}],
    }
    if site.runner_pull_policy:
        container["imagePullPolicy"] = site.runner_pull_policy
    return container


def _xcom_container(plan: JobPlan, site: Site) -> dict[str, Any]:
    """Our runner beside a foreign container, as a native sidecar: told to stop once the main container has ended, it
    sends ``return.json``. It is told by a file as well: a signal is lost on a runner that has only begun. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/"""
    container: dict[str, Any] = {
        "name": XCOM_CONTAINER,
        "restartPolicy": "Always",
        "image": site.runner_image,
        "command": ["goflow-runner", "xcom", f"{XCOM_DIR}/return.json"],
        "lifecycle": {"preStop": {"exec": {"command": ["touch", f"{XCOM_DIR}/{OVER}"]}}},
        "env": [*_runner_environment(plan, site), *_of_results(plan, site)],
        "volumeMounts": [*_runner_mounts(plan), {"name": "xcom", "mountPath": XCOM_DIR}],
    }
    if plan.multiple_outputs:
        container["command"].append("--multiple-outputs")
    if site.runner_pull_policy:
        container["imagePullPolicy"] = site.runner_pull_policy
    return container


def _of_results(plan: JobPlan, site: Site) -> list[dict[str, str]]:
    if site.results is None:
        return []
    place = [plan.annotations[f"{PREFIX}{name}"] for name in ("dag-id", "run-id", "task-id", "map-index")]
    return [{"name": wire.ENV_RESULTS, "value": json.dumps({"limits": site.results, "place": place})}]


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
