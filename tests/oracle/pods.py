"""What Airflow makes of a pod and another that is laid over it: run by the Python of an environment with Airflow.

    ~/.cache/goflow-tests/airflow-3.3.2/bin/python tests/oracle/pods.py tests/unit/operators/reconciled_pods.json

The file has cases (``base``, ``over``); the answer of ``PodGenerator.reconcile_pods`` is written to each as ``pod``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(path: Path) -> None:
    from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
    from kubernetes.client import ApiClient

    cases = json.loads(path.read_text())
    for case in cases.values():
        pods = [PodGenerator.deserialize_model_dict(case[name]) for name in ("base", "over")]
        case["pod"] = ApiClient().sanitize_for_serialization(PodGenerator.reconcile_pods(*pods))
    path.write_text(json.dumps(cases, indent=1, sort_keys=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
