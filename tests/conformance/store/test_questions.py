"""Every store case runs on SQLite and on PostgreSQL: questions to authors' own code, each answered once."""

from __future__ import annotations

from sqlalchemy import text

from goflow.domain.questions import Question, QuestionKind, QuestionState, about_next_runs
from goflow.domain.state import RunState
from goflow.store import Store, Tx, dags, events, questions, runs, transitions, triggers
from tests.conformance.store.claiming import shares_of
from tests.stores import START, OpenStore, bash_dag, make_run

S = QuestionState
ABOUT = about_next_runs("example")


def asked(tx: Tx, words: object = 1) -> bool:
    dag = dags.find(tx, "example") or dags.get(tx, make_run(tx, bash_dag("example")).run.dag_id)
    given = {"last": words}
    return transitions.ask_code(
        tx, ABOUT, QuestionKind.NEXT_RUNS, given, dag_id="example", reading_id=dag.reading_id, who="test"
    )


def known(tx: Tx) -> Question:
    found = questions.about(tx, ABOUT)
    assert found is not None
    return found


def test_a_question_is_asked_claimed_and_answered_once(store: Store) -> None:
    with store.transaction() as tx:
        assert asked(tx)
        assert not asked(tx), "the very same is being asked"
        triggers.add_runner(tx, "r1", capacity=1, ttl_s=5)
        assert (questions.count_open(tx), questions.count_open(tx, unheld=True)) == (1, 1)
        assert transitions.claim_questions(tx, "r1", 0) == []
        key = known(tx).id
        assert transitions.store_answer(tx, key, known(tx).epoch, told=1, who="r1") is None, "nobody has claimed it"
        assert transitions.claim_questions(tx, "r1", 4) == [key]
        assert transitions.claim_questions(tx, "r1", 4) == []
        assert [row.id for row in questions.held_by(tx, "r1")] == [key]
        epoch = known(tx).epoch
        ended = transitions.store_answer(tx, key, epoch, told=[None], who="r1")
        assert ended == known(tx)
        assert (ended.state, ended.ended_at, ended.runner_id, ended.problem) == (S.ANSWERED, START, None, None)
        assert ended.answer == {"asked": {"last": 1}, "reading": ended.reading_id, "told": [None]}
        assert transitions.store_answer(tx, key, epoch, told=2, who="r2") is None
        assert questions.count_open(tx) == 0
    with store.reading() as tx:
        kinds = [events.QUESTION_ASKED, events.QUESTION_ANSWERED, events.QUESTION_FAILED]
        told = events.after(tx, 0, kinds=kinds)
        assert [(event.kind, event.dag_id, event.data["subject"]) for event in told] == [
            (events.QUESTION_ASKED, "example", ABOUT),
            (events.QUESTION_ANSWERED, "example", ABOUT),
        ]


def test_asked_anew_the_last_answer_stays_and_one_to_what_was_asked_before_is_none(store: Store) -> None:
    with store.transaction() as tx:
        asked(tx)
        triggers.add_runner(tx, "r1", capacity=1, ttl_s=5)
        [key] = transitions.claim_questions(tx, "r1", 1)
        transitions.store_answer(tx, key, known(tx).epoch, told="first", who="r1")
        assert asked(tx), "it has been answered: it may be asked again"
        assert transitions.claim_questions(tx, "r1", 1) == [key]
        before = known(tx).epoch
        assert asked(tx, 2), "something else is wanted by now"
        assert transitions.store_answer(tx, key, before, told="late", who="r1") is None
        assert (known(tx).state, known(tx).answer["told"]) == (S.WAITING, "first")


def test_failures_in_a_row_are_counted_and_pauses_grow(store: Store) -> None:
    with store.transaction() as tx:
        triggers.add_runner(tx, "r1", capacity=1, ttl_s=5)
        pauses = []
        for _ in range(9):
            asked(tx)
            [key] = transitions.claim_questions(tx, "r1", 1)
            ended = transitions.store_answer(tx, key, known(tx).epoch, problem="it raised", who="r1")
            pauses.append((ended.again_at - START).total_seconds())
        assert (ended.state, ended.failures, ended.problem, ended.answer) == (S.FAILED, 9, "it raised", None)
        assert pauses == [10, 20, 40, 80, 160, 320, 600, 600, 600]
        assert [row.problem for row in questions.problems(tx, "example")] == ["it raised"]
        asked(tx)
        transitions.claim_questions(tx, "r1", 1)
        ended = transitions.store_answer(tx, key, known(tx).epoch, told=1, who="r1")
        assert (ended.failures, ended.problem) == (0, None)


def test_what_nobody_answers_is_a_problem_after_a_minute(store: Store) -> None:
    with store.transaction() as tx:
        asked(tx)
        assert questions.problems(tx, "example") == []
        tx.change(text("UPDATE questions SET asked_at = :at"), {"at": "2020-01-01 00:00:00+00:00"})
        assert [row.subject for row in questions.problems(tx, "example")] == [ABOUT]
        triggers.add_runner(tx, "r1", capacity=1, ttl_s=5)
        [key] = transitions.claim_questions(tx, "r1", 1)
        transitions.store_answer(tx, key, known(tx).epoch, told=1, who="r1")
        assert questions.problems(tx, "example") == []


def test_one_whose_runner_is_gone_is_answered_by_another(store: Store) -> None:
    with store.transaction() as tx:
        asked(tx)
        for name in ("r1", "r2"):
            triggers.add_runner(tx, name, capacity=1, ttl_s=5)
        [key] = transitions.claim_questions(tx, "r1", 1)
        before = known(tx).epoch
        triggers.drop_runner(tx, "r1")
        assert questions.count_open(tx, unheld=True) == 1
        assert transitions.claim_questions(tx, "r2", 1) == [key]
        assert transitions.store_answer(tx, key, before, told="from r1", who="r1") is None
        assert transitions.store_answer(tx, key, known(tx).epoch, told="from r2", who="r2") is not None
        assert known(tx).answer["told"] == "from r2"


def test_it_goes_with_its_dag_and_its_run(store: Store) -> None:
    with store.transaction() as tx:
        made = make_run(tx, bash_dag("example"))
        dag = dags.get(tx, "example")
        given = {"dag_id": "example", "reading_id": dag.reading_id, "who": "test"}
        transitions.ask_code(tx, "interval 1", QuestionKind.INTERVAL, {}, dag_run_id=made.run.id, **given)
        assert [row.subject for row in questions.of_run(tx, made.run.id)] == ["interval 1"]
        asked(tx)
        transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.FAILED, who="test")
        runs.delete_(tx, made.run.id, who="test")
        assert questions.of_run(tx, made.run.id) == []
        dags.deactivate(tx, ["example"], who="test")
        dags.delete_(tx, "example", who="test")
        assert (questions.count_open(tx), questions.about(tx, ABOUT)) == (0, None)


def test_two_runners_that_claim_at_once_share(open_store: OpenStore) -> None:
    stores = [open_store(), open_store()]
    with stores[0].transaction() as tx:
        made = make_run(tx, bash_dag("example"))
        of = {"dag_id": "example", "reading_id": made.run.reading_id, "who": "test"}
        for number in range(10):
            transitions.ask_code(tx, f"weight {number}", QuestionKind.WEIGHT, {"n": number}, **of)
        for name in ("r0", "r1"):
            triggers.add_runner(tx, name, capacity=1, ttl_s=5)
    shares = shares_of(stores, transitions.claim_questions, 2)
    assert len({*shares[0], *shares[1]}) == len([*shares[0], *shares[1]]) == 10
