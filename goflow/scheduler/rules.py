"""Trigger rules: from how many upstream task instances ended how, to what becomes of the task below them.

Pure functions of counts. The rules are those of ``airflow.ti_deps.deps.trigger_rule_dep`` (3.3), old names included.
A table in ``docs/scheduling.md`` shows them; a test holds the two together.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from goflow.domain.state import TaskState


class Verdict(enum.Enum):
    """What a rule says: wait for more, go, or the state that the task gets without running."""

    WAIT = None
    RUN = TaskState.SCHEDULED
    SKIP = TaskState.SKIPPED
    UPSTREAM_FAILED = TaskState.UPSTREAM_FAILED
    REMOVE = TaskState.REMOVED

    @property
    def ends(self) -> bool:
        """Whether the task is over with this verdict."""
        return self not in {Verdict.WAIT, Verdict.RUN}


_FIELD = {
    TaskState.SUCCESS: "success",
    TaskState.SKIPPED: "skipped",
    TaskState.FAILED: "failed",
    TaskState.UPSTREAM_FAILED: "upstream_failed",
    TaskState.REMOVED: "removed",
}


@dataclass(slots=True)
class Counts:
    """Task instances that matter to one task, by how they ended; TOTAL counts those that have not ended as well.

    ``setups`` is how many of TOTAL are setup tasks, ``success_setup`` and ``skipped_setup`` how those ended.
    """

    total: int = 0
    success: int = 0
    skipped: int = 0
    failed: int = 0
    upstream_failed: int = 0
    removed: int = 0
    setups: int = 0
    success_setup: int = 0
    skipped_setup: int = 0

    @property
    def ended(self) -> int:
        """How many have ended."""
        return self.success + self.skipped + self.failed + self.upstream_failed + self.removed

    @property
    def done(self) -> bool:
        """Whether all have ended."""
        return self.ended >= self.total

    def note(self, state: TaskState, by: int = 1, *, setup: bool = False) -> None:
        """Count BY instances in STATE; states that are not an end count for nothing."""
        name = _FIELD.get(state)
        if name is None:
            return
        setattr(self, name, getattr(self, name) + by)
        if setup and state is TaskState.SUCCESS:
            self.success_setup += by
        elif setup and state is TaskState.SKIPPED:
            self.skipped_setup += by


Rule = Callable[[Counts, int], Verdict]


def judge(rule: str, counts: Counts, map_index: int = -1) -> Verdict:
    """What the trigger rule named RULE says to COUNTS of direct upstream instances, for copy MAP_INDEX of the task.

    Raises KeyError for a rule that Airflow does not have.
    """
    if rule in {"always", "dummy"}:
        return Verdict.RUN
    return RULES[rule](counts, map_index)


def judge_setups(counts: Counts, map_index: int = -1) -> Verdict:
    """What the setups that are not right above the task say: all must have succeeded, whatever its trigger rule."""
    if counts.failed or counts.upstream_failed:
        return Verdict.UPSTREAM_FAILED
    if counts.skipped:
        return Verdict.SKIP
    return _without_removed(counts, map_index) or _run_if(
        counts.total - counts.success - (counts.removed if map_index > -1 else 0) <= 0
    )


def _run_if(condition: bool) -> Verdict:
    return Verdict.RUN if condition else Verdict.WAIT


def _without_removed(c: Counts, map_index: int) -> Verdict | None:
    """Copies above were removed since there are fewer values now: the copy that would follow them goes, too."""
    return Verdict.REMOVE if c.removed and c.success and -1 < c.success <= map_index else None


def _all_success(c: Counts, map_index: int) -> Verdict:
    if c.upstream_failed or c.failed:
        return Verdict.UPSTREAM_FAILED
    if c.skipped:
        return Verdict.SKIP
    return _without_removed(c, map_index) or _run_if(c.total - c.success - c.removed <= 0)


def _all_failed(c: Counts, _: int) -> Verdict:
    if c.success or c.skipped:
        return Verdict.SKIP
    return _run_if(c.total - c.failed - c.upstream_failed - c.removed <= 0)


def _all_done(c: Counts, _: int) -> Verdict:
    return _run_if(c.done)


def _all_done_min_one_success(c: Counts, _: int) -> Verdict:
    if c.skipped:
        return Verdict.SKIP
    if c.done and not c.success:
        return Verdict.UPSTREAM_FAILED
    return _run_if(c.success + c.failed + c.upstream_failed >= c.total - c.removed)


def _all_done_setup_success(c: Counts, _: int) -> Verdict:
    if not c.done:
        return Verdict.WAIT
    if c.setups and c.skipped_setup >= c.setups:
        return Verdict.SKIP
    if c.setups and not c.success_setup:
        return Verdict.UPSTREAM_FAILED
    return Verdict.RUN


def _one_success(c: Counts, _: int) -> Verdict:
    if c.done and c.ended == c.skipped:
        return Verdict.SKIP
    if c.done and not c.success:
        return Verdict.UPSTREAM_FAILED
    return _run_if(c.success > 0)


def _one_failed(c: Counts, _: int) -> Verdict:
    if c.done and not (c.failed or c.upstream_failed):
        return Verdict.SKIP
    return _run_if(bool(c.failed or c.upstream_failed))


def _one_done(c: Counts, _: int) -> Verdict:
    if c.done and not (c.failed or c.success):
        return Verdict.SKIP
    return _run_if(c.success + c.failed > 0)


def _none_failed(c: Counts, _: int) -> Verdict:
    if c.upstream_failed or c.failed:
        return Verdict.UPSTREAM_FAILED
    return _run_if(c.total - c.success - c.skipped - c.removed <= 0)


def _none_failed_min_one_success(c: Counts, _: int) -> Verdict:
    if c.upstream_failed or c.failed:
        return Verdict.UPSTREAM_FAILED
    if c.skipped == c.total:
        return Verdict.SKIP
    if c.done and not c.success:
        return Verdict.UPSTREAM_FAILED
    return _run_if(c.total - c.success - c.skipped - c.removed <= 0 and c.success > 0)


def _none_skipped(c: Counts, _: int) -> Verdict:
    return Verdict.SKIP if c.skipped else _run_if(c.done)


def _all_skipped(c: Counts, _: int) -> Verdict:
    if c.success or c.failed or c.upstream_failed:
        return Verdict.SKIP
    return _run_if(c.total - c.skipped <= 0)


RULES: dict[str, Rule] = {
    "all_success": _all_success,
    "all_failed": _all_failed,
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    "all_done_setup_success": _all_done_setup_success,
    "one_success": _one_success,
    "one_failed": _one_failed,
    "one_done": _one_done,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_failed_or_skipped": _none_failed_min_one_success,
    "none_skipped": _none_skipped,
    "all_skipped": _all_skipped,
}
"""Every rule but ``always`` (and its old name ``dummy``), which asks nobody."""
