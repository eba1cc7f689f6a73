"""Every store case runs on SQLite and on PostgreSQL: callbacks of runs, each called once at most, and told of."""

from __future__ import annotations

from goflow.domain.callbacks import CallbackState
from goflow.domain.state import RunState
from goflow.store import Store, Tx, callbacks, events, runs, transitions, triggers
from tests.conformance.store.claiming import shares_of
from tests.stores import START, OpenStore, bash_dag, make_run

S = CallbackState


def requested(tx: Tx, dag_id: str = "example") -> int:
    """The callback of a run that has failed."""
    made = make_run(tx, bash_dag(dag_id))
    transitions.advance_run(tx, made.run.id, RunState.RUNNING, RunState.FAILED, who="test")
    ti_id = made["first"].id
    return transitions.request_callback(tx, made.run, "failure", reason="task_failure", ti_id=ti_id, who="test")


def test_a_callback_is_asked_for_claimed_and_ended_once(store: Store) -> None:
    with store.transaction() as tx:
        key = requested(tx)
        triggers.add_runner(tx, "r1", capacity=1, ttl_s=5)
        assert (callbacks.count_open(tx), callbacks.count_open(tx, waiting=True)) == (1, 1)
        assert not transitions.end_callback(tx, key, ok=True, output="", who="r1"), "nobody has claimed it"
        assert transitions.claim_callbacks(tx, "r1", 0) == []
        assert transitions.claim_callbacks(tx, "r1", 4) == [key]
        assert transitions.claim_callbacks(tx, "r1", 4) == []
        assert [row.id for row in callbacks.held_by(tx, "r1")] == [key]
        assert (callbacks.count_open(tx), callbacks.count_open(tx, waiting=True)) == (1, 0)
        assert transitions.end_callback(tx, key, ok=False, output="said", who="r1")
        assert not transitions.end_callback(tx, key, ok=True, output="late", who="r2")
        [found] = callbacks.of_run(tx, callbacks.find(tx, key).dag_run_id)
        assert (found.state, found.output, found.reason, found.claimed_at, found.ended_at) == (
            *(S.FAILED, "said", "task_failure", START, START),
        )
        assert callbacks.count_open(tx) == 0
    with store.reading() as tx:
        told = events.after(tx, 0, kinds=[events.CALLBACK_STATE])
        assert [event.data["to"] for event in told] == ["waiting", "failed"]


def test_one_whose_runner_is_gone_is_lost_and_not_called_again_but_still_heard_of(store: Store) -> None:
    with store.transaction() as tx:
        key = requested(tx)
        for name in ("r1", "r2"):
            triggers.add_runner(tx, name, capacity=1, ttl_s=5)
        transitions.claim_callbacks(tx, "r1", 1)
        assert transitions.lose_callbacks(tx, who="test") == []
        triggers.drop_runner(tx, "r1")
        assert transitions.lose_callbacks(tx, who="test") == [key]
        assert transitions.lose_callbacks(tx, who="test") == []
        assert callbacks.find(tx, key).state is S.LOST
        assert transitions.claim_callbacks(tx, "r2", 1) == []
        assert transitions.end_callback(tx, key, ok=True, output="", who="r1")
        assert callbacks.find(tx, key).state is S.DONE


def test_two_runners_that_claim_at_once_share(open_store: OpenStore) -> None:
    stores = [open_store(), open_store()]
    with stores[0].transaction() as tx:
        keys = [requested(tx, f"d{number}") for number in range(10)]
        for name in ("r0", "r1"):
            triggers.add_runner(tx, name, capacity=1, ttl_s=5)
    shares = shares_of(stores, transitions.claim_callbacks, 2)
    assert sorted(shares[0] + shares[1]) == keys


def test_a_run_that_is_deleted_takes_its_callbacks_with_it(store: Store) -> None:
    with store.transaction() as tx:
        key = requested(tx)
        runs.delete_(tx, callbacks.find(tx, key).dag_run_id, who="test")
        assert callbacks.find(tx, key) is None
