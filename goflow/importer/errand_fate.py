"""How a Job that runs a DAG file fares: what it and its pod say, in one of five words. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goflow.importer.errand_job import FIRST
from goflow.kube.status import condition_of, container_status, why_pending
from goflow.operators.manifest import MAIN

Json = dict[str, Any]


class Stage(enum.Enum):
    """How far it has come."""

    PENDING = "pending"
    """No container runs yet; the words say why, as far as anybody knows."""
    RUNNING = "running"
    ANSWERED = "answered"
    """It has ended well: the answer is in the log of the pod."""
    DISRUPTED = "disrupted"
    """It was taken away, or is gone: nothing is known of the file."""
    FAILED = "failed"
    """The file's own doing: it took too much."""
    BROKEN = "broken"
    """Not the file's doing, and not to be mended by trying again soon."""


@dataclass(frozen=True, slots=True)
class Fate:
    """STAGE, in WORDS where they are known; POD is the name of the one to ask."""

    stage: Stage
    words: str = ""
    pod: str = ""


BEGUN = Fate(Stage.PENDING, "no pod was made for it")


def fate_of(job: Json | None, pods: Sequence[Json], before: Fate = BEGUN) -> Fate:
    """What has become of JOB (None: it is gone) with PODS, where it was at BEFORE when it was looked at last."""
    pod = max(pods, key=lambda one: str(one["metadata"].get("creationTimestamp") or ""), default=None)
    if pod is None and before.stage is Stage.ANSWERED:
        before = BEGUN
    seen = (None if pod is None else _of_pod(pod)) or before
    if seen.stage in {Stage.ANSWERED, Stage.FAILED}:
        return seen
    if job is None:
        return Fate(Stage.DISRUPTED, "its Job was deleted")
    verdict = condition_of(job, "Failed", "FailureTarget")
    if verdict is not None and verdict.get("reason") == "DeadlineExceeded":
        if seen.stage is Stage.RUNNING:
            return Fate(Stage.FAILED, "it takes too long")
        return Fate(Stage.BROKEN, f"its pod did not start: {seen.words or 'nobody said why'}")
    if seen.stage in {Stage.DISRUPTED, Stage.BROKEN}:
        return seen
    if verdict is not None:
        return Fate(Stage.DISRUPTED, f"{verdict.get('reason')}: {verdict.get('message')}")
    if condition_of(job, "Complete") is not None:
        return Fate(Stage.DISRUPTED, "its pod was deleted before its answer was fetched")
    return seen


def _of_pod(pod: Json) -> Fate | None:
    """What POD says; None where its Job has to say first why it is taken away."""
    status, name = pod.get("status") or {}, str(pod["metadata"]["name"])
    main, first = ((container_status(status, one) or {}).get("state") or {} for one in (MAIN, FIRST))
    ended = main.get("terminated")
    if ended is not None and ended.get("exitCode") == 0:
        return Fate(Stage.ANSWERED, pod=name)
    if ended is not None and ended.get("reason") == "OOMKilled":
        return Fate(Stage.FAILED, "it takes more memory than its Job may have", name)
    taken = condition_of(pod, "DisruptionTarget")
    if taken is not None:
        return Fate(Stage.DISRUPTED, f"{taken.get('reason')}: {taken.get('message')}")
    if pod["metadata"].get("deletionTimestamp"):
        return None
    for found in (first.get("terminated"), ended):
        if found is not None and found.get("exitCode") != 0:
            return Fate(Stage.BROKEN, f"exit code {found.get('exitCode')} ({found.get('reason')})", name)
    if status.get("phase") == "Failed":
        return Fate(Stage.DISRUPTED, f"{status.get('reason')}: {status.get('message')}")
    if "running" in main:
        return Fate(Stage.RUNNING, pod=name)
    return Fate(Stage.PENDING, ": ".join(filter(None, why_pending(pod))))
