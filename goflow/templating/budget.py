"""What one template may use: steps, characters and time. Whoever spends says so, and is stopped when it is too much."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from jinja2.exceptions import SecurityError

LARGEST_RESULT = 1 << 20
"""Characters of one rendered field: the whole Job has to fit into 1.5 MiB of etcd."""
LONGEST_TEMPLATE = 1 << 18
"""Characters of a template."""
LONGEST_TAG = 4000
"""Characters of one ``{{ }}`` or ``{% %}``."""
MOST_BLOCKS = 500
MOST_STEPS = 100_000
"""Turns of loops and calls of functions, macros and filters."""
LONGEST_S = 2.0
"""Seconds of processor time: a machine with much else to do, or a process that was stopped for a while, is no fault of
the template's. It is looked at with every step; what a single step does is bounded by the sizes of what it works on."""
DEEPEST = 40
"""Calls inside of calls: macros and loops that call themselves."""
LARGEST_NUMBER = 10_000
"""Widths, counts and exponents that are given as numbers."""


class Budget:
    """What is left for one template, in the thread that renders it."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS
        self.depth = 0
        self.characters = 4 * LARGEST_RESULT
        self.deadline = time.thread_time() + LONGEST_S

    def step(self) -> None:
        """One turn or call. Raises SecurityError when there were too many, or it takes too long."""
        self.steps -= 1
        if self.steps < 0:
            raise SecurityError(f"it takes more than {MOST_STEPS} steps")
        if time.thread_time() > self.deadline:
            raise SecurityError(f"it takes longer than {LONGEST_S:.0f} s")

    @contextmanager
    def call(self) -> Iterator[None]:
        """A call, a step as well. Raises SecurityError where it is inside of too many others: what goes deeper could
        end the process, since a whole chain of Python's own frames belongs to each."""
        self.step()
        if self.depth >= DEEPEST:
            raise SecurityError(f"more than {DEEPEST} calls stand in each other")
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1

    def text(self, size: int) -> None:
        """SIZE characters that were written. Raises SecurityError when they are too many."""
        self.characters -= size
        if self.characters < 0:
            raise SecurityError(f"it writes more than {4 * LARGEST_RESULT} characters")


_current: ContextVar[Budget | None] = ContextVar("goflow_template_budget", default=None)


@contextmanager
def budget() -> Iterator[Budget]:
    """A new budget, for what is rendered inside."""
    token = _current.set(made := Budget())
    try:
        yield made
    finally:
        _current.reset(token)


def current() -> Budget:
    """The budget of the template that is rendered; outside of any, one of its own."""
    return _current.get() or Budget()


def sized(value: Any) -> Any:
    """VALUE, unless it is too large. Raises SecurityError."""
    if isinstance(value, str | bytes | list | tuple | dict | set) and len(value) > LARGEST_RESULT:
        raise SecurityError(f"a value is longer than {LARGEST_RESULT}")
    if isinstance(value, int) and value.bit_length() > LARGEST_NUMBER * 4:
        raise SecurityError("a number is too large")
    return value


def small_numbers(values: Any) -> None:
    """Raises SecurityError where one of VALUES is a number that is too large for a width or a count."""
    for value in values:
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise SecurityError(f"{value} is more than {LARGEST_NUMBER}")
