"""The local backend's zygote: a small process that starts attempts by forking, so that a task starts in milliseconds.

It has imported what every task needs, listens on a Unix socket below its folder and is told ``{"dir": ..., "launch_id":
..., "environment": {...}}`` per attempt. Each attempt is a fork in a session of its own: it outlives zygote and daemon,
and says how it fares in its folder:

* ``process``: pid and start time (in clock ticks since boot), made exclusively: the second of two starts of one launch
  finds the file and ends, so that a launch which is asked for twice runs once;
* ``output.jsonl``, ``finish.json``: what was written and how it ended, also when no server is there to be told;
* ``exit``: the agent's exit code, written last.
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goflow_runner import agent, python_task
from goflow_runner.wire import EXIT_NOT_CLAIMED

SOCKET = "zygote.sock"
IDLE_S = 2.0
"""Seconds without a request after which a zygote looks whether its daemon is still there, and ends if it is not."""


def serve(folder: Path, *, preload: bool = True) -> int:
    """Listen below FOLDER until SIGTERM; the exit code. A second zygote on the same folder takes over the socket."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # attempts are nobody's to wait for: their folder tells
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if preload:
        _preload()
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
    gc.collect()
    gc.freeze()  # forks share the pages of what is imported only as long as the collector leaves them alone
    daemon = os.getppid()
    listener.settimeout(IDLE_S)
    while True:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            if os.getppid() != daemon:
                return 0
            continue
        with connection:
            _serve_one(connection, listener)


@contextlib.contextmanager
def short_address(path: Path) -> Iterator[str]:
    """Another name for the socket PATH, however deep it lies: a socket's address has at most 107 bytes (unix(7))."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _serve_one(connection: socket.socket, listener: socket.socket) -> None:
    """Start what CONNECTION asks for and answer ``{"pid": n}``."""
    connection.settimeout(5.0)
    try:
        request = json.loads(_line(connection))
    except (ValueError, OSError):
        return
    pid = os.fork()
    if pid == 0:
        listener.close()
        connection.close()
        _become_attempt(request)
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps({"pid": pid}).encode() + b"\n")


def _line(connection: socket.socket) -> bytes:
    parts = []
    while True:
        part = connection.recv(1 << 16)
        parts.append(part)
        if not part or part.endswith(b"\n"):
            return b"".join(parts)


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
            if code != EXIT_NOT_CLAIMED:
                staging.write_text(str(code), encoding="ascii")
                staging.replace(folder / "exit")
        os._exit(code)


def _attempt(request: dict[str, Any], folder: Path) -> int:
    me = process_identity(os.getpid())
    assert me is not None
    staging = folder / f"process.{os.getpid()}"
    staging.write_text(me, encoding="ascii")
    try:
        os.link(staging, folder / "process")  # made whole or not at all, and only once
    except FileExistsError:
        return EXIT_NOT_CLAIMED
    finally:
        staging.unlink()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    return agent.run(
        request["launch_id"],
        request["environment"],
        claimant=me,
        work_dir=folder,
        execute_python=python_task.fork,
    )


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
    import tempfile  # noqa: F401

    with contextlib.suppress(ImportError):
        import airflow._goflow as shim  # type: ignore[import-untyped,unused-ignore]

        preload = getattr(shim, "preload", None)
        if preload is not None:
            preload()
    sys.stdout.flush()
