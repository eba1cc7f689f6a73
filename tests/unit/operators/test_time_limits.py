"""``execution_timeout`` of pods that have nobody of ours inside: their Jobs keep it."""

from __future__ import annotations

from typing import Any

import pytest

from goflow.domain.spec import DagSpec, TaskSpec
from goflow.operators.manifest import job_manifest
from goflow.operators.registry import convert
from tests.unit.operators.test_convert import KPO, SITE, request

JOB = "airflow.providers.cncf.kubernetes.operators.job.KubernetesJobOperator"
DOCKER = "airflow.providers.docker.operators.docker.DockerOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"


def limit(path: str, timeout: float | None, fields: dict[str, Any]) -> Any:
    task = TaskSpec(
        task_id="t",
        operator=path.rpartition(".")[2],
        operator_path=path,
        do_xcom_push=False,
        execution_timeout=timeout,
        fields=fields,
    )
    manifest = job_manifest(convert(request(task, DagSpec(dag_id="d", tasks=(task,)))), SITE)
    return manifest["spec"].get("activeDeadlineSeconds")


@pytest.mark.parametrize(
    ("path", "timeout", "fields", "expected"),
    [
        pytest.param(KPO, 90.0, {"image": "i"}, 90, id="a pod"),
        pytest.param(KPO, None, {"image": "i"}, None, id="a pod without one"),
        pytest.param(KPO, 0.2, {"image": "i"}, 1, id="less than Kubernetes knows"),
        pytest.param(KPO, 90.0, {"image": "i", "active_deadline_seconds": 30}, 30, id="its own limit is less"),
        pytest.param(KPO, 90.0, {"image": "i", "active_deadline_seconds": 300}, 90, id="its own limit is more"),
        pytest.param(DOCKER, 90.0, {"image": "i"}, 90, id="a container of Docker's"),
        pytest.param(JOB, 90.0, {"image": "i", "wait_until_job_complete": True}, 90, id="a Job that is waited for"),
        pytest.param(JOB, 90.0, {"image": "i"}, None, id="a Job that is not"),
        pytest.param(BASH, 90.0, {"bash_command": "true"}, None, id="our runner keeps it itself, with on_kill"),
    ],
)
def test_the_job_ends_the_pod_when_its_time_is_up(path, timeout, fields, expected):
    assert limit(path, timeout, fields) == expected


def test_what_is_found_out_first_is_not_ended_by_it():
    told = {"image": "i", "cmds": {"$hole": {"reason": "r", "line": 1, "column": 1, "when": "launch"}}}
    assert limit(KPO, 90.0, told) is None
