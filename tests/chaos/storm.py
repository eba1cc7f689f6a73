"""The course of it all: runs are kept open, the daemon is killed, faults follow each other, and then everything must end."""

from __future__ import annotations

import functools
import itertools
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import urllib3
from kubernetes import client

from tests.chaos import faults, record, verdict
from tests.chaos.stage import Stage, stage_on
from tests.chaos.weather import CLEAR, at_random
from tests.chaos.workload import Workload
from tests.cluster.harness import Cluster

KILLED_IN_START = 0.3
"""The part of the kills that do not wait until the daemon answers."""
WEATHER_S = 5.0
"""How long one weather holds, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How long, how often, and what chance begins with."""

    minutes: float
    """The storm lasts no longer; then everything has ``settle_s`` to end."""
    kills: int
    """Random kills of the daemon after which it ends, too."""
    seed: int
    rounds: int | None = None
    """It ends, too, when every fault has come so often; None: they come again and again."""
    at_once: int = 6
    """Runs that are open at the same time."""
    longest_life_s: float = 5.0
    """A daemon lives so long at most once it answers; some are killed before that."""
    away_s: float = 30.0
    settle_s: float = 180.0
    daemons: int = 1
    """One with SQLite, or several that share a PostgreSQL."""


@dataclass(slots=True)
class Told:
    """What came of it."""

    course: Course
    problems: list[str]
    kills: int
    seconds: float
    settled_s: float
    runs: int
    tasks: int
    containers: int
    done: dict[str, int]
    proxy: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """For people."""
        counted = [f"  {number:6,} {what}" for what, number in sorted({**self.done, **self.proxy}.items())]
        return "\n".join(
            [
                f"{self.kills:,} random kills in {self.seconds:.0f} s, seed {self.course.seed}; {self.runs:,} runs with"
                f" {self.tasks:,} tasks, {self.containers:,} containers; all at rest {self.settled_s:.0f} s later",
                *counted,
                f"{len(self.problems)} problems" if self.problems else "nothing lost, nothing doubled, nothing stuck",
                *(f"  {problem}" for problem in self.problems),
            ]
        )


def run(cluster: Cluster, folder: Path, course: Course) -> Told:
    """Everything, on a stage of its own; what it leaves in FOLDER tells how it went."""
    with stage_on(cluster, folder, course.seed, course.daemons) as stage:
        told = Storm(stage, course).run()
    (folder / "told.json").write_text(json.dumps(asdict(told), indent=2))
    return told


class Storm:
    """One storm on STAGE."""

    def __init__(self, stage: Stage, course: Course) -> None:
        self.stage = stage
        self.course = course
        self.workload = Workload(stage, course.at_once)
        self.kills = 0
        self.trouble: list[str] = []
        """What went wrong with the storm itself."""

    def run(self) -> Told:
        """From beginning to end."""
        stage = self.stage
        stage.daemons.start()
        self.workload.trigger("chain")  # the DAGs are read
        began = time.monotonic()
        threads = [
            threading.Thread(target=self._guarded, args=(work,), name=work.__name__, daemon=True)
            for work in (self._kill, self._change_weather, self._do_harm)
        ]
        self.workload.start()
        for thread in threads:
            thread.start()
        stage.over.wait(self.course.minutes * 60)
        stage.over.set()
        for thread in threads:
            thread.join(120)
        faults.undo(stage)
        stage.daemons.up()
        self.workload.stop()
        lasted = time.monotonic() - began
        settled_s = self._settle()
        return self._tell(lasted, settled_s)

    def _guarded(self, work) -> None:
        try:
            work()
        except Exception as problem:
            self.trouble.append(f"the storm's own {work.__name__}: {type(problem).__name__}: {problem}")
            self.stage.over.set()

    def _kill(self) -> None:
        """Kill the daemon at moments that nobody knows, in its start some of the time."""
        stage, moments = self.stage, self._moments("kills")
        while not stage.over.is_set():
            patient = moments.random() > KILLED_IN_START
            while patient and not stage.daemons.are_up() and not stage.over.wait(0.05):
                pass
            if stage.over.wait(moments.uniform(0, self.course.longest_life_s)):
                return
            with stage.daemons.lock:
                self.trouble += [f"a daemon ended by itself: {daemon.log}" for daemon in stage.daemons.ended()]
                daemon = stage.daemons.one()
                daemon.kill()
                self.kills += 1
                stage.say("daemon killed")
                daemon.start(wait=False)
            if self.kills >= self.course.kills:
                stage.over.set()

    def _change_weather(self) -> None:
        stage, moments = self.stage, self._moments("weather")
        while not stage.over.wait(moments.uniform(0.5, 1.5) * WEATHER_S):
            stage.weather(CLEAR if moments.random() < 0.25 else at_random(moments))

    def _moments(self, what: str) -> random.Random:
        """Chance of its own for each thread: the same seed gives each the same course."""
        return random.Random(f"{self.course.seed} {what}")

    def _do_harm(self) -> None:
        """One fault after the other, each once before any comes again."""
        stage = self.stage
        for turn in itertools.count(1):
            for fault in stage.moments.sample(self._faults(), len(self._faults())):
                if stage.over.wait(stage.moments.uniform(0, 3)):
                    return
                stage.say("fault begins", fault=str(fault))
                try:
                    fault(stage)
                except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as problem:
                    stage.say("fault did not come about", problem=str(problem)[:500])
            if turn == self.course.rounds:
                stage.over.set()
                return

    def _faults(self) -> Sequence[faults.Fault]:
        often = (faults.pods_deleted, faults.pods_forced, faults.daemon_killed_at)
        return (
            *often,
            *often,
            faults.node_drained,
            faults.no_room,
            faults.server_restarted,
            faults.server_dark,
            faults.daemon_frozen,
            faults.node_silent,
            functools.partial(faults.image_and_secret_late, workload=self.workload),
            functools.partial(faults.daemons_away, seconds=self.course.away_s),
        )

    def _settle(self) -> float:
        """Until all runs have ended; the seconds that took, at most the time for it."""
        began = time.monotonic()
        while time.monotonic() - began < self.course.settle_s:
            try:
                if not record.open_runs(self.stage.daemons.engine):
                    break
            except Exception as problem:
                self.stage.say("the database did not answer", problem=str(problem))
            time.sleep(0.5)
        return time.monotonic() - began

    def _tell(self, lasted: float, settled_s: float) -> Told:
        stage = self.stage
        found = record.read(stage.daemons.engine)
        presences = stage.witness.all()
        problems = self.trouble + verdict.problems(found, presences, self.workload.triggered)
        problems += [f"a daemon ended by itself: {daemon.log}" for daemon in stage.daemons.ended()]
        return Told(
            course=self.course,
            problems=problems,
            kills=self.kills,
            seconds=lasted,
            settled_s=settled_s,
            runs=len(found.runs),
            tasks=len(found.instances),
            containers=len(presences),
            done=dict(stage.done),
            proxy=stage.proxy("GET", "done"),
        )
