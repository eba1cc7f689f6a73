"""What an executor holds of a burst: launches that are planned all at once, while its backend is away and then back.

    python -m benchmarks.burst [--launches 2000 100000] [--started 2000]

For each number: a new SQLite database with so many planned launches; another process with an executor alone, whose
backend does not answer for three seconds and then starts launches at once, until so many have been started. Told are
the resident memory that it had before it began, the most that it had, and how many steps it held at most.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from goflow.domain.state import TaskState
from goflow.executor.backend import BackendAwayError, Handle, Observation, Sink
from goflow.executor.plans import Planner
from goflow.executor.service import Executor
from goflow.executor.tokens import TokenMint
from goflow.executor.unsent import NOTHING, Unsent
from goflow.operators.plan import JobPlan
from goflow.operators.request import Defaults
from goflow.store import Store, pools, tasks, transitions
from goflow.store.rows import NewTask
from goflow.store.transitions import LaunchRequest, TaskChange
from tests.stores import bash_dag, make_run

AWAY_S = 3.0
AT_ONCE = 2000
WAIT_S = 600.0


class Backend:
    """It is away at first, and then starts everything; it keeps nothing."""

    name = "local"
    keeps_s = 0.0

    def __init__(self, wanted: int) -> None:
        self.back = threading.Event()
        self.done = threading.Event()
        self._wanted = wanted
        self._started = 0
        self._lock = threading.Lock()

    def start(self, sink: Sink) -> None:
        """Nothing is observed."""

    def stop(self) -> None:
        """Nothing to stop."""

    def launch(self, plan: JobPlan, token: str) -> None:
        """Count it."""
        if not self.back.is_set():
            raise BackendAwayError("not yet")
        with self._lock:
            self._started += 1
            if self._started >= self._wanted:
                self.done.set()

    def terminate(self, handle: Handle, grace_s: float) -> None:
        """Nothing runs."""

    def cleanup(self, handle: Handle) -> bool:
        """Nothing is kept."""
        return True

    def present(self) -> Iterable[Observation]:
        """Nothing is there."""
        return ()

    def unsent(self, handle: Handle) -> Unsent:
        """Nothing."""
        return NOTHING

    def ready(self) -> str | None:
        """Always: what it answers is told by each launch."""
        return None


def plan(url: str, launches: int) -> None:
    """Plan LAUNCHES in a new database at URL, all of one run."""
    store = Store(url)
    store.upgrade()
    with store.transaction() as tx:
        pools.set_(tx, "default_pool", -1, who="benchmark")
        copies = [NewTask(task_id="t", map_index=index) for index in range(launches)]
        run = make_run(tx, bash_dag("burst", "t"), instances=copies).run
        rows = tasks.of_run(tx, run.id)
    for start in range(0, launches, AT_ONCE):
        part = rows[start : start + AT_ONCE]
        with store.transaction() as tx:
            transitions.apply(tx, [TaskChange(row.id, TaskState.NONE, TaskState.SCHEDULED) for row in part])
        with store.reading() as tx:
            part = [tasks.get(tx, row.id) for row in part]
        with store.transaction() as tx:
            transitions.plan_launches(tx, [LaunchRequest(ti=row, backend="local", new_attempt=True) for row in part])
    store.close()


def work(url: str, started: int, answer: multiprocessing.SimpleQueue[tuple[float, float, int]]) -> None:
    """Run an executor until so many are STARTED; the megabytes before and at most, and the steps held at most."""
    store, backend = Store(url), Backend(started)
    executor = Executor(store, backend, Planner(store, Defaults(backend="local")), TokenMint(b"k" * 16))
    before, most = _megabytes(), 0
    executor.start()
    end = time.monotonic() + AWAY_S
    deadline = time.monotonic() + WAIT_S
    while not backend.done.wait(0.05) and time.monotonic() < deadline:
        most = max(most, executor.status()["queue"] + executor.status()["later"])
        if time.monotonic() > end:
            backend.back.set()
    executor.stop()
    answer.put((before, _megabytes(), most))


def _megabytes() -> float:
    """The most that this process has had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure each number of launches, and print it."""
    parser = argparse.ArgumentParser(description="what an executor holds of a burst")
    parser.add_argument("--launches", type=int, nargs="+", default=[2000, 100_000])
    parser.add_argument("--started", type=int, default=2000)
    given = parser.parse_args()
    spawned = multiprocessing.get_context("spawn")
    for launches in given.launches:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder, 'burst.db')}"
            planner = spawned.Process(target=plan, args=(url, launches))
            planner.start()
            planner.join()
            answer = spawned.SimpleQueue()
            worker = spawned.Process(target=work, args=(url, min(given.started, launches), answer))
            worker.start()
            before, after, held = answer.get()
            worker.join()
        words = f"{launches:,} launches: {before:.0f} MB before, {after:.0f} MB at most, {held:,} steps held at most"
        print(words, flush=True)


if __name__ == "__main__":
    main()
