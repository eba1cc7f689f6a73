"""KubernetesPodOperator on the real cluster: the author's own container, its log, its result and what keeps it from
starting.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.daemon import daemon_on
from tests.cluster.harness import Cluster
from tests.cluster.harness.layout import BUSYBOX_IMAGE
from tests.running import Daemon

DAG = """
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG, task
from kubernetes.client import models as k8s

with DAG(
    "pods",
    schedule=None,
    default_args={{"image": "{image}", "image_pull_policy": "Never", "retries": 0}},
    params={{"who": "world"}},
):
    says = KubernetesPodOperator(
        task_id="says",
        cmds=["sh", "-c"],
        arguments=['echo "hello $WHO"; printf "\\\\303\\\\050 bad bytes\\\\n"; head -c 70000 /dev/zero | tr "\\\\\\\\0" x; echo; echo end'],
        env_vars={{"WHO": "{{{{ params.who }}}}"}},
    )
    gives = KubernetesPodOperator(
        task_id="gives",
        cmds=["sh", "-c", 'mkdir -p /airflow/xcom; echo \\'{{"number": 41, "words": ["a", "b"]}}\\' > /airflow/xcom/return.json'],
        do_xcom_push=True,
    )

    @task
    def takes(value):
        return value["number"] + 1

    fails = KubernetesPodOperator(task_id="fails", cmds=["sh", "-c", "echo it breaks >&2; exit 7"])
    skips = KubernetesPodOperator(task_id="skips", cmds=["sh", "-c", "exit 44"], skip_on_exit_code=[43, 44])
    no_image = KubernetesPodOperator(
        task_id="no_image", image="localhost/no-such-image:1", cmds=["true"], startup_timeout_seconds=6
    )
    no_secret = KubernetesPodOperator(
        task_id="no_secret",
        cmds=["true"],
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="no-such-secret"))],
        startup_timeout_seconds=6,
    )
    no_room = KubernetesPodOperator(
        task_id="no_room",
        cmds=["true"],
        container_resources=k8s.V1ResourceRequirements(requests={{"cpu": "1000"}}),
        startup_timeout_seconds=6,
    )
    too_big = KubernetesPodOperator(
        task_id="too_big",
        cmds=["sh", "-c", "head -c 200000000 /dev/zero | tail"],
        container_resources=k8s.V1ResourceRequirements(limits={{"memory": "20Mi"}}),
    )
    copies = KubernetesPodOperator.partial(task_id="copies", cmds=["sh", "-c"]).expand(
        arguments=[["echo copy one"], ["echo copy two; exit 3"]]
    )
    takes(gives.output)
"""

LATE = """
import subprocess

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG, task

WORDS = subprocess.check_output(["echo", "echo found out"], text=True).strip()

with DAG(
    "late",
    schedule=None,
    default_args={{"image": "{image}", "image_pull_policy": "Never", "retries": 0}},
    user_defined_macros={{"loud": lambda text: text.upper()}},
):
    KubernetesPodOperator(task_id="hole", cmds=["sh", "-c", WORDS])
    KubernetesPodOperator(task_id="macro", cmds=["sh", "-c"], arguments=["echo {{{{ loud(run_id) }}}}"])

    @task
    def numbers():
        return [1, 2]

    KubernetesPodOperator.partial(task_id="copies", cmds=["sh", "-c"]).expand(
        arguments=numbers().map(lambda number: [f"echo copy {{number * 10}}"])
    )
