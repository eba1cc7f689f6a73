"""Partition mappers of authors' own: a helper is asked for the keys of each event, and the runs begin as it has told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import delete

from goflow.domain.partitions import not_followed
from goflow.domain.questions import Question, QuestionKind
from goflow.domain.state import RunState
from goflow.scheduler import operations, partition_orders
from goflow.store import assets, events, partitions, questions, runs, transitions, triggers
from goflow.store.asset_tables import asset_events
from tests.unit.scheduler.kit import World
from tests.unit.scheduler.test_partitions import DAY, LEAF_A, LEAF_B, A, B, by, consumer, keys, pending, tell, waiting

OWN = {"own": "theirs.Lower"}
NOON = "2026-01-05T12:00:00+00:00"
ALL = {"policy": "WaitForAll"}


def asked(world: World) -> list[Question]:
    """What a helper is asked and has not told yet."""
    with world.store.transaction() as tx:
        triggers.add_runner(tx, "r", capacity=1, ttl_s=5)
        transitions.claim_questions(tx, "r", 100)
        found = questions.held_by(tx, "r")
        triggers.drop_runner(tx, "r")
    return found


def told(*made: str, about: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The answer of a mapper that makes those keys, with the same said of each."""
    return {"count": len(made), "most": None, "keys": [[key, about or {}] for key in made], "carried": None, **more}


def answer(world: World, *answers: Any, problem: str | None = None) -> list[Question]:
    """A helper answers as many of the questions as there are ANSWERS, in order; which ones."""
    with world.store.transaction() as tx:
        triggers.add_runner(tx, "r", capacity=1, ttl_s=5)
        transitions.claim_questions(tx, "r", len(answers))
        found = questions.held_by(tx, "r")
        for row, one in zip(found, answers, strict=True):
            assert transitions.store_answer(tx, row.id, row.epoch, told=one, problem=problem, who="helper") is not None
            assert transitions.store_answer(tx, row.id, row.epoch, told=one, problem=problem, who="helper") is None
        triggers.drop_runner(tx, "r")
    world.settle()
    return found


def problems_of(world: World) -> list[str]:
    """Why events begin nothing."""
    with world.store.reading() as tx:
        return [words for event in assets.events(tx) for words in event.problems.values()]


def test_a_run_begins_for_each_key_that_it_tells(world: World) -> None:
    world.put(consumer(LEAF_A, OWN))
    tell(world, A, "EU")
    assert (keys(world), pending(world)) == ([], [])
    (question,) = answer(world, told("eu", "us", "eu"))
    assert (question.kind, question.dag_id) == (QuestionKind.PARTITION, "waits")
    assert {name: question.asked[name] for name in ("name", "uri", "key", "date")} == {
        "name": "a", "uri": "s3://a", "key": "EU", "date": None,
    }  # fmt: skip
    assert keys(world) == ["eu", "us"]
    assert [run.partition_date for run in waiting(world)] == [None, None]
    assert asked(world) == []


def test_each_event_is_asked_about_and_the_others_of_a_run_are_waited_for(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}, OWN))
    for asset, key in ((A, "EU"), (A, "US"), (B, "Us")):
        tell(world, asset, key)
    answer(world, told("eu"), told("us"))
    assert (keys(world), pending(world)) == ([], ["eu", "us"])
    answer(world, told("us"))
    assert (keys(world), pending(world)) == (["us"], ["eu"])


