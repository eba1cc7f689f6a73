"""The time that reading one file may take, held by a timer: what runs inside Python's own libraries is ended, too.

A regular expression that tries for ever, or a YAML document that is all aliases, runs where no step is counted.
Python's machinery for regular expressions looks for signals while it works, and so does all that is written in Python.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
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


class _Here(threading.local):
    hand_up: Callable[[Callable[[], Any]], Any] | None = None


_here = _Here()


def runs_for(hand_up: Callable[[Callable[[], Any]], Any]) -> None:
    """This thread works while another one waits for it; what only the main thread may do is told to HAND_UP."""
    _here.hand_up = hand_up


def on_main_thread(run: Callable[[], Any]) -> Any:
    """What RUN gives. It is called by the main thread, which alone can be told in its midst that its time is up, where
    that one waits for this thread."""
    return run() if _here.hand_up is None else _here.hand_up(run)


def tell_time_is_up(thread: int) -> None:
    """Raise TimeIsUpError in the THREAD of that identity, between two operations of Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TimeIsUpError))


def stop_the_clock() -> None:
    """The reading is being ended already: what is left to say of it may take its time."""
    if threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_PROF, 0)


def _time_is_up(*_: Any) -> None:
    raise TimeIsUpError