"""


@pytest.fixture(scope="module")
def daemon(
    cluster: Cluster, kube: Any, runner_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    """A daemon that has run the DAG of pods to its end."""
    from tests.cluster.fixtures import namespace_on

    work: Path = tmp_path_factory.mktemp("pods")
    (work / "dags").mkdir()
    (work / "dags" / "pods.py").write_text(DAG.format(image=BUSYBOX_IMAGE))
    (work / "dags" / "late.py").write_text(LATE.format(image=BUSYBOX_IMAGE))
    with namespace_on(kube) as name:
        made = daemon_on(cluster, name, work / "home", work / "dags")
        made.start()
        try:
            made.wait_for("the DAG", lambda: made.json("dags", "list"), 60)
            made.run("dags", "trigger", "pods", "--run-id", "one", "--conf", '{"who": "you"}')
            made.wait_for("the end", lambda: made.json("runs", "list", "pods")[0]["state"] == "failed", 240, 0.5)
            yield made
        finally:
            made.stop()


def shown(daemon: Daemon, task: str, map_index: int = -1) -> dict[str, Any]:
    index = ["--map-index", str(map_index)] if map_index >= 0 else []
    found: dict[str, Any] = daemon.json("tasks", "show", "pods", "one", task, *index)
    return found


def log(daemon: Daemon, task: str, *more: str) -> list[str]:
    return daemon.run("tasks", "logs", "pods", "one", task, *more).splitlines()


STATES = {
    "says": "success",
    "gives": "success",
    "takes": "success",
    "fails": "failed",
    "skips": "skipped",
    "no_image": "failed",
    "no_secret": "failed",
    "no_room": "failed",
    "too_big": "failed",
}


@pytest.mark.parametrize(("task", "state"), STATES.items(), ids=STATES)
def test_each_ends_as_under_airflow(daemon: Daemon, task: str, state: str) -> None:
    found = shown(daemon, task)
    assert found["state"] == state, found


def test_a_foreign_containers_output_is_its_log(daemon: Daemon) -> None:
    lines = log(daemon, "says")
    assert any(line.endswith("hello you") for line in lines)
    assert any("\N{REPLACEMENT CHARACTER}( bad bytes" in line for line in lines)
    assert any("x" * 70000 in line for line in lines), "a long line is whole"
    assert lines[-1].endswith("end")
    assert any(line.endswith("it breaks") for line in log(daemon, "fails"))


def test_its_result_file_is_its_xcom(daemon: Daemon) -> None:
    assert shown(daemon, "gives")["xcoms"]["return_value"] == {"number": 41, "words": ["a", "b"]}
    assert shown(daemon, "takes")["xcoms"]["return_value"] == 42


def test_templates_are_rendered_and_shown(daemon: Daemon) -> None:
    assert shown(daemon, "says")["rendered_fields"]["env_vars"] == {"WHO": "you"}


WHY = {
    "no_image": ("StartupTimeout", "ErrImageNeverPull"),
    "no_secret": ("StartupTimeout", "no-such-secret"),
    "no_room": ("StartupTimeout", "Insufficient cpu"),
    "too_big": ("OOMKilled", "memory"),
    "fails": ("Error", "exit code 7"),
}


@pytest.mark.parametrize(("task", "why"), WHY.items(), ids=WHY)
def test_why_it_failed_is_said_in_words(daemon: Daemon, task: str, why: tuple[str, str]) -> None:
    attempt = shown(daemon, task)["attempts"][-1]
    assert attempt["reason"] == why[0]
    assert why[1] in attempt["message"]


def test_what_does_not_start_fails_after_its_startup_timeout(daemon: Daemon) -> None:
    found = shown(daemon, "no_image")
    took = dt.datetime.fromisoformat(found["end_date"]) - dt.datetime.fromisoformat(found["queued_when"])
    assert 6 <= took.total_seconds() < 20


def test_mapped_pods_get_their_own_arguments(daemon: Daemon) -> None:
    assert [shown(daemon, "copies", index)["state"] for index in (0, 1)] == ["success", "failed"]
    assert log(daemon, "copies", "--map-index", "0")[-1].endswith("copy one")
    assert log(daemon, "copies", "--map-index", "1")[-1].endswith("copy two")


def test_what_only_the_running_file_can_tell_is_found_out_before_the_pod_begins(daemon: Daemon) -> None:
    daemon.run("dags", "trigger", "late", "--run-id", "one")
    daemon.wait_for(
        "the end", lambda: daemon.json("runs", "list", "late")[0]["state"] in {"success", "failed"}, 120, 0.5
    )

    def lines(task: str, *more: str) -> list[str]:
        return daemon.run("tasks", "logs", "late", "one", task, *more).splitlines()

    assert daemon.json("runs", "list", "late")[0]["state"] == "success"
    assert lines("hole")[-1].endswith("found out")
    assert lines("macro")[-1].endswith("ONE")
    assert [lines("copies", "--map-index", index)[-1][-7:] for index in ("0", "1")] == ["copy 10", "copy 20"]
    shown_macro = daemon.json("tasks", "show", "late", "one", "macro")
    assert len(shown_macro["attempts"]) == 1, "it is one attempt, of two launches"
    assert shown_macro["rendered_fields"]["arguments"] == ["echo ONE"]
