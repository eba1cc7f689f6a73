"""A backend with the parts around it that a launch needs: store, task API, planner; and a door for its tasks to knock on.

There is neither scheduler nor executor at work: a case says itself when what is launched, stopped and cleaned.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from goflow.domain.state import LaunchState
from goflow.executor.backend import Backend, Handle, Observation, Phase
from goflow.executor.folders import FolderCache
from goflow.executor.plans import Planner
from goflow.executor.tokens import TokenMint
from goflow.home import open_store, prepare_home
from goflow.importer import import_folder_once
from goflow.operators.plan import JobPlan
from goflow.scheduler import operations
from goflow.scheduler.loop import Scheduler
from goflow.server.attempts import AttemptGuard
from goflow.server.desk import Desk
from goflow.server.launch_calls import LaunchCalls
from goflow.server.listener import Listener
from goflow.server.task_api import TaskApi
from goflow.server.task_input import InputBuilder
from goflow.settings import Settings
from goflow.store import Store, launches, logs, runs, tasks, transitions
from goflow.wiring import defaults_of, import_settings, parse_path_of

DAG = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("cases", schedule=None, max_active_runs=1000, max_active_tasks=1000):
    BashOperator(task_id="script", bash_command="{{ dag_run.conf['script'] }}", retries=0)
"""
KEY = b"a key for tokens of test launches"
ENOUGH_S = 60.0


class Door:
    """A server outside: a task knocks when it begins, and may be made to wait there until it is let in."""

    def __init__(self, host: str) -> None:
        self.knocks: Counter[str] = Counter()
        self._open: dict[str, threading.Event] = {}
        self._changed = threading.Condition()
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, name = self.path.strip("/").split("/")
                if kind == "knock":
                    door.note(name)
                else:
                    door.gate(name).wait(ENOUGH_S)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://{host}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def note(self, name: str) -> None:
        """NAME has knocked."""
        with self._changed:
            self.knocks[name] += 1
            self._changed.notify_all()

    def gate(self, name: str) -> threading.Event:
        """What holds NAME back until it is set."""
        with self._changed:
            return self._open.setdefault(name, threading.Event())

    def wait_for(self, name: str) -> None:
        """Until NAME has knocked."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.knocks[name] > 0, ENOUGH_S), f"{name} has not begun"

    def knock(self, name: str) -> str:
        """A line of a shell script that knocks as NAME."""
        return self._visit(f"knock/{name}")

    def wait(self, name: str) -> str:
        """A line of a shell script that waits until NAME's gate is open."""
        return self._visit(f"wait/{name}")

    def _visit(self, path: str) -> str:
        return f"python3 -c \"import urllib.request as r; r.urlopen('{self.address}/{path}', timeout={ENOUGH_S})\""

    def close(self) -> None:
        """Let everybody in and end."""
        for gate in list(self._open.values()):
            gate.set()
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Started:
    """A launch that was asked for."""

    name: str
    plan: JobPlan

    @property
    def id(self) -> str:
        return self.plan.launch_id

    @property
    def handle(self) -> Handle:
        return Handle(launch_id=self.id, job_name=self.plan.job_name, namespace=self.plan.namespace)


