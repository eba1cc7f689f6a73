"""From the store's events to the shelf: what others have changed since the last batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial

from goflow.domain.questions import QuestionKind
from goflow.domain.runs import Event
from goflow.domain.state import TERMINAL_RUN_STATES, WAITING_STATES, RunState, TaskState
from goflow.scheduler import told_dates
from goflow.scheduler.agenda import Agenda
from goflow.scheduler.shelf import Shelf
from goflow.scheduler.weights import take_weight
from goflow.store import Tx, events, questions, runs, tasks

_OF_RUNS = frozenset({events.RUN_CREATED, events.RUN_STATE, events.RUN_DELETED, events.RUN_PINNED, events.TASK_CREATED})
RELEVANT = _OF_RUNS | {
    *(events.TASK_STATE, events.POOL_SET, events.POOL_DELETED, events.DAG_VERSION, events.DAG_PAUSED),
    *(events.DAG_UNPAUSED, events.DAG_ACTIVATED, events.DAG_DEACTIVATED, events.DAG_DELETED, events.DAG_HELD),
    events.DAG_RELEASED,
    events.ASSET_EVENT,
    *(events.QUESTION_ANSWERED, events.QUESTION_FAILED),
    *(events.BACKFILL_CREATED, events.BACKFILL_PAUSED, events.BACKFILL_UNPAUSED),
    *(events.BACKFILL_COMPLETED, events.BACKFILL_CANCELLED),
}
"""The kinds of events that may give the scheduler work."""

_OF_BACKFILLS = frozenset(kind for kind in RELEVANT if kind.startswith("backfill."))
_ANSWERS = frozenset({events.QUESTION_ANSWERED, events.QUESTION_FAILED})
_REPLANNING = frozenset({events.DAG_VERSION, events.DAG_UNPAUSED, events.DAG_ACTIVATED, events.DAG_RELEASED})


Failure = tuple[tuple[str, str], str, int]
"""The book's key, task id and map index."""


