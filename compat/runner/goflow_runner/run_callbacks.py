"""Callbacks of DAG runs, called by a trigger runner: each in a child process of its own, which imports the DAG file as
it was and calls the author's functions. It is called once: one whose process is gone without an answer is told so."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from goflow_runner import interpreters, processes
from goflow_runner.client import TaskClient
from goflow_runner.folder import materialise
from goflow_runner.wire import CallbackEnd, CallbackInfo, FolderInfo

LONGEST_CALL_S = 600.0
"""Seconds after which a callback is ended: nothing waits for it, but it must not hold its place for ever."""
OUTPUT_KEPT = 32 << 10
"""Bytes of the end of what it has printed."""


@dataclass
class _Call:
    pid: int
    until: float
    end: CallbackEnd | None = None


class Calls:
    """The callbacks that a runner is calling; what they print goes to files in FOLDER. CLIENT is the runner's, NAME its
    name."""

    def __init__(self, folder: Path, client: TaskClient, name: str) -> None:
        self.running: dict[int, _Call] = {}
        self._folder = folder
        self._client = client
        self._folders = f"trigger_runners/{name}"

    def begin(self, info: CallbackInfo) -> None:
        """Call a callback, unless it is being called already."""
        if info["id"] in self.running:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        pid = os.fork()
        if pid == 0:
            _become(info, self._client, self._folders, self._output(info["id"]))  # does not return
        self.running[info["id"]] = _Call(pid, time.monotonic() + LONGEST_CALL_S)

    def ended(self) -> list[CallbackEnd]:
        """The ends of those that have ended, until they are `told`."""
        for key, call in self.running.items():
            if call.end is None:
                if time.monotonic() > call.until:
                    processes.kill(call.pid)
                pid, status = os.waitpid(call.pid, os.WNOHANG)
                if pid:
                    call.end = self._end(key, status)
        return [call.end for call in self.running.values() if call.end is not None]

    def told(self, ends: list[CallbackEnd]) -> None:
        """The daemon has heard of ENDS."""
        for end in ends:
            del self.running[end["id"]]
            self._output(end["id"]).unlink(missing_ok=True)

    def wait(self, deadline: float) -> None:
        """Wait for all of them, until DEADLINE as ``time.monotonic`` counts."""
        while len(self.ended()) < len(self.running) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _output(self, key: int) -> Path:
        return self._folder / f"{key}.out"

    def _end(self, key: int, status: int) -> CallbackEnd:
        text = ""
        with contextlib.suppress(OSError):
            text = self._output(key).read_bytes()[-OUTPUT_KEPT:].decode("utf-8", "replace")
        if os.WIFSIGNALED(status):
            text += f"\nits process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
        return {"id": key, "ok": status == 0, "output": text}


def folder_of(info: FolderInfo, model: TaskClient, launch_id: str | None, work_dir: Path) -> Path:
    """The DAG folder as it was, fetched with a client like MODEL that speaks in the name of a launch."""
    client = model.another()
    client.headers, client.launch_id = dict(model.headers), launch_id or ""
    try:
        return materialise(info, client, work_dir)
    finally:
        client.close()


def run_in_new_interpreter(fd: str) -> int:
    """The other half of `_become`; the exit code."""
    order = interpreters.given_at(fd)
    client = TaskClient.of_runner(os.environ, order["headers"])
    client.launch_id = order["info"]["launch_id"] or ""
    return _call(order["info"], client, Path(order["folder"]))


def _call(info: CallbackInfo, client: TaskClient, folder: Path) -> int:
    from airflow._goflow import calling_back  # type: ignore[import-untyped,unused-ignore]

    return 0 if calling_back.call(info, client, folder) else 1


def _become(info: CallbackInfo, model: TaskClient, folders: str, output: Path) -> NoReturn:
    """This fork calls the callback of INFO."""
    code = 70
    try:
        processes.end_with_parent()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        printed = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND, 0o600)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        client = model.another()
        client.headers, client.launch_id = dict(model.headers), info["launch_id"] or ""
        client.folders = folders
        folder = materialise(info["folder"], client, output.parent)
        if interpreters.needs_new(info["environment"]):
            order = {"info": info, "folder": str(folder), "headers": client.headers}
            interpreters.become("callback", order, {**os.environ, **info["environment"]})
        os.environ.update(info["environment"])
        code = _call(info, client, folder)
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
