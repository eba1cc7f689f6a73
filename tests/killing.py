"""``kill -9`` on the daemon at random moments of runs, and what must be true afterwards, on any backend.

Each task tells a server outside when it starts. Afterwards every attempt has told it exactly once, none is missing, and
each run ends as it should.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.running import Daemon

HEAD = """
import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

TELL = (
    "import os, urllib.request as u; e = os.environ; "
    "u.urlopen('{address}/' + '/'.join(e['AIRFLOW_CTX_' + n] for n in ('DAG_RUN_ID', 'TASK_ID', 'TRY_NUMBER')), timeout=30)"
)
"""
"""Of a DAG file whose tasks tell the server at ADDRESS that they begin, with TELL as their Python."""
DAG = (
    HEAD
    + """
with DAG("killed", schedule=None, start_date=datetime.datetime(2024, 1, 1), max_active_runs=50):
    last = []
    for chain in range({chains}):
        before = None
        for link in range({links}):
            step = BashOperator(task_id=f"step_{{chain}}_{{link}}", bash_command=f'python3 -c "{{TELL}}"; sleep {pause}')
            if before is not None:
                before >> step
            before = step
        last.append(before)

    @task
    def end(run_id):
        import urllib.request

        urllib.request.urlopen(f"{address}/{{run_id}}/end/1", timeout=30)

    last >> end()
"""
)


class Marks:
    """A server that counts what it is told: (run, task, try). Who tells it ``wait`` gets its answer once ``gate`` is set."""

    def __init__(self, host: str) -> None:
        self.seen: Counter[tuple[str, ...]] = Counter()
        self.gate = threading.Event()
        marks = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = tuple(self.path.strip("/").split("/"))
                marks.seen[told] += 1
                if told[0] == "wait":
                    marks.gate.wait(300)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.address = f"http://{host}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def repeated(self) -> dict[tuple[str, ...], int]:
        """What was told more than once, and how often."""
        return {told: count for told, count in self.seen.items() if count > 1}


def write_dag(folder: Path, marks: Marks, *, chains: int, links: int, pause: float) -> None:
    """The DAG whose tasks tell MARKS that they begin."""
    folder.mkdir(parents=True)
    text = DAG.format(address=marks.address, chains=chains, links=links, pause=pause)
    (folder / "killed.py").write_text(text)


def kill_again_and_again(daemon: Daemon, times: int, longest_s: float, seed: int) -> int:
    """Kill the daemon TIMES times, each after a random while; how many runs were started on the way."""
    moments = random.Random(seed)
    daemon.start()
    daemon.wait_for("the DAG", lambda: daemon.json("dags", "list"), 60)
    started = 0
    for _ in range(times):
        open_runs = [row for row in daemon.json("runs", "list") if row["state"] in {"queued", "running"}]
        if not open_runs:
            started += 1
            daemon.run("dags", "trigger", "killed", "--run-id", f"run{started}")
        time.sleep(moments.uniform(0, longest_s))
        daemon.kill()
        daemon.start()
    return started


def check_marks(daemon: Daemon, marks: Marks, runs: int, timeout_s: float) -> None:
    """Every run ends with success, and every attempt has exactly one mark."""

    def all_ended() -> bool:
        rows = daemon.json("runs", "list")
        return len(rows) == runs and all(row["state"] in {"success", "failed"} for row in rows)

    daemon.wait_for("the end of all runs", all_ended, timeout_s, 0.5)
    rows = daemon.json("runs", "list")
    problems = [f"{row['run_id']} is {row['state']}" for row in rows if row["state"] != "success"]
    for row in rows:
        for task in daemon.json("tasks", "list", "killed", row["run_id"]):
            for number in range(1, max(task["try_number"], 1) + 1):
                count = marks.seen[(row["run_id"], task["task_id"], str(number))]
                if count != 1 or task["state"] != "success":
                    problems.append(f"{row['run_id']} {task['task_id']} try {number}: {count} marks, {task['state']}")
    assert problems == []
