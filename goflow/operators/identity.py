"""Labels and annotations that say which launch an object belongs to (decision 10).

Labels carry what label values can hold: the words themselves where they fit, else a hash of them, and then an
annotation of that name carries the full id. ``kubectl get jobs -l goflow/dag-id=...`` works for every DAG whose id is a
valid label value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from goflow.operators.request import PlanRequest

PREFIX = "goflow/"
TRY_NUMBER = f"{PREFIX}try-number"
_LABEL_VALUE = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")


def label_value(text: str) -> str:
    """TEXT where it is a valid label value; else its readable start and 10 hexadecimal digits of its sha256."""
    if _LABEL_VALUE.match(text):
        return text
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:40].strip("-_.")
    tail = hashlib.sha256(text.encode()).hexdigest()[:10]
    return f"{words}-{tail}" if words else tail


def labels_of(request: PlanRequest) -> dict[str, str]:
    """The labels of Job and pod. What goes without saying has none: that it is the first try, and no copy."""
    instance, try_number = request.instance, request.launch.try_number
    return {
        "app.kubernetes.io/managed-by": "goflow",
        "app.kubernetes.io/instance": label_value(request.defaults.installation),
        f"{PREFIX}dag-id": label_value(instance.dag_id),
        f"{PREFIX}run-id": label_value(instance.run_id),
        f"{PREFIX}task-id": label_value(instance.task_id),
        f"{PREFIX}launch-id": request.launch.id,
        **({TRY_NUMBER: str(try_number)} if try_number > 1 else {}),
        **({f"{PREFIX}map-index": str(instance.map_index)} if instance.map_index >= 0 else {}),
    }


def annotations_of(request: PlanRequest) -> dict[str, str]:
    """The annotations of a launch: the ids in full. `sparing` says which of them Job and pod get."""
    instance = request.instance
    return {
        f"{PREFIX}installation": request.defaults.installation,
        f"{PREFIX}dag-id": instance.dag_id,
        f"{PREFIX}run-id": instance.run_id,
        f"{PREFIX}task-id": instance.task_id,
        f"{PREFIX}map-index": str(instance.map_index),
        TRY_NUMBER: str(request.launch.try_number),
        f"{PREFIX}launch-ordinal": str(request.launch.ordinal),
        f"{PREFIX}launch-id": request.launch.id,
    }


OF_ONE_COPY = frozenset({f"{PREFIX}launch-id", f"{PREFIX}map-index"})
"""Labels and annotations that copies which share a Job do not have in common; in their place stands `SHARED`."""
SHARED = f"{PREFIX}shared-job"
_UNSAID = {f"{PREFIX}map-index": "-1", TRY_NUMBER: "1", f"{PREFIX}launch-ordinal": "1"}
"""What goes without saying."""
JOB_OF_POD = "batch.kubernetes.io/controller-uid"
"""Kubernetes' own label of a Job's pods, whoever made it: its uid (since 1.27)."""
INDEX = "batch.kubernetes.io/job-completion-index"
"""Kubernetes' own label of an Indexed Job's pods (since 1.28; the annotation of that name is older)."""


def sparing(annotations: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    """ANNOTATIONS without those of GoFlow's own that say again what LABELS say, or what goes without saying: a Job and
    its pod are written a dozen times, and each entry of their metadata makes that dearer (docs/benchmarks.md)."""
    said = {**_UNSAID, **labels, f"{PREFIX}installation": labels.get("app.kubernetes.io/instance")}
    is_said = {name for name, text in annotations.items() if name.startswith(PREFIX) and said.get(name) == text}
    return {name: text for name, text in annotations.items() if name not in is_said}


def is_ours(metadata: Mapping[str, Any], launch_id: str, installation: str, shared_job: str = "") -> bool:
    """Whether an object with this METADATA is the one that INSTALLATION made for that launch or SHARED_JOB."""
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    said = {f"{PREFIX}installation": labels.get("app.kubernetes.io/instance"), **labels, **annotations}
    whose = said.get(SHARED) == shared_job if shared_job else said.get(f"{PREFIX}launch-id") == launch_id
    return whose and said.get(f"{PREFIX}installation") == installation
