"""How a reading process came to its end without an answer, as a diagnostic on the file that it was reading."""

from __future__ import annotations

import signal

from goflow.domain.diagnostics import Diagnostic, Span

_KILLED = "the system ends a process so when it is short of memory: try again when there is more"


def ended(path: str, code: int) -> Diagnostic:
    """The process ended with the exit CODE (a negative one: that signal) while it read PATH."""
    how = _named(-code) if code < 0 else f"exit code {code}"
    if code == -signal.SIGABRT:  # so ends what is written in Rust when it gets no memory
        return Diagnostic("GF005", f"reading the file takes more memory than it may ({how})", Span(path))
    if code == -signal.SIGXCPU:
        return Diagnostic(
            "GF005", f"reading the file takes more of the processor's time than it may ({how})", Span(path)
        )
    return Diagnostic(
        "GF009", f"the reading process ended: {how}", Span(path), hint=_KILLED if code == -signal.SIGKILL else ""
    )


def too_long(path: str, seconds: float) -> Diagnostic:
    """After SECONDS of the clock there was no answer about PATH, and the process was killed."""
    return Diagnostic("GF005", f"reading the file takes longer than {seconds:g} s", Span(path))


def no_memory(path: str) -> Diagnostic:
    """Python itself ran out of the memory that the process may have."""
    return Diagnostic("GF005", "reading the file takes more memory than it may", Span(path))


def failed(path: str, problem: BaseException) -> Diagnostic:
    """PROBLEM was raised where nothing may be raised."""
    return Diagnostic("GF009", f"{type(problem).__name__}: {problem}", Span(path))


def _named(number: int) -> str:
    try:
        return f"signal {signal.Signals(number).name}"
    except ValueError:  # one of the real-time signals, which have no names
        return f"signal {number}"
