"""KubernetesPodOperator and ``@task.kubernetes_cmd``: the author's own container, as a Job of its own.

Fields and defaults are those of ``airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator``. What says
how Airflow watches its pod (``get_logs``, ``deferrable``, polling, ``reattach_on_restart``) means nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow.domain.canonical import tag_of
from goflow.domain.spec import TaskSpec
from goflow.operators import runner
from goflow.operators.manifest import MAIN
from goflow.operators.objects import manifest_of
from goflow.operators.plan import JobPlan, NotConvertibleError, Verdict
from goflow.operators.pod_template import merged_containers, merged_pods, merged_specs
from goflow.operators.request import PlanRequest
from goflow.operators.values import skip_codes, time_limit, values_of

PATHS = frozenset(
    {
        "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
        "airflow.providers.cncf.kubernetes.operators.kubernetes_pod.KubernetesPodOperator",
        "airflow.contrib.operators.kubernetes_pod_operator.KubernetesPodOperator",
    }
)

FUNCTION_VARIABLES = "function_variables"
"""Variables of the container beside the operator's own: what `container_function` has found out."""

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
    "runtime_class_name": "runtimeClassName",
}
_CONTAINER_FIELDS = {
    "volume_mounts": "volumeMounts",
    "ports": "ports",
    "env_from": "envFrom",
    "container_security_context": "securityContext",
    "termination_message_policy": "terminationMessagePolicy",
}
ELSEWHERE = ("config_file", "cluster_context")
"""Arguments that name another cluster than GoFlow's own."""
_HOW_TO_CALL_IT_OURS = "if it is GoFlow's own, name it in goflow.yaml's own_clusters"
CALLED = ("callbacks", "progress_callback")
"""Arguments that are called while the operator makes and watches its pod (``KubernetesPodOperatorCallback``)."""
RUNTIME_INFO = "PodRuntimeInfoEnv"
"""Airflow 1.10's class of ``pod_runtime_info_envs``; later ones take the client's ``V1EnvVar``."""
TEMPLATES = ("pod_template_file", "pod_template_dict", "full_pod_spec")


def own_way(task: TaskSpec) -> str:
    """Why the operator's own ``execute`` makes TASK's pod, in words; empty where a Job of ours is that pod."""
    given = {**task.arguments, **task.fields}
    for name in ELSEWHERE:
        if given.get(name) and not (name == "cluster_context" and is_ours(task, given[name])):
            return f"its argument {name} asks for another cluster ({_HOW_TO_CALL_IT_OURS})"
    for name in CALLED:
        if given.get(name) or (task.mapped and name in task.expand):
            return f"its argument {name} is called while its pod is made and watched"
    return ""


def is_ours(task: TaskSpec, cluster: Any) -> bool:
    """Whether ``goflow.yaml`` says that CLUSTER, as TASK's author calls it, is the one that GoFlow runs in."""
    return isinstance(cluster, str) and cluster in (task.runtime.own_clusters or ())


def plan(request: PlanRequest) -> JobPlan:
    """The operator's pod as a plan. Raises NotConvertibleError for what no Job can be made of."""
    operator = request.task.operator
    if request.defaults.backend == "local":
        raise NotConvertibleError(operator, "its container needs the kubernetes backend")
    values = _values(request)
    template = _template(request, values)
    main, spec = _main_and_rest(template, str(values.get("base_container_name") or MAIN))
    image, command, args = main.pop("image", None), main.pop("command", None), main.pop("args", None)
    policy = main.pop("imagePullPolicy", None)
    if not (values.get("image") or image):
        raise NotConvertibleError(operator, "it has no image")
    return JobPlan(
        **_shared(request, values, template, main, spec),
        verdict=Verdict.CONTAINER,
        image=str(values.get("image") or image),
        command=_words(values.get("cmds")) or _words(command),
        args=_words(values.get("arguments")) or _words(args),
        environment=dict(request.settled().environment),
        image_pull_policy=values.get("image_pull_policy") or policy,
        image_pull_secrets=_secret_names(values.get("image_pull_secrets")),
        pod={"metadata": template.get("metadata") or {}, "spec": _pod(values, spec)},
        container=_container(values, main),
        multiple_outputs=bool(request.task.multiple_outputs),
        xcom_sidecar=bool(values.get("do_xcom_push", False)),
        active_deadline_s=time_limit(
            request.task, values.get("active_deadline_seconds") or spec.get("activeDeadlineSeconds")
        ),
        termination_grace_s=float(
            values.get("termination_grace_period") or spec.get("terminationGracePeriodSeconds") or 30
        ),
        skip_exit_codes=skip_codes(values.get("skip_on_exit_code")),
        rendered={name: values[name] for name in request.task.template_fields if name in values},
    )


