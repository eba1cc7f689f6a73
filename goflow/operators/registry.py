"""Which family converts a task, and a word at import time about those that none does."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from goflow.domain.canonical import Json, tag_of
from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.domain.ignores import silenced
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec, Dialect, TaskSpec
from goflow.operators import airflow_image, container_function, docker, job, launch_time, native, pod, runner
from goflow.operators.plan import JobPlan, NotConvertibleError
from goflow.operators.request import PlanRequest

if TYPE_CHECKING:
    from goflow.parser.api import ParseResult

Family = Callable[[PlanRequest], JobPlan]
_MISSHAPEN = (AttributeError, TypeError, ValueError, KeyError, IndexError)
"""What comes of a template or an override that is no pod: a text where a list should be."""

STANDARD = (
    "airflow.providers.standard.",
    "airflow.sdk.",
    "airflow.models.",
    "airflow.operators.",
    "airflow.sensors.",
    "airflow.decorators.",
)
"""Where operators live that goflow-airflow-shim brings itself."""

SUB_DAG = "airflow.operators.subdag.SubDagOperator"
EMPTY_PATHS = frozenset(
    {
        "airflow.providers.standard.operators.empty.EmptyOperator",
        "airflow.operators.empty.EmptyOperator",
        "airflow.operators.dummy.DummyOperator",
    }
)


_PODS: dict[str, Family] = {
    **dict.fromkeys(pod.PATHS, pod.plan),
    **dict.fromkeys(job.PATHS, job.plan),
    **dict.fromkeys(container_function.KUBERNETES, container_function.plan),
    **dict.fromkeys(docker.PATHS, docker.plan),
    **dict.fromkeys(container_function.DOCKER, container_function.docker_plan),
}
"""Classes whose tasks are pods of their own."""
_IN_CLUSTERS: dict[str, Family] = {
    "airflow.providers.google.cloud.operators.kubernetes_engine.GKEStartPodOperator": pod.plan,
    "airflow.providers.google.cloud.operators.kubernetes_engine.GKEStartJobOperator": job.plan,
    "airflow.providers.amazon.aws.operators.eks.EksPodOperator": pod.plan,
    "airflow.contrib.operators.gcp_container_operator.GKEPodOperator": pod.plan,
}
"""The same in a cluster that their ``cluster_name`` says: GoFlow's own where ``goflow.yaml`` says so."""
_TROUBLES: dict[Family, Callable[[TaskSpec], str]] = {
    pod.plan: lambda task: "",
    container_function.plan: lambda task: "",
    job.plan: job.trouble,
    docker.plan: docker.trouble,
    container_function.docker_plan: docker.trouble,
}
_DOCKERS = frozenset({docker.plan, container_function.docker_plan})
_AROUND = ("pre_execute", "post_execute")
"""Arguments of every operator that its task calls around ``execute``."""


def family_of(task: TaskSpec) -> Family:
    """The conversion for TASK, by its class and what that derives from, nearest first.

    A provider's class that GoFlow does not know runs through its own ``execute``, whatever it derives from: what it
    changes of its pod is not known here. So does what `own_way` tells of.
    """
    for path in (task.operator_path, *task.bases):
        if path == native.PATH:
            return native.plan
        family = _PODS.get(path)
        if path in _IN_CLUSTERS and pod.is_ours(task, {**task.arguments, **task.fields}.get("cluster_name")):
            family = _IN_CLUSTERS[path]
        if family is not None:
            return runner.plan if own_way(task, family) else family
        if provider_of(path):
            break
    return runner.plan


def own_way(task: TaskSpec, family: Family) -> str:
    """Why a task of FAMILY, a pod otherwise, runs through its own ``execute``, in words; empty where it is that pod."""
    if task.overrides:
        return f"its class has {', '.join(task.overrides)} of its own"
    for name in _AROUND:
        if task.arguments.get(name):
            return f"its argument {name} is called by its own process"
    if family in _DOCKERS:
        return "its docker_url names another machine" if docker.is_elsewhere(task) else ""
    return pod.own_way(task)


def convert(request: PlanRequest) -> JobPlan:
    """The launch as a plan. Raises NotConvertibleError."""
    resolves = to_resolve(request.dag, request.task, request.defaults.backend, request.resolved)
    family = launch_time.plan if resolves else _here(request)
    if family is runner.plan and airflow_image.is_asked_for(request.dag, request.task):
        family = airflow_image.plan
    try:
        return family(request)
    except _MISSHAPEN as problem:  # it would be so again: nothing is gained by another try
        reason = f"its pod cannot be made of what is said for it: {type(problem).__name__}: {problem}"
        raise NotConvertibleError(request.task.operator, reason) from problem


