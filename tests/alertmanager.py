"""A real Alertmanager for the tests: Debian's, unpacked into the tests' cache, with a folder and ports of its own.

``GOFLOW_TEST_ALERTMANAGER`` may name the program. Where none can be had the tests are skipped, unless
``GOFLOW_REQUIRE_ALERTMANAGER=1`` says that this is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.debian import UnavailableError, free_port, unpacked

PACKAGE = "prometheus-alertmanager"
_START_S = 60.0


class Alertmanager:
    """A running Alertmanager that sends nothing anywhere."""

    def __init__(self, program: list[str], folder: Path) -> None:
        self.port, cluster = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        config = folder / "alertmanager.yml"
        config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        self._command = [
            *program,
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            f"--cluster.advertise-address=127.0.0.1:{cluster}",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready. Raises UnavailableError."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        end = time.monotonic() + _START_S
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                raise UnavailableError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def alerts(self) -> list[dict[str, Any]]:
        """What it shows as active, by its API."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def names(self) -> set[str]:
        """The names of the alerts that are active."""
        return {alert["labels"]["alertname"] for alert in self.alerts()}

    def stop(self) -> None:
        """End it; its data stays, so that it may be started again."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


def program() -> list[str]:
    """What begins its command, unpacked first when it has to be and can be. Raises UnavailableError.

    Debian's looks for its templates below /usr/share by their full path: what was unpacked gets a view of the files
    that has them there, which nothing else sees.
    """
    given = os.environ.get("GOFLOW_TEST_ALERTMANAGER") or shutil.which(PACKAGE) or shutil.which("alertmanager")
    if given:
        return [given]
    folder = unpacked(PACKAGE, "alertmanager")
    found = folder / "usr" / "bin" / PACKAGE
    if not found.exists():
        raise UnavailableError(f"{PACKAGE} has no {found.name}")
    mount = f'mount -t overlay overlay -o lowerdir="{folder}/usr/share:/usr/share" /usr/share && exec "$0" "$@"'
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    return [*alone, "sh", "-c", mount, str(found)]


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    """An Alertmanager of the test's own."""
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    try:
        made = Alertmanager(program(), folder)
        made.start()
    except UnavailableError as problem:
        if os.environ.get("GOFLOW_REQUIRE_ALERTMANAGER") == "1":
            pytest.fail(f"Alertmanager is required: {problem}")
        pytest.skip(f"no Alertmanager: {problem}")
    yield made
    made.stop()
