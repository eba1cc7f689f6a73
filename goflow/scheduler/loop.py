"""The scheduler as a service: it sleeps until an event or a timer has work for it, and then runs one batch.

Its memory (the `Shelf`) is made from the store when it begins, and again whenever anything goes wrong or somebody was
faster. Events are read from the store inside the batch's own transaction, so that what is planned over is what is true;
the subscription only wakes the loop. A batch costs what has changed, never what there is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Mapping

import structlog

from goflow.domain.clock import Clock
from goflow.domain.cronjobs import CronJobRule
from goflow.domain.errors import ConflictError
from goflow.domain.runs import Event
from goflow.domain.state import TaskState
from goflow.members.duties import Always, Duty
from goflow.members.on_duty import OnDuty
from goflow.scheduler.agenda import Agenda
from goflow.scheduler.batch import Batch, Placement
from goflow.scheduler.book import Book
from goflow.scheduler.intake import RELEVANT, Failure, Intake
from goflow.scheduler.namespaces import NamespaceSlots
from goflow.scheduler.shelf import Shelf
from goflow.store import Store, Tx, dags, events, readers, runs
from goflow.telemetry import metrics

log = structlog.get_logger(__name__)

LONGEST_SLEEP_S = 60.0
"""A sleep is cut short, so that a system clock that was set is noticed."""
EVENTS_AT_ONCE = 1000
_OF_FAILURES = (events.TASK_STATE, events.RUN_STATE)


class Scheduler(OnDuty):
    """Plans over STORE and writes launches for BACKEND. One per daemon; of several on one database the one plans that
    has the DUTY, and every batch asks in its own transaction whether it still has.

    NAMESPACE is where launches go whose task and DAG name none; SHARES_FROM is `Placement`'s, PARALLELISM `Ready`'s,
    NAMESPACE_SLOTS that of `goflow.scheduler.namespaces`. CLOCK is the store's unless given. FOLLOWS_SCHEDULES false:
    no runs are begun but those that somebody has ordered. CRONJOBS is `Agenda`'s.
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
        cronjobs: CronJobRule | None = None,
        duty: Duty | None = None,
    ) -> None:
        super().__init__("scheduler", store, duty or Always())
        self.clock = clock or store.clock
        self._who = who
        self._follows_schedules = follows_schedules
        self._cronjobs = cronjobs
        self._placement = Placement(backend, namespace, shares_from)
        self._parallelism = parallelism
        self._slots = NamespaceSlots(namespace_slots or {}, namespace)
        self._shelf: Shelf | None = None
        self._epoch = 0
        self._seen = 0
        self._own: list[tuple[int, int]] = []
        self._noted: tuple[int, float] | None = None
        """The place among the events that was written down last, and when that was."""

    # the service

    def work(self) -> float:
        """A batch. After an error everything is read anew: what was in memory is forgotten."""
        self.cycle()
        return self.sleep_s()

    def rest(self) -> float:
        """Forget what is in memory."""
        self._shelf = None
        return LONGEST_SLEEP_S

    def is_news(self, event: Event) -> bool:
        """Whether somebody else has made work."""
        return event.kind in RELEVANT and event.who != self._who and not _can_wait(event)

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
        begun = time.perf_counter()
        decisions = self._tried()
        metrics.SCHEDULER_BATCH_SECONDS.observe(time.perf_counter() - begun)
        metrics.SCHEDULER_DECISIONS.inc(decisions)
        return decisions

    def _tried(self) -> int:
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
            self._note_place(tx)
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
        return Agenda(shelf, who=self._who, makes_runs=self._follows_schedules, cronjobs=self._cronjobs)

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
        self._noted = None  # whatever was written last may have been for nothing
        shelf = Shelf(self._parallelism, self._slots)
        shelf.load_pools(tx)
        shelf.lines.load(tx)
        shelf.dags = {dag.dag_id: dag for dag in dags.list_(tx)}
        failures = []
        for book in shelf.open_all(tx, runs.open_(tx)):
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
            news = [event for event in found if not self._is_own(event.seq)]
            oldest = next((event.at for event in news if event.kind in RELEVANT and not _can_wait(event)), None)
            if oldest is not None:
                metrics.SCHEDULER_LAG_SECONDS.observe(max(0.0, (now - oldest).total_seconds()))
            intake.take(tx, news, now)
            if len(found) < EVENTS_AT_ONCE:
                break
        intake.make_runs()
        self._own = [(first, last) for first, last in self._own if last > self._seen]

    def _note_place(self, tx: Tx) -> None:
        """Write down now and then how far the events are read: a purge leaves those that are not."""
        now = self.clock.monotonic()
        if self._noted is not None:
            seq, at = self._noted
            if seq == self._seen or now - at < readers.NOTE_EVERY_S:
                return
        readers.note(tx, readers.SCHEDULER, self._seen)
        self._noted = self._seen, now

    def _is_own(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self._own)

    def _remember_own(self, tx: Tx) -> None:
        """Events of this batch are in memory already; they are passed over when they are read."""
        if tx.pending:
            self._own.append((tx.pending[0].seq, tx.pending[-1].seq))


def _can_wait(event: Event) -> bool:
    """Whether nothing follows from EVENT by itself: that a task has begun is taken in with whatever comes next."""
    return event.kind == events.TASK_STATE and event.data.get("to") == TaskState.RUNNING.value
