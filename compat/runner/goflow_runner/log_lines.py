"""A JSON object among the other lines of a log: compressed, in numbered lines that begin with a mark, with a digest in
the last. It is read back whole or not at all."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import sys
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

_LINE_LENGTH = 8_000
"""Characters of a part: container runtimes cut lines at 16 KiB."""


class TooLargeError(Exception):
    """More characters than may be written."""


def lines(told: Mapping[str, Any], mark: str, largest: int = sys.maxsize) -> list[str]:
    """TOLD as lines with MARK. Raises TooLargeError for more than LARGEST characters without the marks."""
    content = zlib.compress(json.dumps(told).encode())
    text = base64.b64encode(content).decode("ascii")
    if len(text) > largest:
        raise TooLargeError
    parts = [text[at : at + _LINE_LENGTH] for at in range(0, len(text), _LINE_LENGTH)]
    end = f"{mark} end {len(parts)} {hashlib.sha256(content).hexdigest()}"
    return [*(f"{mark} {number} {part}" for number, part in enumerate(parts)), end]


def read_back(log: Iterable[str], mark: str) -> dict[str, Any] | None:
    """What is told with MARK in LOG, whose lines may begin with anything else; None where it is not whole."""
    ours = re.compile(re.escape(mark) + r" (?:([0-9]{1,9}) (\S+)|end ([0-9]{1,9}) ([0-9a-f]{64}))$")
    parts: dict[int, str] = {}
    end: tuple[int, str] | None = None
    for line in log:
        found = ours.search(line.rstrip())
        if found is None:
            continue
        if found[1] is None:
            end = (int(found[3]), found[4])
        else:
            parts[int(found[1])] = found[2]
    if end is None or len(parts) != end[0] or sorted(parts) != list(range(end[0])):
        return None
    with contextlib.suppress(ValueError, zlib.error):
        content = base64.b64decode("".join(parts[number] for number in range(end[0])), validate=True)
        if hashlib.sha256(content).hexdigest() == end[1]:
            told = json.loads(zlib.decompress(content))
            return told if isinstance(told, dict) else None
    return None
