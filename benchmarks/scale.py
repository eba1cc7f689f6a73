"""How much one daemon bears, with a simulated cluster: many DAGs, many runs, and millions of rows of what is over.

    python -m benchmarks.scale [--dags 1000] [--runs 10] [--tasks 10] [--history 3000000] [--rate 40] [--record]

PostgreSQL 15 with its own settings (it waits for the disk at each commit), scheduler and executor in this process, and
behind the executor's contract a cluster whose containers begin after 0.5 s and take 1 s (`benchmarks/simulated.py`).
The tasks are containers of their own, in chains. It measures, in this order:

* *steady*, with no history and with more and more: runs are triggered so that RATE tasks a second come due; from the
  moment before the cluster tells the end of one task to the moment when the next one's Job is created (median and 99th
  percentile), and what one of the scheduler's loops takes.
* *backlog*: all runs at once, and the scheduler alone: how many decisions a second it takes until nothing is left.
* *burst*: then the executor goes to work beside it, until all is over or for so many seconds, and the most memory.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import psycopg

from benchmarks.machine import machine
from benchmarks.memory import own_sample, watching
from benchmarks.plots import FOLDER, Panel, draw
from benchmarks.record import command, write_down
from benchmarks.room import database, room
from benchmarks.simulated import Link, SimulatedCluster
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.written import write_out
from goflow.executor.plans import Planner
from goflow.executor.service import Executor
from goflow.executor.tokens import TokenMint
from goflow.operators.request import Defaults
from goflow.scheduler import operations
from goflow.scheduler.loop import Scheduler
from goflow.store import Store, blobs, pools, recording
from goflow.store.sealer import new_key

START_S, RUN_S = 0.5, 1.0
WORKERS = 16
"""As many as the daemon has for Kubernetes."""
ROWS_AT_ONCE = 500_000
WARM_UP_S = 10.0
Figures = dict[str, float]
OVER = 120.0
"""Seconds without any progress after which a measurement is given up."""


@dataclass(frozen=True)
class Size:
    """How much of everything: DAGS with TASKS each in a chain, RUNS of each DAG."""

    dags: int
    runs: int
    tasks: int

    @property
    def instances(self) -> int:
        """All task instances."""
        return self.dags * self.runs * self.tasks


@dataclass
class Cycles:
    """What the scheduler's batches took: seconds and decisions of each."""

    seconds: list[float] = field(default_factory=list)
    decisions: list[int] = field(default_factory=list)

    def rate(self) -> float:
        """Decisions a second, while it worked."""
        return sum(self.decisions) / max(sum(self.seconds), 1e-9)

    def working(self) -> list[float]:
        """Seconds of each batch that decided something."""
        return [taken for taken, decided in zip(self.seconds, self.decisions, strict=True) if decided]


class Timed(Scheduler):
    """The scheduler, with a look at its clock before and after each batch."""

    cycles: Cycles

    def cycle(self) -> int:
        """One batch."""
        began = time.perf_counter()
        decisions = super().cycle()
        self.cycles.seconds.append(time.perf_counter() - began)
        self.cycles.decisions.append(decisions)
        return decisions


def dag(number: int, tasks: int) -> DagSpec:
    """A chain of TASKS containers."""
    members = [
        TaskSpec(
            task_id=f"task_{place}",
            operator="Container",
            operator_path="goflow.native",
            upstream=(f"task_{place - 1}",) if place else (),
            native={"DockerImage": "busybox:1.37", "Command": ["true"]},
        )
        for place in range(tasks)
    ]
    return DagSpec(dag_id=f"dag_{number:04}", tasks=tuple(members), max_active_runs=1000, max_active_tasks=1000)


def put(store: Store, size: Size) -> None:
    """Have the DAGs in force, and room for all of their tasks at once."""
    folder = blobs.manifest("/dags", {})
    with store.transaction() as tx:
        blobs.put_folder(tx, folder)
        pools.set_(tx, "default_pool", -1, who="benchmark")
    for number in range(size.dags):
        with store.transaction() as tx:
            reading = recording.Reading(
                dag=write_out(dag(number, size.tasks)),
                file_hash=f"{number:064}",
                folder_digest=folder.digest,
                file_path=f"dag_{number:04}.yaml",
                inputs={},
                reader_version="benchmark",
                paused=False,
            )
            recording.record(tx, reading)


