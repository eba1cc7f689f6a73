"""How a large installation looks to a person: answers over HTTP, and the page in a real Chromium.

    python -m benchmarks.size [--database postgres] [--record]

`goflow standalone` over a folder of 2,000 files, one DAG each, of which one has 5,000 tasks in 300 groups. The history
is written straight into the database while no daemon runs: 8,000 runs of the large DAG, twenty of each other one and a
million lines of one task's log. Task instances are there for the newest 400 of the 8,000 runs (2,000,000 rows): all of
them would be 40,000,000, and no view reads those of runs that it does not show. The *first* answer is that of a daemon
that has taken its folder and was never asked; for the page a daemon is *new* that is asked as soon as it has said where
it answers, and a browser that keeps nothing. Pages are opened on this machine, without delay.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx

from benchmarks import size_page, size_world
from benchmarks.machine import machine
from benchmarks.record import command, write_down
from benchmarks.room import database, room
from benchmarks.size_page import Figures
from benchmarks.size_world import LARGE, Size
from tests.browser import browsing
from tests.page import built_page
from tests.running import Daemon

GRID = f"/goflow/v1/page/dags/{LARGE}/grid?limit=30"
DAGS = "/goflow/v1/page/dags"
COLD, WARM = 3, 20
READ_S = 600.0


@contextlib.contextmanager
def running(daemon: Daemon) -> Iterator[str]:
    """The URL of DAEMON, as long as the block runs: it has just begun to answer."""
    daemon.start()
    try:
        yield daemon.endpoint()["url"]
    finally:
        daemon.stop()


def answered(client: httpx.Client, path: str) -> tuple[float, int]:
    """Milliseconds until the whole answer is there, and its bytes as they came."""
    began = time.perf_counter()
    with client.stream("GET", path) as answer:
        answer.raise_for_status()
        size = sum(len(part) for part in answer.iter_raw())
    return (time.perf_counter() - began) * 1000, size


def answers(daemon: Daemon, path: str) -> Figures:
    """The answer to PATH: of a daemon that has just begun to answer and still takes its folder, the first of one that
    has taken it, each in COLD starts, and WARM ones after the last of them."""
    busy, cold, warm, size = [], [], [], 0
    for _ in range(COLD):
        with running(daemon), daemon.api() as client:
            busy.append(answered(client, path)[0])
    for number in range(COLD):
        with running(daemon), daemon.api() as client:
            scanned(daemon)
            cold.append(answered(client, path)[0])
            if number == COLD - 1:
                warm = [answered(client, path)[0] for _ in range(WARM)]
                size = answered(client, path)[1]
    return {
        "busy_ms": median(busy),
        "busy_max_ms": max(busy),
        "cold_ms": median(cold),
        "cold_max_ms": max(cold),
        "warm_ms": median(warm),
        "warm_max_ms": max(warm),
        "bytes": float(size),
    }


def scanned(daemon: Daemon) -> None:
    """Wait until DAEMON has taken its whole folder."""
    with daemon.api() as client:
        status = lambda: client.get("/goflow/v1/status").raise_for_status().json()["importer"]["scans"]  # noqa: E731
        daemon.wait_for("the folder", status, READ_S, 0.2)


def looks(daemon: Daemon, size: Size) -> dict[str, Figures]:
    """What a browser shows; of the grid also right after the daemon's start."""
    with browsing() as browser:
        cold = []
        for _ in range(COLD):
            with running(daemon) as url, size_page.looking(browser, url) as page:
                cold.append(size_page.opened(page, size_page.GRID, size_page.CELLS))
        with running(daemon) as url:
            scanned(daemon)
            return {
                "grid": {"cold_ms": median(cold), "cold_max_ms": max(cold), **size_page.grid(browser, url)},
                "dags": size_page.dag_list(browser, url, size),
                "log": size_page.log(browser, url, size),
            }


def measure(size: Size, url: str | None, work: Path) -> dict[str, Figures]:
    """Every part by its name, on the database at URL, or on SQLite."""
    folder, home = size_world.folder(work / "dags", size), work / "home"
    settings = {"GOFLOW_UNPAUSED_AT_CREATION": "false", "GOFLOW_PARSE_TIMEOUT_S": "300"}  # others may work here
    settings |= {"GOFLOW_DATABASE_URL": url} if url else {}
    daemon = Daemon(home, ["standalone", "--dags", str(folder), "--port", "0"], settings)
    began = time.monotonic()
    with running(daemon), daemon.api() as client:
        known = lambda: len(client.get(DAGS).raise_for_status().json()["dag_id"])  # noqa: E731
        daemon.wait_for("all DAGs", lambda: known() == size.dags, READ_S, 1.0)
    told(f"{size.dags:,} DAGs read", time.monotonic() - began)
    began = time.monotonic()
    with size_world.opened(url or f"sqlite:///{home / 'goflow.db'}", home) as store:
        rows = size_world.fill(store, size)
    told(f"{rows:,} task instances and the rest of the history written", time.monotonic() - began)
    found = {"world": {"instances": float(rows)}}
    began = time.monotonic()
    found |= {"grid_answer": answers(daemon, GRID), "dags_answer": answers(daemon, DAGS), **looks(daemon, size)}
    told(json.dumps(found), time.monotonic() - began)
    return found


def told(what: str, seconds: float) -> None:
    """Say what has been done, and how long it took."""
    print(f"{what}: {seconds:.0f} s", flush=True)


