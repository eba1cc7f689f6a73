"""Tasks that our runner executes: Bash, Python, TaskFlow, branches, sensors: any operator through its ``execute``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow.operators.identity import annotations_of, labels_of
from goflow.operators.plan import JobPlan, Verdict
from goflow.operators.request import PlanRequest

COMMAND = ("goflow-runner", "run")


def plan(request: PlanRequest) -> JobPlan:
    """The launch as a container of the runner image (or the image that ``goflow.yaml`` names)."""
    runtime = request.settled()
    config = (request.resolved or {}).get("executor_config", request.task.executor_config)
    pod, container = pod_override(config)
    return JobPlan(
        **common(request),
        verdict=Verdict.RUNNER,
        image=runtime.image or request.defaults.runner_image,
        command=COMMAND,
        environment=dict(runtime.environment),
        image_pull_policy=request.defaults.image_pull_policy or None,
        pod={**(runtime.pod_template if isinstance(runtime.pod_template, dict) else {}), **pod},
        container=container,
        folder_path=request.defaults.parse_path,
    )


def common(request: PlanRequest) -> dict[str, Any]:
    """What every plan has, whatever its family."""
    runtime = request.settled()
    return {
        "launch_id": request.launch.id,
        "dag_id": request.instance.dag_id,
        "run_id": request.instance.run_id,
        "task_id": request.instance.task_id,
        "map_index": request.instance.map_index,
        "try_number": request.launch.try_number,
        "ordinal": request.launch.ordinal,
        "job_name": request.launch.job_name,
        "namespace": runtime.namespace or request.defaults.namespace,
        "service_account": runtime.service_account,
        "resources": dict(runtime.resources),
        "labels": {**runtime.labels, **labels_of(request)},
        "annotations": {**runtime.annotations, **annotations_of(request)},
        "startup_timeout_s": request.defaults.startup_timeout_s,
    }


def pod_override(executor_config: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """``executor_config={"pod_override": k8s.V1Pod(...)}`` as parts of a pod spec, and of its container named ``base``
    (Airflow's ``PodGenerator.reconcile_pods``)."""
    from goflow.operators.objects import manifest_of

    if not isinstance(executor_config, dict) or not executor_config.get("pod_override"):
        return {}, {}
    pod = manifest_of(executor_config["pod_override"])
    if not isinstance(pod, dict):
        return {}, {}
    spec = dict(pod.get("spec") or {})
    base: dict[str, Any] = {}
    others = []
    for container in spec.pop("containers", None) or []:
        if container.get("name") == "base":
            base = {key: value for key, value in container.items() if key != "name"}
        else:
            others.append(container)
    if others:
        spec["containers"] = others
    return {"metadata": pod.get("metadata") or {}, "spec": spec}, base