def _shared(
    request: PlanRequest,
    values: Mapping[str, Any],
    template: Mapping[str, Any],
    main: dict[str, Any],
    spec: Mapping[str, Any],
) -> dict[str, Any]:
    """What every family's plan has, with the operator's word on it; it is taken out of MAIN."""
    shared = runner.common(request)
    shared["labels"] = {**texts(values.get("labels")), **shared["labels"]}
    shared["annotations"] = {**texts(values.get("annotations")), **shared["annotations"]}
    namespace = values.get("namespace") or (template.get("metadata") or {}).get("namespace")
    if namespace:
        shared["namespace"] = str(namespace)
    if account := values.get("service_account_name") or spec.get("serviceAccountName"):
        shared["service_account"] = str(account)
    if values.get("startup_timeout_seconds"):
        shared["startup_timeout_s"] = float(values["startup_timeout_seconds"])
    resources = main.pop("resources", None)
    if values.get("container_resources") or resources:
        shared["resources"] = manifest_of(values.get("container_resources") or resources)
    return shared


def _container(values: Mapping[str, Any], main: Mapping[str, Any]) -> dict[str, Any]:
    """The other fields of the operator's container: its arguments over those of MAIN. Of two variables of one name
    Kubernetes takes the later one, so the author's own come last."""
    infos = _runtime_infos(values.get("pod_runtime_info_envs"))
    variables = [*_environment(values.get("env_vars")), *infos, *_environment(values.get(FUNCTION_VARIABLES))]
    own = {**_renamed(values, _CONTAINER_FIELDS), "env": variables}
    secrets = _secrets(values.get("secrets"))
    from_maps = [{"configMapRef": {"name": str(name)}} for name in manifest_of(values.get("configmaps") or [])]
    more = {name: secrets[name] for name in ("env", "volumeMounts")} | {"envFrom": [*from_maps, *secrets["envFrom"]]}
    return merged_containers(merged_containers(main, own), more)


