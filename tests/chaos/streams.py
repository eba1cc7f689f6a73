"""What is done to the events of a watch on their way: said twice, held back behind others', cut off."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from goflow.kube import protobuf
from tests.chaos.weather import Weather
from tests.unit.kube.encoded import frame_of, framed

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


class Lines:
    """Events as JSON, a line each."""

    media_type = "application/json"

    def parts(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Whole lines, each with its end."""
        rest = b""
        for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line + b"\n" for line in lines)
        if rest:
            yield rest

    def read(self, part: bytes) -> dict[str, Any]:
        """The event that a line is. Raises ValueError."""
        event: dict[str, Any] = json.loads(part)
        return event

    def write(self, event: dict[str, Any]) -> bytes:
        """An event's line."""
        return json.dumps(event).encode() + b"\n"


class Frames(Lines):
    """Events in protobuf, each after its length."""

    media_type = f"{protobuf.MEDIA_TYPE};stream=watch"

    def parts(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Whole events, each with its length."""
        return map(framed, protobuf.frames(chunks))

    def read(self, part: bytes) -> dict[str, Any]:
        """The event. Raises UnavailableError."""
        return protobuf.Changes().event(part[protobuf.LENGTH :])

    def write(self, event: dict[str, Any]) -> bytes:
        """The event, with its length."""
        return framed(frame_of(event))


def form_of(media_type: str) -> Lines:
    """How the events of a watch come whose content is of that type."""
    return Frames() if protobuf.is_protobuf(media_type) else Lines()


def mangled(
    parts: Iterable[bytes | None],
    form: Lines,
    weather: Callable[[], Weather],
    moments: random.Random,
    done: Counter[str],
) -> Iterator[bytes]:
    """PARTS, one event each in that FORM, as the WEATHER of the moment has it. Raises CutError. DONE counts what was
    done.

    An event is held back until an event of another object, a bookmark, a silence (None among PARTS) or the end: what the
    server tells of one object stays in order, as it does over any watch, and a bookmark says that all before it was told.
    """
    held: tuple[str, bytes] | None = None
    for part in parts:
        now = weather()
        if part is None:
            if held is not None:
                yield held[1]
                held = None
            if now.silent and moments.random() < now.cut:
                done["watch cut"] += 1
                raise CutError
            continue
        kind, uid = _about(form.read(part))
        if held is not None and (kind == "BOOKMARK" or uid == held[0]):
            yield held[1]
            held = None
        if held is None and kind not in {"BOOKMARK", "ERROR"} and moments.random() < now.held:
            held = (uid, part)
            continue
        yield part
        if kind in {"ADDED", "MODIFIED", "DELETED"} and moments.random() < now.twice:
            done["event told twice"] += 1
            yield part
        if held is not None:
            done["event told after another"] += 1
            yield held[1]
            held = None
        if moments.random() < now.cut:
            done["watch cut"] += 1
            if moments.random() < 0.5:
                yield part[: len(part) // 2]
            raise CutError
    if held is not None:
        yield held[1]


def _about(event: dict[str, Any]) -> tuple[str, str]:
    return str(event.get("type")), str((event.get("object") or {}).get("metadata", {}).get("uid"))
