"""The local backend's zygote: a small process that starts attempts by forking, so that a task starts in milliseconds.

It listens on a Unix socket below its folder and is told, a line of JSON for each attempt, ``{"dir": ..., "launch_id":
..., "environment": {...}, "desk": ..., "plain": ...}``. Each attempt is a fork in a session of its own: it outlives
zygote and daemon, and says how it fares in its folder:

* ``process``: pid and start time (in clock ticks since boot), made exclusively: the second of two starts of one launch
  finds the file and ends, so that a launch which is asked for twice runs once. One that has no room for it ends soon,
  too: nothing of it has begun, and the daemon begins another (`goflow.executor.room`);
* ``output.jsonl``, ``finish.json``: what was written and how it ended, also when no server is there to be told;
* ``exit``: the agent's exit code, written last, where it had no time for a ``finish.json``.

A fork costs as much as the process has memory of its own. So there are two: the one that listens has imported little
more than the agent, and forks attempts that are ``plain``, one command each; the other is its child, has imported what
Python tasks need, and is handed all the others.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from goflow_runner import agent, processes
from goflow_runner.desk import DeskClient, short_address
from goflow_runner.room import NO_ROOM, when_there_is_room
from goflow_runner.wire import EXIT_NOT_CLAIMED

SOCKET = "zygote.sock"
IDLE_S = 2.0
"""Seconds without a request after which a zygote looks whether its daemon is still there, and ends if it is not."""
ROOM_PATIENCE_S = 30.0
"""Seconds for which an attempt waits for room to begin; then it ends, and the daemon begins another once there is."""


def serve(folder: Path, *, daemon: int, preload: bool = True) -> int:
    """Listen below FOLDER until SIGTERM, or until DAEMON, a pid, is this process's parent no more, as it is not when it
    was gone before this one had begun. The exit code. A second zygote on the same folder takes over the socket."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # attempts are nobody's to wait for: their folder tells
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    processes.libc()
    path = folder / SOCKET
    staging = folder / f".{SOCKET}.{os.getpid()}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(FileNotFoundError):
        staging.unlink()
    with short_address(staging) as address:
        listener.bind(address)
    os.chmod(staging, 0o600)
    listener.listen(128)
    staging.replace(path)
    listener.settimeout(IDLE_S)
    gc.collect()
    gc.freeze()  # forks share the pages of what is imported only as long as the collector leaves them alone
    nursery = _Nursery(listener, preload=preload)
    nursery.start()
    while True:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            if os.getppid() != daemon:
                return 0
            continue
        with connection:
            _serve_one(connection, listener, nursery)


class _Nursery:
    """The other zygote, whose forks have imported what Python tasks need. It ends with this process."""

    def __init__(self, listener: socket.socket, *, preload: bool) -> None:
        self._listener = listener
        self._preload = preload
        self._ours: socket.socket | None = None

    def start(self) -> None:
        """Fork it; it is ready once it has imported everything, and what it is told meanwhile waits."""
        self.close()
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            code = 70
            try:
                ours.close()
                self._listener.close()
                processes.end_with_parent()
                code = _serve_python(theirs, preload=self._preload)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        theirs.close()
        self._ours = ours

    def close(self) -> None:
        """Leave it alone: in an attempt, or since it has ended."""
        if self._ours is not None:
            self._ours.close()
            self._ours = None

    def hand(self, line: bytes) -> None:
        """Have it fork the attempt that LINE asks for."""
        if self._ours is None:
            return
        try:
            self._ours.sendall(line)
        except OSError:  # it has ended: somebody has killed it
            self.start()
            self._ours.sendall(line)


def _serve_python(requests: socket.socket, *, preload: bool) -> int:
    """Fork what REQUESTS ask for, until their end; the exit code."""
    if preload:
        _preload()
    gc.collect()
    gc.freeze()
    with requests.makefile("rb") as lines:
        for line in lines:
            if os.fork() == 0:
                requests.close()
                _become_attempt(json.loads(line))
    return 0


def _serve_one(connection: socket.socket, listener: socket.socket, nursery: _Nursery) -> None:
    """Start what CONNECTION asks for, a line each and an empty one after them; answer ``{}`` once all are forked."""
    connection.settimeout(5.0)
    try:
        lines = _lines(connection)
        requests = [json.loads(line) for line in lines]
    except (ValueError, OSError):
        return
    for line, request in zip(lines, requests, strict=True):
        if not request.get("plain"):
            nursery.hand(line)
        elif os.fork() == 0:
            listener.close()
            connection.close()
            nursery.close()
            _become_attempt(request)
    with contextlib.suppress(OSError):
        connection.sendall(b"{}\n")


def _lines(connection: socket.socket) -> list[bytes]:
    """The lines that were sent; the last of them is empty, and left out. Raises OSError where it is missing."""
    content = b""
    while not content.endswith(b"\n\n"):
        part = connection.recv(1 << 18)
        if not part:
            raise ConnectionResetError
        content += part
    return content.splitlines(keepends=True)[:-1]


def _become_attempt(request: dict[str, Any]) -> None:
    """This fork is the attempt now; it never returns."""
    code = 70
    folder = Path(request["dir"])
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        code = _attempt(request, folder)
    except BaseException:
        with contextlib.suppress(OSError):
            (folder / "runner-error").write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        with contextlib.suppress(OSError):
            staging = folder / f"exit.{os.getpid()}"
            if code != EXIT_NOT_CLAIMED and not (folder / "finish.json").exists():
                staging.write_text(str(code), encoding="ascii")
                staging.replace(folder / "exit")
        os._exit(code)


def _attempt(request: dict[str, Any], folder: Path) -> int:
    me = process_identity(os.getpid())
    assert me is not None
    staging = folder / f"process.{os.getpid()}"

    def make() -> None:
        staging.write_text(me, encoding="ascii")
        os.link(staging, folder / "process")  # made whole or not at all, and only once

    try:
        when_there_is_room(make, ROOM_PATIENCE_S)
    except OSError as problem:
        if isinstance(problem, FileExistsError) or problem.errno in NO_ROOM:
            return EXIT_NOT_CLAIMED
        raise
    finally:
        staging.unlink(missing_ok=True)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    desk = request.get("desk")
    return agent.run(
        request["launch_id"],
        request["environment"],
        claimant=me,
        work_dir=folder,
        execute_python=_fork_python,
        client=DeskClient(Path(desk), request["launch_id"], request["environment"]) if desk else None,
    )


def _fork_python(attempt: agent.Attempt) -> int:
    from goflow_runner import python_task

    return python_task.fork(attempt)


def process_identity(pid: int) -> str | None:
    """``pid:start time``: which process that is, for ever, unlike a pid that is used again; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else f"{pid}:{fields[19]}"


def _preload() -> None:
    """Import what tasks are going to need; what is missing costs the task its own import and no more."""
    import encodings.idna  # noqa: F401 - how a socket writes its host's name
    import http.client  # noqa: F401
    import logging  # noqa: F401
    import tempfile  # noqa: F401

    import goflow_runner.python_task  # noqa: F401

    with contextlib.suppress(ImportError):
        import airflow._goflow as shim  # type: ignore[import-untyped,unused-ignore]

        preload = getattr(shim, "preload", None)
        if preload is not None:
            preload()
    sys.stdout.flush()