def table(sides: dict[str, dict[str, Figures]], size: Size) -> str:
    """The figures as a Markdown table, a column for each database of SIDES, each with its goal."""
    ms = lambda name, key: [f"{found[name][key]:,.0f} ms" for found in sides.values()]  # noqa: E731
    most = lambda name, key, top: [  # noqa: E731
        f"{found[name][key]:,.0f} ms ({found[name][top]:,.0f})" for found in sides.values()
    ]
    scroll = lambda name, key: [  # noqa: E731
        f"{found[name][f'{key}_longest_ms']:.0f} ms ({found[name][f'{key}_slow']:.0f})" for found in sides.values()
    ]
    heap = lambda name: [f"{found[name]['heap_mb']:.0f} MB" for found in sides.values()]  # noqa: E731
    scripts = [
        f"{max(found[name]['scripts_bytes'] for name in ('grid', 'dags', 'log')) / 1000:.0f} kB"
        for found in sides.values()
    ]
    sizes = [f"{found['grid_answer']['bytes'] / 1000:.0f} kB" for found in sides.values()]
    rows = [
        (f"grid of {size.tasks:,} tasks in {size_world.GROUPS} groups, {size.runs:,} runs: the daemon's first answer "
         f"(the longest of {COLD})", most("grid_answer", "cold_ms", "cold_max_ms"), "under 300 ms"),
        (f"the same while it still takes its folder (the longest of {COLD})",
         most("grid_answer", "busy_ms", "busy_max_ms"), ""),
        (f"the same later, median of {WARM} (the longest)", most("grid_answer", "warm_ms", "warm_max_ms"), ""),
        ("that answer, compressed", sizes, ""),
        (f"the grid's page usable, daemon and browser new (the longest of {COLD})",
         most("grid", "cold_ms", "cold_max_ms"), "under 1,500 ms"),
        (f"the same, the daemon has been asked before (the longest of {size_page.LOOKS})",
         most("grid", "first_ms", "first_max_ms"), "under 1,500 ms"),
        ("the same, the browser too", ms("grid", "again_ms"), ""),
        ("a group unfolds", ms("grid", "unfold_ms"), ""),
        ("all groups unfold", ms("grid", "unfold_all_ms"), ""),
        ("scrolled to the last task", ms("grid", "end_ms"), ""),
        (f"scrolled by wheel: longest of {size_page.FRAMES} frames (how many over 50 ms)", scroll("grid", "scroll"),
         ""),
        ("one task found among all", ms("grid", "search_ms"), ""),
        ("what the page's scripts hold then", heap("grid"), ""),
        (f"list of {size.dags:,} DAGs: the daemon's first answer (the longest of {COLD})",
         most("dags_answer", "cold_ms", "cold_max_ms"), ""),
        (f"the same while it still takes its folder (the longest of {COLD})",
         most("dags_answer", "busy_ms", "busy_max_ms"), ""),
        (f"the same later, median of {WARM} (the longest)", most("dags_answer", "warm_ms", "warm_max_ms"), ""),
        (f"the list's page usable, the browser new (the longest of {size_page.LOOKS})",
         most("dags", "first_ms", "first_max_ms"), "under 1,000 ms"),
        ("the same, the browser has seen it before", ms("dags", "again_ms"), "under 1,000 ms"),
        ("searched: one row left", ms("dags", "search_ms"), ""),
        ("scrolled to the last row", ms("dags", "end_ms"), ""),
        ("scrolled by wheel: longest frame (how many over 50 ms)", scroll("dags", "scroll"), ""),
        (f"log of {size.lines:,} lines: usable, the browser new (the longest of {size_page.LOOKS})",
         most("log", "first_ms", "first_max_ms"), ""),
        ("its last lines are shown", ms("log", "end_ms"), ""),
        ("its middle is shown", ms("log", "middle_ms"), ""),
        ("one line found among all", ms("log", "search_ms"), ""),
        ("scrolled by wheel: longest frame (how many over 50 ms)", scroll("log", "wheel"), "it scrolls"),
        ("dragged through nine tenths of it: longest frame (how many over 50 ms)", scroll("log", "drag"), "it scrolls"),
        ("lines are there after that", ms("log", "settle_ms"), ""),
        ("what the page's scripts hold then", heap("log"), ""),
        ("scripts of the first load, compressed: the most of grid, list and log", scripts, "under 400 kB"),
    ]  # fmt: skip
    lines = [f"| measured | {' | '.join(sides)} | goal |", f"|---|{'--:|' * len(sides)}--:|"]
    return "\n".join([*lines, *(f"| {title} | {' | '.join(cells)} | {goal} |" for title, cells, goal in rows)])


def main(words: list[str] | None = None) -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=5000, help="of the large DAG")
    parser.add_argument("--runs", type=int, default=8000, help="of the large DAG")
    parser.add_argument(
        "--runs-with-tasks", type=int, default=400, help="its newest runs, whose task instances are there"
    )
    parser.add_argument("--dags", type=int, default=2000)
    parser.add_argument("--lines", type=int, default=1_000_000, help="of the long log")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite", help="postgres: that one too")
    parser.add_argument("--record", action="store_true", help="put the figures into docs/benchmarks.md")
    args = parser.parse_args(words)
    size = Size(args.tasks, args.runs, args.runs_with_tasks, args.dags, runs_each=20, lines=args.lines)
    built_page()
    with room("size") as work:
        sides = {"SQLite": measure(size, None, work / "sqlite")}
        if args.database == "postgres":
            with database(work) as url:
                sides["PostgreSQL"] = measure(size, url, work / "postgresql")
    figures = table(sides, size)
    print(f"{machine()}\n\n{figures}")
    if args.record:
        write_down("size", command("benchmarks.size", words), machine(), figures)


if __name__ == "__main__":
    main()
