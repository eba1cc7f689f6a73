"""What a conversion is asked with: the task, its run, this launch, and what the daemon's settings say besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.precedence import over
from goflow.domain.runs import DagRun, Launch, TaskInstance
from goflow.domain.spec import DagSpec, RuntimeSpec, TaskSpec

RenderFields = Callable[[Mapping[str, Json]], Mapping[str, Json]]
"""Renders the templates in fields of a task with its run's context; raises TemplateError."""


PullResult = Callable[[str, str], Any]
ReadFile = Callable[[str], str]


def nothing_pulled(task_id: str, key: str) -> Any:
    """There are no results. Raises LookupError."""
    raise LookupError(f"there is no result {key} of {task_id}")


def nothing_read(path: str) -> str:
    """There are no files. Raises FileNotFoundError."""
    raise FileNotFoundError(f"{path} is not in the DAG folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The daemon's own word on where tasks run, for all that neither file nor ``goflow.yaml`` says. Seconds."""

    namespace: str = "default"
    runner_image: str = "goflow-runner:latest"
    airflow_image: str = "apache/airflow:latest"
    image_pull_policy: str = ""
    service_account: str = "default"
    startup_timeout_s: float = 600.0
    parse_path: str = "/opt/goflow/dags"
    installation: str = "goflow"
    backend: str = "kubernetes"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """One launch to be converted. RENDER, PULL and READ_FILE are for operators whose pod is made here: templates, other
    tasks' results, and the text of a file of the version's folder (by the path that the DAG file sees; raises OSError).
    RESOLVED are arguments that an earlier launch of the attempt has found out; None: there was none.
    """

    dag: DagSpec
    task: TaskSpec
    run: DagRun
    instance: TaskInstance
    launch: Launch
    defaults: Defaults
    render: RenderFields | None = None
    pull: PullResult = nothing_pulled
    read_file: ReadFile = nothing_read
    resolved: Mapping[str, Json] | None = None
    runtime: RuntimeSpec = field(default_factory=RuntimeSpec)

    @property
    def namespace(self) -> str:
        """The namespace in force: the task's, the DAG's, the daemon's."""
        return namespace_of(self.dag, self.task, self.defaults.namespace)

    def said(self) -> RuntimeSpec:
        """What file and ``goflow.yaml`` say: for the task over what they say for the DAG."""
        return over(self.task.runtime, self.dag.runtime)

    def settled(self) -> RuntimeSpec:
        """The runtime in force: the task's own word over the DAG's, the daemon's under both (decision 6)."""
        defaults = RuntimeSpec(namespace=self.defaults.namespace, service_account=self.defaults.service_account)
        return over(self.said(), defaults)


def namespace_of(dag: DagSpec, task: TaskSpec, default: str) -> str:
    """The namespace that the file or ``goflow.yaml`` gives TASK, else DEFAULT; an operator's own argument may name
    another, which is known when its pod is made."""
    return task.runtime.namespace or dag.runtime.namespace or default
