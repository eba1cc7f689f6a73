"""Trigger rules as tables with sentences; `tests/integration/scheduler` holds all of them against Airflow itself."""

from __future__ import annotations

import pytest

from goflow.domain.state import TaskState
from goflow.scheduler.rules import RULES, Counts, Verdict, judge, judge_setups

RUN, WAIT, SKIP, FAIL, REMOVE = Verdict.RUN, Verdict.WAIT, Verdict.SKIP, Verdict.UPSTREAM_FAILED, Verdict.REMOVE

MIN_ONE, NONE_FAILED_ONE = "all_done_min_one_success", "none_failed_min_one_success"

CASES = [
    ("all_success waits for the last one", "all_success", {"success": 1}, 2, WAIT),
    ("all_success runs when all have succeeded", "all_success", {"success": 2}, 2, RUN),
    ("all_success fails at once with the first failure", "all_success", {"failed": 1}, 2, FAIL),
    ("all_success is skipped at once with the first skip", "all_success", {"skipped": 1}, 2, SKIP),
    ("all_success rather fails than is skipped", "all_success", {"skipped": 1, "upstream_failed": 1}, 2, FAIL),
    ("all_success does not wait for removed copies", "all_success", {"success": 1, "removed": 1}, 2, RUN),
    ("all_failed counts upstream_failed", "all_failed", {"failed": 1, "upstream_failed": 1}, 2, RUN),
    ("all_failed is skipped at the first success", "all_failed", {"success": 1}, 2, SKIP),
    ("all_done takes any end", "all_done", {"failed": 1, "skipped": 1}, 2, RUN),
    ("all_done waits", "all_done", {"failed": 1}, 2, WAIT),
    ("at least one success: runs beside a failure", MIN_ONE, {"failed": 1, "success": 1}, 2, RUN),
    ("at least one success: is skipped with any skip", MIN_ONE, {"skipped": 1, "success": 1}, 2, SKIP),
    ("at least one success: fails without a success", MIN_ONE, {"failed": 2}, 2, FAIL),
    ("one_success runs at the first success", "one_success", {"success": 1}, 3, RUN),
    ("one_success is skipped when all are", "one_success", {"skipped": 3}, 3, SKIP),
    ("one_success fails when none can succeed any more", "one_success", {"skipped": 2, "failed": 1}, 3, FAIL),
    ("one_failed runs at the first failure", "one_failed", {"failed": 1}, 3, RUN),
    ("one_failed is skipped when nothing failed", "one_failed", {"success": 2, "skipped": 1}, 3, SKIP),
    ("one_done takes a failure", "one_done", {"failed": 1}, 3, RUN),
    ("one_done does not count a skip", "one_done", {"skipped": 1}, 3, WAIT),
    ("one_done is skipped when all are", "one_done", {"skipped": 3}, 3, SKIP),
    ("none_failed passes over skips", "none_failed", {"success": 1, "skipped": 1}, 2, RUN),
    ("none_failed runs even when all are skipped", "none_failed", {"skipped": 2}, 2, RUN),
    ("none failed, one success: skipped when all are", NONE_FAILED_ONE, {"skipped": 2}, 2, SKIP),
    ("none failed, one success: passes over skips", NONE_FAILED_ONE, {"success": 1, "skipped": 1}, 2, RUN),
    ("its old name means the same", "none_failed_or_skipped", {"success": 1, "skipped": 1}, 2, RUN),
    ("none_skipped takes failures", "none_skipped", {"failed": 1, "success": 1}, 2, RUN),
    ("none_skipped is skipped with a skip", "none_skipped", {"skipped": 1}, 2, SKIP),
    ("all_skipped runs when all are", "all_skipped", {"skipped": 2}, 2, RUN),
    ("all_skipped is skipped otherwise", "all_skipped", {"success": 1}, 2, SKIP),
    ("always asks nobody", "always", {}, 2, RUN),
    ("dummy is always by its old name", "dummy", {}, 2, RUN),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "ended", "total", "verdict"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_rule(rule: str, ended: dict[str, int], total: int, verdict: Verdict) -> None:
    assert judge(rule, Counts(total=total, **ended)) is verdict


SETUPS = [
    ("a teardown runs after failures, if its setup succeeded", {"success": 1, "failed": 1}, {"success_setup": 1}, RUN),
    ("a teardown is skipped when its setup was", {"skipped": 2}, {"skipped_setup": 1}, SKIP),
    ("a teardown fails when its setup did", {"failed": 1, "upstream_failed": 1}, {}, FAIL),
    ("a teardown waits for everything", {"success": 1}, {"success_setup": 1}, WAIT),
]


@pytest.mark.parametrize(("ended", "setups", "verdict"), [c[1:] for c in SETUPS], ids=[c[0] for c in SETUPS])
def test_teardown_rule(ended: dict[str, int], setups: dict[str, int], verdict: Verdict) -> None:
    counts = Counts(total=2, setups=1, **ended, **setups)
    assert judge("all_done_setup_success", counts) is verdict


def test_a_setup_further_above_must_succeed_whatever_the_rule() -> None:
    assert judge_setups(Counts(total=1)) is WAIT
    assert judge_setups(Counts(total=1, success=1)) is RUN
    assert judge_setups(Counts(total=1, skipped=1)) is SKIP
    assert judge_setups(Counts(total=2, failed=1, skipped=1)) is FAIL


def test_the_copy_that_followed_a_removed_one_is_removed() -> None:
    counts = Counts(total=3, success=2, removed=1)
    assert [judge("all_success", counts, index) for index in range(3)] == [RUN, RUN, REMOVE]


def test_counts_follow_states_back_and_forth() -> None:
    counts = Counts(total=2)
    counts.note(TaskState.SUCCESS, setup=True)
    counts.note(TaskState.RUNNING)
    assert (counts.success, counts.success_setup, counts.ended, counts.done) == (1, 1, 1, False)
    counts.note(TaskState.SUCCESS, -1, setup=True)
    assert counts == Counts(total=2)


def test_every_rule_of_airflow_is_there() -> None:
    ends = {"all_success", "all_failed", "all_done", "all_skipped", MIN_ONE, "all_done_setup_success"}
    assert ends | {"one_success", "one_failed", "one_done", "none_failed", NONE_FAILED_ONE, "none_skipped"} <= set(
        RULES
    )
