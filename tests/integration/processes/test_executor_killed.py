"""A daemon that is killed at any statement: the next one goes on, starts nothing twice and loses no end."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from goflow.domain.clock import VirtualClock
from goflow.domain.runs import Outcome
from goflow.domain.state import LaunchState, TaskState
from goflow.store import Store
from tests.stores import KEY, START
from tests.unit.executor.kit import SUCCESS, World

FAILED = Outcome(state=TaskState.FAILED, exit_code=1, reason="Exit", message="exit code 1")
DISRUPTED = Outcome(state=TaskState.FAILED, reason="Disrupted", message="its node is gone", disrupted=True)
STOPPED = Outcome(state=TaskState.FAILED, reason="Terminated", message="it was told to stop")


class KilledError(BaseException):
    """The daemon is gone, here and now."""


class Killer:
    """Kills at moment NUMBER: before a statement that writes, after a commit, before or after a call of the backend."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.passed = 0
        self.armed = False
        self.fired = False
        self._engine = world.store.database._writer  # type: ignore[attr-defined]
        event.listen(self._engine, "before_cursor_execute", self._statement)
        self._deliver = world.store.publisher.deliver
        world.store.publisher.deliver = self._after_commit  # type: ignore[method-assign]
        world.backend.before = world.backend.after = lambda what, launch_id: self.point()

    def point(self) -> None:
        """A moment at which the daemon may be killed."""
        if self.armed:
            self.passed += 1
            if self.passed == self.number:
                self.armed, self.fired = False, True
                raise KilledError

    def _statement(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith("SELECT"):
            self.point()

    def _after_commit(self) -> None:
        self.point()
        self._deliver()

    def close(self) -> None:
        event.remove(self._engine, "before_cursor_execute", self._statement)
        self.world.store.publisher.deliver = self._deliver  # type: ignore[method-assign]


class Life:
    """One daemon's: it reconciles and works off what waits, until it is killed or nothing is left."""

    def __init__(self, world: World, killer: Killer) -> None:
        self.world, self.killer = world, killer

    def live(self, outside: Any) -> bool:
        """Whether it came to the end. OUTSIDE is what happens meanwhile; false once it has nothing more to do."""
        executor = self.world.executor()
        forget = self.world.store.subscribe(executor._on_events)
        try:
            self.killer.armed = True
            executor._start_backend()
            executor._reconcile()
            while True:
                while not executor._queue.empty():
                    executor._do(executor._queue.get())
                self.killer.armed = False
                told = outside()
                self.killer.armed = not self.killer.fired
                if told is None:
                    return True
                told()
        except KilledError:
            return False
        finally:
            self.killer.armed = False
            forget()


class Outside:
    """Runners and their cluster: each launch is claimed once it is there, and ends with the next of OUTCOMES."""

    def __init__(self, world: World, outcomes: list[Outcome], stop: bool) -> None:
        self.world = world
        self.outcomes = outcomes
        self.stop = stop
        self.ended: dict[str, Outcome] = {}

    def __call__(self) -> Any:
        backend = self.world.backend
        for launch_id in backend.starts:
            launch = self.world.launch(launch_id)
            if launch_id in self.ended:
                continue
            if launch.state is LaunchState.CREATED:
                self.world.claim(launch)
            if self.stop and launch.stop_requested_at is None:
                return lambda launch=launch: self.world.request_stop(launch)
            if not self.stop or ("terminate", launch_id) in backend.calls:
                outcome = self.ended[launch_id] = self.outcomes[len(self.ended)]
                return lambda launch_id=launch_id, outcome=outcome: backend.end(launch_id, outcome)
        return None


STORIES: dict[str, tuple[list[Outcome], bool, TaskState, int]] = {
    "a task that succeeds": ([SUCCESS], False, TaskState.SUCCESS, 1),
    "a task that fails": ([FAILED], False, TaskState.FAILED, 1),
    "a task whose pod is disrupted, and replaced": ([DISRUPTED, SUCCESS], False, TaskState.SUCCESS, 2),
    "a task that is told to stop": ([STOPPED], True, TaskState.FAILED, 1),
}


@pytest.fixture
def worlds(sqlite_template: Path, tmp_path: Path) -> Iterator[Any]:
    """Makes a world of its own for each death."""
    made: list[World] = []
    numbers = itertools.count()

    def make() -> World:
        path = tmp_path / f"{next(numbers)}.sqlite3"
        shutil.copy(sqlite_template, path)
        made.append(World(Store(f"sqlite:///{path}", encryption_key=KEY, clock=VirtualClock(START))))
        return made[-1]

    yield make
    for world in made:
        world.store.close()


@pytest.mark.parametrize(("outcomes", "stop", "state", "starts"), STORIES.values(), ids=STORIES.keys())
def test_a_daemon_that_is_killed_at_any_statement_is_made_up_for(
    worlds: Any, outcomes: list[Outcome], stop: bool, state: TaskState, starts: int
) -> None:
    deaths = 0
    for number in itertools.count(1):
        world = worlds()
        launch = world.queue()
        killer = Killer(world, number)
        outside = Outside(world, outcomes, stop)
        life = Life(world, killer)
        while not life.live(outside):
            deaths += 1
        killer.close()
        where = f"killed at moment {number}"
        assert world.instance(launch).state is state, where
        assert len(world.backend.starts) == len(set(world.backend.starts)) == starts, where
        found = world.launches_of(launch)
        assert [row.id for row in found] == world.backend.starts, where
        assert {row.state for row in found} == {LaunchState.CLEANED}, where
        assert world.backend.phases == {}, where
        if not killer.fired:
            break
    assert deaths > 10, "there were moments to be killed at"
