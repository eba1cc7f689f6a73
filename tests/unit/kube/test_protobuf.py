"""Watches in protobuf: what is no news of an object is told as no more than a bookmark, and garbage is called that."""

from __future__ import annotations

from typing import Any

import pytest

from goflow.kube.errors import UnavailableError
from goflow.kube.protobuf import LONGEST, MAGIC, MESSAGES, Changes, object_of
from tests.unit.kube.encoded import frame_of, framed, object_in_bytes

Json = dict[str, Any]


def pod(version: int, uid: str = "u", **more: Any) -> Json:
    metadata = {"name": "p", "uid": uid, "resourceVersion": str(version), "labels": {"b": "1", "a": "2"}}
    return {"metadata": {**metadata, **more.pop("metadata", {})}, **more}


RUNS = {"status": {"phase": "Running"}}


def told(*happened: tuple[str, Json]) -> list[tuple[str, str]]:
    """Type and version of what is told of what HAPPENED."""
    watch = Changes()
    stream = b"".join(framed(frame_of({"type": kind, "object": item})) for kind, item in happened)
    events = list(watch.events(iter([stream])))
    return [(event["type"], event["object"]["metadata"]["resourceVersion"]) for event in events]


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ([("ADDED", pod(1)), ("MODIFIED", pod(2))], ["ADDED", "BOOKMARK"]),
        ([("ADDED", pod(1)), ("MODIFIED", pod(2, **RUNS)), ("MODIFIED", pod(3))], ["ADDED", "MODIFIED", "MODIFIED"]),
        ([("ADDED", pod(1)), ("ADDED", pod(2, "other"))], ["ADDED", "ADDED"]),
        ([("ADDED", pod(1)), ("MODIFIED", pod(2, metadata={"labels": {"a": "2", "b": "1"}}))], ["ADDED", "BOOKMARK"]),
        (
            [("ADDED", pod(1)), ("MODIFIED", pod(2, metadata={"deletionTimestamp": "2026-11-30T22:46:05Z"}))],
            ["ADDED", "MODIFIED"],
        ),
        ([("ADDED", pod(1)), ("DELETED", pod(2)), ("ADDED", pod(3))], ["ADDED", "DELETED", "ADDED"]),
        ([("BOOKMARK", {"metadata": {"resourceVersion": "1"}})], ["BOOKMARK"]),
    ],
    ids=[
        "only its version has changed",
        "its status has changed, and has changed back",
        "another object like it",
        "labels have no order",
        "it is being deleted",
        "it is gone, and there again",
        "a bookmark",
    ],
)
def test_what_is_no_news_is_told_as_a_bookmark(happened: list[tuple[str, Json]], expected: list[str]) -> None:
    versions = [item["metadata"]["resourceVersion"] for _, item in happened]
    assert told(*happened) == list(zip(expected, versions, strict=True))


def test_what_nobody_reads_is_no_news() -> None:
    unread: Any = MESSAGES["Unknown"](raw=MESSAGES["Pod"].FromString(b"").SerializeToString() + b"\x7a\x03abc")
    unread.typeMeta.kind = "Pod"
    event: Any = MESSAGES["WatchEvent"](type="MODIFIED")
    event.object.raw = MAGIC + unread.SerializeToString()
    watch = Changes()
    assert watch.event(frame_of({"type": "ADDED", "object": {}}))["type"] == "ADDED"
    assert watch.event(event.SerializeToString())["type"] == "BOOKMARK"


def test_a_moment_that_is_not_known_is_left_out() -> None:
    ended = {"exitCode": 137, "reason": "ContainerStatusUnknown"}
    said = {"containerStatuses": [{"name": "base", "state": {"terminated": ended}}]}
    assert object_of(object_in_bytes({"metadata": {"name": "p"}, "status": said})) == {
        "kind": "Pod",
        "metadata": {"name": "p"},
        "status": said,
    }


def test_an_error_is_told_as_it_is() -> None:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    frame = frame_of({"type": "ERROR", "object": status})
    watch = Changes()
    assert [watch.event(frame) for _ in range(2)] == [{"type": "ERROR", "object": status}] * 2


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"<html>Bad Gateway</html>", "StreamGarbled"),
        ((LONGEST + 1).to_bytes(4, "big"), "StreamGarbled"),
        (framed(frame_of({"type": "ADDED", "object": pod(1)}))[:-1], "StreamCut"),
        (b"\0\0", "StreamCut"),
        (framed(b"\xff\xff\xff"), "StreamGarbled"),
        (framed(MESSAGES["WatchEvent"](type="ADDED").SerializeToString()), "NotAnObject"),
    ],
    ids=["a proxy's page", "longer than any object", "cut off", "cut off in a length", "no message", "without object"],
)
def test_garbage_is_a_break(stream: bytes, words: str) -> None:
    with pytest.raises(UnavailableError, match=words):
        list(Changes().events(iter([stream])))


def test_no_other_object_is_read() -> None:
    unknown: Any = MESSAGES["Unknown"]()
    unknown.typeMeta.kind = "Secret"
    with pytest.raises(UnavailableError, match="a Secret is not read"):
        object_of(MAGIC + unknown.SerializeToString())
    assert object_of(object_in_bytes({"kind": "Job", "status": {"completedIndexes": "1"}})) == {
        "kind": "Job",
        "status": {"completedIndexes": "1"},
    }