def _pod(values: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The pod's spec without its containers' first: the operator's arguments over those of the template's SPEC."""
    made = merged_specs(spec, _renamed(values, _POD_FIELDS))
    made = merged_specs(made, {"volumes": _secrets(values.get("secrets"))["volumes"]})
    ours = {"restartPolicy", "terminationGracePeriodSeconds", "activeDeadlineSeconds", "serviceAccountName"}
    return {key: value for key, value in made.items() if key not in ours and value != []}


def _values(request: PlanRequest) -> dict[str, Any]:
    task = request.task
    pushes = task.do_xcom_push and (not task.mapped or "do_xcom_push" in task.given)  # unlike others, not unasked
    return values_of(request, do_xcom_push=pushes)


def _template(request: PlanRequest, values: Mapping[str, Any]) -> dict[str, Any]:
    """The pod that the operator begins with, a manifest; empty where it is given none."""
    found: dict[str, Any] = {}
    for name in TEMPLATES:
        value = values.get(name)
        if not value or (name == "pod_template_dict" and values.get("pod_template_file")):
            continue
        made = parsed(request, name, str(value)) if name == "pod_template_file" else manifest_of(value)
        if not isinstance(made, dict):
            raise NotConvertibleError(request.task.operator, f"its {name} is no pod")
        found = merged_pods(found, made)
    return found


def as_template(given: Any, below: Mapping[str, Any]) -> dict[str, Any]:
    """The pod template GIVEN (tagged JSON, or None) over the manifest BELOW."""
    over = manifest_of(given) if given else {}
    return merged_pods(below, over if isinstance(over, dict) else {})


def parsed(request: PlanRequest, argument: str, path: str) -> dict[str, Any]:
    """The YAML file of the version's folder at PATH, which ARGUMENT names. Raises NotConvertibleError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        found = YAML(typ="safe").load(request.read_file(path))
    except (OSError, YAMLError) as problem:
        words = f"its {argument} {path} cannot be read: {problem}"
        raise NotConvertibleError(request.task.operator, words) from problem
    if not isinstance(found, dict):
        raise NotConvertibleError(request.task.operator, f"its {argument} {path} is no object of Kubernetes")
    return found


def _main_and_rest(template: Mapping[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The template's container that is the task's own (by NAME, else the first), and the pod's spec without it."""
    spec = dict(template.get("spec") or {})
    containers = list(spec.pop("containers", None) or [])
    place = next((n for n, one in enumerate(containers) if one.get("name") == name), 0)
    main = dict(containers.pop(place)) if containers else {}
    main.pop("name", None)
    return main, {**spec, "containers": containers}


def _secrets(value: Any) -> dict[str, list[dict[str, Any]]]:
    """``Secret(deploy_type, deploy_target, secret, key, items)`` as parts of container and pod."""
    found: dict[str, list[dict[str, Any]]] = {"env": [], "envFrom": [], "volumeMounts": [], "volumes": []}
    for number, secret in enumerate(value or []):
        said = secret["$object"]["arguments"] if tag_of(secret) == "$object" else dict(secret)
        names = ("deploy_type", "deploy_target", "secret", "key", "items")
        kind, target, name, key, items = (said.get(word, said.get(str(at))) for at, word in enumerate(names))
        if kind == "volume":
            volume = f"secretvol{number}"
            source = {"secretName": name, **({"items": manifest_of(items)} if items else {})}
            found["volumes"].append({"name": volume, "secret": source})
            found["volumeMounts"].append({"name": volume, "mountPath": target, "readOnly": True})
        elif target is None:
            found["envFrom"].append({"secretRef": {"name": name}})
        else:
            reference = {"secretKeyRef": {"name": name, "key": key}}
            found["env"].append({"name": str(target).upper(), "valueFrom": reference})
    return found


def _environment(env_vars: Any) -> list[dict[str, Any]]:
    """Variables of the container, from a map or from models."""
    if isinstance(env_vars, dict) and tag_of(env_vars) is None:
        return [{"name": str(name), "value": str(value)} for name, value in env_vars.items()]
    entries: list[dict[str, Any]] = manifest_of(env_vars or [])
    return [entry if "valueFrom" in entry else {**entry, "value": str(entry.get("value", ""))} for entry in entries]


def _runtime_infos(value: Any) -> list[dict[str, Any]]:
    """Variables that tell of the pod itself, by the downward API."""
    found: list[dict[str, Any]] = []
    for entry in value or []:
        if tag_of(entry) == "$object" and str(entry["$object"].get("class", "")).endswith(f".{RUNTIME_INFO}"):
            said = entry["$object"]["arguments"]
            name, path = (said.get(word, said.get(str(at))) for at, word in enumerate(("name", "field_path")))
            found.append({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}})
        else:
            found.append(manifest_of(entry))
    return found


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {theirs: manifest_of(values[ours]) for ours, theirs in names.items() if values.get(ours)}


def _words(value: Any) -> tuple[str, ...] | None:
    if not value:
        return None
    return tuple(str(word) for word in (manifest_of(value) if not isinstance(value, str) else [value]))


def texts(value: Any) -> dict[str, str]:
    """A map of the author's as labels and the like are: texts to texts; empty for anything else."""
    return {str(key): str(inner) for key, inner in value.items()} if isinstance(value, dict) else {}


def _secret_names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return tuple(str(entry["name"]) for entry in manifest_of(value or []))
