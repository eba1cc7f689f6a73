"""A reading process: ``python -m goflow.importer.worker MODULE:FUNCTION MEMORY_MB``.

It reads requests on its standard input and answers on what was its standard output; whatever the parser prints goes to
standard error. It ends when its input does. It never writes anything, and it is loaded without the store.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import resource
import select
import sys
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from goflow.domain.diagnostics import Diagnostic
from goflow.domain.written import write_out
from goflow.importer import endings
from goflow.importer.messages import Parsed, Setup, receive, send
from goflow.telemetry import memory

if TYPE_CHECKING:
    from goflow.parser.api import ParseResult

_STACK_BYTES = 96 << 20
"""libcst's own parser calls itself for what is nested; the system leaves room for so much."""
_QUIET_S = 0.1
"""When nothing has been asked for so long, there is time to collect what was left behind."""
_MOST_LEFT = 200_000
"""Objects that may be left behind before that: those of some 130 files, 20 MB. Looking at them takes time."""


def main(arguments: list[str]) -> None:
    """Serve until the input ends."""
    answers = os.dup(1)
    os.dup2(2, 1)
    target, memory_mb = arguments
    with contextlib.suppress(OSError):
        os.nice(5)  # reading may wait, running tasks may not
    confine(int(memory_mb))
    parse = _load(target)
    importlib.import_module("goflow.operators.registry")
    freeze()
    send(answers, "ready")
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

    return Parsed(
        path=result.path,
        file_hash=result.file_hash,
        dags=tuple(map(write_out, result.dags)),
        diagnostics=findings(result),
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
