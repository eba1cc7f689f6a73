"""KubernetesPodOperator and ``@task.kubernetes_cmd``: the author's own container, as a Job of its own.

Fields and defaults are those of ``airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator``. Connection
settings (``kubernetes_conn_id``, ``in_cluster``, ``cluster_context``) mean nothing here: pods run where GoFlow runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow.operators import runner
from goflow.operators.objects import manifest_of
from goflow.operators.plan import JobPlan, NotConvertibleError, Verdict
from goflow.operators.request import PlanRequest

PATHS = frozenset(
    {
        "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
        "airflow.providers.cncf.kubernetes.operators.kubernetes_pod.KubernetesPodOperator",
        "airflow.contrib.operators.kubernetes_pod_operator.KubernetesPodOperator",
    }
)

_POD_FIELDS = {
    "volumes": "volumes",
    "node_selector": "nodeSelector",
    "affinity": "affinity",
    "tolerations": "tolerations",
    "security_context": "securityContext",
    "init_containers": "initContainers",
    "priority_class_name": "priorityClassName",
    "hostnetwork": "hostNetwork",
    "host_aliases": "hostAliases",
    "dnspolicy": "dnsPolicy",
    "dns_config": "dnsConfig",
    "hostname": "hostname",
    "subdomain": "subdomain",
    "schedulername": "schedulerName",
    "automount_service_account_token": "automountServiceAccountToken",
}
_CONTAINER_FIELDS = {
    "volume_mounts": "volumeMounts",
    "ports": "ports",
    "env_from": "envFrom",
    "container_security_context": "securityContext",
    "termination_message_policy": "terminationMessagePolicy",
}
NOT_YET = ("pod_template_file", "full_pod_spec", "pod_template_dict", "secrets", "configmaps", "callbacks")
"""Arguments that are read, but whose meaning is not carried out yet: a task with one of them is not converted."""


def plan(request: PlanRequest) -> JobPlan:
    """The operator's pod as a plan. Raises NotConvertibleError for what is not carried out yet."""
    values = _values(request)
    for name in NOT_YET:
        if values.get(name):
            raise NotConvertibleError(request.task.operator, f"its argument {name} is not carried out yet")
    if not values.get("image"):
        raise NotConvertibleError(request.task.operator, "it has no image")
    shared = runner.common(request)
    shared["labels"] = {**_texts(values.get("labels")), **shared["labels"]}
    shared["annotations"] = {**_texts(values.get("annotations")), **shared["annotations"]}
    if values.get("namespace"):
        shared["namespace"] = str(values["namespace"])
    if values.get("service_account_name"):
        shared["service_account"] = str(values["service_account_name"])
    if values.get("startup_timeout_seconds"):
        shared["startup_timeout_s"] = float(values["startup_timeout_seconds"])
    if values.get("container_resources"):
        shared["resources"] = manifest_of(values["container_resources"])
    variables, container = _environment(values.get("env_vars"))
    container.update(_renamed(values, _CONTAINER_FIELDS))
    return JobPlan(
        **shared,
        verdict=Verdict.CONTAINER,
        image=str(values["image"]),
        command=_words(values.get("cmds")),
        args=_words(values.get("arguments")),
        environment={**request.settled().environment, **variables},
        image_pull_policy=values.get("image_pull_policy"),
        image_pull_secrets=_secret_names(values.get("image_pull_secrets")),
        pod={"spec": _renamed(values, _POD_FIELDS)},
        container=container,
        xcom_sidecar=bool(values.get("do_xcom_push", False)),
        active_deadline_s=values.get("active_deadline_seconds"),
        termination_grace_s=float(values.get("termination_grace_period") or 30),
    )


def _values(request: PlanRequest) -> dict[str, Any]:
    fields: Mapping[str, Any] = request.task.fields
    if request.render is not None:
        fields = request.render(fields)
    values = {**request.task.arguments, **fields}
    values["do_xcom_push"] = request.task.arguments.get("do_xcom_push", False)
    return values


def _environment(env_vars: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Plain variables as a map; those with ``valueFrom`` as they are, for the container's ``env``."""
    if isinstance(env_vars, dict) and "$object" not in env_vars:
        return {str(name): str(value) for name, value in env_vars.items()}, {}
    plain: dict[str, str] = {}
    others = []
    for entry in manifest_of(env_vars or []):
        if "valueFrom" in entry:
            others.append(entry)
        else:
            plain[str(entry["name"])] = str(entry.get("value", ""))
    return plain, {"env": others} if others else {}


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {theirs: manifest_of(values[ours]) for ours, theirs in names.items() if values.get(ours)}


def _words(value: Any) -> tuple[str, ...] | None:
    if not value:
        return None
    return tuple(str(word) for word in (manifest_of(value) if not isinstance(value, str) else [value]))


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(inner) for key, inner in value.items()} if isinstance(value, dict) else {}


def _secret_names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return tuple(str(entry["name"]) for entry in manifest_of(value or []))