class Stage:
    """MAKE gives a backend; a second call another one over the same ground, as a daemon that starts again has it."""

    def __init__(
        self, settings: Settings, store: Store, door: Door, make: Callable[[], Backend], guard: AttemptGuard
    ) -> None:
        self.settings, self.store, self.door = settings, store, door
        self._make = make
        self._numbers = itertools.count(1)
        self._mint = TokenMint(KEY)
        self._planner = Planner(store, defaults_of(settings))
        self._scheduler = Scheduler(store, backend=settings.backend, namespace=defaults_of(settings).namespace)
        folders = FolderCache(store, settings.home / "folders") if settings.backend == "local" else None
        inputs = InputBuilder(parse_path_of(settings), folders)
        api = TaskApi(store, guard, inputs)
        self.api = Listener("task API", api.application, settings.task_api_host, settings.task_api_port)
        self._seen: list[Observation] = []
        self._changed = threading.Condition()
        self.backend = make()
        desk = getattr(self.backend, "desk", None)
        self.desk = None if desk is None else Desk(desk, LaunchCalls(store, inputs), self._mint.check)

    def start(self) -> None:
        """Serve the task API, and begin to watch."""
        self.api.start()
        if self.desk is not None:
            self.desk.start()
        self.backend.start(self._take)

    def stop(self) -> None:
        """End all of it, and what still runs: its runners would look for the task API for minutes."""
        for seen in self.backend.present():
            if seen.phase is not Phase.ENDED:
                self.backend.terminate(self._handle(seen.launch_id), 0)
        self.backend.stop()
        self.api.stop()
        if self.desk is not None:
            self.desk.stop()
        self.store.close()
        self.door.close()

    def another(self) -> Backend:
        """A second backend over the same ground, which only launches."""
        return self._make()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Within it nobody watches; then another daemon comes, and what the first one saw is forgotten."""
        self.backend.stop()
        yield
        with self._changed:
            self._seen.clear()
        self.backend = self._make()
        self.backend.start(self._take)

    def token(self, started: Started) -> str:
        """Its attempt's token."""
        return self._mint.token(started.id)

    def plan(self, *lines: str) -> Started:
        """A planned launch of a task that runs the shell script LINES, in which ``{knock}`` and ``{wait}`` stand for
        knocking at the door and waiting there, ``{name}`` for its name at the door."""
        name = f"case{next(self._numbers)}"
        words = {"{knock}": self.door.knock(name), "{wait}": self.door.wait(name), "{name}": name}
        script = functools.reduce(lambda text, word: text.replace(word, words[word]), words, "\n".join(lines))
        operations.trigger(self.store, "cases", run_id=name, conf={"script": script}, who="test")
        while not (found := self._planned(name)):
            self._scheduler.cycle()
        with self.store.reading() as tx:
            request = self._planner.request(tx, *launches.with_task(tx, found))
        return Started(name, self._planner.convert(request))

    def launch(self, started: Started) -> None:
        """Ask the backend for it, as the executor does."""
        self.backend.launch(started.plan, self.token(started))
        with self.store.transaction() as tx:
            plan = started.plan
            transitions.advance_launch(
                tx,
                plan.launch_id,
                LaunchState.PLANNED,
                LaunchState.CREATED,
                who="test",
                job_name=plan.job_name,
                namespace=plan.namespace,
            )

    def run(self, *lines: str) -> Started:
        """Plan and launch."""
        started = self.plan(*lines)
        self.launch(started)
        return started

    def ended(self, started: Started) -> Observation:
        """The observation of its end, once it was made."""
        return self.first(started, lambda seen: seen.phase is Phase.ENDED and seen.final)

    def first(self, started: Started, wanted: Callable[[Observation], bool]) -> Observation:
        """The first observation of it that is WANTED, once it was made."""

        def found() -> Observation | None:
            return next((seen for seen in self._seen if seen.launch_id == started.id and wanted(seen)), None)

        with self._changed:
            assert self._changed.wait_for(found, ENOUGH_S), f"{started.name}: {self._seen}"
            answer = found()
        assert answer is not None
        return answer

    def told(self, started: Started) -> list[Phase]:
        """The phases of it that were told so far."""
        with self._changed:
            return [seen.phase for seen in self._seen if seen.launch_id == started.id]

    def phase(self, started: Started) -> Phase:
        """How it fares, by what the backend says is there."""
        found = [seen.phase for seen in self.backend.present() if seen.launch_id == started.id]
        assert len(found) <= 1, found
        return found[0] if found else Phase.GONE

    def until(self, started: Started, *phases: Phase) -> None:
        """Wait until it is in one of PHASES."""
        deadline = time.monotonic() + ENOUGH_S
        while self.phase(started) not in phases:
            assert time.monotonic() < deadline, f"{started.name} is {self.phase(started)}, not {phases}"
            threading.Event().wait(0.05)

    def log(self, started: Started) -> str:
        """What its task has written, as it was stored."""
        with self.store.reading() as tx:
            return "".join(row.text + "\n" for row in logs.read(tx, started.id))

    def _handle(self, launch_id: str) -> Handle:
        with self.store.reading() as tx:
            launch = launches.find(tx, launch_id)
        assert launch is not None
        return Handle(launch_id=launch_id, job_name=launch.job_name, namespace=launch.namespace)

    def _planned(self, run_id: str) -> str | None:
        with self.store.reading() as tx:
            for instance in tasks.of_run(tx, runs.by_run_id(tx, "cases", run_id).id):
                launch = launches.latest(tx, instance.id)
                return None if launch is None else launch.id
        return None

    def _take(self, seen: Observation) -> None:
        with self._changed:
            self._seen.append(seen)
            self._changed.notify_all()


@contextmanager
def staged(
    settings: Settings, door_host: str, make: Callable[[Settings], Backend], guard: AttemptGuard
) -> Iterator[Stage]:
    """A stage, up and ready, with the cases' DAG in its store."""
    settings.dags.mkdir(parents=True)
    (settings.dags / "cases.py").write_text(DAG)
    prepare_home(settings)
    store = open_store(settings)
    summary = import_folder_once(store, dataclasses.replace(import_settings(settings), unpaused_at_creation=True))
    assert summary.new_dags == ["cases"]
    stage = Stage(settings, store, Door(door_host), lambda: make(settings), guard)
    stage.start()
    try:
        yield stage
    finally:
        stage.stop()
