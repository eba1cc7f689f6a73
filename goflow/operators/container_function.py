"""``@task.kubernetes``, ``@task.kubernetes_cmd`` and ``@task.docker``: an author's function in an author's image.

Only Python can tell the function's text, pickle its arguments or (``kubernetes_cmd``) call it for the command. So an
attempt begins with a short launch of our runner, as for a launch-time hole, which finds that out
(``airflow._goflow.container_functions``); the attempt's next launch is the pod.
"""

from __future__ import annotations

import dataclasses

from goflow.domain.spec import TaskSpec
from goflow.operators import docker, pod
from goflow.operators.plan import JobPlan
from goflow.operators.request import PlanRequest

_KUBERNETES = "airflow.providers.cncf.kubernetes.decorators."
KUBERNETES = frozenset(
    {
        f"{_KUBERNETES}kubernetes._KubernetesDecoratedOperator",
        f"{_KUBERNETES}kubernetes_cmd._KubernetesCmdDecoratedOperator",
    }
)
DOCKER = frozenset({"airflow.providers.docker.decorators.docker._DockerDecoratedOperator"})
FOUND_OUT = {
    **dict.fromkeys(KUBERNETES, ("cmds", "arguments", pod.FUNCTION_VARIABLES)),
    **dict.fromkeys(DOCKER, ("command", pod.FUNCTION_VARIABLES)),
}
"""What the first launch finds out for each class."""


def names_of(task: TaskSpec) -> tuple[str, ...]:
    """What the first launch has to find out beyond TASK's holes; empty for tasks of other families."""
    return next((FOUND_OUT[path] for path in (task.operator_path, *task.bases) if path in FOUND_OUT), ())


def plan(request: PlanRequest) -> JobPlan:
    """The pod of ``@task.kubernetes`` and ``@task.kubernetes_cmd``. Raises NotConvertibleError."""
    return pod.plan(request)


def docker_plan(request: PlanRequest) -> JobPlan:
    """The pod of ``@task.docker``: what its function returns comes by the sidecar, and not as its last line.

    Raises NotConvertibleError.
    """
    made = docker.plan(request)
    pushes = request.task.do_xcom_push
    several = bool(request.task.multiple_outputs)
    return dataclasses.replace(made, result_lines="", xcom_sidecar=pushes, multiple_outputs=several)
