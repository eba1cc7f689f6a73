"""What the daemon has measured of itself, as sums since it began: whoever looks twice knows what came in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow.telemetry import metrics

_TIMES: Mapping[str, Any] = {
    "scheduler_lag": metrics.SCHEDULER_LAG_SECONDS,
    "scheduler_batch": metrics.SCHEDULER_BATCH_SECONDS,
    "task_queue": metrics.TASK_QUEUE_SECONDS,
    "launch_create": metrics.LAUNCH_CREATE_SECONDS,
    "file_read": metrics.FILE_READ_SECONDS,
    "import_scan": metrics.SCAN_SECONDS,
    "kube_request": metrics.KUBE_SECONDS,
}
"""Name to what measures seconds."""
_BY_KIND = {"database": (metrics.DATABASE_SECONDS, "kind"), "request": (metrics.API_REQUEST_SECONDS, "api")}
_COUNTS = {"decisions": metrics.SCHEDULER_DECISIONS, "events": metrics.EVENTS, "files_read": metrics.FILES_READ}


def figures() -> dict[str, dict[str, float]]:
    """``times``: by what was measured how many there were (``count``) and how many seconds they took together
    (``sum``); ``counts``: how many of a kind."""
    times = {name: _sums(metric) for name, metric in _TIMES.items()}
    for name, (metric, label) in _BY_KIND.items():
        kinds = {sample.labels[label] for sample in _samples(metric)}
        times |= {f"{name}_{kind}": _sums(metric, {label: kind}) for kind in sorted(kinds)}
    told: dict[str, dict[str, float]] = {name: one for name, one in times.items() if one["count"]}
    counts = {name: _sum(metric, "_total") for name, metric in _COUNTS.items()}
    return {**told, "counts": counts}


def _samples(metric: Any) -> list[Any]:
    return [sample for family in metric.collect() for sample in family.samples]


def _sums(metric: Any, labels: Mapping[str, str] | None = None) -> dict[str, float]:
    return {"count": _sum(metric, "_count", labels), "sum": _sum(metric, "_sum", labels)}


def _sum(metric: Any, ending: str, labels: Mapping[str, str] | None = None) -> float:
    wanted = (labels or {}).items()
    return sum(
        float(sample.value)
        for sample in _samples(metric)
        if sample.name.endswith(ending) and all(sample.labels.get(key) == value for key, value in wanted)
    )
