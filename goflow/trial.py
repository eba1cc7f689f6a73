"""A DAG or one task tried out: read, run once in the foreground and forgotten, by the daemon's own parts.

`Trial` is what `goflow dags test`, `goflow tasks test` and `goflow tasks render` stand on: the daemon's reader, and the
`Engine` for what was ordered, in a GoFlow home of its own. It tells what happens as news, one after the other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import math
import queue
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.domain.callbacks import CallbackState
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.errors import InvalidRequestError
from goflow.domain.runs import UNMAPPED, DagRun, Event, TaskInstance
from goflow.domain.spec import DagSpec
from goflow.domain.state import (
    SUSPENDED_STATES,
    TERMINAL_RUN_STATES,
    TERMINAL_TASK_STATES,
    LaunchState,
    RunState,
    TaskState,
)
from goflow.engine import Engine, Purpose
from goflow.executor.backend import Handle
from goflow.importer import ImportSettings, import_folder_once
from goflow.importer.pool import ReaderPool
from goflow.scheduler import alone, marking, operations, told_dates
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import new_task
from goflow.service import Supervisor
from goflow.settings import Settings
from goflow.store import (
    Store,
    Tx,
    callbacks,
    connections,
    dags,
    events,
    import_errors,
    launches,
    logs,
    pools,
    runs,
    tasks,
    transitions,
    variables,
    versions,
)
from goflow.store.rows import Connection, Dag

WHO = "test"
LOOK_S = 0.1
"""Seconds between looks at logs, which come without an event."""
KILLED_WITHIN_S = 10.0
"""So long what was killed is waited for: a backend that does not answer must not keep a person's terminal."""
SLOTS = 128
"""Of pools that tasks name: nobody has made them here."""
CALLED = frozenset({CallbackState.DONE, CallbackState.FAILED, CallbackState.LOST})
_ENDS_ALONE = TERMINAL_TASK_STATES | {TaskState.UP_FOR_RETRY}


@dataclass(frozen=True, slots=True)
class Line:
    """A task has written TEXT; STREAM: `goflow_runner.wire.LogLine`."""

    task: TaskInstance
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """TASK has its state now, in words because of REASON."""

    task: TaskInstance
    reason: str


@dataclass(frozen=True, slots=True)
class Triggered:
    """A task has made a run of another DAG."""

    dag_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Called:
    """The DAG's callback of KIND (``success``, ``failure``) has been called for the end of a run, with that STATE."""

    dag_id: str
    kind: str
    state: CallbackState
    output: str


News = Line | Change | Triggered | Called


