"""Reading processes, and the one they are forked from: ``python -m goflow.importer.worker MODULE:FUNCTION MEMORY_MB``.

The latter takes requests on its standard input (`goflow.importer.requests`). A reading process reads paths on its
standard input and answers on a pipe; whatever the parser prints goes to standard error. Both end when their input does.
They never write anything, and are loaded without the store.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import math
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from goflow.domain.diagnostics import Diagnostic, Span
from goflow.domain.written import UnwritableError, WrittenDag, write_out
from goflow.importer import endings
from goflow.importer.messages import Parsed, Setup, receive, send
from goflow.importer.requests import BEGIN, EXIT_CODE, REQUEST
from goflow.parser.limits import LONGEST_S
from goflow.telemetry import memory

if TYPE_CHECKING:
    from goflow.parser.api import ParseResult

_STACK_BYTES = 96 << 20
"""libcst's own parser calls itself for what is nested; the system leaves room for so much."""
_END_S = 2.0
"""A child that has nobody to answer ends within so long, or is ended."""
_GRACE_S = 10.0
_QUIET_S = 0.1
"""When nothing has been asked for so long, there is time to collect what was left behind."""
_MOST_LEFT = 200_000
"""Objects that may be left behind before that: those of some 130 files, 20 MB. Looking at them takes time."""


def main(arguments: list[str]) -> None:
    """Load what reading takes, and fork reading processes until the input ends."""
    os.dup2(2, 1)
    target, memory_mb = arguments
    with contextlib.suppress(OSError):
        os.nice(5)  # reading may wait, running tasks may not
    parse = _load(target)
    importlib.import_module("goflow.operators.registry")
    freeze()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # it is waited for
    control = socket.socket(fileno=0)
    while True:
        content, descriptors, _, _ = socket.recv_fds(control, REQUEST.size, 2)
        if not content:
            return
        request, pid = REQUEST.unpack(content)
        if request == BEGIN:
            _fork(parse, int(memory_mb), *descriptors)
        else:
            control.send(REQUEST.pack(EXIT_CODE, _exit_code(pid)))


def _exit_code(pid: int) -> int:
    """What the child PID ended with; 0 where it closed its pipe but lives on, and is ended."""
    until = time.monotonic() + _END_S
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        left = until - time.monotonic()
        if left <= 0:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 0
        signal.sigtimedwait([signal.SIGCHLD], left)


def _fork(parse: Callable[..., Any], memory_mb: int, requests: int, answers: int) -> None:
    """A reading process that reads REQUESTS and writes ANSWERS; nothing is waited for. Where there can be none, its
    pipes are closed, and that tells."""
    try:
        forked = os.fork()
    except OSError:
        traceback.print_exc()
        forked = -1
    if forked == 0:
        code = 1
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            os.setsid()
            os.dup2(requests, 0, inheritable=False)
            os.close(requests)
            os.set_inheritable(answers, False)
            confine(memory_mb)
            serve(parse, answers)
            code = 0
        except BrokenPipeError:
            pass  # who asked has ended: there is nobody to tell
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(requests)
    os.close(answers)


def serve(parse: Callable[..., Any], answers: int) -> None:
    """Read what is asked for on the standard input, until it ends."""
    send(answers, os.getpid())
    setup: Setup | None = None
    while True:
        if not select.select([0], [], [], _QUIET_S)[0]:
            gc.collect()
        try:
            request = receive(0)
        except EOFError:
            return
        if isinstance(request, Setup):
            setup = request
            continue
        assert setup is not None
        begun = time.perf_counter()
        limit_cpu(LONGEST_S + _GRACE_S)
        answer = read_file(parse, setup, request)
        try:
            send(answers, answer)
        except MemoryError:  # before a byte of it was written: a message is made whole first
            send(answers, _failed(endings.no_memory(request), begun))


def confine(memory_mb: int) -> None:
    """This process takes at most MEMORY_MB from now on, and dies alone and without a trace on the disk."""
    _limit(resource.RLIMIT_AS, memory_mb << 20)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_STACK, _STACK_BYTES)


def limit_cpu(seconds: float) -> None:
    """The system ends this process when it has used so many SECONDS of the processor from now on: reading ends before,
    unless it is at work where Python cannot be told that its time is up."""
    _limit(resource.RLIMIT_CPU, math.ceil(time.process_time() + seconds))


def freeze() -> None:
    """What is loaded stays; what reading leaves behind is collected when nobody waits for an answer, or it is much."""
    gc.freeze()
    gc.set_threshold(_MOST_LEFT, 20, 50)


def read_file(parse: Callable[..., Any], setup: Setup, path: str) -> Parsed:
    """What PARSE makes of the file PATH; whatever it raises is a diagnostic."""
    from goflow.parser.api import Folder

    folder = Folder(
        root=setup.root,
        import_roots=setup.import_roots,
        parse_path=setup.parse_path,
        dialect=setup.dialect,
        inferred=setup.inferred,
        safe_mode=setup.safe_mode,
        environment=setup.environment,
        runs_files=setup.runs_files,
        answers=setup.answers,
        kept=setup.kept,
    )
    begun = time.perf_counter()
    try:
        return _answer(parse(folder, path, setup.inputs), begun)
    except MemoryError:
        return _failed(endings.no_memory(path), begun)
    except BaseException as problem:
        traceback.print_exc()
        return _failed(endings.failed(path, problem), begun)


def _answer(result: ParseResult, begun: float) -> Parsed:
    """What is said of RESULT; written out, it may take more memory than all that was read."""
    from goflow.operators.registry import findings

    dags: list[WrittenDag] = []
    refused: list[Diagnostic] = []
    for dag in result.dags:
        try:
            dags.append(write_out(dag))
        except UnwritableError as problem:  # costs that DAG alone
            refused.append(Diagnostic("GF103", str(problem), Span(result.path, dag.line, 1), dag_id=dag.dag_id))
    return Parsed(
        path=result.path,
        file_hash=result.file_hash,
        dags=tuple(dags),
        diagnostics=(*findings(result), *refused),
        closure=dict(result.closure),
        inputs=result.inputs,
        looks_like_dag=result.looks_like_dag,
        seconds=time.perf_counter() - begun,
        memory_mb=memory.resident_mb(),
        errand=result.errand,
    )


def _failed(finding: Diagnostic, begun: float) -> Parsed:
    return Parsed(
        path=finding.span.path,
        diagnostics=(finding,),
        seconds=time.perf_counter() - begun,
        crashed=True,
        memory_mb=memory.resident_mb(),
    )


def _load(target: str) -> Callable[..., Any]:
    name, _, function_name = target.partition(":")
    module = importlib.import_module(name)
    preload: Callable[[], None] = getattr(module, "preload", lambda: None)
    preload()
    function: Callable[..., Any] = getattr(module, function_name)
    return function


def _limit(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (most, hard))


if __name__ == "__main__":
    main(sys.argv[1:])
