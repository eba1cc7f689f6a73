"""Two or more real daemons on one PostgreSQL, each with a home of its own, and a DAG that tells when its tasks begin."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import psycopg

from goflow.store.sealer import new_key
from tests.killing import HEAD, Marks
from tests.running import Daemon

TICKING = (
    HEAD
    + """
with DAG(
    "ticking", schedule=datetime.timedelta(seconds={every_s}), start_date=datetime.datetime(2024, 1, 1), catchup=False,
    max_active_runs=200, max_active_tasks=200,
):
    BashOperator(task_id="tick", bash_command=f'python3 -c "{{TELL}}"')
"""
)


def write_ticking(folder: Path, marks: Marks, *, every_s: int = 1) -> None:
    """A DAG with a run of one task every so many seconds, which tells MARKS that it begins."""
    folder.mkdir()
    (folder / "ticking.py").write_text(TICKING.format(address=marks.address, every_s=every_s))


class Several:
    """Daemons by name, on the database at URL; their homes lie in FOLDER, their DAG folder is ``FOLDER/dags``."""

    def __init__(self, url: str, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        self.url = url
        self.folder = folder
        self._command = command
        self._environment = {
            "GOFLOW_DATABASE_URL": url,
            "GOFLOW_ENCRYPTION_KEY": new_key(),
            "GOFLOW_UNPAUSED_AT_CREATION": "true",
            "GOFLOW_RESCAN_INTERVAL_S": "1",
            "GOFLOW_LOG_FORMAT": "json",
            **environment,
        }
        self.daemons: dict[str, Daemon] = {}

    def start(self, *names: str, **environment: str) -> None:
        """Start those, and wait until they answer."""
        for name in names:
            if name not in self.daemons:
                self.daemons[name] = Daemon(self.folder / name, self._command, {**self._environment, **environment})
            self.daemons[name].start(wait=False)
        for name in names:
            self.daemons[name].wait_until_up()

    def __getitem__(self, name: str) -> Daemon:
        return self.daemons[name]

    def stop(self) -> None:
        """End all of them, stopped ones too."""
        for daemon in self.daemons.values():
            if daemon.process is not None and daemon.process.poll() is None:
                daemon.process.send_signal(signal.SIGCONT)
        for daemon in self.daemons.values():
            daemon.stop()

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[call-overload, no-any-return]

    def lease(self, name: str = "scheduler") -> tuple[str, int]:
        """Who has that lease, by the daemon's name here, and its epoch."""
        [(holder, epoch)] = self.ask("SELECT holder, epoch FROM leases WHERE name = %s", name)
        return self.name_of(holder), epoch

    def name_of(self, daemon_id: str) -> str:
        """Whose id that is."""
        ids = {(daemon.home / "daemon.id").read_text()[:16]: name for name, daemon in self.daemons.items()}
        return ids[daemon_id]

    def other(self, name: str) -> str:
        """The one of two that is not NAME."""
        [found] = [other for other in self.daemons if other != name]
        return found

    def wait_for_success(self, timeout_s: float = 60.0) -> None:
        """Until all runs that are queued by now have ended well."""
        [(now,)] = self.ask("SELECT now()")
        left = "SELECT run_id, status FROM dag_runs WHERE queued_at < %s AND status <> 'success'"
        next(iter(self.daemons.values())).wait_for("the ends", lambda: self.ask(left, now) == [], timeout_s)


def longest_pause(marks: Marks, count: int, longest_s: float = 60.0) -> float:
    """The longest time in seconds without a start, from now until MARKS has COUNT more."""
    began = time.monotonic()
    last, longest, before = began, 0.0, sum(marks.seen.values())
    seen = before
    while seen < before + count:
        now = time.monotonic()
        assert now - began < longest_s, f"{seen - before} starts within {longest_s} s"
        if (found := sum(marks.seen.values())) > seen:
            seen, last = found, now
        longest = max(longest, now - last)
        time.sleep(0.01)
    return longest
