"""Trigger runners as processes of this machine, each in a session of its own, so that they outlive the daemon.

A runner is a folder below ROOT: ``token``, ``log``, and ``process`` (``pid:start time``), which the runner writes as
soon as it lives. A daemon that comes back finds there the runners of the one before.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from goflow_runner import wire
from goflow_runner.local import process_identity
from goflow_runner.trigger_runner import PROCESS_FILE

LOOK_EVERY_S = 0.02
UNBORN_S = 60.0
"""Seconds after which a folder is removed in which no runner has ever lived."""


class LocalPlace:
    """Runners below ROOT, with TASK_API as their server's address (as in `goflow_runner.wire.ENV_API_URL`). TOKEN_OF
    makes a runner's token."""

    def __init__(
        self,
        root: Path,
        task_api: str,
        token_of: Callable[[str], str],
        *,
        capacity: int,
        base_environment: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self.task_api = task_api
        self.token_of = token_of
        self.capacity = capacity
        environment = os.environ if base_environment is None else base_environment
        self.base_environment = {key: value for key, value in environment.items() if not key.startswith("GOFLOW_")}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, runner_id: str) -> None:
        """Start a runner of that name. Raises OSError."""
        folder = self.root / runner_id
        folder.mkdir(parents=True, exist_ok=True)
        token = folder / "token"
        with open(os.open(token, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(self.token_of(runner_id))
        environment = {
            **self.base_environment,
            wire.ENV_API_URL: self.task_api,
            wire.ENV_TRIGGER_RUNNER: runner_id,
            wire.ENV_TRIGGER_CAPACITY: str(self.capacity),
            wire.ENV_TOKEN_FILE: str(token),
            wire.ENV_WORK_DIR: str(folder),
        }
        with open(folder / "log", "ab") as out:
            self._children[runner_id] = subprocess.Popen(
                [sys.executable, "-m", "goflow_runner", "triggers"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )

    def living(self) -> Sequence[str]:
        """Runners whose process lives, those of an earlier daemon too."""
        return [name for name in self._names() if self._lives(name)]

    def gone(self) -> Sequence[str]:
        """Runners whose process is no more; each is told once, and its folder is removed."""
        lost = [name for name in self._names() if not self._lives(name) and not self._is_unborn(name)]
        for name in lost:
            self._children.pop(name, None)
            with contextlib.suppress(FileNotFoundError):
                (self.root / name / "log").replace(self.root / "last.log")  # what the one that ended last has said
            shutil.rmtree(self.root / name, ignore_errors=True)
        return lost

    def end(self, timeout_s: float) -> None:
        """SIGTERM to every runner, and SIGKILL to those that have not ended after TIMEOUT_S seconds."""
        for number, limit in ((signal.SIGTERM, timeout_s), (signal.SIGKILL, 1.0)):
            for name in self.living():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid(name), number)
            deadline = time.monotonic() + limit
            while self.living() and time.monotonic() < deadline:
                time.sleep(LOOK_EVERY_S)

    def _names(self) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir())
        except FileNotFoundError:
            return []

    def _lives(self, name: str) -> bool:
        child = self._children.get(name)
        if child is not None:
            return child.poll() is None
        identity = self._identity(name)
        return identity is not None and process_identity(int(identity.partition(":")[0])) == identity

    def _is_unborn(self, name: str) -> bool:
        """Whether a runner may still come to life in that folder, begun by a daemon that was killed meanwhile."""
        if name in self._children or self._identity(name) is not None:
            return False
        try:
            return time.time() - (self.root / name).stat().st_mtime < UNBORN_S
        except FileNotFoundError:
            return False

    def _pid(self, name: str) -> int:
        child = self._children.get(name)
        return child.pid if child is not None else int((self._identity(name) or "0").partition(":")[0])

    def _identity(self, name: str) -> str | None:
        try:
            return (self.root / name / PROCESS_FILE).read_text(encoding="ascii") or None
        except FileNotFoundError:
            return None
