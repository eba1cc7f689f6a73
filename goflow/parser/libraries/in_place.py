"""``heapq``, ``bisect`` and ``random``: functions that change the list they are given.

They are there to change it, and what they leave is often known.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.alternatives import OneOf, so_many
from goflow.parser.interpreter.host import sorted_values
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value, first_unknown
from goflow.parser.libraries.registry import function, module, unknown_function


@module("heapq")
def build_heapq(session: Session) -> dict[str, Any]:
    """``heapq``."""
    changing = {name: getattr(heapq, name) for name in ("heapify", "heappush", "heappop", "heappushpop", "heapreplace")}
    return {
        **{name: _changing(name, run) for name, run in changing.items()},
        "nsmallest": function("nsmallest", lambda at, n, items: sorted_values(items, at)[: max(n, 0)]),
        "nlargest": function("nlargest", lambda at, n, items: sorted_values(items, at, reverse=True)[: max(n, 0)]),
    }


@module("bisect")
def build_bisect(session: Session) -> dict[str, Any]:
    """``bisect``."""
    asking = ("bisect", "bisect_left", "bisect_right")
    return {
        **{name: _changing(name, getattr(bisect, name)) for name in ("insort", "insort_left", "insort_right")},
        **{name: function(name, lambda at, *a, run=getattr(bisect, name): run(*a)) for name in asking},
    }


@module("random")
def build_random(session: Session) -> dict[str, Any]:
    """``random``: nothing that it gives is known, and what it shuffles is not known any more."""
    names = ("random", "choice", "choices", "sample", "randint", "randrange", "uniform", "gauss", "getrandbits", "seed")
    found: dict[str, Any] = {name: unknown_function(name, f"random.{name}()") for name in names}
    return found | {"shuffle": function("shuffle", _shuffle, takes_unknown=True)}


def _changing(name: str, run: Callable[..., Any]) -> Any:
    """The function NAME as RUN does it where every element is Python's own and known; else the list is unknown."""

    def call(at: At, items: Any, *more: Any) -> Any:
        if isinstance(items, Unknown):
            items.changed(at)
        if not isinstance(items, list):
            return Unknown(f"{name}() of what is no list", at)
        at.session.journal.touch(items)
        if all(_is_plain(item) for item in (*items, *more)):
            return run(items, *more)
        return _forget(items, len(items), Unknown(f"the order that {name}() leaves", at))

    return function(name, call, takes_unknown=True)


def _shuffle(at: At, items: Any) -> Any:
    if isinstance(items, Unknown):
        items.changed(at)
    if isinstance(items, list) and len(items) > 1:
        at.session.journal.touch(items)
        _forget(items, len(items), Unknown("random.shuffle()", at))


def _forget(items: list[Any], number: int, unknown: Unknown) -> Unknown:
    held = items[:]
    items[:] = so_many(unknown, number, held)
    return OneOf.of(unknown, held)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, Value) and first_unknown(value) is None