def _here(request: PlanRequest) -> Family:
    """The family on this backend: without a cluster Docker's operator speaks with the Docker of this machine itself."""
    family = family_of(request.task)
    return runner.plan if family in _DOCKERS and request.defaults.backend == "local" else family


def to_resolve(dag: DagSpec, task: TaskSpec, backend: str, resolved: Mapping[str, Json] | None) -> tuple[str, ...]:
    """The arguments of TASK's pod that a launch of our runner has to find out before there can be one; RESOLVED is what
    an earlier launch of the attempt has found out already."""
    if backend == "local" or resolved is not None:
        return ()
    family = family_of(task)
    if family in _TROUBLES:
        found = (*container_function.names_of(task), *launch_time.of_pod(dag, task))
        return () if _TROUBLES[family](task) else tuple(dict.fromkeys(found))
    return launch_time.of_override(task) if family is runner.plan else ()


def in_airflow(dag: DagSpec, task: TaskSpec, backend: str, resolved: Mapping[str, Json] | None) -> bool:
    """Whether the launch's task runs under Airflow's own supervisor. Asked as `to_resolve` is."""
    asked_for = family_of(task) is runner.plan and airflow_image.is_asked_for(dag, task)
    return asked_for and not to_resolve(dag, task, backend, resolved)


def speaks_for_itself(dag: DagSpec, task: TaskSpec, backend: str, resolved: Mapping[str, Json] | None) -> bool:
    """Whether our runner is the launch's main container: it claims its launch and tells its end itself. Asked as
    `to_resolve` is."""
    if to_resolve(dag, task, backend, resolved):
        return True
    family = family_of(task)
    if family is native.plan:
        return backend == "local" or not (task.native or {}).get("DockerImage")
    return family is runner.plan or (family in _DOCKERS and backend == "local")


def findings(result: ParseResult) -> tuple[Diagnostic, ...]:
    """Everything there is to say of a file that was read: what the reader found and what of its DAGs cannot be run yet,
    without what its comments ignore. Never raises: a defect here must not keep a DAG from being taken."""
    found = list(result.diagnostics)
    for dag in result.dags:
        try:
            found += [_in_its_file(finding, result) for finding in diagnose(dag, result.path)]
        except Exception as problem:
            words = f"the operators cannot be looked at: {type(problem).__name__}: {problem}"
            found.append(Diagnostic("GF009", words, Span(result.path), Severity.WARNING, dag_id=dag.dag_id))
    return silenced(found, result.ignores, result.path, complete=bool(result.dags))


def _in_its_file(finding: Diagnostic, result: ParseResult) -> Diagnostic:
    path = result.described_in.get((finding.dag_id or "", finding.task_id or ""))
    return finding if path is None else replace(finding, span=replace(finding.span, path=path))


def diagnose(dag: DagSpec, path: str) -> list[Diagnostic]:
    """What of DAG is read but cannot be run yet, or only where its provider is installed; one finding for each operator
    and reason."""
    found: dict[tuple[str, str], Diagnostic] = {}
    for task in dag.tasks:
        reason, hint = _trouble(task)
        if reason and (task.operator, reason) not in found:
            found[task.operator, reason] = Diagnostic(
                code="GF301",
                message=f"{task.operator}: {reason}",
                span=Span(path, task.line, task.column),
                severity=Severity.WARNING,
                hint=hint,
                dag_id=dag.dag_id,
                task_id=task.task_id,
            )
    return [*found.values(), *_not_acted_on(dag, path)]


