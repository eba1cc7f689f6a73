"""A daemon of the test's own, started as its user starts it, and the command line to speak to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

BIN = Path(sys.executable).parent
GOFLOW = str(BIN / "goflow")
START_S = 60.0


class DaemonDiedError(Exception):
    """The daemon ended before it answered; its output says why."""


class Daemon:
    """``goflow COMMAND`` in a GoFlow home of its own, killed and started again at will."""

    def __init__(self, home: Path, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.home = home
        self.command = command
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GOFLOW_")},
            "GOFLOW_HOME": str(home),
            **(environment or {}),
        }
        self.log = home.parent / f"{home.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [GOFLOW, *self.command], stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=self.environment
            )
        if wait:
            self.wait_until_up()

    def wait_until_up(self, timeout_s: float = START_S) -> None:
        """Wait until ``run/daemon.json`` is this process's. Raises DaemonDiedError with the end of its log."""
        assert self.process is not None
        deadline = time.monotonic() + timeout_s
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise DaemonDiedError(self.log.read_text()[-4000:])
            time.sleep(0.02)

    def is_up(self) -> bool:
        """Whether ``run/daemon.json`` is this process's."""
        try:
            return self.process is not None and self.endpoint()["pid"] == self.process.pid
        except (OSError, ValueError):
            return False

    def endpoint(self) -> dict[str, Any]:
        """Its ``url``, ``token`` and ``pid``, by ``run/daemon.json``. Raises OSError or ValueError before that is there."""
        found: dict[str, Any] = json.loads((self.home / "run" / "daemon.json").read_text())
        return found

    def api(self, timeout_s: float = 60.0) -> httpx.Client:
        """A client of its REST, with its token."""
        found = self.endpoint()
        headers = {"Authorization": f"Bearer {found['token']}"}
        return httpx.Client(base_url=found["url"], headers=headers, timeout=timeout_s, trust_env=False)

    def ask(self, path: str) -> httpx.Response:
        """Its answer to somebody without a token, whatever that says."""
        return httpx.get(self.endpoint()["url"] + path, timeout=60.0, trust_env=False)

    def series(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series of that name among its metrics."""
        families = text_string_to_metric_families(self.ask("/metrics").raise_for_status().text)
        return [(one.labels, one.value) for family in families for one in family.samples if one.name == name]

    def kill(self) -> None:
        """``kill -9``."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def run(self, *words: str, check: bool = True) -> str:
        """The standard output of ``goflow WORDS``."""
        done = subprocess.run([GOFLOW, *words], env=self.environment, capture_output=True, text=True, timeout=600)
        if check and done.returncode:
            raise AssertionError(f"goflow {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *words: str) -> Any:
        """The JSON that ``goflow WORDS --json`` prints."""
        return json.loads(self.run(*words, "--json"))

    def wait_for(self, what: str, condition: Any, timeout_s: float = 60.0, every_s: float = 0.1) -> Any:
        """The first true answer of CONDITION, asked again and again."""
        deadline = time.monotonic() + timeout_s
        while True:
            answer = condition()
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {timeout_s} s\n{self.log.read_text()[-3000:]}")
            time.sleep(every_s)


def standalone(home: Path, dags: Path, **environment: str) -> Daemon:
    """``goflow standalone`` on DAGS at any free port, quick to look again."""
    return Daemon(
        home,
        ["standalone", "--dags", str(dags), "--port", "0"],
        {"GOFLOW_RESCAN_INTERVAL_S": "1", "GOFLOW_LOG_FORMAT": "json", **environment},
    )