def test_one_asset_may_have_one_of_its_own_and_another_airflows(world: World) -> None:
    world.put(consumer({"all": [LEAF_A, LEAF_B]}, DAY, [(LEAF_A, OWN)]))
    tell(world, B, "2026-01-05T03:00:00")
    tell(world, A, "monday")
    answer(world, told("2026-01-05", about={"date": "2026-01-05T00:00:00+00:00"}))
    (run,) = waiting(world)
    assert (run.partition_key, run.partition_date) == ("2026-01-05", dt.datetime(2026, 1, 5, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("about", "carried", "date"),
    [({"date": NOON}, None, NOON), ({}, NOON, NOON), ({}, None, None), ({"is_dateless": True}, NOON, None)],
)
def test_the_date_of_a_run_is_what_was_told_of_its_key_or_carried_over(
    world: World, about: dict[str, Any], carried: str | None, date: str | None
) -> None:
    world.put(consumer(LEAF_A, OWN))
    tell(world, A, "EU")
    answer(world, told("eu", about=about, carried=carried))
    (run,) = waiting(world)
    assert run.partition_date == (None if date is None else dt.datetime.fromisoformat(date))


def test_a_rollup_with_one_of_its_own_waits_for_the_keys_that_were_told(world: World) -> None:
    window = {"expected": ["eu", "us"], "policy": ALL}
    rollup = {
        "mapper": "RollupMapper",
        "upstream_mapper": OWN,
        "window": {"window": "SegmentWindow"},
        "wait_policy": ALL,
    }
    world.put(consumer(LEAF_A, rollup))
    for key in ("eu", "asia"):
        tell(world, A, key)
        answer(world, told("world", about=window))
    assert keys(world) == []
    with world.store.reading() as tx:
        (one,) = partitions.waiting(tx)
        (awaited,) = partition_orders.awaited(tx, by(LEAF_A, rollup), one)
    assert (awaited.missing.keys, awaited.missing.expected, awaited.missing.met) == (("us",), 2, False)
    tell(world, A, "us")
    answer(world, told("world", about=window))
    assert keys(world) == ["world"]


@pytest.mark.parametrize(("least", "after"), [(1, 1), (2, 2), (3, None)])
def test_it_waits_for_as_many_as_its_policy_says(world: World, least: int, after: int | None) -> None:
    world.put(consumer(LEAF_A, OWN))
    seen = []
    for key in ("eu", "us"):
        tell(world, A, key)
        answer(world, told("w", about={"expected": ["eu", "us"], "policy": {"policy": "MinimumCount", "n": least}}))
        seen.append(bool(keys(world)))
    assert seen.index(True) + 1 == after if after else not any(seen)


def test_one_that_cannot_say_what_it_waits_for_is_held_as_in_airflow(world: World) -> None:
    world.put(consumer(LEAF_A, OWN))
    tell(world, A, "eu")
    answer(world, told("w", about={"is_held": True}))
    assert (keys(world), pending(world)) == ([], ["w"])


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        (told("eu", " "), "becomes ' ': a partition key must not be empty"),
        ({**told(), "count": 1001}, "becomes 1001 keys, more than 1000"),
        ({**told(), "count": 3, "most": 2}, "becomes 3 keys, more than 2"),
    ],
)
def test_keys_that_are_none_and_too_many_begin_nothing(world: World, answered: dict[str, Any], words: str) -> None:
    world.put(consumer(LEAF_A, OWN))
    tell(world, A, "EU")
    answer(world, answered)
    assert (keys(world), pending(world)) == ([], [])
    (problem,) = problems_of(world)
    assert words in problem


def test_one_that_raises_begins_nothing_and_is_not_asked_again(world: World) -> None:
    world.put(consumer(LEAF_A, OWN))
    tell(world, A, "EU")
    answer(world, None, problem="ValueError: no such region")
    assert (keys(world), pending(world), problems_of(world)) == ([], [], ["ValueError: no such region"])
    with world.store.reading() as tx:
        (failed,) = events.after(tx, 0, kinds=[events.QUESTION_FAILED])
    assert (failed.dag_id, failed.data["problem"]) == ("waits", "ValueError: no such region")
    assert asked(world) == []


def test_what_was_told_by_an_older_mapper_is_forgotten_and_by_the_same_one_is_not(world: World) -> None:
    world.put(consumer(LEAF_A, OWN), version="1")
    for key in ("EU", "US"):
        tell(world, A, key)
    world.put(consumer(LEAF_A, OWN, description="another"), version="2")
    answer(world, told("eu"))
    assert keys(world) == ["eu"]
    world.put(consumer(LEAF_A, {**OWN, "args": ["x"]}), version="3")
    answer(world, told("us"))
    assert (keys(world), pending(world)) == (["eu"], [])


