"""Twelve hours in minutes: importer, scheduler and executor on PostgreSQL, with a clock that is turned by hand and a
cluster that is simulated behind the executor's contract.

The files are read as in a daemon, and change every twenty minutes; containers fail once, look again later, wait for a
moment, or are evicted, by what their tasks are named; and the history is cleaned every ten minutes.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.memory import MEGABYTE
from benchmarks.room import database
from benchmarks.soak.rows import in_database
from benchmarks.soak.samples import Notebook
from goflow.domain.clock import VirtualClock
from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.domain.triggers import Deferral
from goflow.executor.backend import Handle, Observation, Phase, Sink
from goflow.executor.plans import Planner
from goflow.executor.service import Executor
from goflow.executor.tokens import TokenMint
from goflow.executor.unsent import NOTHING, Unsent
from goflow.importer.scan import Scanner
from goflow.importer.settings import ImportSettings
from goflow.operators.plan import JobPlan
from goflow.operators.request import Defaults
from goflow.scheduler.loop import Scheduler
from goflow.store import Store, events
from goflow.store.cleaning import Old
from goflow.store.purge import look, purge, purge_unused
from goflow.store.sealer import new_key

START = dt.datetime(2026, 1, 5, 6, 0, tzinfo=dt.UTC)
STEP_S = 10.0
"""Seconds by which the clock is turned."""
RESCAN_S, CHANGE_S, CLEAN_S, LOOK_S = 30.0, 1200.0, 600.0, 300.0
KEPT = dt.timedelta(minutes=30)
STARTS_S, RUNS_S = 2.0, 6.0
PATIENCE_S = 60.0
"""Real seconds after which a step that does not come to rest is given up."""
FILE = '''"""Number {number} of its versions."""

from datetime import datetime, timedelta

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG


def pod(name, **more):
    return KubernetesPodOperator(task_id=name, image="busybox:1.37", cmds=["true"], **more)


with DAG("minutely_{name}", schedule="* * * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=8):
    flaky = pod("flaky", retries=2, retry_delay=timedelta(seconds=15))
    [flaky, pod("sensor"), pod("waits"), pod("evicted")] >> pod("last")

with DAG("hourly_{name}", schedule="0 * * * *", start_date=datetime(2026, 1, 1), catchup=False):
    [pod(f"part_{{number}}") for number in range(10)] >> pod("sum") >> pod("fails", retries=1)
'''
FILES = ("a", "b")


class VirtualCluster:
    """A `Backend` whose containers begin and end when CLOCK says so, each as its task's name has it."""

    name = "simulated"
    keeps_s = 0.0

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._later: list[tuple[float, int, Observation]] = []
        self._numbers = itertools.count()
        self._present: dict[str, Observation] = {}
        self._sink: Sink = lambda seen: None

    def start(self, sink: Sink) -> None:
        """SINK is told by `tell`."""
        self._sink = sink

    def stop(self) -> None:
        """Nothing to stop."""

    def launch(self, plan: JobPlan, token: str) -> None:
        """It begins and ends in a while."""
        now, key = self._clock.monotonic(), plan.launch_id
        running = Observation(launch_id=key, phase=Phase.RUNNING, claimant=f"pod/{key}")
        ended = Observation(launch_id=key, phase=Phase.ENDED, outcome=self._outcome(plan))
        with self._lock:
            self._present[key] = running
            heapq.heappush(self._later, (now + STARTS_S, next(self._numbers), running))
            heapq.heappush(self._later, (now + STARTS_S + RUNS_S, next(self._numbers), ended))

    def tell(self) -> int:
        """Tell what has happened by now; how much that was."""
        told = 0
        while True:
            with self._lock:
                if not self._later or self._later[0][0] > self._clock.monotonic():
                    return told
                seen = heapq.heappop(self._later)[2]
            self._sink(seen)
            told += 1

    def terminate(self, handle: Handle, grace_s: float) -> None:
        """It ends as if it had been killed."""
        killed = Outcome(state=TaskState.FAILED, exit_code=143)
        with self._lock:
            seen = Observation(launch_id=handle.launch_id, phase=Phase.ENDED, outcome=killed)
            heapq.heappush(self._later, (self._clock.monotonic() + STARTS_S, next(self._numbers), seen))

    def cleanup(self, handle: Handle) -> bool:
        """It is gone."""
        with self._lock:
            self._present.pop(handle.launch_id, None)
        return True

    def present(self) -> Iterable[Observation]:
        """What is there."""
        with self._lock:
            return list(self._present.values())

    def unsent(self, handle: Handle) -> Unsent:
        """Containers leave no results here."""
        return NOTHING

    def ready(self) -> str | None:
        """Always."""
        return None

    def _outcome(self, plan: JobPlan) -> Outcome:
        ends_at = self._clock.now() + dt.timedelta(seconds=STARTS_S + RUNS_S)
        first = plan.ordinal == 1 and plan.try_number == 1
        if plan.task_id == "fails" or (plan.task_id == "flaky" and first):
            return Outcome(state=TaskState.FAILED, exit_code=1)
        if plan.task_id == "sensor" and plan.ordinal < 3:
            return Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=ends_at + dt.timedelta(seconds=5))
        if plan.task_id == "evicted" and first:
            return Outcome(state=TaskState.FAILED, disrupted=True, reason="Evicted")
        if plan.task_id == "waits" and first:
            moment = {"__data__": {"timestamp": (ends_at + dt.timedelta(seconds=10)).timestamp()}}
            kwargs = {"moment": moment}
            waits = Deferral(classpath=_BY_TIME, next_method="go_on", kwargs=kwargs, from_folder=False)
            return Outcome(state=TaskState.DEFERRED, deferral=waits)
        return Outcome(state=TaskState.SUCCESS, exit_code=0)


