"""An Indexed Job that many launches share, as each of them sees it.

To a launch its pod is its own, and its Job is what the shared one says of its index: complete, failed, or nothing yet.
https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from goflow.domain.runs import SHARED_DIGITS, Launch, Outcome, launch_of
from goflow.domain.state import TaskState
from goflow.executor.backend import Observation, Phase
from goflow.executor.pods import LAUNCH_LABEL, Json, is_over
from goflow.operators.identity import SHARED


@dataclass(frozen=True, slots=True)
class SharedJob:
    """What is known of one. COMPLETED and FAILED are the indexes of whose pods that is sure."""

    key: str
    metadata: Json
    conditions: tuple[Json, ...]
    copies: int
    completed: frozenset[int]
    failed: frozenset[int]

    @classmethod
    def of(cls, job: Json) -> SharedJob | None:
        """JOB, where launches share it; None where it is one launch's."""
        key = (job["metadata"].get("labels") or {}).get(SHARED)
        if not key:
            return None
        status = job.get("status") or {}
        return cls(
            key=key,
            metadata=job["metadata"],
            conditions=tuple(status.get("conditions") or ()),
            copies=int((job.get("spec") or {}).get("completions") or 0),
            completed=frozenset(indexes(status.get("completedIndexes") or "")),
            failed=frozenset(indexes(status.get("failedIndexes") or "")),
        )

    @property
    def ended(self) -> frozenset[int]:
        """The indexes of which nothing follows any more."""
        if is_over({"status": {"conditions": self.conditions}}):
            return frozenset(range(self.copies))
        return self.completed | self.failed

    def launch(self, index: int) -> str:
        """The launch with that INDEX."""
        return launch_of(self.key, index)

    def seen_by(self, index: int) -> Json:
        """The Job that the launch with that INDEX would have by itself."""
        labels = {**(self.metadata.get("labels") or {}), LAUNCH_LABEL: self.launch(index)}
        return {"metadata": {**self.metadata, "labels": labels}, "status": {"conditions": self._conditions(index)}}

    def _conditions(self, index: int) -> list[Json]:
        if index in self.completed:
            return [{"type": "Complete", "status": "True"}]
        if index in self.failed:
            words = f"its Job says no more than that the pod with index {index} has failed"
            return [{"type": "Failed", "status": "True", "reason": "IndexFailed", "message": words}]
        return [condition for condition in self.conditions if condition.get("type") == "Failed"]


def as_its_launch(launch: Launch, seen: Observation) -> Observation:
    """SEEN of a pod with LAUNCH's index, as the end or the way of LAUNCH.

    Where its own pod was removed without a trace the Job controller makes another one, which is not given the launch
    and ends: that the first one is gone is all that its end says. A pod that was deleted because its launch was to stop
    has done so.
    """
    outcome = seen.outcome
    if seen.claimant is not None and launch.claimed_by not in {None, seen.claimant}:
        if outcome is None or not seen.final:
            return dataclasses.replace(seen, phase=Phase.PENDING, outcome=None, reason="")
        words = "its pod is gone without an answer"
        outcome = Outcome(state=TaskState.FAILED, reason="PodDeleted", message=words, disrupted=True)
    if outcome is not None and outcome.disrupted and launch.stop_requested_at is not None:
        outcome = dataclasses.replace(outcome, reason="Terminated", message="it was stopped", disrupted=False)
    return dataclasses.replace(seen, outcome=outcome)


def key_of(launch_id: str) -> str:
    """What the Job of a launch is known by, where it shares one."""
    return launch_id[:SHARED_DIGITS]


def index_of(launch_id: str) -> int:
    """Its index there."""
    return int(launch_id[SHARED_DIGITS:], 16)


def indexes(text: str) -> Iterator[int]:
    """The indexes that a Job's status lists, as in ``1,3-5,7``."""
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
