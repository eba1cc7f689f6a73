"""Uses processor and memory for a while, writes a log with groups, and makes an asset that another DAG waits for."""

from __future__ import annotations

import time

from airflow.sdk import DAG, Asset, dag, task
from kubernetes.client import models as k8s

SUMS = Asset("sums", uri="s3://warehouse/sums")
RESOURCES = k8s.V1ResourceRequirements(requests={"memory": "96Mi", "cpu": "500m"}, limits={"memory": "256Mi"})
POD = k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", resources=RESOURCES)]))


@dag(schedule=None, tags=["e2e"])
def works_hard():
    @task(outlets=[SUMS], executor_config={"pod_override": POD})
    def crunch() -> int:
        print("::group::Rows that were read")
        for number in range(50):
            print(f"row {number} read")
        print("::endgroup::")
        rows, begun = [], time.monotonic()
        while time.monotonic() - begun < 6:
            rows.append(bytearray(b"x" * (1 << 20)))
            time.sleep(0.1)
        print(f"{len(rows)} sums made")
        return len(rows)

    crunch()


works_hard()

with DAG("waits_for_sums", schedule=[SUMS], tags=["e2e"]):

    @task
    def read() -> str:
        return "read"

    read()
