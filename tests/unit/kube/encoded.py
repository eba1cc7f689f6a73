"""What an API server says in protobuf, from the JSON that it would be: of what `goflow.kube.protobuf` reads, and no more."""

from __future__ import annotations

import datetime as dt
from typing import Any

from goflow.kube.protobuf import FIELDS, LENGTH, MAGIC, MESSAGES

Json = dict[str, Any]
ALWAYS_THERE = {
    ("ObjectMeta", "creationTimestamp"),
    ("ContainerStateRunning", "startedAt"),
    ("ContainerStateTerminated", "startedAt"),
    ("ContainerStateTerminated", "finishedAt"),
}
"""Moments that a real server writes also where they are not known: with nothing in them."""


def framed(frame: bytes) -> bytes:
    """FRAME as a part of a watch."""
    return len(frame).to_bytes(LENGTH, "big") + frame


def frame_of(event: Json, kind: str = "Pod") -> bytes:
    """EVENT of a watch of objects of KIND, without its length."""
    return _message("WatchEvent", {"type": event["type"], "object": {"raw": object_in_bytes(event["object"], kind)}})


def object_in_bytes(said: Json, kind: str = "Pod") -> bytes:
    """An object, of KIND unless it SAID another."""
    kind = said.get("kind", kind)
    return MAGIC + _message("Unknown", {"typeMeta": {"kind": kind}, "raw": _message(kind, said)})


def _message(name: str, said: Json) -> bytes:
    content: bytes = _filled(MESSAGES[name](), name, said).SerializeToString()
    return content


def _filled(message: Any, name: str, said: Json) -> Any:
    for field, (_, kind) in FIELDS[name].items():
        value = said.get(field)
        if value is None:
            if (name, field) in ALWAYS_THERE:
                getattr(message, field).SetInParent()
            continue
        inner = kind.strip("[]")
        if kind == "map":
            getattr(message, field).update(value)
        elif kind == "Time":
            getattr(message, field).seconds = int(dt.datetime.fromisoformat(value).timestamp())
        elif inner not in MESSAGES:
            setattr(message, field, value)
        elif kind == inner:
            getattr(message, field).SetInParent()
            _filled(getattr(message, field), inner, value)
        else:
            for one in value:
                _filled(getattr(message, field).add(), inner, one)
    return message
