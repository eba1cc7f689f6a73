"""A runner's word about the end (`goflow_runner.wire.OutcomeInfo`) as an `Outcome`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState

TOLD_STATES = frozenset(
    {TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.UP_FOR_RESCHEDULE, TaskState.DEFERRED}
)


def outcome_from_word(word: Mapping[str, Any], at: dt.datetime | None = None) -> Outcome:
    """WORD as an `Outcome`. Raises ValueError when its state is none that a runner may tell."""
    state = TaskState(word["state"])
    if state not in TOLD_STATES:
        raise ValueError(f"a runner cannot end a task as {state.value!r}")
    again = word.get("reschedule_at")
    return Outcome(
        state=state,
        exit_code=word.get("exit_code"),
        reason=str(word.get("reason") or ""),
        message=str(word.get("message") or ""),
        retry=bool(word.get("retry", True)),
        reschedule_at=None if again is None else dt.datetime.fromisoformat(again).astimezone(dt.UTC),
        skip_downstream=tuple(word.get("skip_downstream") or ()),
        at=at,
    )
