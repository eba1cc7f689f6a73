"""The real thing: two schedulers on one database, either of which may sleep, be forgotten or die inside a transaction."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sqlalchemy import event

from goflow.domain.clock import VirtualClock
from goflow.domain.runs import Launch, Outcome
from goflow.domain.state import (
    LAUNCH_TRANSITIONS,
    OPEN_LAUNCH_STATES,
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    LaunchState,
    RunState,
    TaskState,
)
from goflow.domain.triggers import Fired
from goflow.executor.outcomes import settle
from goflow.scheduler.loop import Scheduler
from goflow.store import Store, Tx, events, launches, pools, runs, tasks, transitions, triggers
from goflow.store.databases import Database
from tests.integration.scheduler.model.world import Place
from tests.unit.scheduler.kit import World, report_of

T = TypeVar("T")
KINDS = (events.TASK_CREATED, events.TASK_STATE, events.RUN_CREATED, events.RUN_STATE, events.LAUNCH_STATE)


_databases: dict[str, Database] = {}


class Death(BaseException):
    """The process is killed."""


def with_kept(store: Store) -> Store:
    """STORE on the connections that there are for its URL: to compile all statements anew for every opening in every
    example takes a fifth of the time."""
    store.database = _databases.setdefault(str(store.database.url), store.database)
    return store


class Mortal:
    """A scheduler with an opening of the store of its own."""

    def __init__(self, url: str, clock: VirtualClock) -> None:
        self.store = with_kept(Store(url, clock=clock))
        self.awake = True
        self.forget()

    def forget(self) -> None:
        """It dies, and another begins in its place."""
        self.scheduler = Scheduler(self.store, backend="fake")


class Real(World):
    """`tests.unit.scheduler.kit.World` with two schedulers, and what the executor tells by place."""

    def __init__(self, url: str, now: dt.datetime) -> None:
        self.schedulers: list[Mortal] = []
        super().__init__(url, now)
        with_kept(self.store)
        self.schedulers = [Mortal(url, self.clock), Mortal(url, self.clock)]
        self.dies_at = 0
        """At which statement from here the next transaction dies; 0: it does not."""
        self._seen = 0
        self._states: dict[tuple[str, Any], str] = {}

    def close(self) -> None:
        for store in [self.store, *(mortal.store for mortal in self.schedulers)]:
            store.close()

    # dying

    def do(self, act: Callable[[], T], store: Store | None = None) -> T:
        """Do it; where its process is killed on the way, do it again."""
        with contextlib.suppress(Death), self._dying(store or self.store):
            return act()
        return act()

    def order(self, act: Callable[[Tx], T]) -> T:
        """The same, in a transaction."""

        def whole() -> T:
            with self.store.transaction() as tx:
                return act(tx)

        return self.do(whole)

    @contextlib.contextmanager
    def _dying(self, store: Store) -> Iterator[None]:
        left, self.dies_at = self.dies_at, 0
        if not left:
            yield
            return
        engine: Any = getattr(store.database, "_writer", None) or store.database.engine  # type: ignore[attr-defined]

        def count(*_: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Death

        event.listen(engine, "before_cursor_execute", count)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", count)

    # time and schedulers

    def settle(self) -> None:
        """Let the schedulers that are awake do all that they can do at this moment, taking turns."""
        awake = [mortal for mortal in self.schedulers if mortal.awake]
        for mortal in awake:
            mortal.scheduler.wake.set()
        for _ in range(300):
            waiting = [mortal for mortal in awake if mortal.scheduler.wake.is_set()]
            if not waiting:
                return
            mortal = waiting[0]
            mortal.scheduler.wake.clear()
            try:
                with self._dying(mortal.store):
                    decisions = mortal.scheduler.cycle()
            except Death:
                mortal.forget()
                decisions = 1
            if decisions:
                mortal.scheduler.wake.set()
                for other in awake:
                    other.scheduler.wake.set()
            awake = awake[1:] + awake[:1]
        raise AssertionError("the schedulers do not come to rest")

    def due(self) -> list[dt.datetime | None]:
        """When each scheduler that is awake looks by itself."""
        return [mortal.scheduler.next_timer() for mortal in self.schedulers if mortal.awake]

    # what the executor does

    def launch_of(self, place: Place) -> Launch:
        """The launch of a task instance that has not ended."""
        with self.store.reading() as tx:
            for launch in launches.unfinished(tx, "fake"):
                row = launches.with_task(tx, launch.id)[1]
                if (
                    launch.state in OPEN_LAUNCH_STATES
                    and (f"{row.dag_id} {row.run_id}", row.task_id, row.map_index) == place
                ):
                    return launch
        raise AssertionError(f"{place} has no launch")

    def created(self, place: Place) -> None:
        launch = self.launch_of(place)

        def act() -> None:
            with self.store.transaction() as tx:
                transitions.advance_launch(tx, launch.id, LaunchState.PLANNED, LaunchState.CREATED)

        self.do(act)

    def begin(self, place: Place) -> transitions.Claimed:
        launch = self.launch_of(place)

        def act() -> transitions.Claimed:
            with self.store.transaction() as tx:
                claimed = transitions.claim_launch(tx, launch.id, "pid")
                if claimed is transitions.Claimed.CLAIMED:
                    ti_id = launch.task_instance_id
                    transitions.advance_task(tx, ti_id, TaskState.QUEUED, TaskState.RUNNING, who="executor")
                return claimed

        return self.do(act)

    def tell(self, place: Place, outcome: Outcome, *, xcom: Any = None, lost: bool = False) -> str:
        """The executor tells the end of a launch; the launch's id."""
        launch = self.launch_of(place)
        report = report_of(xcom)
        assert self.do(lambda: settle(self.store, launch.id, outcome, who="executor", lost=lost, report=report))
        return launch.id

    def tell_again(self, launch_id: str, outcome: Outcome) -> None:
        """Somebody else tells the end, too, in other words."""
        assert not self.do(lambda: settle(self.store, launch_id, outcome, who="executor"))

    def fire(self, place: Place, fired: Fired, end: TaskState | None) -> None:
        """What a deferred task waits for has come."""

        def act() -> None:
            with self.store.transaction() as tx:
                row = self._row(tx, place)
                trigger = triggers.of_task(tx, row.id)
                assert trigger is not None
                assert transitions.fire_trigger(tx, trigger.id, fired, who="triggers", end=end)

        self.do(act)

    def _row(self, tx: Any, place: Place) -> Any:
        (run,) = [run for run in runs.list_(tx, limit=None) if f"{run.dag_id} {run.run_id}" == place[0]]
        row = tasks.find(tx, run.id, place[1], place[2])
        assert row is not None
        return row

    def set_pool(self, name: str, slots: int, *, include_deferred: bool) -> None:
        def act() -> None:
            with self.store.transaction() as tx:
                pools.set_(tx, name, slots, include_deferred=include_deferred, who="test")

        self.do(act)

    # what there is

    def picture(self) -> dict[str, Any]:
        """Every run with its state and instances: state, tries, limit of tries, moment, and launches that are open. No
        state is another than the last event has told."""
        found: dict[str, Any] = {}
        with self.store.reading() as tx:
            open_: dict[int, list[tuple[int, bool, bool]]] = {}
            for launch in launches.unfinished(tx, "fake"):
                if launch.state in OPEN_LAUNCH_STATES:
                    begun, stop = launch.state is LaunchState.CLAIMED, launch.stop_requested_at is not None
                    open_.setdefault(launch.task_instance_id, []).append((launch.try_number, begun, stop))
            there = {run.id: run for run in runs.list_(tx, limit=None)}
            for run in there.values():
                assert self._states.get(("run", run.id), "queued") == run.state.value, "a change without its event"
                found[f"{run.dag_id} {run.run_id}"] = (run.state.value, {})
            for row in tasks.of_runs(tx, there):
                assert self._states.get(("task", row.id), "none") == row.state.value, "a change without its event"
                told = row.state.value, row.try_number, row.max_tries, row.next_at, open_.get(row.id, [])
                found[f"{row.dag_id} {row.run_id}"][1][row.task_id, row.map_index] = told
        return found

    def taken(self) -> Counter[str]:
        """Slots that are taken, by pool."""
        with self.store.reading() as tx:
            found = Counter[str]()
            for pool in pools.list_(tx):
                found[pool.name] = pool.queued + pool.running + (pool.deferred if pool.include_deferred else 0)
            return found

    def new_events(self) -> list[Place]:
        """Hold every change since the last time to the tables: each begins where the one before has led to. What was
        queued, in order."""
        queued = []
        with self.store.reading() as tx:
            told = events.after(tx, self._seen, limit=100_000, kinds=KINDS)
        for each in told:
            self._seen = each.seq
            if each.kind == events.TASK_STATE:
                self._change("task", each.data["ti"], each.data, TASK_TRANSITIONS, TaskState)
                if each.data["to"] == "queued":
                    assert each.task_id is not None
                    index = -1 if each.map_index is None else each.map_index
                    queued.append((f"{each.dag_id} {each.run_id}", each.task_id, index))
            elif each.kind == events.RUN_STATE:
                self._change("run", each.data["id"], each.data, RUN_TRANSITIONS, RunState)
            elif each.kind == events.LAUNCH_STATE:
                self._change("launch", each.data["launch_id"], each.data, LAUNCH_TRANSITIONS, LaunchState)
        return queued

    def _change(self, kind: str, key: Any, told: Any, table: Any, states: Any) -> None:
        first = {"task": "none", "run": "queued", "launch": None}[kind]
        before = self._states.get((kind, key), first)
        assert told["from"] == before, (kind, told)
        if before is not None:
            assert states(told["to"]) in table[states(before)], (kind, told)
        self._states[kind, key] = told["to"]
