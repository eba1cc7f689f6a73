"""``python -m goflow_runner.reading``: run one DAG file, shut in, and tell what it makes (``airflow._goflow.account``).

A request comes in on standard input and an answer goes out on standard output, both JSON. The file is run twice, at two
moments (``request["moments"]``), each time in a process of its own: what differs between the two accounts hangs on the
time or on chance, and whoever asked can tell.

The request is that of ``airflow._goflow.account.account`` and besides: ``mounts`` (paths inside to paths outside), and
``seconds`` until everything is given up. The answer is ``{"accounts": [...]}``, or ``{"refused": words}`` where this
machine does not let a process shut itself in, or ``{"failed": words, "output": the end of what was printed}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import time
from typing import Any

from goflow_runner.confine import TEMPORARY, Confined, Limits, NotConfinedError

LARGEST_ANSWER = 64 << 20
OUTPUT_SHOWN = 2000
OUTPUT = f"{TEMPORARY}/output"


def main() -> int:
    """Read the request, answer it; the exit code is 0 whenever there is an answer."""
    request = json.loads(sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(answer(request)))
    sys.stdout.flush()
    return 0


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to REQUEST, worked out in a child that is shut in. This process is of no use for anything else."""
    source, sink = os.pipe()
    try:
        pid = Confined(request["mounts"], Limits()).enter()
    except (NotConfinedError, OSError) as problem:
        return {"refused": str(problem)}
    if pid == 0:
        os.close(source)
        _inside(request, sink)
    os.close(sink)
    text, over = _collected(source, time.monotonic() + request["seconds"])
    os.kill(pid, signal.SIGKILL)  # with it goes every process inside
    os.waitpid(pid, 0)
    if over:
        return {"failed": over, "output": ""}
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"failed": "it ended the process that read it", "output": ""}
    return found


def _collected(source: int, until: float) -> tuple[bytes, str]:
    """What comes out of SOURCE, and why it was given up."""
    parts: list[bytes] = []
    size = 0
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([source], [], [], left)[0]:
            return b"", "it takes too long"
        part = os.read(source, 1 << 16)
        if not part:
            return b"".join(parts), ""
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            return b"", "what it makes is too large"


def _inside(request: dict[str, Any], sink: int) -> None:
    """The first process inside. Does not return."""
    try:
        _write(sink, accounts(request))
    finally:
        os._exit(1)


def accounts(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to REQUEST, worked out in one child for each moment. Only for the first process of a PID namespace."""
    preload()
    found = []
    ours = set(os.listdir(TEMPORARY))
    for moment in request["moments"]:
        one = account(request, moment)
        if "failed" in one:
            return one
        found.append(one)
        _end_the_rest(ours)
    return {"accounts": found}


def _end_the_rest(ours: set[str]) -> None:
    """End what the file has left running, which is all that there is beside this process, the first of its namespace;
    remove the temporary files that it has left, but for OURS: what is mounted there."""
    assert os.getpid() == 1
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    for entry in [one for one in os.scandir(TEMPORARY) if one.name not in ours]:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            os.unlink(entry.path)


def _write(sink: int, found: dict[str, Any]) -> None:
    with os.fdopen(sink, "wb") as channel:
        channel.write(json.dumps(found).encode())
    os._exit(0)


def preload() -> None:
    """Import what every account needs, once, before processes are forked off this one."""
    from airflow import _goflow  # type: ignore[import-untyped]  # the shim, which knows us and not the other way

    _goflow.preload()


def account(request: dict[str, Any], moment: str, output: str = OUTPUT) -> dict[str, Any]:
    """The account of the file of REQUEST at MOMENT, taken in a child of this process; or ``{"failed": words, ...}``.

    What the file prints goes to the file OUTPUT.
    """
    told = os.memfd_create("account")  # no pipe: what the file leaves running would hold it open
    pid = os.fork()
    if pid == 0:
        _run(request, moment, told, output)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(told, "rb") as channel:
        channel.seek(0)
        text = channel.read(LARGEST_ANSWER)
    if text and status == 0:
        found: dict[str, Any] = json.loads(text)
        return found
    return {"failed": _fate(status), "output": _printed(output)}


def _run(request: dict[str, Any], moment: str, told: int, output: str) -> None:
    """The child: everything that the file prints goes to a file of ours. Does not return."""
    printed = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for wanted, fd in ((0, nothing), (1, printed), (2, printed)):
        os.dup2(fd, wanted)
    try:
        from airflow._goflow import account as accounts  # type: ignore[import-untyped,unused-ignore]

        text = json.dumps(accounts.account(request, moment)).encode()
        with os.fdopen(told, "wb") as channel:
            channel.write(text)
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


def _fate(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return "it takes too much processor time"
        return f"it was ended by {signal.Signals(number).name}"
    return f"it ended the process that read it (exit {os.WEXITSTATUS(status)})"


def _printed(output: str) -> str:
    """The end of what the file printed."""
    try:
        with open(output, "rb") as file:
            return file.read()[-OUTPUT_SHOWN:].decode("utf-8", "replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
