"""The journal: what changes while an arm of an undecided ``if`` is run, so that it can be undone and joined.

Whoever changes a scope, a container or an instance tells the journal before. Outside undecided arms that costs a check
of one list.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

State = Any


class Arm:
    """What one arm has touched: for each object its state before (and, once left, after)."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Any, State]] = {}
        self.after: dict[int, State] = {}


class Journal:
    """A stack of arms that are being run."""

    __slots__ = ("_arms",)

    def __init__(self) -> None:
        self._arms: list[Arm] = []

    def touch(self, thing: Any) -> None:
        """THING (a dict, list or set) is about to change."""
        if self._arms and id(thing) not in self._arms[-1].before:
            self._arms[-1].before[id(thing)] = (thing, copy_state(thing))

    def run(self, arm: Callable[[], Any]) -> tuple[Arm, Any]:
        """Run ARM, then undo what it changed; what it touched, and what it gave."""
        record = Arm()
        self._arms.append(record)
        try:
            answer = arm()
        finally:
            self._arms.pop()
            for key, (thing, before) in record.before.items():
                record.after[key] = copy_state(thing)
                self.touch(thing)  # an arm around this one sees the change too
                restore(thing, before)
        return record, answer

    def keep(self, arm: Arm) -> None:
        """Do again what ARM did: it was the only one that went on."""
        for key, (thing, _) in arm.before.items():
            self.touch(thing)
            restore(thing, arm.after[key])


def copy_state(thing: Any) -> State:
    """A shallow copy."""
    return thing.copy()


def restore(thing: Any, state: State) -> None:
    """Make THING what it was."""
    if isinstance(thing, list):
        thing[:] = state
    elif isinstance(thing, collections.deque):
        thing.clear()
        thing.extend(state)
    else:
        thing.clear()
        thing.update(state)
