"""`JobPlan`: all that a backend needs to know to start one launch, and nothing of how it does it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from goflow.domain.canonical import Json


class Verdict(enum.StrEnum):
    """Whose word ends the task (decision 11).

    RUNNER: our runner's, told to the task API (or left in the termination message). CONTAINER: the exit code of the
    main container, which is not ours. JOB: the Job's own condition (native tasks with parallelism or ``OnFailure``,
    KubernetesJobOperator). CREATED: that the Job is there is all that was wanted; it is the author's from then on.
    """

    RUNNER = "runner"
    CONTAINER = "container"
    JOB = "job"
    CREATED = "created"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """One container start. Durations are seconds. ``namespace``, ``image`` and ``service_account`` are resolved.

    ``pod`` is a pod template fragment that the author gave (``goflow.yaml``'s ``pod_template``, ``pod_override``,
    KubernetesPodOperator's dictionaries), merged over what is made here. ``run_as_index`` and ``parallelism`` are
    native tasks' own.
    """

    launch_id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    ordinal: int
    job_name: str
    namespace: str
    verdict: Verdict = Verdict.RUNNER
    image: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    working_dir: str | None = None
    service_account: str | None = None
    resources: Mapping[str, Json] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    image_pull_policy: str | None = None
    image_pull_secrets: tuple[str, ...] = ()
    pod: Mapping[str, Json] = field(default_factory=dict)
    container: Mapping[str, Json] = field(default_factory=dict)
    folder_path: str = ""
    """Where the DAG folder is mounted, for runner launches."""
    plain: bool = False
    """Whether our runner only has a command to start; asked on the local backend, where that is cheaper to begin."""
    brings_runner: bool = False
    """Whether our runner has to be put into the pod: its image is somebody else's."""
    xcom_sidecar: bool = False
    """Whether ``/airflow/xcom/return.json`` of a foreign container becomes the task's result."""
    skip_exit_codes: tuple[int, ...] = ()
    """Exit codes of a foreign container that mean *skipped*."""
    multiple_outputs: bool = False
    """Whether each key of what the sidecar sends is a result of its own, too."""
    result_lines: Literal["", "last", "all"] = ""
    """Which lines of a foreign container's output become the task's result."""
    results: Mapping[str, Json] = field(default_factory=dict)
    """Results that are known once the Job is there, by key."""
    job: Mapping[str, Json] = field(default_factory=dict)
    """Fields of the Job's own spec where it is the author's (KubernetesJobOperator); Kubernetes' defaults hold for the
    others."""
    kube_access: bool = False
    """Whether our runner's container gets its service account's token for the API server, as Airflow's workers do."""
    rendered: Mapping[str, Json] = field(default_factory=dict)
    """The template fields as they were rendered here; our runner tells those of its tasks itself."""
    active_deadline_s: float | None = None
    termination_grace_s: float = 30.0
    startup_timeout_s: float = 600.0
    parallelism: int = 1
    restart_policy: str = "Never"
    backoff_limit: int = 0
    shared_job: str = ""
    """What the ids of the launches begin with that share this Job; empty: it is LAUNCH_ID's alone."""
    copies: int = 1
    """How many launches share it."""


class NotConvertibleError(Exception):
    """This operator cannot be run yet"""

    def __init__(self, operator: str, reason: str) -> None:
        self.operator = operator
        self.reason = reason
        super().__init__(f"{operator}: {reason}")
