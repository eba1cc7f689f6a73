"""What order things come in, where Python itself does not say before it runs: that of a set of texts.

Python hashes texts anew in each process. Numbers hash to themselves: a set of them has one order everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goflow.parser.interpreter.values import AnyOrder, At, Unknown, key_order_of, order_of

WORDS = "the order of a set"


class AnyOrderIterator:
    """An iterator over things in an order that is not known (``map(str, a_set)``)."""

    def __init__(self, inner: Iterator[Any], unknown: Unknown) -> None:
        self.inner = inner
        self.unknown = unknown

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self.inner)


def unordered(value: Any, at: At) -> Unknown | None:
    """Why the order in which VALUE gives its elements is not known; None where it is."""
    kind = type(value)
    if kind is AnyOrderIterator:
        found: Unknown | None = value.unknown
        return found
    if kind is AnyOrder or kind is list:
        return order_of(value)
    if isinstance(value, dict):
        return key_order_of(value)
    if kind in {set, frozenset} and len(value) > 1 and not all(map(is_settled, value)):
        return Unknown(WORDS, at)
    return None


def is_settled(value: Any) -> bool:
    """Whether the hash of VALUE is the same in every process."""
    kind = type(value)
    return kind in {int, float, bool} or (kind is tuple and all(map(is_settled, value)))


def in_any_order(values: list[Any], why: Unknown | None) -> list[Any]:
    """VALUES as they are where the order is known (no reason WHY not), else marked."""
    if why is None or len(values) < 2:
        return values
    made = AnyOrder(values)
    made.unknown = why
    return made


def iterator_over(inner: Iterator[Any], why: Unknown | None) -> Iterator[Any]:
    """INNER, marked where there is a reason WHY the order is not known."""
    return inner if why is None else AnyOrderIterator(inner, why)
