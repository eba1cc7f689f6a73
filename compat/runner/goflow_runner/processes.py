"""The task's process and all that it starts: waited for, told to stop, and none of them left behind.

What a task leaves running becomes a child of the agent when its own parent ends (``PR_SET_CHILD_SUBREAPER``, or the
agent is process 1 of a container), so it can be ended with the task, on both backends alike.
https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goflow_runner.output import Output

_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_PDEATHSIG = 1
_LONGEST_PAUSE_S = 60.0


def adopt_orphans() -> None:
    """Let processes that lose their parent become this process's children."""
    if os.getpid() == 1:
        return
    with contextlib.suppress(AttributeError, OSError):
        libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@functools.lru_cache(maxsize=1)
def libc() -> Any:
    """The C library; a zygote asks for it so that its forks need not."""
    import ctypes  # a few milliseconds that process 1 of a container need not pay

    library = ctypes.CDLL(None)
    library.prctl  # noqa: B018 - it is looked up, and stays so
    return library


def end_with_parent() -> None:
    """Have this process killed when the one ends that it was forked from.
    https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html"""
    with contextlib.suppress(AttributeError, OSError):
        libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def kill(pid: int) -> None:
    """End a child for certain; harmless where it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def as_group_leader() -> dict[str, Any]:
    """What lets `subprocess.Popen` start the leader of a process group of its own; Python 3.10 has no word for it."""
    return {"process_group": 0} if sys.version_info >= (3, 11) else {"preexec_fn": os.setpgrp}


def signal_group(pid: int, number: int) -> bool:
    """Send signal NUMBER to the process group that PID leads; false when the leader has ended already."""
    if has_ended(pid):
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
    return True


def has_ended(pid: int) -> bool:
    """Whether our child PID has ended, though nobody has waited for it yet."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def end_all_children(until: float | None = None) -> None:
    """Kill every child of this process that is left, and theirs in turn, until there is none.

    UNTIL (as ``time.monotonic`` counts) they may end by themselves: they were told to stop with the task.
    """
    if until is not None:
        _await_children(until)
    for _ in range(100):  # a process that forks faster than it is killed is the container's to end
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                _wait_briefly(pid)


def _await_children(until: float) -> None:
    while (left := until - time.monotonic()) > 0 and (pid := next(_children(), None)) is not None:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            _wait_briefly(pid, left)


def _children() -> Iterator[int]:
    me = str(os.getpid())
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                if file.read().rpartition(")")[2].split()[1] == me:
                    yield int(name)


def _wait_briefly(pid: int, longest_s: float = 1.0) -> None:
    """Wait for PID, but not for ever: one that another user owns cannot be killed."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            select.select([descriptor], [], [], longest_s)
            os.waitpid(pid, os.WNOHANG)
        finally:
            os.close(descriptor)


class Watch:
    """Waits for the end of child PID; a signal that comes to this process interrupts a pause."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._woken, self._wake = os.pipe()
        for descriptor in (self._woken, self._wake):
            os.set_blocking(descriptor, False)
        self._before = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._before)
        for descriptor in (self._pidfd, self._woken, self._wake):
            os.close(descriptor)

    def pause(self, until: float | None, output: Output | None = None) -> int | None:
        """The exit code once the child has ended (negative: the signal that ended it).

        None after a signal, at UNTIL (as ``time.monotonic`` counts), or when some of OUTPUT was read. Orphans that have
        ended are buried on the way.
        """
        timeout = _LONGEST_PAUSE_S if until is None else min(_LONGEST_PAUSE_S, max(0.0, until - time.monotonic()))
        pipe = [] if output is None else output.to_read()
        ready, _, _ = select.select([self._pidfd, self._woken, *pipe], [], [], timeout)
        if output is not None and pipe and pipe[0] in ready:
            output.read_some()
            if ready == pipe:
                return None
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 1024)
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        self._bury_orphans(pid)
        return os.waitstatus_to_exitcode(status) if pid else None

    def _bury_orphans(self, ended: int) -> None:
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None or found.si_pid == self.pid != ended:
                return
            with contextlib.suppress(ChildProcessError):
                os.waitpid(found.si_pid, os.WNOHANG)
