"""The time that reading one file may take, held by a timer: what runs inside Python's own libraries is ended, too.

A regular expression that tries for ever, or a YAML document that is all aliases, runs where no step is counted.
Python's machinery for regular expressions looks for signals while it works, and so does all that is written in Python.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

LONGEST_S = 30.0
"""Seconds of the processor, so that what else a machine does changes nothing."""


class TimeIsUpError(Exception):
    """The time that reading a file may take is over. Raised between any two operations."""


_AGAIN_S = 5.0


@contextlib.contextmanager
def time_limit(seconds: float = LONGEST_S) -> Iterator[None]:
    """Within it TimeIsUpError is raised after so many SECONDS of the processor. Only the main thread of a process can
    be told so; in any other nothing is limited, and the steps that are counted have to do."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _time_is_up)
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN_S)  # again later: somebody may have swallowed it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Within it TimeIsUpError is raised after so many SECONDS already, where the time is limited at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    left, _ = signal.getitimer(signal.ITIMER_PROF)
    if left <= seconds:
        yield
        return
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, max(left - (time.process_time() - begun), 0.01), _AGAIN_S)


def stop_the_clock() -> None:
    """The reading is being ended already: what is left to say of it may take its time."""
    if threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_PROF, 0)


def _time_is_up(*_: Any) -> None:
    raise TimeIsUpError