def _not_acted_on(dag: DagSpec, path: str) -> list[Diagnostic]:
    """What the DAG asks for that nobody does; of tasks, the first that asks for each."""
    asked: dict[tuple[str, str], tuple[str, tuple[int, int]]] = {}
    here = "", (dag.line, dag.column)
    airflow2 = dag.dialect is Dialect.AIRFLOW2
    if dag.callbacks.get("sla_miss_callback") and not airflow2:
        asked["GF508", "sla_miss_callback is not called: Airflow 3 has no SLAs"] = here
    for number, deadline in enumerate(dag.deadlines, 1):
        if deadline.unwatched:
            which = repr(deadline.name) if deadline.name else str(number)
            asked["GF303", f"deadline {which} of the DAG is not watched: {deadline.unwatched}"] = here
    for task in dag.tasks:
        place = task.task_id, (task.line, task.column)
        given = task.arguments.get("sla")
        if given is not None and not airflow2:
            asked.setdefault(("GF508", "sla does nothing: Airflow 3 has no SLAs"), place)
        elif given is not None and tag_of(given) == "$hole":
            asked.setdefault(("GF303", "the task's SLA is not watched: it is not known before run time"), place)
        elif given is not None and asks_its_author(dag.schedule):
            asked.setdefault(("GF303", "SLAs are not watched where the DAG has a timetable class of its own"), place)
        if _has_hole(task.arguments.get("email")) and (_mails(task) or (given is not None and airflow2)):
            asked.setdefault(("GF303", _MAILS), place)
    return [
        Diagnostic(
            code=code,
            message=message,
            span=Span(path, *place),
            severity=Severity.WARNING,
            hint=_INSTEAD_OF_SLA if code == "GF508" else "everything else of the DAG runs",
            dag_id=dag.dag_id,
            task_id=task_id or None,
        )
        for (code, message), (task_id, place) in asked.items()
    ]


_MAILS = "e-mails about the task are not sent to an address that is not known before run time"
_INSTEAD_OF_SLA = "use a DeadlineAlert of the DAG, or name Airflow 2 as the dialect of the folder in goflow.yaml"


def _has_hole(given: Json) -> bool:
    """Whether an address of ``email`` is not known before run time."""
    addresses = given if isinstance(given, list) else [given]
    return any(isinstance(address, dict) and tag_of(address) == "$hole" for address in addresses)


def _mails(task: TaskSpec) -> bool:
    """Whether Airflow would write about TASK: ``email_on_failure`` and ``email_on_retry`` are on by default."""
    return any(task.arguments.get(name, True) is not False for name in ("email_on_failure", "email_on_retry"))


class Way(enum.StrEnum):
    """How a task runs: as a POD of its own, by our RUNNER, by it in an image that has its PROVIDER, or NOT_YET."""

    POD = "pod"
    RUNNER = "runner"
    PROVIDER = "provider"
    NOT_YET = "not_yet"


def way_of(task: TaskSpec) -> tuple[Way, str]:
    """How TASK runs in a cluster, and which package it wants for that or why it does not."""
    family = family_of(task)
    if family in _TROUBLES:
        reason = _TROUBLES[family](task)
        return (Way.NOT_YET, reason) if reason else (Way.POD, "")
    if family is native.plan:
        return (Way.POD if (task.native or {}).get("DockerImage") else Way.RUNNER), ""
    provider = next((found for path in (task.operator_path, *task.bases) if (found := provider_of(path))), "")
    return (Way.PROVIDER, provider) if provider else (Way.RUNNER, "")


def _trouble(task: TaskSpec) -> tuple[str, str]:
    way, words = way_of(task)
    if way is Way.NOT_YET:
        return f"{words}; the task will fail", ""
    if way is Way.PROVIDER and (why := _why_its_own(task)):
        return (
            f"{why}: it runs through its own execute, where the task's image has its package",
            f"put {words} into the runner image that goflow.yaml names for this task",
        )
    if way is Way.PROVIDER:
        return (
            "GoFlow does not convert it; it runs through its own execute where the task's image has its package",
            f"put {words} into the runner image that goflow.yaml names for this task, or use a KubernetesPodOperator",
        )
    return "", ""


def _why_its_own(task: TaskSpec) -> str:
    """Why TASK, whose class is one of those that are pods, is none."""
    family = next((_PODS[path] for path in (task.operator_path, *task.bases) if path in _PODS), None)
    return "" if family is None else own_way(task, family)


def provider_of(path: str) -> str:
    """The distribution that an operator outside the shim comes from; empty for the shim's own and the folder's own."""
    if not path.startswith(("airflow.providers.", "airflow.contrib.")) or path.startswith(STANDARD):
        return ""
    if path.startswith("airflow.contrib."):
        return "the operator's provider package"
    words = []
    for part in path.split(".")[2:]:
        if part in {"operators", "sensors", "transfers", "hooks", "triggers", "decorators", "notifications"}:
            break
        words.append(part)
    if not words:
        return ""
    known = words[:1] if words[0] in {"google", "amazon"} else words
    return "apache-airflow-providers-" + "-".join(known[:2])


__all__ = [
    "EMPTY_PATHS",
    "NotConvertibleError",
    "Way",
    "convert",
    "diagnose",
    "family_of",
    "findings",
    "in_airflow",
    "provider_of",
    "speaks_for_itself",
    "to_resolve",
    "way_of",
]
