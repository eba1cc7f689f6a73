"""What a trigger rule says, in the words of Airflow's documentation."""

from __future__ import annotations

from collections.abc import Sequence

ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
FAILED = frozenset({"failed", "upstream_failed"})


def rule(name: str, above: Sequence[tuple[str, bool]], index: int) -> str:
    """What the rule NAME says to copy INDEX of a task (-1: it has none) of the states ABOVE, each with whether it is a
    setup's: ``run``, ``wait``, or the end that the task gets."""
    states = [state for state, _ in above]
    ends = [state for state in states if state in ENDED]
    over = len(ends) == len(states)
    failed = [state for state in ends if state in FAILED]
    success, skipped, removed = ends.count("success"), ends.count("skipped"), ends.count("removed")
    setups = [state for state, setup in above if setup]
    match name:
        case "all_success":
            if failed or skipped:
                return "upstream_failed" if failed else "skipped"
            return "removed" if follows_none(success, removed, index) else "run" if over else "wait"
        case "all_failed":
            return "skipped" if success or skipped else "run" if over else "wait"
        case "all_done":
            return "run" if over else "wait"
        case "all_done_min_one_success":
            if skipped:
                return "skipped"
            return "wait" if not over else "run" if success else "upstream_failed"
        case "all_done_setup_success":
            if not over or not setups:
                return "run" if over else "wait"
            return "skipped" if set(setups) == {"skipped"} else "run" if "success" in setups else "upstream_failed"
        case "one_success":
            if success:
                return "run"
            return "wait" if not over else "skipped" if skipped == len(ends) else "upstream_failed"
        case "one_failed":
            return "run" if failed else "skipped" if over else "wait"
        case "one_done":
            return "run" if success or "failed" in ends else "skipped" if over else "wait"
        case "none_failed":
            return "upstream_failed" if failed else "run" if over else "wait"
        case "none_failed_min_one_success":
            if failed:
                return "upstream_failed"
            if over and not success:
                return "skipped" if skipped == len(ends) else "upstream_failed"
            return "run" if over else "wait"
        case "none_skipped":
            return "skipped" if skipped else "run" if over else "wait"
        case "all_skipped":
            return "skipped" if success or failed else "run" if skipped == len(states) else "wait"
    raise KeyError(name)


def setups_say(states: Sequence[str], index: int) -> str:
    """What the setups further above say, whatever the rule is: all of them must have succeeded."""
    if FAILED & set(states):
        return "upstream_failed"
    if "skipped" in states:
        return "skipped"
    success, removed = states.count("success"), states.count("removed")
    if follows_none(success, removed, index):
        return "removed"
    return "run" if success + (removed if index >= 0 else 0) == len(states) else "wait"


def follows_none(success: int, removed: int, index: int) -> bool:
    """Whether copy INDEX follows one that was removed, since there are fewer values now."""
    return bool(removed and success and index >= success)
