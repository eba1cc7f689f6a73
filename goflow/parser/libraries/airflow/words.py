"""Tables of names, written as running text."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of TEXT."""
    return tuple(text.split())
