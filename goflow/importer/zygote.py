"""The process that reading processes are forked from: it has loaded all that reading takes, and reads nothing itself.

Loading takes half a second, and each reading process would take as much memory for it. The daemon cannot be forked: it
has threads, and it has not loaded the reader.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading

import structlog

from goflow.importer.messages import TookTooLongError, receive
from goflow.importer.requests import BEGIN, EXIT_CODE, REQUEST
from goflow.importer.settings import ImportSettings

log = structlog.get_logger(__name__)

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "MALLOC_ARENA_MAX")
_START_S = 120.0
_END_S = 2.0
_ANSWER_S = 30.0
"""It has nothing to do but to answer."""


class Zygote:
    """That process, begun when the first reading process is asked for. Any thread may ask."""

    def __init__(self, settings: ImportSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._guard = threading.Lock()

    def begin(self) -> Forked:
        """Have a reading process; it is not waited for."""
        input_there, input_here = os.pipe()
        output_here, output_there = os.pipe()
        try:
            with self._guard:
                try:
                    self._ask(BEGIN, 0, input_there, output_there)
                except OSError:  # it was killed, as when the system is short of memory
                    self._end()
                    self._ask(BEGIN, 0, input_there, output_there)
                return Forked(self, self._control, input_here, output_here)
        except BaseException:
            os.close(input_here)
            os.close(output_here)
            raise
        finally:
            os.close(input_there)
            os.close(output_there)

    def exit_code(self, control: object, pid: int) -> int:
        """What the process PID that was begun through CONTROL ended with (negative: that signal); 0 where it had to be
        ended, and where nobody knows: what it was forked from has ended as well."""
        with self._guard:
            if self._control is None or self._control is not control:
                return 0
            try:
                self._ask(EXIT_CODE, pid)
                return int(REQUEST.unpack(self._control.recv(REQUEST.size))[1])
            except (OSError, struct.error):
                self._end()
                return 0

    def close(self) -> None:
        """End it; reading processes end with their input."""
        with self._guard:
            self._end()

    def _ask(self, request: int, pid: int, *descriptors: int) -> None:
        if self._control is None:
            self._start()
        assert self._control is not None
        socket.send_fds(self._control, [REQUEST.pack(request, pid)], descriptors)

    def _start(self) -> None:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(part for part in sys.path if part)
        environment["PYTHONHASHSEED"] = "0"
        settings = self._settings
        self._control, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_ANSWER_S)
        with there:
            self._process = subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
                [sys.executable, "-m", "goflow.importer.worker", settings.parser, str(settings.parse_memory_mb)],
                stdin=there.fileno(),
                env=environment,
                cwd="/",
                start_new_session=True,
            )

    def _end(self) -> None:
        control, self._control = self._control, None
        process, self._process = self._process, None
        if control is not None:
            control.close()
        if process is not None:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                log.warning("the process that reading processes are forked from had to be killed", pid=process.pid)
                process.kill()
                process.wait()


class Forked:
    """A reading process that was asked of ZYGOTE through CONTROL: INPUT is written to, OUTPUT is read. It has ended
    when nobody has the other end of that any more."""

    def __init__(self, zygote: Zygote, control: object, input_: int, output: int) -> None:
        self._zygote = zygote
        self._control = control
        self.input = input_
        self.output = output
        self.pid: int | None = None
        """Its process id, once it is ready. Nobody else is called so before it is asked for its exit code."""

    @property
    def running(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self.pid is None or not self._has_ended(0)

    def ready(self) -> None:
        """Wait until it waits for a file. Raises EOFError where it ended before."""
        if self.pid is None:
            self.pid = receive(self.output, timeout_s=_START_S)

    def kill(self) -> int:
        """End it at once, and give its exit code."""
        if self.pid is not None and not self._has_ended(0):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        return self.exit_code()

    def end(self) -> int:
        """Have it end: it does so by itself when its input is closed. Gives its exit code."""
        os.close(self.input)
        self.input = -1
        with contextlib.suppress(EOFError, TookTooLongError):
            self.ready()
            if not self._has_ended(_END_S):
                log.warning("a reading process had to be killed", pid=self.pid)
                return self.kill()
        return self.exit_code()

    def exit_code(self) -> int:
        """What it ended with, once it has; all that is kept for it is given back."""
        code = 0 if self.pid is None else self._zygote.exit_code(self._control, self.pid)
        for descriptor in (self.input, self.output):
            if descriptor >= 0:
                os.close(descriptor)
        self.input = self.output = -1
        return code

    def _has_ended(self, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self.output, 0)
        return bool(poll.poll(timeout_s * 1000))
