"""What planning asks beyond one book, for one batch: the run before, and how long results are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from goflow.domain.runs import DagRun
from goflow.domain.state import SUCCESS_STATES, TaskState
from goflow.scheduler.book import Book
from goflow.store import Tx, backfills, runs, tasks, xcoms


class _Instance(Protocol):
    @property
    def state(self) -> TaskState: ...


FindBook = Callable[[str, str], Book | None]
"""From a DAG id and a run id to the run's book, if it is active."""


class StoreFacts:
    """`goflow.scheduler.decisions.Facts` out of one transaction, and of the books of other active runs."""

    def __init__(self, tx: Tx, now: dt.datetime, find_book: FindBook) -> None:
        self._tx = tx
        self._now = now
        self._find_book = find_book
        self._before: dict[int, tuple[DagRun | None, dict[str, Sequence[_Instance]]]] = {}

    @property
    def now(self) -> dt.datetime:
        """The moment of the batch."""
        return self._now

    def past_met(self, book: Book, task_id: str) -> bool:
        """Whether the run before allows the task to run (``airflow.ti_deps.deps.prev_dagrun_dep``)."""
        graph = book.graph
        task, catchup = graph.tasks[task_id], graph.spec.catchup
        before, instances = self._run_before(book.run, catchup=catchup)
        if before is None:
            return True
        starts = task.start_date.resolve(self._now) if task.start_date else None
        if catchup and starts is not None and before.logical_date is not None and before.logical_date < starts:
            return True
        mine = instances.get(task_id, ())
        if not mine:
            return task.ignore_first_depends_on_past and not self._ever_before(book.run, task_id)
        relatives = list(mine)
        if task.wait_for_downstream:
            relatives += [other for child in graph.downstream[task_id] for other in instances.get(child, ())]
        return all(instance.state in SUCCESS_STATES for instance in relatives)

    def map_lengths(self, book: Book, task_id: str, key: str) -> Mapping[int, int | None]:
        """How long the results under KEY are, by map index."""
        return xcoms.lengths(self._tx, book.run.id, [task_id], key=key).get(task_id, {})

    def _run_before(self, run: DagRun, *, catchup: bool) -> tuple[DagRun | None, dict[str, Sequence[_Instance]]]:
        if run.id not in self._before:
            first = backfills.is_first(self._tx, run)  # whatever there was before, it waits for none
            before = None if first else runs.previous(self._tx, run, scheduled_only=catchup)
            self._before[run.id] = (before, self._instances(before) if before else {})
        return self._before[run.id]

    def _instances(self, run: DagRun) -> dict[str, Sequence[_Instance]]:
        book = self._find_book(run.dag_id, run.run_id)
        if book is not None:  # it may be ahead of the store within this batch
            return {task_id: list(copies.values()) for task_id, copies in book.cells.items()}
        found: dict[str, Sequence[_Instance]] = {}
        for instance in tasks.of_run(self._tx, run.id):
            found[instance.task_id] = [*found.get(instance.task_id, ()), instance]
        return found

    def _ever_before(self, run: DagRun, task_id: str) -> bool:
        assert run.logical_date is not None
        return tasks.ever_before(self._tx, run.dag_id, task_id, run.logical_date)
