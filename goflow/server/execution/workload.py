"""What Airflow's supervisor is started with: ``ExecuteTask`` of ``airflow.executors.workloads``, but for its token."""

from __future__ import annotations

import uuid
from typing import Any

from goflow_runner.airflow_task import BUNDLE

from goflow.domain.runs import Launch, TaskInstance
from goflow.store.rows import DagVersion

_OF_VERSIONS = uuid.UUID("6f1d6a52-8f0b-5a5c-9a53-0d2d3c0a6b11")
"""Namespace of the UUIDs of DAG versions."""


def instance_uuid(launch: Launch) -> str:
    """The task instance's id, as Airflow's client knows it."""
    return str(uuid.UUID(launch.id))


def workload(launch: Launch, instance: TaskInstance, version: DagVersion) -> dict[str, Any]:
    """The workload of LAUNCH; its log lies where Airflow's own executors let it lie."""
    ids = f"dag_id={instance.dag_id}/run_id={instance.run_id}/task_id={instance.task_id}"
    copy = f"/map_index={instance.map_index}" if instance.map_index >= 0 else ""
    return {
        "type": "ExecuteTask",
        "ti": {
            "id": instance_uuid(launch),
            "dag_version_id": str(uuid.uuid5(_OF_VERSIONS, f"{version.dag_id}/{version.file_hash}")),
            "dag_id": instance.dag_id,
            "run_id": instance.run_id,
            "task_id": instance.task_id,
            "map_index": instance.map_index,
            "try_number": launch.try_number,
            "pool_slots": instance.pool_slots,
            "priority_weight": instance.priority_weight,
            "queue": "default",
        },
        "dag_rel_path": version.file_path,
        "bundle_info": {"name": BUNDLE, "version": None},
        "log_path": f"{ids}{copy}/attempt={launch.try_number}.log",
    }
