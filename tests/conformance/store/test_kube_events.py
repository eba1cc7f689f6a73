"""Every store case runs on SQLite and on PostgreSQL: the events of Kubernetes that are kept with launches."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from goflow.domain.kube_events import MOST_KEPT, to_keep
from goflow.domain.runs import Launch, Outcome
from goflow.domain.state import LaunchState, RunState, TaskState
from goflow.executor.noted import Cleaned, cleaned_all
from goflow.executor.outcomes import End, settle_all
from goflow.store import Store, Tx, cleaning, launches, runs, transitions
from goflow.store.tables import launches as table
from tests.stores import bash_dag, begin, make_run
from tests.unit.domain.test_kube_events import event

FAILED = Outcome(state=TaskState.FAILED, reason="Exit", exit_code=1)
TOLD = [event("Scheduled", 1, kind="Normal"), event("BackOff", 2.5, count=7, message="wörds\x00 \U0001f40b")]


def ended(tx: Tx, *task_ids: str) -> Iterator[Launch]:
    """Tasks of a run that have failed; their launches."""
    made = make_run(tx, bash_dag("d", *task_ids))
    for task_id in task_ids:
        launch = begin(tx, made[task_id])
        settle_all(tx, [End(launch_id=launch.id, outcome=FAILED, who="runner")])
        yield launches.get(tx, launch.id)
    transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.FAILED, who="test")


def test_events_are_kept_with_the_word_that_nothing_else_is_left(store: Store) -> None:
    with store.transaction() as tx:
        one, two, three = ended(tx, "a", "b", "c")
        assert cleaned_all(tx, [Cleaned(one.id, TOLD), Cleaned(two.id), Cleaned(three.id, TOLD[:1])]) == [True] * 3
    with store.reading() as tx:
        found = launches.kube_events(tx, [one.id, two.id, three.id, "gone"])
        assert found == {one.id: TOLD, three.id: TOLD[:1]}
        assert launches.kube_events(tx, []) == {}
        assert {launches.get(tx, launch.id).state for launch in (one, two, three)} == {LaunchState.CLEANED}


def test_what_is_kept_already_stays_when_it_is_told_again(store: Store) -> None:
    with store.transaction() as tx:
        [one] = ended(tx, "a")
        assert cleaned_all(tx, [Cleaned(one.id, TOLD)]) == [True]
        assert cleaned_all(tx, [Cleaned(one.id, [])]) == [False]
        assert launches.kube_events(tx, [one.id]) == {one.id: TOLD}


def test_the_most_that_is_kept_is_stored_and_read(store: Store) -> None:
    events = to_keep(event(f"R{number}", number, message="\U0001f40b" * 9000) for number in range(99))
    with store.transaction() as tx:
        [one] = ended(tx, "a")
        cleaned_all(tx, [Cleaned(one.id, events)])
    with store.reading() as tx:
        assert len(launches.kube_events(tx, [one.id])[one.id]) == MOST_KEPT
        assert len(tx.value(select(table.c.kube_events))) < 2 * MOST_KEPT * 1000


def test_they_stand_in_the_archive_and_go_with_their_run(store: Store) -> None:
    with store.transaction() as tx:
        [one] = ended(tx, "a")
        cleaned_all(tx, [Cleaned(one.id, TOLD)])
        run = runs.by_run_id(tx, "d", "manual__1")
        [document] = cleaning.documents(tx, [run.id])
        assert "BackOff" in document["launches"][0]["kube_events"]
        runs.delete_(tx, run.id, who="test")
        assert launches.kube_events(tx, [one.id]) == {}
