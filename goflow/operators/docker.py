"""DockerOperator and ``@task.docker``: the author's container, as the container of a pod.

Fields and defaults are those of ``airflow.providers.docker.operators.docker.DockerOperator``. What says how Airflow
speaks with its Docker daemon (TLS, API version, time-outs, ``auto_remove``, log options) means nothing here. What a pod
cannot be is refused by name, and where the author names a Docker host of another machine the operator's own
``execute`` runs instead.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Mapping
from typing import Any, Literal

from goflow.domain.spec import TaskSpec
from goflow.operators import runner
from goflow.operators.objects import manifest_of
from goflow.operators.plan import JobPlan, NotConvertibleError, Verdict
from goflow.operators.pod import FUNCTION_VARIABLES
from goflow.operators.request import PlanRequest
from goflow.operators.values import skip_codes, time_limit, values_of

PATHS = frozenset(
    {
        "airflow.providers.docker.operators.docker.DockerOperator",
        "airflow.operators.docker_operator.DockerOperator",
    }
)
REFUSED = {
    "device_requests": "devices are resources in Kubernetes: say them in goflow.yaml's resources",
    "ipc_mode": "a pod has its own",
    "port_bindings": "a pod binds no ports of its node",
    "ulimits": "Kubernetes has no such limits",
    "retrieve_output": "write JSON to /airflow/xcom/return.json with a KubernetesPodOperator",
    "env_file": "say the variables in environment",
}
"""Arguments that no pod can be made to follow, each with the reason or what to do."""
_LOCAL = ("unix:", "npipe:")
_SUFFIXES = {"b": "", "k": "Ki", "m": "Mi", "g": "Gi"}


def is_elsewhere(task: TaskSpec) -> bool:
    """Whether TASK names a Docker host that is not the worker's own machine."""
    said = {**task.arguments, **task.fields}.get("docker_url")
    hosts = said if isinstance(said, list) else [said]
    return any(host is not None and not str(host).startswith(_LOCAL) for host in hosts)


def trouble(task: TaskSpec) -> str:
    """Why TASK's container can be no pod's, as far as the file says; empty where it can."""
    given = {**task.arguments, **task.fields}
    for name, reason in REFUSED.items():
        if given.get(name) or (task.mapped and name in task.expand):
            return f"its argument {name} cannot be carried out by a pod: {reason}"
    network = given.get("network_mode")
    if isinstance(network, str) and network not in {"", "bridge", "default", "host"}:
        return f"its network_mode {network!r} cannot be carried out by a pod"
    user = given.get("user")
    if isinstance(user, str) and not re.fullmatch(r"\d+(:\d+)?", user) and "{" not in user:
        return f"its user {user!r} is a name: Kubernetes takes numbers (1000 or 1000:1000)"
    mounts = given.get("mounts")
    for mount in mounts if isinstance(mounts, list) else []:
        if _mount(mount).get("type") != "tmpfs":
            return (
                "its mounts are of the machine that Docker runs on: give the pod volumes by goflow.yaml's pod_template"
            )
    return ""


def plan(request: PlanRequest) -> JobPlan:
    """The operator's container as a plan. Raises NotConvertibleError."""
    task = request.task
    if reason := trouble(task):
        raise NotConvertibleError(task.operator, reason)
    values = values_of(request)
    shared = runner.common(request)
    shared["resources"] = _resources(values, shared["resources"])
    labels = values.get("labels") or {}
    named = labels if isinstance(labels, dict) else dict.fromkeys(labels, "")
    shared["annotations"] = {**{str(key): str(value) for key, value in named.items()}, **shared["annotations"]}
    volumes, mounts = _volumes(values)
    return JobPlan(
        **shared,
        verdict=Verdict.CONTAINER,
        image=str(values["image"]),
        command=_words(values.get("entrypoint")),
        args=_words(values.get("command")),
        environment={**request.settled().environment, **_environment(values)},
        working_dir=values.get("working_dir"),
        image_pull_policy="Always" if values.get("force_pull") else None,
        pod={"spec": _pod(values, volumes)},
        container=_container(values, mounts),
        active_deadline_s=time_limit(task),
        skip_exit_codes=skip_codes(values.get("skip_on_exit_code")),
        result_lines=_result_lines(task, values),
        rendered={name: values[name] for name in task.template_fields if name in values},
    )


def _result_lines(task: TaskSpec, values: Mapping[str, Any]) -> Literal["", "last", "all"]:
    """Which lines of its output are its result: Docker's operator gives the last one unless it is asked for all."""
    if not task.do_xcom_push:
        return ""
    return "all" if values.get("xcom_all") else "last"


def _words(said: Any) -> tuple[str, ...] | None:
    """A command as Docker takes it: a text is split as a shell would, or is a Python list in brackets
    (``DockerOperator.format_command``). Kubernetes would put variables in place of ``$(NAME)``, Docker does not."""
    if isinstance(said, str) and said.strip().startswith("["):
        said = ast.literal_eval(said)
    if not said:
        return None
    words = shlex.split(said) if isinstance(said, str) else [str(word) for word in manifest_of(said)]
    return tuple(word.replace("$", "$$") for word in words)


