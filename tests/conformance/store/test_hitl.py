"""What tasks ask people, on both databases: asked anew, answered once, before and after the task waits, or by the clock."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import update

from goflow.domain.errors import ConflictError, NotFoundError
from goflow.domain.hitl import HITL_TRIGGER, UNANSWERED, Answer, Question, User
from goflow.domain.runs import TaskInstance
from goflow.domain.state import TaskState
from goflow.domain.triggers import Deferral
from goflow.store import Store, hitl, pools, tasks, transitions, triggers
from goflow.store.tables import task_instances
from tests.stores import bash_dag, begin, make_run, schedule

QUESTION = Question(
    subject="Which?",
    options=("a", "b"),
    defaults=("b",),
    params={"n": {"value": 3, "description": None, "schema": {"type": "integer"}}},
)
WAIT = Deferral(classpath=HITL_TRIGGER, next_method="execute_complete", timeout_s=60, from_folder=False)
ME = User(id="1", name="me")


@pytest.fixture
def asking(store: Store) -> tuple[TaskInstance, str]:
    """A running task instance, and its launch."""
    with store.transaction() as tx:
        instance = make_run(tx)["first"]
        launch = begin(tx, instance)
        return tasks.get(tx, instance.id), launch.id


def ask(store: Store, asking: tuple[TaskInstance, str], question: Question = QUESTION, launch: str = "") -> None:
    with store.transaction() as tx:
        transitions.ask_person(tx, asking[0], launch or asking[1], question, who="task")


def wait(store: Store, asking: tuple[TaskInstance, str], wait: Deferral = WAIT) -> None:
    """The task waits from now on, as `goflow.executor.outcomes` lets it."""
    with store.transaction() as tx:
        assert transitions.defer_task(tx, asking[0], asking[1], wait, who="task")
        transitions.resume_answered(tx, asking[0], who="task")


def answer(store: Store, asking: tuple[TaskInstance, str], *chosen: str, **filled: Any) -> None:
    with store.transaction() as tx:
        given = Answer(at=tx.now(), chosen_options=chosen, params_input=filled, by=ME)
        transitions.answer_question(tx, asking[0], given, who="me")


def goes_on_with(store: Store, asking: tuple[TaskInstance, str]) -> Any:
    """The event with which the task goes on; None: it waits."""
    with store.reading() as tx:
        instance = tasks.get(tx, asking[0].id)
        if instance.state is TaskState.AWAITING_INPUT:
            return None
        assert instance.state is TaskState.SCHEDULED
        found = triggers.resumption(tx, instance.id, instance.try_number)
        assert found is not None
        return found.fired.payload


@pytest.mark.parametrize("answered_first", [True, False])
def test_a_task_goes_on_with_the_answer_whether_it_comes_before_or_after_it_waits(
    store: Store, asking: tuple[TaskInstance, str], answered_first: bool
) -> None:
    ask(store, asking)
    if answered_first:
        answer(store, asking, "a", n=1)
        wait(store, asking)
    else:
        wait(store, asking)
        assert goes_on_with(store, asking) is None
        answer(store, asking, "a", n=1)
    event = goes_on_with(store, asking)
    assert (event["chosen_options"], event["params_input"], event["timedout"]) == (["a"], {"n": 1}, False)
    assert event["responded_by_user"] == {"id": "1", "name": "me"}
    assert event["responded_at"]["__classname__"] == "datetime.datetime"


def test_a_question_is_answered_once(store: Store, asking: tuple[TaskInstance, str]) -> None:
    ask(store, asking)
    answer(store, asking, "a")
    with pytest.raises(ConflictError):
        answer(store, asking, "b")
    with store.reading() as tx:
        found = hitl.find(tx, asking[0].id)
        assert found is not None
        assert found.answer is not None
        assert found.answer.chosen_options == ("a",)
        assert (hitl.count(tx), hitl.count(tx, answered=False), hitl.count(tx, dag_id="other")) == (1, 0, 0)


def test_nothing_can_be_answered_that_is_not_asked(store: Store, asking: tuple[TaskInstance, str]) -> None:
    with pytest.raises(NotFoundError):
        answer(store, asking, "a")


def test_a_question_that_is_told_twice_stands_and_another_launch_asks_anew(
    store: Store, asking: tuple[TaskInstance, str]
) -> None:
    ask(store, asking)
    answer(store, asking, "a")
    ask(store, asking, Question(subject="Other?", options=("c",)))
    with store.reading() as tx:
        assert [one.question for one in hitl.list_(tx, answered=True)] == [QUESTION]
    ask(store, asking, Question(subject="Other?", options=("c",)), launch="another")
    with store.reading() as tx:
        assert [(one.question.subject, one.answer) for one in hitl.list_(tx)] == [("Other?", None)]
        before, now = (hitl.of_launches(tx, asking[0].id, [launch]) for launch in (asking[1], "another"))
        assert before is not None
        assert before.answer is not None
        assert (before.question, before.answer.chosen_options) == (QUESTION, ("a",)), "what was asked before is history"
        assert now == hitl.find(tx, asking[0].id)
        assert hitl.of_launches(tx, asking[0].id, ["none"]) is None
    ask(store, asking, Question(subject="A third?", options=("d",)), launch="third")
    with store.reading() as tx:
        of_try = hitl.of_launches(tx, asking[0].id, [asking[1], "another"])
        assert of_try is not None
        assert of_try.question.subject == "Other?", "of two launches of one try, what the later one asked"


def test_no_pool_counts_those_that_wait_for_a_person(store: Store, asking: tuple[TaskInstance, str]) -> None:
    """As Airflow 3.3 has it, whatever ``include_deferred`` says."""
    with store.transaction() as tx:
        pools.set_(tx, "default_pool", 1, include_deferred=True, who="me")
    ask(store, asking)
    wait(store, asking)
    with store.reading() as tx:
        pool = pools.get(tx, "default_pool")
        assert (pool.running, pool.deferred) == (0, 0)
    with store.transaction() as tx:
        other = schedule(tx, make_run(tx, bash_dag("other", "t"))["t"])
        assert transitions.plan_launch(tx, other, backend="local", new_attempt=True).launch is not None


def test_one_that_an_older_version_let_wait_is_answered_too(store: Store, asking: tuple[TaskInstance, str]) -> None:
    """It called the state ``deferred``."""
    ask(store, asking)
    wait(store, asking)
    with store.transaction() as tx:
        tx.change(update(task_instances).where(task_instances.c.id == asking[0].id).values(state="deferred"))
    answer(store, asking, "a")
    assert goes_on_with(store, asking)["chosen_options"] == ["a"]


@pytest.mark.parametrize("has_defaults", [True, False])
def test_when_its_time_is_up_a_task_goes_on_with_its_defaults_or_hears_that_there_is_no_answer(
    store: Store, asking: tuple[TaskInstance, str], has_defaults: bool
) -> None:
    ask(store, asking, QUESTION if has_defaults else Question(subject="Which?", options=("a",)))
    wait(store, asking)
    with store.transaction() as tx:
        assert transitions.claim_triggers(tx, "runner", 9) == []
        assert transitions.due_event(tx, asking[0].id, tx.now()) is None
        due = transitions.due_event(tx, asking[0].id, tx.now() + dt.timedelta(seconds=61))
        assert due is not None
        assert transitions.fire_trigger(tx, *due, who="scheduler")
    event = goes_on_with(store, asking)
    if not has_defaults:
        assert event == UNANSWERED.payload
        return
    assert (event["chosen_options"], event["params_input"]) == (["b"], {"n": 3})
    assert (event["timedout"], event["responded_by_user"]) == (True, None)
