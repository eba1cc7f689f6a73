"""A program that shows a defect, made small: pieces are left out, then lines, while it still shows it."""

from __future__ import annotations

from collections.abc import Callable


def shrunk(parts: list[str], shows: Callable[[list[str]], bool]) -> list[str]:
    """As few of PARTS as still show it."""
    size = max(len(parts) // 2, 1)
    while True:
        start = 0
        while start < len(parts) and len(parts) > 1:
            fewer = parts[:start] + parts[start + size :]
            if fewer and shows(fewer):
                parts = fewer
            else:
                start += size
        if size == 1:
            return parts
        size = max(size // 2, 1)


def shrunk_program(pieces: list[str], shows: Callable[[str], bool]) -> str:
    """The text of a small program out of PIECES that still shows it."""
    pieces = shrunk(pieces, lambda some: shows("".join(some)))
    lines = shrunk("".join(pieces).splitlines(keepends=True), lambda some: shows("".join(some)))
    return "".join(lines)
