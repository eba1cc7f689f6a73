"""Questions about the content of files that are asked at every scan: a file that has not changed is not read again."""

from __future__ import annotations

import os
from collections.abc import Callable, MutableMapping
from typing import Any, TypeVar

from goflow.parser.folder.regular import read_regular

T = TypeVar("T")
_MOST = 200_000
_known: dict[tuple[str, str], tuple[tuple[int, int, int], Any]] = {}
"""What was found in a file: by the question and its path, with the file's inode, size and time."""


def ask(
    question: str, path: str, answer: Callable[[bytes], T], statuses: MutableMapping[str, os.stat_result] | None = None
) -> T | None:
    """What ANSWER says to the content of the file PATH, or said when it was as it is now; None where there is no
    regular file that can be read. QUESTION names what is asked. STATUSES gets what the system says of the file."""
    try:
        status = os.stat(path)
        if statuses is not None:
            statuses[path] = status
        signature = (status.st_ino, status.st_size, status.st_mtime_ns)
        before = _known.get((question, path))
        if before is not None and before[0] == signature:
            known: T = before[1]
            return known
        found = answer(read_regular(path))
    except (OSError, ValueError):
        return None
    if len(_known) >= _MOST:
        _known.clear()
    _known[question, path] = (signature, found)
    return found
