"""One batch: everything that follows now, decided over the books and written in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from goflow.domain.callbacks import callback_kind, last_begun, relevant_task
from goflow.domain.errors import ConflictError
from goflow.domain.outcomes import end_by_trigger
from goflow.domain.runs import MOST_IN_JOB
from goflow.domain.spec import Dialect
from goflow.domain.state import SUSPENDED_STATES, TERMINAL_TASK_STATES, RunState, TaskState
from goflow.operators.shared import may_share
from goflow.scheduler import planning
from goflow.scheduler.book import Book, Cell
from goflow.scheduler.decisions import Advance, EndRun, Expand
from goflow.scheduler.facts import StoreFacts
from goflow.scheduler.making import new_task
from goflow.scheduler.shelf import Shelf
from goflow.scheduler.told_dates import lacks_dates, settle_dates
from goflow.scheduler.weights import WAIT, ask_for_weight, give_up, is_weighed, unasked
from goflow.store import Tx, dags, runs, tasks, transitions, xcoms
from goflow.store.rows import Dag
from goflow.store.transitions import LaunchRequest, Limit, RunChange, TaskChange

log = structlog.get_logger(__name__)

MOST_LAUNCHES = 500
"""How many tasks one batch queues at most, so that its transaction stays short."""
COST_OF_A_COPY = MOST_LAUNCHES / MOST_IN_JOB
"""Copies that may share a Job count less: as many as one Job holds are queued together, as they were made together."""

_STOPPABLE = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.RESTARTING})


@dataclass(frozen=True, slots=True)
class Placement:
    """Where launches go: the BACKEND's name, and the NAMESPACE for tasks that name none. So many copies of a mapped
    task, queued together, share one Job as SHARES_FROM says, or more (0: none do)."""

    backend: str
    namespace: str = ""
    shares_from: int = 0


class Batch:
    """What one transaction does. Used once: `run`, or `stop_run` and the like, then `write`."""

    def __init__(self, shelf: Shelf, tx: Tx, now: dt.datetime, *, who: str, placement: Placement) -> None:
        self._shelf = shelf
        self._tx = tx
        self._now = now
        self._who = who
        self._placement = placement
        self._facts = StoreFacts(tx, now, shelf.find)
        self._changes: list[TaskChange] = []
        self._ends: list[tuple[Book, EndRun]] = []
        self._stops: list[int] = []
        self._decisions = 0
        self.has_more = False
        """Whether more might be queued than one batch does."""
        self._shareable: dict[tuple[str, str, str], bool] = {}

    def run(self) -> int:
        """Plan whatever is hot, write it down, queue what finds room; how many decisions that were."""
        self._start_runs()
        while self._shelf.hot:
            key = next(iter(self._shelf.hot))
            del self._shelf.hot[key]
            book = self._shelf.books.get(key)
            if book is not None and book.run.state is RunState.RUNNING and self._goes_on(book):
                self._try_to_settle(book)
        self._write()
        self._shelf.lines.complete(self._tx, who=self._who)
        self._launch()
        return self._decisions

    def _goes_on(self, book: Book) -> bool:
        """Whether it is looked at what follows in a run: not where its DAG is paused, or there no more, unless it is a
        CronJob's Job, which goes on and ends whatever is thought of its DAG here."""
        over = book.run.is_by_cronjob and all(cell.state in TERMINAL_TASK_STATES for cell in book.instances())
        return over or not self._shelf.paused(book)

    # runs

    def _start_runs(self) -> None:
        """Queued runs begin where ``max_active_runs`` has room, the one that was due first first, those of a backfill
        in its order (``_start_queued_dagruns``)."""
        starting: list[Book] = []
        for dag_id in list(self._shelf.startable):
            del self._shelf.startable[dag_id]
            dag = self._shelf.dags.get(dag_id)
            if dag is None or dag.is_paused or not dag.is_active:
                continue
            queued = [book for book in self._shelf.of_dag(dag_id) if book.run.state is RunState.QUEUED]
            queued.sort(key=lambda book: (self._place(book), book.run.run_after, book.run.id))
            room: dict[int | None, int] = {}
            for book in queued:
                if not self._has_dates(book):
                    continue
                line = book.run.backfill_id
                if line not in room:
                    room[line] = self._room(dag, book)
                if book.run.due > self._now:
                    self._shelf.timers.add(book.run.due, ("start", *book.key))
                elif room[line] > 0:
                    room[line] -= 1
                    starting.append(book)
        self._start(starting)

    def _place(self, book: Book) -> int:
        """The run's place in its backfill; those of none come first."""
        line = self._shelf.lines.of(self._tx, book.run)
        return 0 if line is None else line.places.get(book.run.id, 0)

    def _room(self, dag: Dag, book: Book) -> int:
        """How many more runs may begin beside BOOK's, of the DAG or of the same backfill."""
        line = self._shelf.lines.of(self._tx, book.run)
        most = dag.max_active_runs if line is None else line.backfill.most_running
        running = frozenset({RunState.RUNNING})
        return most - self._shelf.count_runs(dag.dag_id, states=running, backfill_id=book.run.backfill_id)

    def _has_dates(self, book: Book) -> bool:
        """Whether the run knows its dates: code of an author's own may have to be asked for them."""
        if not lacks_dates(book.graph.spec, book.run):
            return True
        found = settle_dates(self._tx, book.graph.spec, book.run, self._now, who=self._who)
        if isinstance(found, dt.datetime):
            self._shelf.timers.add(found, ("start", *book.key))
            return False
        if found:
            book.run = runs.get(self._tx, book.run.id)
        return found

    def _start(self, starting: Sequence[Book]) -> None:
        changes = [RunChange(book.run.id, RunState.QUEUED, RunState.RUNNING) for book in starting]
        started = transitions.advance_runs(self._tx, changes, who=self._who, at=self._now) if changes else []
        if not all(started):
            raise ConflictError("a queued run was changed by somebody else")
        for book in starting:
            self._decisions += 1
            begun = book.run.start_date or self._now
            book.run = replace(book.run, state=RunState.RUNNING, start_date=begun, end_date=None)
            self._shelf.watch_timeout(book)
            self._shelf.heat(book)

    def time_out(self, book: Book) -> None:
        """The run's time is up: it fails, and what has not ended is skipped (``_schedule_dag_run``)."""
        limit, start = book.graph.spec.dagrun_timeout, book.run.start_date
        if book.run.state is not RunState.RUNNING or not limit or start is None or self._shelf.paused(book):
            return
        if start + dt.timedelta(seconds=limit) <= self._now:
            about = self._under_way(book)
            for cell in list(book.instances()):
                if cell.state not in TERMINAL_TASK_STATES:
                    self._force(book, cell, TaskState.SKIPPED, "the run timed out")
            self._end(book, EndRun(RunState.FAILED, "timed_out", about))

    def _under_way(self, book: Book) -> int | None:
        """Of what has not ended the instance that began last: Airflow 3 tells that one to whom it calls."""
        if book.graph.spec.dialect is Dialect.AIRFLOW2 or callback_kind(book.graph.spec, RunState.FAILED) is None:
            return None
        rows = tasks.of_run(self._tx, book.run.id)
        found = last_begun(row for row in rows if row.state not in TERMINAL_TASK_STATES)
        return None if found is None else found.id

    def miss_deadlines(self) -> None:
        """Deadlines of runs are over: whoever is to be told of it is called."""
        self._decisions += transitions.miss_deadlines(self._tx, now=self._now, who=self._who)
        self._shelf.watch_deadlines(self._tx)

    def resume(self, book: Book, task_id: str, map_index: int) -> None:
        """The clock has come to what a deferred task waits for: it goes on, or is over where its trigger ends it."""
        cell = book.cell(task_id, map_index)
        if cell is None or cell.state not in SUSPENDED_STATES:
            return
        due = transitions.due_event(self._tx, cell.id, self._now)
        if due is None:
            return
        key, fired = due
        end = end_by_trigger(book.graph.tasks[task_id], fired)
        if not transitions.fire_trigger(self._tx, key, fired, who=self._who, at=self._now, end=end):
            raise ConflictError(f"task {task_id} of {book.run.run_id}")
        self._decisions += 1
        self._shelf.move(book, cell, end or TaskState.SCHEDULED, tx=self._tx)

    def go_without_weight(self, book: Book, task_id: str, map_index: int) -> None:
        """An instance has waited long enough for what its author's own strategy says it weighs."""
        cell = book.cell(task_id, map_index)
        if cell is not None and not is_weighed(book, cell) and give_up(self._tx, book, cell, who=self._who):
            self._shelf.settle_in(book, cell)

    def fail_fast(self, book: Book, failed: Cell) -> None:
        """A task has failed for good: nothing else of the run goes on but teardowns (``_stop_remaining_tasks``)."""
        for cell in list(book.instances()):
            over = cell.state in {TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.REMOVED}
            if cell.task_id == failed.task_id or over or book.graph.tasks[cell.task_id].teardown:
                continue
            new = TaskState.FAILED if cell.state is TaskState.RUNNING else TaskState.SKIPPED
            self._force(book, cell, new, f"fail_fast: {failed.task_id} failed")

    def _force(self, book: Book, cell: Cell, new: TaskState, reason: str) -> None:
        if cell.state in _STOPPABLE:
            self._stops.append(cell.id)
        self._change(book, cell, new, reason)

    def _end(self, book: Book, end: EndRun) -> None:
        if not book.settled:
            book.settled = True
            self._ends.append((book, end))

    # tasks

    def _try_to_settle(self, book: Book) -> None:
        """One run that cannot be planned does not keep the others from going on."""
        changes, stops = len(self._changes), len(self._stops)
        try:
            self._settle(book)
        except Exception:
            log.exception("planning a run failed", dag_id=book.run.dag_id, run_id=book.run.run_id)
            del self._changes[changes:]
            del self._stops[stops:]
            self._shelf.close(book.key)
            self._shelf.broken.add(book.key)

    def _settle(self, book: Book) -> None:
        """Decide until nothing of the book is left to look at, then whether the run is over."""
        for cell in book.orphans:
            if cell.state not in TERMINAL_TASK_STATES:
                self._stops.append(cell.id)
                self._change(book, cell, TaskState.REMOVED, "not in the DAG any more")
        book.orphans.clear()
        while book.dirty:
            task_id, copies = book.next_dirty()
            for decision in planning.decide(book, task_id, copies, self._facts):
                self._decisions += 1
                if isinstance(decision, Expand):
                    self._expand(book, decision)
                else:
                    self._advance(book, decision)
        for cell in list(unasked(book)) if book.graph.strategies else ():
            ask_for_weight(self._tx, book, cell, who=self._who)
            self._shelf.timers.add(self._now + WAIT, ("weight", *book.key, cell.task_id, str(cell.map_index)))
        end = planning.rollup(book)
        if end is not None:
            self._end(book, end)

    def _advance(self, book: Book, decision: Advance) -> None:
        cell = decision.cell
        columns: dict[str, object] = {}
        if decision.new_attempt:
            cell.try_number += 1
            columns = {"set_try_number": cell.try_number, "start_date": self._now, "end_date": self._now}
        if decision.skips is not None:
            book.skips[cell.task_id, cell.map_index] = frozenset(decision.skips)
        for key, value in decision.xcoms.items():
            length = len(value) if isinstance(value, list | dict) else None
            xcoms.push(self._tx, book.run.id, cell.task_id, cell.map_index, key, value, length)
        self._change(book, cell, decision.new, decision.reason, columns)

    def _change(
        self, book: Book, cell: Cell, new: TaskState, reason: str, columns: dict[str, object] | None = None
    ) -> None:
        self._changes.append(TaskChange(cell.id, cell.state, new, self._now, self._who, reason, None, columns or {}))
        self._shelf.move(book, cell, new, tx=self._tx)

    def _expand(self, book: Book, decision: Expand) -> None:
        """Let a mapped task have exactly as many copies as were asked for."""
        copies = book.cells[decision.task_id]
        placeholder = copies.get(-1)
        if placeholder is not None and 0 not in copies:
            tasks.renumber(self._tx, placeholder.id, 0)
            book.renumber(placeholder, 0)
        elif placeholder is not None:
            self._remove(book, placeholder)
        for index in [index for index in copies if index >= decision.total]:
            self._remove(book, copies[index])
        wanted = range(decision.total)
        again = [cell for cell in copies.values() if cell.map_index in wanted and cell.state is TaskState.REMOVED]
        running = transitions.with_open_launches(self._tx, [cell.id for cell in again]) if again else ()
        for cell in again:
            new = TaskState.RESTARTING if cell.id in running else TaskState.NONE
            self._change(book, cell, new, "mapped again")
        missing = [new_task(book.graph, decision.task_id, i) for i in wanted if i not in copies]
        for row in tasks.create_many(self._tx, book.run, missing, who=self._who):
            book.add(Cell.of(row))
        for watcher in (decision.task_id, *book.graph.watchers[decision.task_id]):
            book.mark(watcher)

    def _remove(self, book: Book, cell: Cell) -> None:
        if cell.state is TaskState.REMOVED:
            return
        if cell.state in _STOPPABLE:
            self._stops.append(cell.id)
        if cell.state in TERMINAL_TASK_STATES:
            self._change(book, cell, TaskState.NONE, "mapped anew")
        self._change(book, cell, TaskState.REMOVED, "nothing left to map over")

    # writing

    def _write(self) -> None:
        if not all(transitions.apply(self._tx, self._changes)):
            raise ConflictError("a task instance was changed by somebody else")
        if self._stops:
            transitions.stop_launches(self._tx, self._stops, who=self._who, at=self._now)
        ends = [
            RunChange(book.run.id, RunState.RUNNING, end.state, end.reason, self._end_of(book))
            for book, end in self._ends
        ]
        if ends and not all(transitions.advance_runs(self._tx, ends, who=self._who, at=self._now)):
            raise ConflictError("a run was changed by somebody else")
        for book, end in self._ends:
            run = book.run
            self._decisions += 1
            if end.state is RunState.SUCCESS and book.graph.spec.deadlines:
                transitions.meet_deadlines(self._tx, run, at=self._now, who=self._who)
            self._call_back(book, end)
            self._shelf.close(book.key)
            self._shelf.lines.note(run.backfill_id)
            self._pause_after_failures(book, end)

    def _end_of(self, book: Book) -> dict[str, object]:
        """A CronJob's Job may have ended while nobody looked: its run has ended with its task then."""
        if not book.run.is_by_cronjob:
            return {}
        ended = [row.end_date for row in tasks.of_run(self._tx, book.run.id) if row.end_date]
        return {"end_date": max(ended)} if ended else {}

    def _call_back(self, book: Book, end: EndRun) -> None:
        """Have the author's callback called, once this is stored (``DagRun.produce_dag_callback``)."""
        kind = callback_kind(book.graph.spec, end.state)
        if kind is not None:
            task = None if end.about else relevant_task(kind, tasks.of_run(self._tx, book.run.id))
            ti_id = end.about if task is None else task.id
            transitions.request_callback(self._tx, book.run, kind, reason=end.reason, ti_id=ti_id, who=self._who)

    def _pause_after_failures(self, book: Book, end: EndRun) -> None:
        """The newest runs of all have failed (``max_consecutive_failed_dag_runs``): the DAG is paused. One that has not
        ended is none of them (``_check_last_n_dagruns_failed``)."""
        most, airflow2 = book.graph.spec.max_consecutive_failed_dag_runs, book.graph.spec.dialect is Dialect.AIRFLOW2
        if end.state is RunState.FAILED and end.reason == "task_failure" and most > 0:
            states = runs.newest_states(self._tx, book.run.dag_id, most, by_logical_date=airflow2)
            if len(states) >= most and all(state is RunState.FAILED for state in states):
                dags.set_paused(self._tx, book.run.dag_id, True, who=self._who)
                self._shelf.load_dag(self._tx, book.run.dag_id)

    def _launch(self) -> None:
        """Queue what finds room, with its launch."""
        chosen = self._shelf.ready.take(self._shelf, MOST_LAUNCHES, self._cost)
        self.has_more = sum(self._cost(book, cell) for book, cell in chosen) >= MOST_LAUNCHES
        requests = [self._request(book, cell) for book, cell in chosen]
        planned = transitions.plan_launches(self._tx, requests, at=self._now, who=self._who)
        for (book, cell), request, answer in zip(chosen, requests, planned, strict=True):
            if answer.launch is not None:
                self._decisions += 1
                cell.try_number += request.new_attempt
                book.advance(cell, TaskState.QUEUED)
            elif answer.why == "changed":
                raise ConflictError(f"task {cell.task_id} of {book.run.run_id}")
            else:
                self._shelf.ready.count(book, cell, -1)
                self._shelf.ready.add(book, cell)

    def _request(self, book: Book, cell: Cell) -> LaunchRequest:
        bounds = self._shelf.bounds(book, cell.task_id)
        limits = [Limit(bound.place[0], bound.most, bound.with_suspended) for bound in bounds]  # type: ignore[arg-type]
        return LaunchRequest(
            ti=book.row(cell),
            backend=self._placement.backend,
            new_attempt=not cell.resumes,
            namespace=self._shelf.slots.of(book.graph, cell.task_id),
            limits=limits,
            shares_from=self._placement.shares_from if self._may_share(book, cell) else 0,
        )

    def _cost(self, book: Book, cell: Cell) -> float:
        return COST_OF_A_COPY if self._may_share(book, cell) else 1

    def _may_share(self, book: Book, cell: Cell) -> bool:
        """Whether CELL's launch may share a Job: a copy's first one may, what follows has a Job of its own."""
        if not self._placement.shares_from or cell.map_index < 0 or cell.try_number or cell.resumes:
            return False
        key = (*book.key, cell.task_id)
        if key not in self._shareable:
            graph = book.graph
            self._shareable[key] = may_share(graph.spec, graph.tasks[cell.task_id], self._placement.backend)
        return self._shareable[key]
