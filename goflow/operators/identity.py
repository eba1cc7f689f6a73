"""Labels and annotations that say which launch an object belongs to (decision 10).

Annotations carry the full ids; labels carry what label values can hold: the words themselves where they fit, else a
hash of them. ``kubectl get jobs -l goflow/dag-id=...`` works for every DAG whose id is a valid label value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from goflow.operators.request import PlanRequest

PREFIX = "goflow/"
_LABEL_VALUE = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")


def label_value(text: str) -> str:
    """TEXT where it is a valid label value; else its readable start and 10 hexadecimal digits of its sha256."""
    if _LABEL_VALUE.match(text):
        return text
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:40].strip("-_.")
    tail = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"{words}-{tail}" if words else tail


def labels_of(request: PlanRequest) -> dict[str, str]:
    """The labels of Job and pod."""
    instance = request.instance
    return {
        "app.kubernetes.io/managed-by": "goflow",
        "app.kubernetes.io/instance": label_value(request.defaults.installation),
        f"{PREFIX}dag-id": label_value(instance.dag_id),
        f"{PREFIX}run-id": label_value(instance.run_id),
        f"{PREFIX}task-id": label_value(instance.task_id),
        f"{PREFIX}try-number": str(request.launch.try_number),
        f"{PREFIX}launch-id": request.launch.id,
        **({f"{PREFIX}map-index": str(instance.map_index)} if instance.map_index >= 0 else {}),
    }


def annotations_of(request: PlanRequest) -> dict[str, str]:
    """The annotations of Job and pod: the ids in full."""
    instance = request.instance
    return {
        f"{PREFIX}installation": request.defaults.installation,
        f"{PREFIX}dag-id": instance.dag_id,
        f"{PREFIX}run-id": instance.run_id,
        f"{PREFIX}task-id": instance.task_id,
        f"{PREFIX}map-index": str(instance.map_index),
        f"{PREFIX}try-number": str(request.launch.try_number),
        f"{PREFIX}launch-ordinal": str(request.launch.ordinal),
        f"{PREFIX}launch-id": request.launch.id,
    }


OF_ONE_COPY = frozenset({f"{PREFIX}launch-id", f"{PREFIX}map-index"})
"""Labels and annotations that copies which share a Job do not have in common; in their place stands `SHARED`."""
SHARED = f"{PREFIX}shared-job"
JOB_OF_POD = "batch.kubernetes.io/controller-uid"
"""Kubernetes' own label of a Job's pods, whoever made it: its uid (since 1.27)."""
INDEX = "batch.kubernetes.io/job-completion-index"
"""Kubernetes' own label of an Indexed Job's pods (since 1.28; the annotation of that name is older)."""


def is_ours(annotations: Mapping[str, str] | None, launch_id: str, installation: str, shared_job: str = "") -> bool:
    """Whether an object with these annotations is the one that this installation made for that launch or SHARED_JOB."""
    found = annotations or {}
    whose = found.get(SHARED) == shared_job if shared_job else found.get(f"{PREFIX}launch-id") == launch_id
    return whose and found.get(f"{PREFIX}installation") == installation