class Intake:
    """Carries events over to SHELF and AGENDA; WHO is the name under which schedulers write theirs."""

    def __init__(self, shelf: Shelf, agenda: Agenda, *, who: str) -> None:
        self._shelf = shelf
        self._agenda = agenda
        self._who = who
        self.failures: list[Failure] = []
        """Tasks that failed for good in DAGs with ``fail_fast``, of which no scheduler has drawn the consequences."""
        self._to_make: list[Callable[[], object]] = []

    def make_runs(self) -> None:
        """Make the runs that what was taken in asks for: how much room there is for them is known when all of it is."""
        for make in self._to_make:
            make()
        self._to_make.clear()

    def take(self, tx: Tx, found: Iterable[Event], now: dt.datetime) -> None:
        """Carry FOUND over, in order. Runs are not made before `make_runs`."""
        for event in found:
            if event.kind == events.TASK_STATE:
                self._task_state(tx, event)
            elif event.kind in _OF_RUNS:
                self._run(tx, event)
            elif event.kind in {events.POOL_SET, events.POOL_DELETED}:
                self._shelf.load_pools(tx)
            elif event.kind == events.ASSET_EVENT:
                self._to_make.append(partial(self._asset, tx, event))
            elif event.kind in _ANSWERS:
                self._answer(tx, event, now)
            elif event.kind in _OF_BACKFILLS:
                self._backfill(event)
            elif event.kind in RELEVANT and event.dag_id is not None:
                self._dag(tx, event, now)

    def _task_state(self, tx: Tx, event: Event) -> None:
        assert event.dag_id is not None
        assert event.run_id is not None
        book = self._shelf.find(event.dag_id, event.run_id)
        if book is None and (event.dag_id, event.run_id) in self._shelf.broken:
            self._reopen(tx, event)
            return
        if book is None:
            self._past_changed(event.dag_id)
            return
        cell = book.cell(event.task_id or "", -1 if event.map_index is None else event.map_index)
        if cell is None:
            self._reopen(tx, event)
            return
        new = TaskState(str(event.data["to"]))
        if event.try_number is not None:
            cell.try_number = event.try_number
        next_at = tasks.get(tx, cell.id).next_at if new in WAITING_STATES else None
        if event.who == self._who:
            self._forget_failures(book.key)
        elif new is TaskState.FAILED and book.graph.spec.fail_fast:
            self.failures.append((book.key, cell.task_id, cell.map_index))
        self._shelf.move(book, cell, new, next_at, tx=tx)
        self._shelf.heat(book)

    def _past_changed(self, dag_id: str) -> None:
        """A run that is over was changed by hand; runs that depend on it look again."""
        for book in self._shelf.of_dag(dag_id):
            for task_id in book.graph.on_past:
                book.mark(task_id)
                self._shelf.heat(book)

    def _run(self, tx: Tx, event: Event) -> None:
        assert event.dag_id is not None
        assert event.run_id is not None
        if event.kind in {events.RUN_STATE, events.RUN_DELETED}:  # what failed before has had its day
            self._forget_failures((event.dag_id, event.run_id))
        if event.kind == events.RUN_DELETED:
            self._shelf.close((event.dag_id, event.run_id))
            self._past_changed(event.dag_id)
        else:
            self._reopen(tx, event)

    def _forget_failures(self, key: tuple[str, str]) -> None:
        self.failures = [failure for failure in self.failures if failure[0] != key]

    def _reopen(self, tx: Tx, event: Event) -> None:
        assert event.dag_id is not None
        assert event.run_id is not None
        run = runs.find(tx, event.dag_id, event.run_id)
        if run is None or run.state in TERMINAL_RUN_STATES:
            self._forget_failures((event.dag_id, event.run_id))
            self._shelf.close((event.dag_id, event.run_id))
            self._shelf.lines.note(None if run is None else run.backfill_id)
            self._past_changed(event.dag_id)
            return
        book = self._shelf.find(event.dag_id, event.run_id)
        if book is not None and book.run.reading_id == run.reading_id and event.kind == events.RUN_STATE:
            book.run = run
            book.settled = False
            self._shelf.watch_timeout(book)
            self._shelf.heat(book)
            if run.state is RunState.QUEUED:
                self._shelf.startable[run.dag_id] = None
        else:
            self._shelf.open(tx, run)

    def _asset(self, tx: Tx, event: Event) -> None:
        """Something has happened to an asset: DAGs that wait for it may begin."""
        told, keys = event.data.get("queued"), event.data.get("partitions")
        keys = keys if isinstance(keys, dict) else {}
        for dag_id in told if isinstance(told, list) else []:
            dag = self._shelf.dags.get(str(dag_id))
            if dag is not None:
                mine = keys.get(dag.dag_id)
                self._agenda.make_for_assets(tx, dag, [str(key) for key in mine] if isinstance(mine, list) else None)

    def _backfill(self, event: Event) -> None:
        """A backfill is new, or somebody has paused it, let it go on or cancelled it."""
        assert event.dag_id is not None
        key = event.data["id"]
        assert isinstance(key, int)
        self._shelf.lines.forget(key)
        self._shelf.lines.note(key)
        self._shelf.startable[event.dag_id] = None

    def _answer(self, tx: Tx, event: Event, now: dt.datetime) -> None:
        """Code of an author's own was asked something, and that is over."""
        assert event.dag_id is not None
        dag = self._shelf.dags.get(event.dag_id)
        if event.data["kind"] == QuestionKind.NEXT_RUNS and dag is not None:
            self._to_make.append(partial(self._agenda.make_due, tx, dag, now))
        elif event.data["kind"] in told_dates.KINDS:
            self._shelf.startable[event.dag_id] = None
        elif event.data["kind"] == QuestionKind.WEIGHT:
            self._weigh(tx, event)
        elif event.data["kind"] == QuestionKind.DEADLINE:
            self._shelf.watch_deadlines(tx)
        elif event.data["kind"] == QuestionKind.PARTITION and dag is not None:
            keys = event.data.get("partitions")
            found = [str(key) for key in keys] if isinstance(keys, list) else None
            self._to_make.append(partial(self._agenda.make_for_assets, tx, dag, found))

    def _weigh(self, tx: Tx, event: Event) -> None:
        book = self._shelf.find(event.dag_id or "", event.run_id or "")
        question = questions.about(tx, str(event.data["subject"]))
        if book is not None and question is not None:
            cell = take_weight(tx, book, question)
            if cell is not None:
                self._shelf.settle_in(book, cell)

    def _dag(self, tx: Tx, event: Event, now: dt.datetime) -> None:
        assert event.dag_id is not None
        self._shelf.load_dag(tx, event.dag_id)
        if event.kind in _REPLANNING:
            self._to_make.append(partial(self._replan, tx, event.dag_id, now))

    def _replan(self, tx: Tx, dag_id: str, now: dt.datetime) -> None:
        dag = self._shelf.dags.get(dag_id)
        if dag is not None:
            self._agenda.replan(tx, dag, now)
