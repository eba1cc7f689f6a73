"""The kubernetes backend on the real cluster, held to what every backend must do, and what it does beyond."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from goflow.domain.state import TaskState
from goflow.executor.backend import BackendAwayError, LaunchRefusedError, Phase
from goflow.executor.kubernetes import KubernetesBackend
from goflow.kube.api import KubeApi
from goflow.operators.manifest import TOKEN_AUDIENCE
from goflow.operators.plan import Verdict
from goflow.server.attempts import TokenReviewGuard
from goflow.settings import Settings
from goflow.wiring import site_of
from tests.cluster.daemon import free_port
from tests.cluster.fixtures import namespace_on
from tests.cluster.harness import Cluster
from tests.cluster.harness.processes import wait_until
from tests.conformance.backends.cases import BackendCases
from tests.conformance.backends.stage import Stage, Started, staged


@pytest.fixture(scope="module")
def stage(
    cluster: Cluster, kube: client.ApiClient, runner_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """The kubernetes backend in a namespace of its own; ended Jobs go at once when they are cleaned."""
    home = tmp_path_factory.mktemp("kubernetes")
    with namespace_on(kube) as name:
        settings = Settings(
            home=home,
            dags_folder=home / "dags",
            backend="kubernetes",
            kubeconfig=cluster.kubeconfig,
            namespace=name,
            installation=name,
            runner_image=runner_image,
            image_pull_policy="Never",
            task_api_host=cluster.host_address,
            task_api_port=free_port(cluster.host_address),
        )
        api = KubeApi(settings.kubeconfig)

        def make(settings: Settings) -> KubernetesBackend:
            return KubernetesBackend(
                KubeApi(settings.kubeconfig), site_of(settings), namespaces=[name], installation=name, keeps_s=0
            )

        with staged(settings, cluster.host_address, make, TokenReviewGuard(api, TOKEN_AUDIENCE)) as made:
            yield made


class TestKubernetesBackend(BackendCases):
    """All cases."""


def test_an_api_server_that_is_away_is_told_as_such(stage: Stage, tmp_path: Path) -> None:
    away = tmp_path / "kubeconfig"
    text = stage.settings.kubeconfig.read_text()  # type: ignore[union-attr]
    server = next(line.split()[-1] for line in text.splitlines() if line.strip().startswith("server:"))
    away.write_text(text.replace(server, f"https://127.0.0.1:{free_port('127.0.0.1')}"))
    backend = KubernetesBackend(KubeApi(away), site_of(stage.settings), namespaces=["default"], installation="x")
    planned = stage.plan("true")
    for call in (lambda: list(backend.present()), lambda: backend.terminate(planned.handle, 0)):
        with pytest.raises(BackendAwayError):
            call()
    backend.start(lambda _: None)
    try:
        assert "is not there yet" in str(backend.ready()) or "broken" in str(backend.ready())
    finally:
        backend.stop()


def test_a_namespace_that_is_not_watched_is_refused_with_words(stage: Stage) -> None:
    planned = stage.plan("true")
    with pytest.raises(LaunchRefusedError, match="job_namespaces"):
        stage.backend.launch(dataclasses.replace(planned.plan, namespace="kube-system"), "")


def test_a_pod_that_is_deleted_from_outside_is_told_as_disrupted(stage: Stage, kube: client.ApiClient) -> None:
    started = stage.run("trap '' TERM", "{knock}", "{wait}")
    stage.door.wait_for(started.name)
    core = client.CoreV1Api(kube)
    selector = f"goflow/launch-id={started.id}"
    (pod,) = core.list_namespaced_pod(started.plan.namespace, label_selector=selector).items
    core.delete_namespaced_pod(pod.metadata.name, started.plan.namespace, grace_period_seconds=1)
    outcome = stage.ended(started).outcome
    assert outcome is not None
    assert outcome.disrupted
    assert stage.door.knocks[started.name] == 1, "the Job did not start another pod by itself"


def test_an_image_that_is_not_there_is_named_at_once(stage: Stage) -> None:
    planned = stage.plan("true")
    missing = dataclasses.replace(planned.plan, image="localhost/no-such-image:1", image_pull_policy="Never")
    stage.backend.launch(missing, "")
    seen = stage.first(planned, lambda seen: bool(seen.reason))
    assert seen.phase is Phase.PENDING
    assert seen.reason == "ErrImageNeverPull"
    assert "no-such-image" in seen.message
    stage.backend.terminate(planned.handle, 0)
    stage.until(planned, Phase.GONE)


def test_a_deadline_that_is_over_is_a_failure_and_no_disruption(stage: Stage) -> None:
    planned = stage.plan("{knock}", "{wait}")
    limited = dataclasses.replace(planned, plan=dataclasses.replace(planned.plan, active_deadline_s=6))
    stage.launch(limited)
    outcome = stage.ended(limited).outcome
    assert outcome is not None
    assert (outcome.state, outcome.reason, outcome.disrupted) == (TaskState.FAILED, "Timeout", False)
    assert stage.door.knocks[planned.name] == 1


def foreign(stage: Stage, program: str, **fields: Any) -> Started:
    """A planned launch of a container that is not ours, which runs the Python PROGRAM."""
    planned = stage.plan("true")
    command = ("python3", "-c", program)
    plan = dataclasses.replace(planned.plan, verdict=Verdict.CONTAINER, command=command, args=None, **fields)
    return dataclasses.replace(planned, plan=plan)


FOREIGN: dict[str, tuple[str, TaskState, int, str]] = {
    "one that succeeds": ("pass", TaskState.SUCCESS, 0, ""),
    "one that fails": ("raise SystemExit(3)", TaskState.FAILED, 3, "exit code 3"),
    "one that is killed": ("import os; os.kill(os.getpid(), 9)", TaskState.SUCCESS, 0, ""),  # process 1 cannot be
    "one whose child is killed": ("import os; os.fork() or os.abort(); raise SystemExit(os.wait()[1])",
                                  TaskState.FAILED, 6, "exit code 6"),
    "one that wants too much memory": ("b'x' * 200_000_000", TaskState.FAILED, 137, "memory"),
}  # fmt: skip


@pytest.mark.parametrize(("program", "state", "code", "words"), FOREIGN.values(), ids=FOREIGN)
def test_the_end_of_a_container_that_is_not_ours(
    stage: Stage, program: str, state: TaskState, code: int, words: str
) -> None:
    started = foreign(stage, program, resources={"limits": {"memory": "64Mi"}})
    stage.launch(started)
    outcome = stage.ended(started).outcome
    assert outcome is not None
    assert (outcome.state, outcome.exit_code, outcome.disrupted) == (state, code, False)
    assert words in outcome.message


def test_a_task_of_ours_that_wants_too_much_memory_is_told_in_words(stage: Stage) -> None:
    planned = stage.plan("exec python3 -c \"b'x' * 300_000_000\"")
    limited = dataclasses.replace(planned.plan, resources={"limits": {"memory": "128Mi"}})
    started = dataclasses.replace(planned, plan=limited)
    stage.launch(started)
    outcome = stage.ended(started).outcome
    assert outcome is not None
    assert (outcome.state, outcome.disrupted) == (TaskState.FAILED, False)
    assert outcome.exit_code == 137
    assert "memory" in outcome.message, outcome.message


def test_a_job_that_somebody_deletes_is_gone_and_not_started_anew(stage: Stage, kube: client.ApiClient) -> None:
    started = stage.run("{knock}", "{wait}")
    stage.door.wait_for(started.name)
    client.BatchV1Api(kube).delete_namespaced_job(
        started.plan.job_name, started.plan.namespace, propagation_policy="Background"
    )
    end = stage.first(started, lambda seen: seen.final and seen.phase in {Phase.ENDED, Phase.GONE})
    assert (end.phase, end.reason) == (Phase.GONE, "JobDeleted"), f"{end.outcome}"
    assert stage.phase(started) is Phase.GONE, "it is told when its pod has ended, not before"


def test_a_namespace_that_is_full_is_for_another_time(stage: Stage, kube: client.ApiClient) -> None:
    core, planned = client.CoreV1Api(kube), stage.plan("true")
    spec = {"hard": {"count/jobs.batch": "0"}}
    core.create_namespaced_resource_quota(planned.plan.namespace, {"metadata": {"name": "full"}, "spec": spec})
    try:
        with pytest.raises(BackendAwayError, match="exceeded quota"):
            wait_until("the quota holds", lambda: bool(stage.backend.launch(planned.plan, "")), 20)
    finally:
        core.delete_namespaced_resource_quota("full", planned.plan.namespace)
    stage.backend.terminate(planned.handle, 0)
