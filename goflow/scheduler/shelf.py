"""All that the scheduler keeps in memory: books of active runs, rows of DAGs, what waits for a slot, what is due when.

None of it is the truth: that is in the store, from which `open` makes a book again at any time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from goflow.domain.outcomes import SKIP_KEY
from goflow.domain.runs import DagRun
from goflow.domain.state import SUCCESS_STATES, TERMINAL_TASK_STATES, WAITING_STATES, RunState, TaskState
from goflow.scheduler import slas
from goflow.scheduler.book import Book, Cell
from goflow.scheduler.graph import Graph
from goflow.scheduler.limits import Bound, Place, Policy, Ready, bounds
from goflow.scheduler.lines import Lines
from goflow.scheduler.namespaces import NamespaceSlots
from goflow.scheduler.timers import Timers
from goflow.scheduler.weights import is_weighed, recall
from goflow.store import Tx, dags, deadlines, pools, tasks, versions, xcoms
from goflow.store.cache import SharedCache
from goflow.store.rows import Dag

TimerKey = tuple[str, ...]
"""``("dag", id)``: its next run is due. ``("start", dag, run)``: a queued run may start. ``("timeout", dag, run)``: a
run's time is up. ``("task", dag, run, task, map index)``: a retry or reschedule is due, or what a deferred task waits
for, where the clock alone decides that, or its time is up. ``("weight", dag, run, task, map index)``: it has waited
long enough for its weight. ``("deadlines",)``: a run's deadline is over. ``("sla", dag)``: a task may have missed its
SLA."""
SOON = dt.datetime.min.replace(tzinfo=dt.UTC)
"""The moment of a timer that is due in the next batch."""

_RUNS_AT_ONCE = 200
"""Runs whose cells are read by one statement."""
_GRAPHS = 64
"""Shapes that are kept although no open run has them."""


class Shelf(Policy):
    """Books by (DAG id, run id), with everything that is reckoned over more than one of them."""

    def __init__(self, parallelism: int = 0, slots: NamespaceSlots | None = None) -> None:
        self.slots = slots or NamespaceSlots({}, "")
        self.books: dict[tuple[str, str], Book] = {}
        self.dags: dict[str, Dag] = {}
        self.ready = Ready(parallelism)
        self.ready.more_places = self._namespace
        self.timers: Timers[TimerKey] = Timers()
        self.hot: dict[tuple[str, str], None] = {}
        """Runs whose books have something to look at."""
        self.startable: dict[str, None] = {}
        """DAGs of which a queued run may start, or a new run may be made."""
        self.broken: set[tuple[str, str]] = set()
        """Runs whose planning failed: they are left alone until something of them changes."""
        self.lines = Lines()
        self.never_done: dict[str, set[str]] = {}
        """DAG to those of its tasks with an SLA that had not been done when somebody looked."""
        self._by_dag: dict[str, dict[str, Book]] = {}
        self._on_past: set[str] = set()
        """DAGs some of whose tasks depend on the run before."""
        self._graphs: SharedCache[int, Graph] = SharedCache(_GRAPHS)

    # DAGs

    def graph(self, tx: Tx, reading_id: int) -> Graph:
        """The shape of the DAG as that reading saw it."""
        graph = self._graphs.get(reading_id)
        if graph is None:
            graph = Graph(versions.spec(tx, reading_id))
            self._graphs.put(reading_id, graph)
        return graph

    def load_dag(self, tx: Tx, dag_id: str) -> Dag | None:
        """Read a DAG's row anew; what waited for its limits tries again."""
        dag = dags.find(tx, dag_id)
        if dag is None:
            self.dags.pop(dag_id, None)
            return None
        self.dags[dag_id] = dag
        self.ready.unpark_dag(dag_id)
        self.startable[dag_id] = None
        for book in self.of_dag(dag_id):
            self.watch_timeout(book)
            self.heat(book)  # what has ended while it was paused may have been the last of the run
        return dag

    def load_pools(self, tx: Tx) -> None:
        """Read the pools' sizes anew."""
        found = pools.list_(tx)
        self.ready.pools = {pool.name: pool.slots for pool in found}
        self.ready.with_deferred = {pool.name for pool in found if pool.include_deferred}

    def paused(self, book: Book) -> bool:
        """Whether the book's DAG is paused: nothing new is begun then, what runs goes on."""
        dag = self.dags.get(book.run.dag_id)
        return dag is None or dag.is_paused

    def bounds(self, book: Book, task_id: str) -> Iterable[Bound]:
        """The bounds on the instances of a task."""
        dag = self.dags.get(book.run.dag_id)
        most = dag.max_active_tasks if dag is not None else book.graph.spec.max_active_tasks
        return bounds(book, task_id, most, self.slots.bound(book.graph, task_id))

    def _namespace(self, book: Book, cell: Cell) -> tuple[Place, ...]:
        bound = self.slots.bound(book.graph, cell.task_id)
        return () if bound is None else (bound.place,)

    # books

    def open(self, tx: Tx, run: DagRun) -> Book:
        """Put a run's book on the shelf, made from the store; an older one is taken down."""
        return self.open_with(tx, run, [Cell.of(row) for row in tasks.of_run(tx, run.id)])

    def open_all(self, tx: Tx, found: Sequence[DagRun]) -> Iterator[Book]:
        """The same for many runs, with a few statements for all of their cells."""
        for start in range(0, len(found), _RUNS_AT_ONCE):
            part = found[start : start + _RUNS_AT_ONCE]
            cells: dict[int, list[Cell]] = {run.id: [] for run in part}
            for row in tasks.of_runs(tx, list(cells)):
                cells[row.dag_run_id].append(Cell.of(row))
            for run in part:
                yield self.open_with(tx, run, cells[run.id])

    def open_with(self, tx: Tx, run: DagRun, cells: list[Cell]) -> Book:
        """The same where the run's cells are at hand."""
        self.close((run.dag_id, run.run_id))
        self.broken.discard((run.dag_id, run.run_id))
        book = Book(run, self.graph(tx, run.reading_id), cells)
        self.books[book.key] = book
        self._by_dag.setdefault(run.dag_id, {})[run.run_id] = book
        if book.graph.on_past:
            self._on_past.add(run.dag_id)
        for cell, until in recall(tx, book) if book.graph.strategies else ():
            self.timers.add(until, ("weight", *book.key, cell.task_id, str(cell.map_index)))
        for cell in book.instances():
            self._shelve(tx, book, cell)
        self.heat(book)
        if run.state is RunState.QUEUED:
            self.startable[run.dag_id] = None
        else:
            self.watch_timeout(book)
        if book.graph.spec.deadlines:
            self.watch_deadlines(tx)
        if run.dag_id not in self.dags:
            self.load_dag(tx, run.dag_id)
        return book

    def close(self, key: tuple[str, str]) -> None:
        """Take a book down, if it is there."""
        book = self.books.pop(key, None)
        if book is None:
            return
        self.ready.forget(book)
        self.hot.pop(key, None)
        self._by_dag[key[0]].pop(key[1], None)
        self.startable[key[0]] = None

    def of_dag(self, dag_id: str) -> Iterator[Book]:
        """The books of a DAG."""
        yield from list(self._by_dag.get(dag_id, {}).values())

    def find(self, dag_id: str, run_id: str) -> Book | None:
        """The book of a run, or None."""
        return self.books.get((dag_id, run_id))

    def heat(self, book: Book) -> None:
        """BOOK has something to look at."""
        self.hot[book.key] = None

    def count_runs(self, dag_id: str, *, states: frozenset[RunState], backfill_id: int | None = None) -> int:
        """How many runs of the DAG are in STATES; those of each backfill are counted by themselves."""
        return sum(book.run.state in states and book.run.backfill_id == backfill_id for book in self.of_dag(dag_id))

    def move(self, book: Book, cell: Cell, new: TaskState, next_at: dt.datetime | None = None, *, tx: Tx) -> None:
        """CELL of BOOK is in state NEW from now on."""
        before = cell.state
        book.advance(cell, new, next_at)
        self.ready.moved(book, cell, before)
        if new in TERMINAL_TASK_STATES and cell.task_id in book.graph.skippers:
            self.read_skips(tx, book, cell)
        self.settle_in(book, cell)
        if book.dirty:
            self.heat(book)
        if new in TERMINAL_TASK_STATES and book.run.dag_id in self._on_past:
            self.mark_later_runs(book)
        if new in SUCCESS_STATES and cell.task_id in self.never_done.get(book.run.dag_id, ()):
            self.timers.add(SOON, ("sla", book.run.dag_id))

    def settle_in(self, book: Book, cell: Cell) -> None:
        """Let CELL wait where its state says: for a slot, or for a moment."""
        if cell.state is TaskState.SCHEDULED:
            if is_weighed(book, cell):
                self.ready.add(book, cell)
        elif cell.state in WAITING_STATES and cell.next_at is not None:
            self.timers.add(cell.next_at, ("task", *book.key, cell.task_id, str(cell.map_index)))

    def mark_later_runs(self, book: Book) -> None:
        """Runs after this one whose tasks depend on the past look again."""
        for other in self.of_dag(book.run.dag_id):
            if other is not book and other.graph.on_past and _after(other, book):
                for task_id in other.graph.on_past:
                    other.mark(task_id)
                self.heat(other)

    def watch_timeout(self, book: Book) -> None:
        """Remember when the run's time is up (``dagrun_timeout``; a CronJob's Job has that itself), and to look at its
        DAG's SLAs while it runs."""
        if book.graph.slas and book.run.state is RunState.RUNNING:
            self.timers.add(SOON, ("sla", book.run.dag_id))
        limit, start = book.graph.spec.dagrun_timeout, book.run.start_date
        if limit and start is not None and book.run.state is RunState.RUNNING and not book.run.is_by_cronjob:
            self.timers.add(start + dt.timedelta(seconds=limit), ("timeout", *book.key))

    def watch_deadlines(self, tx: Tx) -> None:
        """Remember when the next deadline of any run is over."""
        moment = deadlines.next_due(tx)
        if moment is not None:
            self.timers.add(moment + dt.timedelta(microseconds=1), ("deadlines",))

    def look_at_slas(self, tx: Tx, dag_id: str, now: dt.datetime, *, who: str) -> None:
        """See which tasks of a DAG have missed their SLA, as Airflow does while a run of it is running."""
        dag = self.dags.get(dag_id)
        book = next((book for book in self.of_dag(dag_id) if book.run.state is RunState.RUNNING), None)
        if dag is None or dag.is_paused or not dag.is_active or book is None:
            return
        again, self.never_done[dag_id] = slas.look(tx, self.graph(tx, dag.reading_id).spec, book.run, now, who=who)
        if again is not None:
            self.timers.add(again, ("sla", dag_id))

    def read_skips(self, tx: Tx, book: Book, cell: Cell) -> None:
        """What a branch that is over has decided to skip in its last attempt, whoever has said since how it ended."""
        for found in xcoms.pull(tx, book.run.id, cell.task_id, SKIP_KEY, cell.map_index):
            children = book.graph.downstream[cell.task_id]
            book.skips[cell.task_id, cell.map_index] = skipped_children(found.value, children)

    def _shelve(self, tx: Tx, book: Book, cell: Cell) -> None:
        self.ready.moved(book, cell, TaskState.NONE)
        if cell.state is TaskState.SCHEDULED and cell.try_number:
            attempt = tasks.attempt(tx, cell.id, cell.try_number)
            cell.resumes = attempt is not None and attempt.end_date is None
        if cell.state in TERMINAL_TASK_STATES and cell.task_id in book.graph.skippers:
            self.read_skips(tx, book, cell)
        self.settle_in(book, cell)


def skipped_children(decided: object, children: tuple[str, ...]) -> frozenset[str]:
    """Of CHILDREN, those that a branch's DECIDED (the value under `SKIP_KEY`) leaves out."""
    if not isinstance(decided, dict):
        return frozenset()
    if "followed" in decided:
        return frozenset(children) - frozenset(decided["followed"] or ())
    return frozenset(decided.get("skipped") or ())


def _after(book: Book, other: Book) -> bool:
    mine, theirs = book.run.logical_date, other.run.logical_date
    return mine is not None and theirs is not None and mine > theirs