def _environment(values: Mapping[str, Any]) -> dict[str, str]:
    own = {**(values.get("environment") or {}), **(values.get("private_environment") or {})}
    folder = {"AIRFLOW_TMP_DIR": str(_tmp_dir(values))} if _has_tmp_dir(values) else {}
    said = {**own, **(values.get(FUNCTION_VARIABLES) or {}), **folder}
    return {str(name): str(value).replace("$", "$$") for name, value in said.items()}


def _has_tmp_dir(values: Mapping[str, Any]) -> bool:
    return values.get("mount_tmp_dir", True) is not False


def _tmp_dir(values: Mapping[str, Any]) -> Any:
    return values.get("tmp_dir") or "/tmp/airflow"  # noqa: S108 - the operator's own default, in its container


def _resources(values: Mapping[str, Any], of_the_daemon: Mapping[str, Any]) -> dict[str, Any]:
    """``mem_limit`` is a limit; ``cpus`` are Docker's CPU shares, which Kubernetes calls a request."""
    limits, requests = dict(of_the_daemon.get("limits") or {}), dict(of_the_daemon.get("requests") or {})
    if values.get("mem_limit"):
        limits["memory"] = _bytes(values["mem_limit"])
    if values.get("cpus"):
        requests["cpu"] = f"{round(float(values['cpus']) * 1000)}m"
    made = {**of_the_daemon, "limits": limits, "requests": requests}
    return {name: part for name, part in made.items() if part}


def _bytes(said: Any) -> str:
    """``512m`` as Docker counts (powers of 1024) in Kubernetes' words. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([bkmg]?)b?", str(said).strip().lower())
    if found is None:
        raise ValueError(f"{said!r} is no size")
    number, unit = float(found[1]), found[2] or "b"
    if number.is_integer():
        return f"{int(number)}{_SUFFIXES[unit]}"
    return str(int(number * 1024 ** "bkmg".index(unit)))


def _pod(values: Mapping[str, Any], volumes: list[dict[str, Any]]) -> dict[str, Any]:
    pod: dict[str, Any] = {"volumes": volumes} if volumes else {}
    if values.get("network_mode") == "host":
        pod["hostNetwork"] = True
    if values.get("hostname"):
        pod["hostname"] = str(values["hostname"])
    dns = {
        "nameservers": list(manifest_of(values.get("dns") or [])),
        "searches": list(manifest_of(values.get("dns_search") or [])),
    }
    if any(dns.values()):
        pod["dnsConfig"] = {name: part for name, part in dns.items() if part}
        if dns["nameservers"]:
            pod["dnsPolicy"] = "None"
    hosts = values.get("extra_hosts") or {}
    if hosts:
        pod["hostAliases"] = [{"ip": str(ip), "hostnames": [str(name)]} for name, ip in hosts.items()]
    return pod


def _container(values: Mapping[str, Any], mounts: list[dict[str, Any]]) -> dict[str, Any]:
    security: dict[str, Any] = {}
    if values.get("user") not in {None, ""}:
        user, _, group = str(values["user"]).partition(":")
        security["runAsUser"] = int(user)
        if group:
            security["runAsGroup"] = int(group)
    if values.get("privileged"):
        security["privileged"] = True
    if values.get("cap_add"):
        security["capabilities"] = {"add": [str(name) for name in manifest_of(values["cap_add"])]}
    made = {"securityContext": security, "volumeMounts": mounts, "tty": bool(values.get("tty"))}
    return {name: part for name, part in made.items() if part}


def _volumes(values: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Volumes and their mounts: the folder for temporary files, ``/dev/shm`` of the size that is wanted, tmpfs."""
    wanted: list[tuple[str, str, dict[str, Any]]] = []
    if _has_tmp_dir(values):
        wanted.append(("airflow-tmp", str(_tmp_dir(values)), {}))
    if values.get("shm_size"):
        wanted.append(("shm", "/dev/shm", {"medium": "Memory", "sizeLimit": _bytes(values["shm_size"])}))  # noqa: S108
    for number, mount in enumerate(values.get("mounts") or []):
        said = _mount(mount)
        limit = {"sizeLimit": _bytes(said["size"])} if said["size"] else {}
        wanted.append((f"tmpfs{number}", str(said["target"]), {"medium": "Memory", **limit}))
    volumes = [{"name": name, "emptyDir": source} for name, _, source in wanted]
    return volumes, [{"name": name, "mountPath": path} for name, path, _ in wanted]


def _mount(mount: Any) -> dict[str, Any]:
    """A mount's ``target`` and ``type`` (and ``size`` of a tmpfs), from ``docker.types.Mount``, which is a map in the
    words of Docker's API, or from the map of its arguments."""
    if not isinstance(mount, dict):
        return {}
    said = {str(key).lower(): value for key, value in mount.items()}
    options = said.get("tmpfsoptions") or {}
    size = said.get("tmpfs_size") or (options.get("SizeBytes") if isinstance(options, dict) else None)
    return {"target": said.get("target"), "type": said.get("type") or "volume", "size": size}
