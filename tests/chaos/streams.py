"""What is done to the events of a watch on their way: said twice, held back behind others', cut off."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.chaos.weather import Weather

GONE = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "too old resource version: 1 (2)",
    "reason": "Expired",
    "code": 410,
}
"""What the API server says of a version that it no longer knows."""


class CutError(Exception):
    """The stream ends here, without its proper end"""


def gone_event() -> bytes:
    """The same as an event of the watch itself."""
    return json.dumps({"type": "ERROR", "object": GONE}).encode() + b"\n"


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, each with its end."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


def mangled(
    lines: Iterable[bytes | None], weather: Callable[[], Weather], moments: random.Random, done: Counter[str]
) -> Iterator[bytes]:
    """LINES, one event each, as the WEATHER of the moment has it. Raises CutError. DONE counts what was done.

    An event is held back until an event of another object, a bookmark, a silence (None among LINES) or the end: what the
    server tells of one object stays in order, as it does over any watch, and a bookmark says that all before it was told.
    """
    held: tuple[str, bytes] | None = None
    for line in lines:
        now = weather()
        if line is None:
            if held is not None:
                yield held[1]
                held = None
            if now.silent and moments.random() < now.cut:
                done["watch cut"] += 1
                raise CutError
            continue
        kind, uid = _about(line)
        if held is not None and (kind == "BOOKMARK" or uid == held[0]):
            yield held[1]
            held = None
        if held is None and kind not in {"BOOKMARK", "ERROR"} and moments.random() < now.held:
            held = (uid, line)
            continue
        yield line
        if kind in {"ADDED", "MODIFIED", "DELETED"} and moments.random() < now.twice:
            done["event told twice"] += 1
            yield line
        if held is not None:
            done["event told after another"] += 1
            yield held[1]
            held = None
        if moments.random() < now.cut:
            done["watch cut"] += 1
            if moments.random() < 0.5:
                yield line[: len(line) // 2]
            raise CutError
    if held is not None:
        yield held[1]


def _about(line: bytes) -> tuple[str, str]:
    event: dict[str, Any] = json.loads(line)
    return str(event.get("type")), str((event.get("object") or {}).get("metadata", {}).get("uid"))
