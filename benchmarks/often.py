"""Something that is done beside a measurement, again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def often(step: Callable[[], object], every_s: float) -> Iterator[None]:
    """Do STEP again and again as long as the block runs, in a thread of its own; what fails is told and done again."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(every_s):
            try:
                step()
            except Exception as problem:  # the daemon may be slow for once: the samples tell how it fares
                print(f"{problem!r}", flush=True)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
