"""A real Prometheus for the tests, and its promtool: Debian's, unpacked into the tests' cache.

``GOFLOW_TEST_PROMETHEUS`` may name the folder that has both. Where none can be had the tests are skipped, unless
``GOFLOW_REQUIRE_PROMETHEUS=1`` says that this is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.debian import UnavailableError, free_port, unpacked

_START_S = 60.0


def program(name: str) -> Path:
    """``prometheus`` or ``promtool``. Skips the test, or fails it, where there is none."""
    given = os.environ.get("GOFLOW_TEST_PROMETHEUS")
    there = shutil.which(name)
    try:
        if given:
            return Path(given) / name
        return Path(there) if there else unpacked("prometheus", "prometheus") / "usr" / "bin" / name
    except UnavailableError as problem:
        if os.environ.get("GOFLOW_REQUIRE_PROMETHEUS") == "1":
            pytest.fail(f"Prometheus is required: {problem}")
        pytest.skip(f"no Prometheus: {problem}")


def promtool(*words: str, given: str = "") -> str:
    """What promtool says to GIVEN, as it succeeds; fails with that where it does not."""
    done = subprocess.run([program("promtool"), *words], capture_output=True, text=True, input=given)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Prometheus:
    """A running Prometheus that scrapes TARGETS (host:port) every second."""

    def __init__(self, folder: Path, targets: list[str], rules: Path | None = None) -> None:
        folder.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [] if rules is None else [str(rules)],
            "scrape_configs": [{"job_name": "goflow", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [
            program("prometheus"),
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + _START_S
        while not self._is_ready():
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < end, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def ask(self, path: str, **query: str) -> Any:
        """The data of an answer of its API; fails with its words where that is an error."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as problem:
            raise AssertionError(f"{query}: {problem.read().decode()}") from problem

    def values(self, expression: str) -> list[float]:
        """The values of EXPRESSION now."""
        return [float(one["value"][1]) for one in self.ask("query", query=expression)["result"]]

    def labelled(self, metric: str, label: str) -> list[str]:
        """The values of LABEL that METRIC has been scraped with, in order."""
        found: list[str] = self.ask(f"label/{label}/values", **{"match[]": metric})
        return found

    def shows(self, expression: str) -> bool:
        """Whether a panel with EXPRESSION would draw something: a figure, and not NaN, within the last five minutes."""
        now = time.time()
        query = {"query": expression, "start": str(now - 300), "end": str(now), "step": "1"}
        series = self.ask("query_range", **query)["result"]
        return any(value != "NaN" for one in series for _, value in one["values"])

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None
