"""The recorded states belong to the examples that tests run."""

from __future__ import annotations

from tests.oracle.examples import EXAMPLES
from tests.oracle.states import differences, recorded

ENDS = {"success", "failed", "skipped", "upstream_failed", "removed"}


def test_every_dag_of_the_examples_is_recorded_and_nothing_else() -> None:
    named = {dag_id for example in EXAMPLES for dag_id in (*example.dag_ids, *example.triggered)}
    assert set(recorded()) == named


def test_every_recorded_run_and_task_has_ended() -> None:
    for dag_id, run in recorded().items():
        assert run["run_state"] in {"success", "failed"}, dag_id
        assert run["tasks"], dag_id
        assert set(run["tasks"].values()) <= ENDS, dag_id


def test_both_ways_of_branching_chose_alike() -> None:
    """One seed: the operator's run and the decorator's took the same arm in process, interpreter and environment."""
    arms = [
        {task_id for task_id, state in recorded()[dag_id]["tasks"].items() if state == "success"}
        for dag_id in ("example_branch_operator", "example_branch_python_operator_decorator")
    ]
    for prefix in ("branch_", "ext_py_", "venv_"):
        taken = [{task for task in arm if task.removeprefix(prefix) in set("abcd")} for arm in arms]
        assert len(taken[0]) == 1, prefix
        assert taken[0] == taken[1], prefix


def row(task_id: str, state: str, map_index: int = -1) -> dict[str, object]:
    return {"task_id": task_id, "map_index": map_index, "state": state}


def test_states_differ_by_state_by_what_is_missing_and_by_what_is_too_much() -> None:
    """`example_dynamic_task_mapping` has add_one[0..2] and sum_it, all success."""
    ours = [row("add_one", "success", 0), row("add_one", "failed", 1), row("sum_it", "success"), row("more", "success")]
    assert differences("example_dynamic_task_mapping", ours) == {
        "add_one[1]": ("success", "failed"),
        "add_one[2]": ("success", None),
        "more": (None, "success"),
    }
