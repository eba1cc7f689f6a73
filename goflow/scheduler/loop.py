"""The scheduler as a service: it sleeps until an event or a timer has work for it, and then runs one batch.

Its memory (the `Shelf`) is made from the store when it begins, and again whenever anything goes wrong or somebody was
faster. Events are read from the store inside the batch's own transaction, so that what is planned over is what is true;
the subscription only wakes the loop. A batch costs what has changed, never what there is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence

import structlog

from goflow.domain.clock import Clock
from goflow.domain.errors import ConflictError
from goflow.domain.runs import Event
from goflow.domain.state import TaskState
from goflow.members.duties import Always, Duty, NotLeadingError
from goflow.scheduler.agenda import Agenda
from goflow.scheduler.batch import Batch, Placement
from goflow.scheduler.book import Book
from goflow.scheduler.intake import RELEVANT, Failure, Intake
from goflow.scheduler.namespaces import NamespaceSlots
from goflow.scheduler.shelf import Shelf
from goflow.service import ThreadService
from goflow.store import DatabaseBusyError, Store, Tx, dags, events, runs

log = structlog.get_logger(__name__)

LONGEST_SLEEP_S = 60.0
"""A sleep is cut short, so that a system clock that was set is noticed."""
PAUSE_AFTER_ERROR_S = 1.0
"""How long the loop waits before it tries again after an error, the database being away among them."""
EVENTS_AT_ONCE = 1000
_OF_FAILURES = (events.TASK_STATE, events.RUN_STATE)


class Scheduler(ThreadService):
    """Plans over STORE and writes launches for BACKEND. One per daemon; of several on one database the one plans that
    has the DUTY, and every batch asks in its own transaction whether it still has.

    NAMESPACE is where launches go whose task and DAG name none; SHARES_FROM is `Placement`'s, PARALLELISM `Ready`'s,
    NAMESPACE_SLOTS that of `goflow.scheduler.namespaces`. CLOCK is the store's unless given. FOLLOWS_SCHEDULES false:
    no runs are begun but those that somebody has ordered.
    """

    def __init__(
        self,
        store: Store,
        *,
        backend: str,
        namespace: str = "",
        shares_from: int = 0,
        parallelism: int = 0,
        namespace_slots: Mapping[str, int] | None = None,
        clock: Clock | None = None,
        who: str = "scheduler",
        follows_schedules: bool = True,
        duty: Duty | None = None,
    ) -> None:
        super().__init__("scheduler")
        self.store = store
        self.clock = clock or store.clock
        self._who = who
        self._follows_schedules = follows_schedules
        self._placement = Placement(backend, namespace, shares_from)
        self._parallelism = parallelism
        self._slots = NamespaceSlots(namespace_slots or {}, namespace)
        self.duty: Duty = duty or Always()
        self._shelf: Shelf | None = None
        self._epoch = 0
        self._seen = 0
        self._own: list[tuple[int, int]] = []

    # the service

    def run(self) -> None:
        """Batch after batch until stopped. Errors are logged and what was in memory is forgotten."""
        unsubscribe = self.store.subscribe(self._heard)
        self.duty.watch(self.wake.set)
        try:
            while not self.stopping.is_set():
                self.wake.clear()
                if not self.duty.leads:
                    self._shelf = None
                    self.wake.wait(LONGEST_SLEEP_S)
                    continue
                try:
                    self.cycle()
                except NotLeadingError:
                    log.warning("another daemon schedules; nothing of this batch was written")
                    continue
                except DatabaseBusyError as problem:  # which the store has told, where it is away
                    log.debug("a batch failed; everything is read anew", problem=str(problem))
                    self.stopping.wait(PAUSE_AFTER_ERROR_S)
                    continue
                except Exception:
                    log.exception("a batch failed; everything is read anew")
                    self.stopping.wait(PAUSE_AFTER_ERROR_S)
                    continue
                self.wake.wait(self.sleep_s())
        finally:
            unsubscribe()

    def _heard(self, found: Sequence[Event]) -> None:
        if any(event.kind in RELEVANT and event.who != self._who and not _can_wait(event) for event in found):
            self.wake.set()

    def sleep_s(self) -> float:
        """Seconds until the next timer, at most a minute."""
        due = self.next_timer()
        if due is None:
            return LONGEST_SLEEP_S
        return min(max(0.0, (due - self.clock.now()).total_seconds()), LONGEST_SLEEP_S)

    def next_timer(self) -> dt.datetime | None:
        """When something is due by time alone; None: nothing is."""
        return self._shelf.timers.next_at() if self._shelf is not None else None

    # a batch

    def cycle(self) -> int:
        """Take in what has happened and do all that follows; how many decisions that were.

        When somebody else (another daemon) was faster, everything is read anew and tried again.
        """
        for _ in range(3):
            with contextlib.suppress(ConflictError):
                return self._cycle()
            log.info("somebody else was faster; everything is read anew")
        return self._cycle()

    def _cycle(self) -> int:
        shelf = self._shelf
        self._shelf = None  # if anything fails from here on, memory is not to be trusted
        with self.store.transaction() as tx:
            tx.lock_name("scheduling")
            epoch = self.duty.check(tx)
            if epoch != self._epoch:
                shelf, self._epoch = None, epoch  # somebody else may have planned in between
            now = self.clock.now()
            agenda = self._agenda_of(shelf) if shelf is not None else None
            failures: list[Failure] = []
            if shelf is None or agenda is None:
                shelf, failures = self._load(tx, now)
                agenda = self._agenda_of(shelf)
            else:
                intake = Intake(shelf, agenda, who=self._who)
                self._take_in(tx, intake, now)
                failures = intake.failures
            batch = Batch(shelf, tx, now, who=self._who, placement=self._placement)
            self._fire(tx, shelf, agenda, batch, now)
            for key, task_id, map_index in failures:
                book = shelf.find(*key)
                cell = book.cell(task_id, map_index) if book is not None else None
                if book is not None and cell is not None and cell.state is TaskState.FAILED:
                    batch.fail_fast(book, cell)
            decisions = self._make_runs(tx, shelf, agenda, now)
            decisions += batch.run()
            decisions += self._make_runs(tx, shelf, agenda, now)
        self._remember_own(tx)
        self._shelf = shelf
        if shelf.hot or shelf.startable or batch.has_more:
            self.wake.set()
        return decisions

    def _agenda_of(self, shelf: Shelf) -> Agenda:
        return Agenda(shelf, who=self._who, makes_runs=self._follows_schedules)

    def _make_runs(self, tx: Tx, shelf: Shelf, agenda: Agenda, now: dt.datetime) -> int:
        """Runs have ended, by somebody's word or in this batch: the schedule, or events of assets, may have waited for
        that."""
        made = 0
        for dag_id in list(shelf.startable):
            dag = shelf.dags.get(dag_id)
            if dag is not None and dag.next_run_after is not None and dag.next_run_after <= now:
                made += agenda.make_due(tx, dag, now)
            if dag is not None:
                made += agenda.make_for_assets(tx, dag, ())  # runs for partitions never wait for room
        return made

    def _fire(self, tx: Tx, shelf: Shelf, agenda: Agenda, batch: Batch, now: dt.datetime) -> None:
        for kind, *rest in shelf.timers.due(now):
            if kind == "dag":
                dag = shelf.dags.get(rest[0])
                if dag is not None:
                    agenda.make_due(tx, dag, now)
                continue
            if kind == "deadlines":
                batch.miss_deadlines()
                continue
            if kind == "sla":
                shelf.look_at_slas(tx, rest[0], now, who=self._who)
                continue
            book = shelf.find(rest[0], rest[1])
            if book is None:
                continue
            if kind == "start":
                shelf.startable[rest[0]] = None
            elif kind == "timeout":
                batch.time_out(book)
            elif kind == "weight":
                batch.go_without_weight(book, rest[2], int(rest[3]))
            else:
                batch.resume(book, rest[2], int(rest[3]))
                book.mark(rest[2], int(rest[3]))
                shelf.heat(book)

    # memory

    def _load(self, tx: Tx, now: dt.datetime) -> tuple[Shelf, list[Failure]]:
        """Everything that is active, from the store; and failures that nobody has drawn the consequences of yet."""
        self._seen = events.last_seq(tx)
        self._own.clear()
        shelf = Shelf(self._parallelism, self._slots)
        shelf.load_pools(tx)
        shelf.lines.load(tx)
        shelf.dags = {dag.dag_id: dag for dag in dags.list_(tx)}
        failures = []
        for run in runs.open_(tx):
            book = shelf.open(tx, run)
            if book.graph.spec.fail_fast:
                failures += self._unheeded_failures(tx, book)
        shelf.watch_deadlines(tx)
        agenda = self._agenda_of(shelf)
        for dag in list(shelf.dags.values()):
            agenda.replan(tx, dag, now)
        return shelf, failures

    def _unheeded_failures(self, tx: Tx, book: Book) -> list[Failure]:
        """Tasks of a ``fail_fast`` run that failed after the last word that a scheduler wrote about the run, and after
        the run was queued last."""
        told = events.after(tx, 0, limit=1_000_000, dag_id=book.run.dag_id, run_id=book.run.run_id, kinds=_OF_FAILURES)
        found = []
        for event in reversed(told):
            if event.who == self._who or event.kind == events.RUN_STATE:
                break
            cell = book.cell(event.task_id or "", -1 if event.map_index is None else event.map_index)
            if event.data.get("to") == TaskState.FAILED.value and cell is not None:
                found.append((book.key, cell.task_id, cell.map_index))
        return found

    def _take_in(self, tx: Tx, intake: Intake, now: dt.datetime) -> None:
        while True:
            for first, last in self._own:
                if first <= self._seen + 1 <= last:
                    self._seen = last
            found = events.after(tx, self._seen, limit=EVENTS_AT_ONCE)
            if not found:
                break
            self._seen = found[-1].seq
            intake.take(tx, [event for event in found if not self._is_own(event.seq)], now)
            if len(found) < EVENTS_AT_ONCE:
                break
        self._own = [(first, last) for first, last in self._own if last > self._seen]

    def _is_own(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self._own)

    def _remember_own(self, tx: Tx) -> None:
        """Events of this batch are in memory already; they are passed over when they are read."""
        if tx.pending:
            self._own.append((tx.pending[0].seq, tx.pending[-1].seq))


def _can_wait(event: Event) -> bool:
    """Whether nothing follows from EVENT by itself: that a task has begun is taken in with whatever comes next."""
    return event.kind == events.TASK_STATE and event.data.get("to") == TaskState.RUNNING.value