_BY_TIME = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"


class Simulation:
    """All parts on the database at URL, below WORK."""

    def __init__(self, url: str, work: Path) -> None:
        self.clock = VirtualClock(START)
        self.store = Store(url, encryption_key=new_key(), clock=self.clock)
        self.store.upgrade()
        self.dags = work / "dags"
        self.dags.mkdir()
        settings = ImportSettings(root=self.dags, parse_path="/dags", processes=1, unpaused_at_creation=True)
        self.scanner = Scanner(self.store, settings)
        self.cluster = VirtualCluster(self.clock)
        planner = Planner(self.store, Defaults(namespace="default", backend="kubernetes", runner_image="runner"))
        mint = TokenMint(new_key().encode())
        self.executor = Executor(self.store, self.cluster, planner, mint)
        self.scheduler = Scheduler(self.store, backend=self.cluster.name, namespace="default")

    @contextmanager
    def running(self) -> Iterator[None]:
        """With the executor's threads; the scheduler's batches are run by `step`."""
        self.executor.start()
        try:
            if not self.executor.reconciled.wait(PATIENCE_S):
                raise RuntimeError("the executor does not begin")
            yield
        finally:
            self.executor.stop()
            self.scanner.close()
            self.store.close()

    def change(self, number: int) -> None:
        """Version NUMBER of every file."""
        for name in FILES:
            (self.dags / f"file_{name}.py").write_text(FILE.format(name=name, number=number))

    def step(self) -> None:
        """Turn the clock, and do all that follows. Raises RuntimeError where that does not come to an end."""
        self.clock.advance(STEP_S)
        self.executor.wake.set()
        self.cluster.tell()
        deadline = time.monotonic() + PATIENCE_S
        before, quiet = -1, 0
        while quiet < 2:
            decisions = self.scheduler.cycle()
            with self.store.reading() as tx:
                last = events.last_seq(tx)
            busy = decisions or last != before or self.executor.busy()
            before, quiet = last, 0 if busy else quiet + 1
            if time.monotonic() > deadline:
                raise RuntimeError(f"it does not come to rest at {self.clock.now()}")
            if quiet < 2:
                time.sleep(0.002)

    def clean(self) -> None:
        """What `goflow db clean` does."""
        old = Old(before=self.clock.now() - KEPT, keep=5)
        purge(self.store, old, look(self.store, old), None, who="soak", pause=lambda seconds: None)
        purge_unused(self.store, old, None, pause=lambda seconds: None)


def soak(hours: float, work: Path, notebook: Notebook) -> None:
    """Work for so many virtual HOURS below WORK, and write what is seen into NOTEBOOK."""
    with database(work) as url:
        simulation = Simulation(url, work)
        process = psutil.Process()
        with simulation.running():
            for number in range(int(hours * 3600 / STEP_S) + 1):
                seconds = number * STEP_S
                if seconds % CHANGE_S == 0:
                    simulation.change(int(seconds // CHANGE_S))
                if seconds % RESCAN_S == 0:
                    simulation.scanner.scan()
                simulation.step()
                if seconds % CLEAN_S == CLEAN_S - STEP_S:
                    simulation.clean()
                if seconds % LOOK_S == 0:
                    notebook.add({"hours": seconds / 3600, **_seen(process), **in_database(url)})


def _seen(process: psutil.Process) -> dict[str, float]:
    return {
        "memory_mb": process.memory_info().rss / MEGABYTE,
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
    }
