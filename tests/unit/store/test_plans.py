"""What is asked all the time finds its rows by an index, and costs nothing for history."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event

from goflow.domain.runs import DagRun, Launch
from goflow.domain.state import LaunchState, RunState, RunType, TaskState
from goflow.store import (
    Store,
    Tx,
    backfills,
    dags,
    events,
    launches,
    log_batches,
    logs,
    runs,
    tasks,
    transitions,
    xcoms,
)
from goflow.store.rows import LogBatch
from goflow.store.transitions import LaunchRequest
from tests.stores import START, bash_dag, make_run, queue

Ask = Callable[[Tx, DagRun], object]

SHARES = Launch(
    id="0" * 32, task_instance_id=1, try_number=1, ordinal=1, state=LaunchState.PLANNED, backend="local", job_index=0
)  # fmt: skip
BATCH = LogBatch(id=1, launch_id="x", first_seq=1, last_seq=9, size=9, written_at=START)
QUESTIONS: dict[str, Ask] = {
    "due DAGs": lambda tx, run: dags.due(tx, START),
    "the next due DAG": lambda tx, run: dags.next_due(tx),
    "open runs": lambda tx, run: runs.open_(tx),
    "numbers of open runs": lambda tx, run: runs.active_counts(tx),
    "a run by id": lambda tx, run: runs.find(tx, run.dag_id, run.run_id),
    "a run by date": lambda tx, run: runs.by_logical_date(tx, run.dag_id, START),
    "the newest run": lambda tx, run: runs.newest(tx, run.dag_id),
    "the newest scheduled run": lambda tx, run: runs.newest(tx, run.dag_id, [RunType.SCHEDULED]),
    "the previous run": lambda tx, run: runs.previous(tx, run, states=[RunState.SUCCESS]),
    "how the newest runs stand": lambda tx, run: runs.newest_states(tx, run.dag_id, 5),
    "the same by logical date": lambda tx, run: runs.newest_states(tx, run.dag_id, 5, by_logical_date=True),
    "a backfill's order": lambda tx, run: backfills.ordinals(tx, 1),
    "how a backfill's runs stand": lambda tx, run: backfills.states(tx, 1),
    "active backfills": lambda tx, run: backfills.active(tx),
    "a run's tasks": lambda tx, run: tasks.of_run(tx, run.id),
    "scheduled tasks": lambda tx, run: tasks.scheduled(tx),
    "waiting tasks": lambda tx, run: tasks.waiting_due(tx, START),
    "the next waiting task": lambda tx, run: tasks.next_due(tx),
    "occupancy": lambda tx, run: tasks.occupancy(tx, ["default_pool"], [run.dag_id]),
    "occupancy with what is suspended": lambda tx, run: tasks.occupancy(tx, [], [], with_suspended=[run.dag_id]),
    "unfinished launches": lambda tx, run: launches.unfinished(tx, "local"),
    "planned launches in order": lambda tx, run: launches.planned_ids(tx, "local", after="x", limit=9, besides=["n"]),
    "those of a namespace": lambda tx, run: launches.planned_ids(tx, "local", limit=9, namespace="n"),
    "launches to stop in order": lambda tx, run: launches.ids_to_stop(tx, "local", after="x", limit=9),
    "launches to clean in order": lambda tx, run: launches.ids_to_clean(tx, "local", after="x", limit=9),
    "open launches in order": lambda tx, run: launches.unfinished_after(tx, "local", LaunchState.CREATED, "x"),
    "telling that they wait": lambda tx, run: launches.tell_waiting(tx, "local", "n", reason="r", message="m"),
    "launches to clean": lambda tx, run: launches.to_clean(tx, "local"),
    "a launch by token": lambda tx, run: launches.by_token(tx, "x"),
    "launches of a task": lambda tx, run: launches.of_task(tx, 1),
    "XComs": lambda tx, run: xcoms.pull(tx, run.id, "first"),
    "lengths": lambda tx, run: xcoms.lengths(tx, run.id, ["first"]),
    "launches that share a Job": lambda tx, run: launches.of_shared_job(tx, SHARES),
    "whether their Job is open": lambda tx, run: launches.is_shared_job_open(tx, SHARES),
    "log lines": lambda tx, run: logs.read(tx, "x", after=5),
    "the last log line": lambda tx, run: logs.last_seq(tx, "x"),
    "what is known of a log": lambda tx, run: logs.standing(tx, "x"),
    "lines to be sent": lambda tx, run: log_batches.pending(tx, 9),
    "these lines": lambda tx, run: log_batches.lines(tx, [BATCH]),
    "how many lines are to be sent": lambda tx, run: log_batches.backlog(tx),
    "lines to prune": lambda tx, run: log_batches.prune(tx, START, START, 9),
    "logs that have expired": lambda tx, run: log_batches.expire(tx, "x", 9),
    "the oldest launch that may write": lambda tx, run: log_batches.oldest_open_launch(tx),
    "new events": lambda tx, run: events.after(tx, 3),
    "the newest event": lambda tx, run: events.last_seq(tx),
    "events of a DAG": lambda tx, run: events.before(tx, None, dag_id=run.dag_id),
    "a batch of changes": lambda tx, run: transitions.apply(
        tx, [transitions.TaskChange(ti.id, TaskState.NONE, TaskState.SCHEDULED) for ti in tasks.of_run(tx, run.id)]
    ),
    "launches to plan": lambda tx, run: transitions.plan_launches(
        tx, [LaunchRequest(ti=ti, backend="local", new_attempt=True) for ti in tasks.of_run(tx, run.id)]
    ),
    "a claim": lambda tx, run: transitions.claim_launch(tx, "x", "y"),
}
SMALL = ("pools", "dags")
"""Tables that are read whole because they are small."""


def plans(store: Store, ask: Ask) -> list[str]:
    """How SQLite goes about every statement of ASK."""
    seen: list[str] = []

    def explain(connection: object, cursor: object, statement: str, parameters: object, *rest: object) -> None:
        if not statement.startswith(("EXPLAIN", "INSERT", "BEGIN", "SAVEPOINT")):
            first = parameters[0] if isinstance(parameters, list) else parameters
            cursor.execute("EXPLAIN QUERY PLAN " + statement, first)  # type: ignore[attr-defined]
            seen.extend(row[3] for row in cursor.fetchall())  # type: ignore[attr-defined]

    with store.transaction() as tx:
        run = make_run(tx, bash_dag("example"), logical_date=START).run
        engine = tx.connection.engine
        event.listen(engine, "before_cursor_execute", explain)
        try:
            ask(tx, run)
        finally:
            event.remove(engine, "before_cursor_execute", explain)
    return seen


@pytest.mark.parametrize("question", list(QUESTIONS))
def test_no_table_that_grows_is_read_whole(sqlite_store: Store, question: str) -> None:
    found = plans(sqlite_store, QUESTIONS[question])
    assert found
    for step in found:
        if step.startswith("SCAN"):
            allowed = "USING INDEX" in step or "USING COVERING INDEX" in step or step.split()[1] in SMALL
            assert allowed, f"{question}: {step}"


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("due DAGs", "ix_dags_due"),
        ("open runs", "ix_dag_runs_open"),
        ("scheduled tasks", "ix_task_instances_scheduled"),
        ("waiting tasks", "ix_task_instances_waiting"),
        ("occupancy", "ix_task_instances_occupying"),
        ("unfinished launches", "ix_launches_unfinished"),
        ("planned launches in order", "ix_launches_unfinished (backend=? AND state=? AND id>?)"),
        ("those of a namespace", "ix_launches_unfinished (backend=? AND state=? AND id>?)"),
        ("launches to stop in order", "ix_launches_unfinished (backend=? AND state=? AND id>?)"),
        ("launches to clean in order", "ix_launches_unfinished (backend=? AND state=? AND id>?)"),
        ("open launches in order", "ix_launches_unfinished (backend=? AND state=? AND id>?)"),
        ("telling that they wait", "ix_launches_unfinished"),
        ("lines to be sent", "ix_log_batches_unshipped"),
        ("how many lines are to be sent", "ix_log_batches_unshipped"),
        ("lines to prune", "ix_log_batches_shipped (shipped_at>? AND shipped_at<?)"),
    ],
)
def test_work_under_way_is_found_by_its_partial_index(sqlite_store: Store, question: str, index: str) -> None:
    assert any(index in step for step in plans(sqlite_store, QUESTIONS[question]))


def test_a_change_takes_few_statements(sqlite_store: Store) -> None:
    """One change: look, update, its event and that event's number; a hundred in one transaction: no more than that."""
    statements: list[str] = []
    with sqlite_store.transaction() as tx:
        made = make_run(tx, bash_dag("many", *[f"t{number}" for number in range(100)]))
        queue(tx, make_run(tx, bash_dag("one"))["first"])
    engine = sqlite_store.database._writer  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    ids = [ti.id for ti in made.tasks.values()]
    for number, expected in ((1, 4), (99, 4)):
        chosen, ids = ids[:number], ids[number:]
        statements.clear()
        with sqlite_store.transaction() as tx:
            changes = [transitions.TaskChange(ti_id, TaskState.NONE, TaskState.SCHEDULED) for ti_id in chosen]
            assert all(transitions.apply(tx, changes))
        assert len([text for text in statements if not text.startswith("BEGIN")]) == expected, statements