def fill(url: str, before: int, rows: int, size: Size) -> None:
    """History: after BEFORE ended task instances so many that there are ROWS, in runs of the DAGs that are over, as
    `goflow` writes them."""
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(before // size.tasks, rows // size.tasks, ROWS_AT_ONCE // size.tasks):
            last = min(first + ROWS_AT_ONCE // size.tasks, rows // size.tasks) - 1
            connection.execute(_OLD_RUNS, {"first": first, "last": last, "dags": size.dags})
            connection.execute(_OLD_TASKS, {"first": first, "last": last, "tasks": size.tasks})
        connection.execute("VACUUM ANALYZE")


_OLD_RUNS = """
INSERT INTO dag_runs (dag_id, run_id, run_type, status, execution_date, run_after, version_id, reading_id, queued_at,
                      start_date, end_date, last_updated_date)
SELECT dags.id, 'old__' || n, 'scheduled', 'success', moment, moment, dags.version_id, dags.reading_id, moment, moment,
       moment + interval '1 minute', moment + interval '1 minute'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
CROSS JOIN LATERAL (SELECT timestamptz '2010-01-01 00:00:00+00' + n * interval '1 minute' AS moment) AS at
JOIN dags ON dags.id = 'dag_' || lpad((n %% %(dags)s)::text, 4, '0')
"""
_OLD_TASKS = """
INSERT INTO task_instances (dag_run_id, dag_id, run_id, task_id, map_index, state, try_number, max_tries, pool,
                            pool_slots, priority_weight, queued_at, start_date, end_date)
SELECT dag_runs.id, dag_runs.dag_id, dag_runs.run_id, 'task_' || place, -1, 'success', 1, 0, 'default_pool', 1, 1,
       dag_runs.start_date, dag_runs.start_date, dag_runs.end_date
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
JOIN dag_runs ON dag_runs.run_id = 'old__' || n
CROSS JOIN generate_series(0, %(tasks)s::int - 1) AS place
"""


@contextmanager
def daemon(store: Store, *, times: bool = True) -> Iterator[tuple[SimulatedCluster, Cycles]]:
    """Scheduler and executor at work on STORE. TIMES: the cluster notes when each Job was made and has ended."""
    cycles = Cycles()
    cluster = SimulatedCluster(start_s=START_S, run_s=RUN_S, times=times)
    defaults = Defaults(namespace="default", backend="kubernetes", runner_image="runner")
    planner, mint = Planner(store, defaults), TokenMint(new_key().encode())
    executor = Executor(store, cluster, planner, mint, launches_at_once=WORKERS)
    scheduler = Timed(store, backend=cluster.name, namespace="default")
    scheduler.cycles = cycles
    executor.start()
    scheduler.start()
    try:
        if not executor.reconciled.wait(OVER):
            raise RuntimeError("the executor does not begin")
        yield cluster, cycles
    finally:
        scheduler.stop()
        executor.stop()


def steady(store: Store, size: Size, rate: float, seconds: float, round_: str) -> dict[str, float]:
    """Runs come at RATE tasks a second for so many SECONDS: what each link of each chain waits for its Job."""
    count = max(1, int(seconds * rate / size.tasks))
    with daemon(store) as (cluster, cycles):
        began = time.monotonic()
        for number in range(count):
            operations.trigger(store, f"dag_{number % size.dags:04}", who="benchmark", run_id=f"{round_}_{number}")
            time.sleep(max(0.0, began + (number + 1) * size.tasks / rate - time.monotonic()))
        wait_for(cluster, count * size.tasks)
        gaps = sorted(_gaps(cluster, size.tasks))
    taken = cycles.working()
    return {
        "tasks": count * size.tasks,
        "created_p50_ms": median(gaps) * 1000,
        "created_p99_ms": quantiles(gaps, n=100)[98] * 1000,
        "loop_p50_ms": median(taken) * 1000,
        "loop_mean_ms": sum(taken) / len(taken) * 1000,
    }


def backlog(store: Store, size: Size) -> dict[str, float]:
    """All runs at once, and the scheduler alone until it has nothing more to decide."""
    for number in range(size.dags):
        for run in range(size.runs):
            operations.trigger(store, f"dag_{number:04}", who="benchmark", run_id=f"burst_{run}")
    scheduler = Timed(store, backend=SimulatedCluster.name, namespace="default")
    scheduler.cycles = Cycles()
    while scheduler.cycle():
        pass
    return {"decisions": sum(scheduler.cycles.decisions), "decisions_per_s": scheduler.cycles.rate()}


def burst(store: Store, size: Size, seconds: float) -> dict[str, float]:
    """The executor beside it, until every task is over or for so many SECONDS."""
    began = time.monotonic()
    with daemon(store, times=False) as (cluster, cycles), watching(own_sample) as memory:  # notes are not the daemon's
        wait_for(cluster, size.instances, seconds)
        ended = cluster.ends
    taken = time.monotonic() - began
    return {
        "instances": size.instances,
        "seconds": taken,
        "ended": ended,
        "tasks_per_s": ended / taken,
        "decisions_per_s": cycles.rate(),
        "peak_mb": memory.most_rss_mb,
    }


def wait_for(cluster: SimulatedCluster, ends: int, seconds: float = math.inf) -> None:
    """Until so many containers have ended, or so many SECONDS are over. Raises RuntimeError where nothing comes any
    more."""
    before, since = -1, time.monotonic()
    until = since + seconds
    while (now := cluster.ends) < ends and time.monotonic() < until:
        if now != before:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > OVER:
            raise RuntimeError(f"{now} of {ends} tasks have ended, and nothing happens any more")
        time.sleep(0.2)


def _gaps(cluster: SimulatedCluster, tasks: int) -> Iterator[float]:
    for (dag_id, run_id, task_id), ended in cluster.ended.items():
        place = int(task_id.removeprefix("task_")) + 1
        following: Link = (dag_id, run_id, f"task_{place}")
        if place < tasks and following in cluster.created:
            yield cluster.created[following] - ended


def measure(size: Size, history: int, rate: float, seconds: float, burst_s: float, work: Path) -> dict[str, Figures]:
    """Every part, by its name: those with a history by its number of rows."""
    with database(work) as url:
        store = Store(url, encryption_key=new_key())
        store.upgrade()
        put(store, size)
        found: dict[str, Figures] = {}
        steady(store, size, rate, min(seconds, WARM_UP_S), "warm_up")
        before = 0
        for rows in dict.fromkeys((0, history // 6, history // 2, history)):
            fill(url, before, rows, size)
            before = rows
            found[str(rows)] = steady(store, size, rate, seconds, f"steady_{rows}")
            print(f"{rows:,} rows of history: {json.dumps(found[str(rows)])}", flush=True)
        found["backlog"] = backlog(store, size)
        print(f"backlog: {json.dumps(found['backlog'])}", flush=True)
        found["burst"] = burst(store, size, burst_s)
        print(f"burst: {json.dumps(found['burst'])}", flush=True)
        store.close()
    return found


def table(found: dict[str, Figures], size: Size, rate: float) -> str:
    """The figures as a Markdown table, each with its goal."""
    most = max(int(rows) for rows in found if rows.isdigit())
    none, full, burst_ = found["0"], found[str(most)], found["burst"]
    ratio = full["loop_p50_ms"] / none["loop_p50_ms"]
    rows = [
        (f"dependency met to Job created, {rate:g} tasks/s, no history: median",
         f"{none['created_p50_ms']:.0f} ms", ""),
        ("the same: 99th percentile", f"{none['created_p99_ms']:.0f} ms", ""),
        (f"the same with {most:,} rows of history: median", f"{full['created_p50_ms']:.0f} ms", "under 50 ms"),
        ("the same: 99th percentile", f"{full['created_p99_ms']:.0f} ms", "under 500 ms"),
        ("one loop that decides something, with that history: median", f"{full['loop_p50_ms']:.1f} ms", ""),
        ("the same, as a multiple of what it takes without any", f"{ratio:.2f}", "1: independent of it"),
        (f"decisions a second, backlog of {size.dags * size.runs:,} runs",
         f"{found['backlog']['decisions_per_s']:,.0f}", "over 2,000"),
        ("decisions a second, the executor at work beside it", f"{burst_['decisions_per_s']:,.0f}", ""),
        (f"tasks carried out a second, of {size.instances:,} that are open", f"{burst_['tasks_per_s']:,.0f}", ""),
        (f"most memory with {size.instances:,} task instances in open runs (RSS)", f"{burst_['peak_mb']:.0f} MB",
         "under 300 MB"),
    ]  # fmt: skip
    lines = ["| measured | GoFlow | goal |", "|---|--:|--:|"]
    return "\n".join([*lines, *(f"| {title} | {figure} | {goal} |" for title, figure, goal in rows)])


def picture(found: dict[str, Figures], path: Path) -> None:
    """What a loop and the way to the Job take, over the history."""
    rows = sorted(int(rows) for rows in found if rows.isdigit())
    millions = [number / 1e6 for number in rows]
    loops = {
        "median": [found[str(n)]["loop_p50_ms"] for n in rows],
        "mean": [found[str(n)]["loop_mean_ms"] for n in rows],
    }
    ways = {"median": [found[str(n)]["created_p50_ms"] for n in rows]}
    ways["99th percentile"] = [found[str(n)]["created_p99_ms"] for n in rows]
    title = "millions of rows of history"
    draw(
        path,
        [
            Panel("one loop of the scheduler, ms", millions, loops, title, marks=True),
            Panel("dependency met to Job created, ms", millions, ways, title, marks=True),
        ],
        columns=2,
    )


def main(words: list[str] | None = None) -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dags", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=10, help="of each DAG, in the burst")
    parser.add_argument("--tasks", type=int, default=10, help="in each DAG")
    parser.add_argument("--history", type=int, default=3_000_000, help="rows of ended task instances")
    parser.add_argument("--rate", type=float, default=40.0, help="tasks a second, while it is steady")
    parser.add_argument("--seconds", type=float, default=40.0, help="how long each steady part takes")
    parser.add_argument("--burst-seconds", type=float, default=120.0, help="how long the burst takes at most")
    parser.add_argument("--record", action="store_true", help="put the figures into docs/benchmarks.md")
    args = parser.parse_args(words)
    size = Size(args.dags, args.runs, args.tasks)
    with room("scale") as work:
        found = measure(size, args.history, args.rate, args.seconds, args.burst_seconds, work)
    figures = table(found, size, args.rate)
    print(f"{machine()}\n\n{figures}")
    if args.record:
        picture(found, FOLDER / "scale.svg")
        text = f"{figures}\n\n![a loop and the way to the Job over the history](plots/scale.svg)"
        write_down("scale", command("benchmarks.scale", words), machine(), text)


if __name__ == "__main__":
    main()
