"""Tasks that our runner executes: Bash, Python, TaskFlow, branches, sensors: any operator through its ``execute``."""

from __future__ import annotations

from typing import Any, cast

from goflow_runner.command import plain_command
from goflow_runner.wire import TaskInput

from goflow.domain.spec import RuntimeSpec, TaskSpec
from goflow.operators.identity import annotations_of, labels_of
from goflow.operators.plan import JobPlan, Verdict
from goflow.operators.pod_template import merged_pods
from goflow.operators.request import PlanRequest

COMMAND = ("goflow-runner", "run")
_KUBERNETES_PROVIDER = "airflow.providers.cncf.kubernetes."
PACKED_DIR = "/var/run/goflow-runner"
PACKED = f"{PACKED_DIR}/goflow-runner.pyz"
"""The runner as one file, in pods whose image has it not."""
_OF_THE_RUNNER = ("image", "command", "args")
"""What a pod template's container does not say here: the runner's image and command are GoFlow's to give, as Airflow's
KubernetesExecutor gives its own to the template's."""


def plan(request: PlanRequest) -> JobPlan:
    """The launch as a container of the runner image (or the image that ``goflow.yaml`` names)."""
    shared, account = with_pod(request)
    return JobPlan(
        **shared,
        verdict=Verdict.RUNNER,
        image=request.settled().image or request.defaults.runner_image,
        command=COMMAND,
        environment=environment_of(request),
        image_pull_policy=request.defaults.image_pull_policy or None,
        folder_path=request.defaults.parse_path,
        kube_access=bool(account) or _speaks_with_kubernetes(request.task),
        plain=request.defaults.backend == "local" and _is_plain(request),
    )


def _is_plain(request: PlanRequest) -> bool:
    """Whether the runner will find a command and nothing else to run. It looks itself: this only chooses where from."""
    told = {"task": request.task.to_json(), "dialect": request.dag.dialect.value}
    return plain_command(cast(TaskInput, told)) is not None


def _speaks_with_kubernetes(task: TaskSpec) -> bool:
    """Whether the operator is one of the Kubernetes provider, which calls the API server from its ``execute``."""
    return any(path.startswith(_KUBERNETES_PROVIDER) for path in (task.operator_path, *task.bases))


def with_pod(request: PlanRequest) -> tuple[dict[str, Any], str | None]:
    """`common` with the pod that the author gives, and the service account that it names.

    What file and ``goflow.yaml`` say stands over the template that they name, and the task's ``pod_override`` over
    both, merged as Airflow's KubernetesExecutor does it.
    """
    config = (request.resolved or {}).get("executor_config", request.task.executor_config)
    pod = merged_pods(merged_pods(_template(request.said()), _as_pod(request.said())), pod_override(config))
    shared = common(request)
    own = {"labels": labels_of(request), "annotations": annotations_of(request)}
    for name, ours in own.items():
        shared[name] = {**(pod.get("metadata", {}).get(name) or {}), **ours}
    spec = dict(pod.get("spec") or {})
    main, *others = spec.pop("containers", None) or [{}]
    container = {name: value for name, value in main.items() if name != "name"}
    account = spec.pop("serviceAccountName", None)
    shared["service_account"] = account or shared["service_account"]
    shared["resources"] = container.pop("resources", {})
    if others:
        spec["containers"] = others
    return {**shared, "pod": {"spec": spec} if spec else {}, "container": container}, account


def environment_of(request: PlanRequest) -> dict[str, str]:
    """The environment in force, but for what comes from secrets: the pod names these."""
    runtime = request.settled()
    return {name: value for name, value in runtime.environment.items() if name not in runtime.environment_from_secrets}


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


def pod_override(executor_config: Any) -> dict[str, Any]:
    """``executor_config={"pod_override": k8s.V1Pod(...)}`` as a manifest; empty where there is none."""
    from goflow.operators.objects import manifest_of

    if not isinstance(executor_config, dict) or not executor_config.get("pod_override"):
        return {}
    pod = manifest_of(executor_config["pod_override"])
    return pod if isinstance(pod, dict) else {}


def _template(said: RuntimeSpec) -> dict[str, Any]:
    """The pod template of ``goflow.yaml``, without what is GoFlow's own to say."""
    template: dict[str, Any] = dict(said.pod_template) if isinstance(said.pod_template, dict) else {}
    spec = dict(template.get("spec") or {})
    main, *others = spec.get("containers") or [{}]
    kept = {name: value for name, value in main.items() if name not in _OF_THE_RUNNER}
    ours = {*said.environment, *said.environment_from_secrets}
    kept["env"] = [one for one in kept.get("env") or [] if one.get("name") not in ours]
    return {**template, "spec": {**spec, "containers": [kept, *others]}}


def _as_pod(said: RuntimeSpec) -> dict[str, Any]:
    """What ``goflow.yaml`` says in keys of its own, as a pod."""
    container: dict[str, Any] = {"resources": dict(said.resources)} if said.resources else {}
    if said.environment_from_secrets:
        container["env"] = [_from_secret(*item) for item in sorted(said.environment_from_secrets.items())]
    account = {"serviceAccountName": said.service_account} if said.service_account else {}
    return {
        "metadata": {"labels": dict(said.labels), "annotations": dict(said.annotations)},
        "spec": {**account, "containers": [container]},
    }


def _from_secret(name: str, place: str) -> dict[str, Any]:
    secret, _, key = place.partition("/")
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