class Trial:
    """Enter it, `read`, order one thing, and `follow` it to its end; leaving it ends everything.

    IMPORTING says what is read; READERS are reading processes for it that have been begun already.
    """

    def __init__(
        self, settings: Settings, importing: ImportSettings, purpose: Purpose, readers: ReaderPool | None = None
    ) -> None:
        self.engine = Engine(settings, purpose)
        self.store: Store = self.engine.store
        self._importing, self._readers = importing, readers
        self._has_scheduler = self.engine.scheduler in self.engine.services
        self._supervisor = Supervisor(self.engine.services)
        self._heard: queue.SimpleQueue[Sequence[Event]] = queue.SimpleQueue()
        self._read_to: dict[str, int] = {}
        self._running: dict[str, int] = {}
        self._stops = self._stops_done = 0
        self._leave_at = math.inf

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_: object) -> None:
        self._supervisor.stop()
        self.store.close()

    # Reading ---------------------------------------------------------------------------------------------------

    def give(self, named: Mapping[str, str], connected: Collection[Connection]) -> None:
        """Set Variables and Connections. Raises InvalidRequestError."""
        with self.store.transaction() as tx:
            for name, value in named.items():
                variables.set_(tx, name, value, who=WHO)
            for connection in connected:
                connections.set_(tx, connection, who=WHO)

    def read(self) -> list[Dag]:
        """Read the files; the DAGs that there are."""
        import_folder_once(self.store, self._importing, self._readers)
        with self.store.reading() as tx:
            return [dag for dag in dags.list_(tx) if dag.is_active]

    def errors(self) -> list[Diagnostic]:
        """What keeps files or DAGs of them from being taken."""
        with self.store.reading() as tx:
            return list(dict.fromkeys(finding for row in import_errors.list_(tx) for finding in row.diagnostics))

    def warnings(self, dag: Dag) -> list[Diagnostic]:
        """What was found in the DAG's file, of this DAG or of the file as a whole."""
        with self.store.reading() as tx:
            found = versions.reading(tx, dag.reading_id).diagnostics
        return [finding for finding in found if finding.dag_id in {None, dag.dag_id}]

    def spec(self, dag: Dag) -> DagSpec:
        """What was read of the DAG."""
        with self.store.reading() as tx:
            return versions.spec(tx, dag.reading_id)

    # Ordering --------------------------------------------------------------------------------------------------

    def order_run(
        self,
        dag_id: str,
        *,
        logical_date: dt.datetime | None = None,
        conf: Mapping[str, Any] | None = None,
        succeed: re.Pattern[str] | None = None,
    ) -> DagRun:
        """Make a run of the DAG. Tasks whose ids SUCCEED matches are marked success in place of being run.

        Raises InvalidRequestError for a CONF that the DAG's params do not take.
        """
        operations.unpause(self.store, dag_id, who=WHO)
        self._make_pools()
        run = operations.trigger(self.store, dag_id, logical_date=logical_date, conf=conf, who=WHO)
        with self.store.transaction() as tx:
            chosen = {row.task_id for row in tasks.of_run(tx, run.id) if succeed and succeed.match(row.task_id)}
            for task_id in sorted(chosen):
                marking.mark_task(tx, dag_id, run.run_id, task_id, TaskState.SUCCESS, who=WHO)
        return run

    def order_task(
        self,
        dag_id: str,
        task_id: str,
        *,
        map_index: int = UNMAPPED,
        logical_date: dt.datetime | None = None,
        conf: Mapping[str, Any] | None = None,
        results: Mapping[str, Any] | None = None,
    ) -> TaskInstance:
        """Plan a launch of one task, whatever it depends on. RESULTS: what other tasks are taken to have left, by id.

        Raises NotFoundError, and InvalidRequestError for a copy that there is not.
        """
        self._make_pools()
        run = operations.trigger(self.store, dag_id, logical_date=logical_date, conf=conf, who=WHO)
        with self.store.transaction() as tx:
            graph = Graph(versions.spec(tx, run.reading_id))
            for other, value in (results or {}).items():
                alone.leave(tx, run, graph, other, value)
            alone.check_copy(tx, run, graph, task_id, map_index)
            transitions.advance_run(tx, run.id, RunState.QUEUED, RunState.RUNNING, who=WHO)
            found = tasks.find(tx, run.id, task_id, map_index)
            if found is None:  # a copy of which the number was not known, or a task whose dates leave the run out
                found = tasks.create_many(tx, run, [new_task(graph, task_id, map_index)], who=WHO)[0]
        return found

    def _make_pools(self) -> None:
        with self.store.transaction() as tx:
            there = {pool.name for pool in pools.list_(tx)}
            for dag in dags.list_(tx):
                for task in versions.spec(tx, dag.reading_id).tasks:
                    if task.pool not in there:
                        pools.set_(tx, task.pool, max(SLOTS, task.pool_slots), who=WHO)
                        there.add(task.pool)

    # Running ---------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Tell what runs to stop; the second time it is killed. Harmless in a signal handler."""
        self._stops += 1
        self._heard.put(())

    @property
    def was_stopped(self) -> bool:
        """Whether somebody has told it to stop."""
        return self._stops > 0

    def follow(self, ordered: DagRun | TaskInstance) -> Iterator[News]:
        """Run what was ordered to its end, and tell what happens."""
        own = (ordered.dag_id, ordered.run_id)
        unsubscribe = self.store.subscribe(self._heard.put)
        try:
            self._supervisor.start()
            while not self._is_over(ordered):
                batch = self._next()
                yield from self._lines()
                yield from self._news(batch, own)
                if isinstance(ordered, TaskInstance) and not self._stops:
                    self._go_on_alone(ordered)
                self._heed_stops(ordered)
            yield from self._lines()
        finally:
            unsubscribe()

    def _next(self) -> list[Event]:
        """What has happened by now; waits a moment for it."""
        found: list[Event] = []
        with contextlib.suppress(queue.Empty):
            found += self._heard.get(timeout=LOOK_S)
            while True:
                found += self._heard.get_nowait()
        for event in found:
            if event.kind == events.LAUNCH_STATE and event.data["to"] == LaunchState.PLANNED:
                self._running[str(event.data["launch_id"])] = int(str(event.data["ti"]))
        return found

    def _lines(self) -> Iterator[News]:
        """What launches have written since; those that have ended are looked at for the last time."""
        with self.store.reading() as tx:
            state = {launch_id: launches.find(tx, launch_id) for launch_id in self._running}
            found = [
                Line(tasks.get(tx, self._running[launch_id]), line.stream, line.text)
                for launch_id in self._running
                for line in self._unread(tx, launch_id)
            ]
        for launch_id, launch in state.items():
            if launch is None or launch.state in {LaunchState.CLEANED, LaunchState.LOST}:
                del self._running[launch_id]
        yield from found

    def _unread(self, tx: Tx, launch_id: str) -> Iterator[Any]:
        while page := logs.read(tx, launch_id, after=self._read_to.get(launch_id, 0)):
            self._read_to[launch_id] = page[-1].seq
            yield from page

    def _news(self, batch: Sequence[Event], own: tuple[str, str]) -> Iterator[News]:
        for event in batch:
            if event.kind == events.RUN_CREATED and (event.dag_id, event.run_id) != own:
                yield Triggered(event.dag_id or "", event.run_id or "")
            elif event.kind == events.CALLBACK_STATE:
                with self.store.reading() as tx:
                    found = callbacks.find(tx, int(str(event.data["callback"])))
                if found is not None and event.data["to"] in CALLED:
                    state = CallbackState(str(event.data["to"]))
                    yield Called(event.dag_id or "", found.kind, state, found.output or "")
            elif event.kind == events.QUESTION_FAILED and event.data["kind"] in told_dates.KINDS:
                raise InvalidRequestError(
                    f"DAG {event.dag_id}: its author's code was asked for the run's dates and failed:\n"
                    f"{event.data['problem']}"
                )
            elif event.kind == events.TASK_STATE:
                with self.store.reading() as tx:
                    row = tasks.get(tx, int(str(event.data["ti"])))
                then = TaskState(str(event.data["to"]))
                yield Change(_as_of(row, then, event.try_number), str(event.data["reason"] or ""))

    def _is_over(self, ordered: DagRun | TaskInstance) -> bool:
        if time.monotonic() > self._leave_at:
            return True
        with self.store.reading() as tx:
            if launches.unfinished(tx):
                return False
            if isinstance(ordered, TaskInstance):
                return self._stops > 0 or tasks.get(tx, ordered.id).state in _ENDS_ALONE
            if self._stops > 1:
                return True
            others = [run for run in runs.open_(tx) if not dags.get(tx, run.dag_id).is_paused]
            ended = runs.get(tx, ordered.id).state in TERMINAL_RUN_STATES and not others
            return ended and not callbacks.count_open(tx)

    def _go_on_alone(self, ordered: TaskInstance) -> None:
        """Give the task its next launch when one is due, as the scheduler would if it had nothing else to look at."""
        waiting = {TaskState.NONE, TaskState.UP_FOR_RESCHEDULE, TaskState.SCHEDULED}
        with self.store.transaction() as tx:
            now = tasks.get(tx, ordered.id)
            run = runs.get(tx, now.dag_run_id)
            spec = versions.spec(tx, run.reading_id)
            if told_dates.settle_dates(tx, spec, run, tx.now(), who=WHO) is not True:
                return
            if now.state in SUSPENDED_STATES and (due := transitions.due_event(tx, now.id, tx.now())) is not None:
                transitions.fire_trigger(tx, *due, who=WHO)
                now = tasks.get(tx, ordered.id)
            if now.state not in waiting or (now.next_at is not None and now.next_at > tx.now()):
                return
            if now.state is not TaskState.SCHEDULED:
                transitions.advance_task(tx, now.id, now.state, TaskState.SCHEDULED, who=WHO)
            transitions.plan_launch(
                tx, tasks.get(tx, now.id), backend=self.engine.backend.name, new_attempt=now.try_number == 0, who=WHO
            )

    def _heed_stops(self, ordered: DagRun | TaskInstance) -> None:
        if self._stops == self._stops_done:
            return
        self._stops_done = self._stops
        if self._stops > 1:
            self._leave_at = min(self._leave_at, time.monotonic() + KILLED_WITHIN_S)
            if self._has_scheduler:
                self.engine.scheduler.stop()  # else a teardown that has not begun would begin now
            self._kill()
        elif isinstance(ordered, TaskInstance):
            with self.store.transaction() as tx:
                transitions.stop_launches(tx, [ordered.id], who=WHO, reason="interrupted")
        else:
            with self.store.transaction() as tx:
                for run in runs.open_(tx):
                    marking.mark_run(tx, run.dag_id, run.run_id, RunState.FAILED, who=WHO)

    def _kill(self) -> None:
        with self.store.reading() as tx:
            unfinished = launches.unfinished(tx)
        for launch in unfinished:
            self.engine.backend.terminate(Handle.of(launch), 0)


def _as_of(row: TaskInstance, state: TaskState, try_number: int | None) -> TaskInstance:
    """ROW as it was when it got STATE; it may have gone on since."""
    return dataclasses.replace(row, state=state, try_number=row.try_number if try_number is None else try_number)
