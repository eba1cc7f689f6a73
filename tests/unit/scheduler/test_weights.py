"""Weights that an author's own strategy gives: asked of a helper, and no task queues with a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from goflow.domain.questions import Question, QuestionKind, QuestionState
from goflow.domain.spec import Dialect
from goflow.store import pools, questions, transitions, triggers
from tests.unit.scheduler.kit import FAILED, World, dag, task


def own(name: str, *upstream: str, **more: Any):
    """A task with a strategy of its author's own."""
    return task(name, *upstream, weight_rule="Own", **more)


def asked(world: World) -> list[Question]:
    with world.store.reading() as tx:
        return [row for row in questions.of_run(tx, world.only_run().id) if row.kind is QuestionKind.WEIGHT]


def answer(world: World, weights: dict[str, int], problem: str | None = None) -> None:
    """A helper answers for tasks by their names."""
    with world.store.transaction() as tx:
        triggers.add_runner(tx, "r", capacity=1, ttl_s=5)
        transitions.claim_questions(tx, "r", 100)
        for row in questions.held_by(tx, "r"):
            told = weights.get(str(row.asked["task_id"]))
            if told is not None or problem is not None:
                transitions.store_answer(tx, row.id, row.epoch, told=told, problem=problem, who="helper")
        triggers.drop_runner(tx, "r")
    world.settle()


def one_slot(world: World) -> None:
    with world.store.transaction() as tx:
        pools.set_(tx, "default_pool", 1, who="test")


def test_nothing_queues_before_its_weight_is_known_and_then_the_heaviest_goes_first(world: World) -> None:
    one_slot(world)
    world.put(dag(own("a"), own("b"), own("c", "a")))
    world.trigger()
    assert world.queued() == []
    assert {(row.asked["task_id"], row.asked["try_number"]) for row in asked(world)} == {("a", 0), ("b", 0), ("c", 0)}
    answer(world, {"a": 3, "b": 5, "c": 1})
    assert world.queued() == ["b"]
    assert [world.row(name).priority_weight for name in "abc"] == [3, 5, 1]
    assert world.finish_all() == ["b", "a", "c"], "what is downstream was weighed when the run began"


def test_others_do_not_wait_for_it(world: World) -> None:
    world.put(dag(own("a"), task("b")))
    world.trigger()
    assert world.queued() == ["b"]


def test_one_that_is_not_told_in_time_goes_with_its_own_weight_and_that_is_told(world: World) -> None:
    world.put(dag(own("a", priority_weight=4)))
    world.trigger()
    world.pass_time(59)
    assert world.queued() == []
    world.pass_time(1)
    assert (world.queued(), world.row("a").priority_weight) == (["a"], 4)
    [question] = asked(world)
    assert (question.state, "own priority_weight" in (question.problem or "")) == (QuestionState.FAILED, True)
    answer(world, {"a": 9})
    assert world.row("a").priority_weight == 4, "too late"


def test_one_whose_strategy_fails_goes_at_once(world: World) -> None:
    world.put(dag(own("a", priority_weight=4)))
    world.trigger()
    answer(world, {}, problem="ZeroDivisionError")
    assert (world.queued(), world.row("a").priority_weight) == (["a"], 4)


@pytest.mark.parametrize(("known", "first"), [(True, ["a"]), (False, [])], ids=["answered", "still open"])
def test_a_daemon_that_is_begun_again_remembers(world: World, known: bool, first: list[str]) -> None:
    world.put(dag(own("a")))
    world.trigger()
    if known:
        answer(world, {"a": 7})
    world.restart()
    world.settle()
    assert (world.queued(), len(asked(world))) == (first, 1)
    world.pass_time(60)
    assert world.queued() == ["a"]
    assert world.row("a").priority_weight == (7 if known else 1)


@pytest.mark.parametrize(
    ("dialect", "after"),
    [
        pytest.param(Dialect.AIRFLOW3, None, id="Airflow 3 keeps the weight over retries"),
        pytest.param(Dialect.AIRFLOW2, 1, id="Airflow 2 asks after each attempt, with its number"),
    ],
)
def test_a_retry(world: World, dialect: Dialect, after: int | None) -> None:
    world.put(dag(own("a", retries=1, retry_delay=10.0), dialect=dialect))
    world.trigger()
    answer(world, {"a": 3})
    world.finish("a", FAILED)
    world.pass_time(10)
    if after is None:
        assert world.queued() == ["a"]
        return
    assert world.queued() == []
    assert asked(world)[-1].asked["try_number"] == after
    answer(world, {"a": 2})
    assert (world.queued(), world.row("a").priority_weight) == (["a"], 2)


def test_one_that_is_cleared_is_weighed_again(world: World) -> None:
    world.put(dag(own("a")))
    run = world.trigger()
    answer(world, {"a": 3})
    world.finish("a")
    world.clear(run.run_id, ["a"])
    assert world.queued() == []
    assert asked(world)[-1].asked["try_number"] == 1
    answer(world, {"a": 2})
    assert (world.queued(), world.row("a").priority_weight) == (["a"], 2)


def test_copies_are_weighed_each_for_itself(world: World) -> None:
    one_slot(world)
    world.put(dag(own("a", mapped=True, expand={"x": [1, 2, 3]})))
    world.trigger()
    assert [row.asked["map_index"] for row in asked(world)] == [0, 1, 2]
    with world.store.transaction() as tx:
        triggers.add_runner(tx, "r", capacity=1, ttl_s=5)
        transitions.claim_questions(tx, "r", 100)
        for row in questions.held_by(tx, "r"):
            transitions.store_answer(tx, row.id, row.epoch, told=int(row.asked["map_index"]), who="helper")
        triggers.drop_runner(tx, "r")
    world.settle()
    assert world.finish_all() == ["a[2]", "a[1]", "a[0]"]