def test_what_is_told_while_the_dag_is_paused_waits(world: World) -> None:
    world.put(consumer(LEAF_A, OWN))
    tell(world, A, "EU")
    operations.pause(world.store, "waits", who="test")
    answer(world, told("eu"))
    assert (keys(world), pending(world)) == ([], ["eu"])
    operations.unpause(world.store, "waits", who="test")
    world.settle()
    assert keys(world) == ["eu"]


def test_a_new_scheduler_makes_what_was_told_while_none_was_there(world: World) -> None:
    world.put(consumer(LEAF_A, OWN))
    tell(world, A, "EU")
    question = asked(world)
    assert len(question) == 1
    world.restart()
    answer(world, told("eu"))
    assert keys(world) == ["eu"]


def test_an_answer_about_an_event_that_is_gone_begins_nothing(world: World) -> None:
    world.put(consumer(LEAF_A, OWN))
    tell(world, A, "EU")
    with world.store.transaction() as tx:
        tx.change(delete(asset_events))
    answer(world, told("eu"))
    assert (keys(world), pending(world)) == ([], [])


def test_a_wait_policy_of_ones_own_is_not_followed_nor_is_it_in_airflow() -> None:
    rollup = {"mapper": "RollupMapper", "upstream_mapper": OWN, "window": {"own": "theirs.Half"}, "wait_policy": ALL}
    assert not_followed(by(LEAF_A, rollup)) is None
    said = not_followed(by(LEAF_A, {**rollup, "wait_policy": {"own": "theirs.Half"}}))
    assert said is not None
    assert "Half is not one of Airflow's own wait policies" in said


def test_only_what_has_one_of_its_own_is_asked_about(world: World) -> None:
    world.put(consumer({"any": [LEAF_A, LEAF_B]}, None, [(LEAF_B, OWN)]))
    tell(world, A, "eu")
    tell(world, B, "eu")
    assert keys(world) == ["eu"]
    (question,) = answer(world, told("b"))
    assert (question.asked["name"], keys(world)) == ("b", ["eu", "b"])


def by_hand(world: World, key: str) -> Any:
    """A run by hand for that key, as it is once everything is at rest."""
    run = operations.trigger(world.store, "waits", who="test", partition_key=key)
    world.settle()
    return run_of(world, run.id)


def run_of(world: World, dag_run_id: int) -> Any:
    with world.store.reading() as tx:
        return runs.get(tx, dag_run_id)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(NOON, dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)), (None, None)],
    ids=["the key stands for a moment", "for none"],
)
def test_a_run_by_hand_begins_when_it_is_told_which_moment_its_key_stands_for(
    world: World, moment: str | None, expected: dt.datetime | None
) -> None:
    world.put(consumer({"any": [LEAF_A, LEAF_B]}, OWN))
    run = by_hand(world, "eu")
    assert (run.state, run.partition_date) == (RunState.QUEUED, None)
    (question,) = answer(world, moment)
    assert (question.kind, question.dag_run_id) == (QuestionKind.PARTITION_DATE, run.id)
    assert dict(question.asked) == {"key": "eu", "assets": [["a", "s3://a"], ["b", "b"]]}
    run = run_of(world, run.id)
    assert (run.state, run.partition_date, run.partition_key) == (RunState.RUNNING, expected, "eu")
    assert asked(world) == []


def test_a_run_by_hand_whose_mapper_fails_waits_and_it_is_asked_again(world: World) -> None:
    world.put(consumer(LEAF_A, OWN))
    run = by_hand(world, "eu")
    answer(world, None, problem="ValueError: eu")
    assert (run_of(world, run.id).state, asked(world)) == (RunState.QUEUED, [])
    world.pass_time(10)
    answer(world, NOON)
    assert run_of(world, run.id).state is RunState.RUNNING


def test_a_run_by_hand_without_a_key_asks_nobody(world: World) -> None:
    world.put(consumer(LEAF_A, OWN))
    assert operations.trigger(world.store, "waits", who="test").partition_date is None
    world.settle()
    assert asked(world) == []
