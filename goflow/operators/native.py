"""Native YAML tasks: one container command, with the meaning that the keys had in the original's Go structs."""

from __future__ import annotations

from typing import Any

from goflow.operators import runner
from goflow.operators.plan import JobPlan, Verdict
from goflow.operators.request import PlanRequest

PATH = "goflow.native"


def plan(request: PlanRequest) -> JobPlan:
    """The author's own image and command as a Job, in the pod that file (``PodTemplate``) and ``goflow.yaml`` give. On
    the local backend, and without an image, the runner runs it."""
    native: dict[str, Any] = dict(request.task.native or {})
    image = native.get("DockerImage")
    if request.defaults.backend == "local" or not image:
        return runner.plan(request)
    parallelism = int(native.get("Parallelism") or 1)
    policy = "OnFailure" if native.get("RetryPolicy") in {"OnFailure", "Always"} else "Never"
    shared, _ = runner.with_pod(request)
    environment = {name: str(value) for name, value in (native.get("Env") or {}).items()}
    given = [one for one in shared["container"].pop("env", ()) if one.get("name") not in environment]
    if given:
        shared["container"]["env"] = given
    shared["labels"] = {**(native.get("Labels") or {}), **shared["labels"]}
    shared["annotations"] = {**(native.get("Annotations") or {}), **shared["annotations"]}
    command = native.get("Command") or None
    return JobPlan(
        **shared,
        verdict=Verdict.JOB if parallelism > 1 or policy == "OnFailure" else Verdict.CONTAINER,
        image=str(image),
        command=tuple(str(word) for word in command) if command else None,
        environment={**runner.environment_of(request), **environment},
        active_deadline_s=native.get("TimeLimit"),
        parallelism=parallelism,
        restart_policy=policy,
    )
