"""What watches tell of pods and Jobs in protobuf, as the JSON that it would be, as far as GoFlow reads it.

The API server has every change of an object ready in protobuf, in which its own controllers read it, and would write it
out as JSON for GoFlow alone (docs/benchmarks.md has what that costs). Only the fields named here are read; what else
there is (who has written what, what a pod is made of) is passed over.
https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from goflow.kube.errors import UnavailableError

Json = dict[str, Any]
MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
"""What every object begins with."""
LENGTH = 4
"""Bytes, the most significant first, that say how long the event after them is."""
LONGEST = 1 << 25
"""Bytes of an event, at most: etcd takes no object of more than a few million."""
_PACKAGE = "goflow.kube"
FIELDS: dict[str, dict[str, tuple[int, str]]] = {
    "WatchEvent": {"type": (1, "string"), "object": (2, "RawExtension")},
    "RawExtension": {"raw": (1, "bytes")},
    "Unknown": {"typeMeta": (1, "TypeMeta"), "raw": (2, "bytes")},
    "TypeMeta": {"apiVersion": (1, "string"), "kind": (2, "string")},
    "Status": {"message": (3, "string"), "reason": (4, "string"), "code": (6, "int32")},
    "Time": {"seconds": (1, "int64")},
    "ObjectMeta": {
        "name": (1, "string"),
        "namespace": (3, "string"),
        "uid": (5, "string"),
        "resourceVersion": (6, "string"),
        "creationTimestamp": (8, "Time"),
        "deletionTimestamp": (9, "Time"),
        "deletionGracePeriodSeconds": (10, "int64"),
        "labels": (11, "map"),
        "annotations": (12, "map"),
    },
    "Pod": {"metadata": (1, "ObjectMeta"), "spec": (2, "PodSpec"), "status": (3, "PodStatus")},
    "PodSpec": {"containers": (2, "[Container]"), "nodeName": (10, "string"), "initContainers": (20, "[Container]")},
    "Container": {"name": (1, "string")},
    "PodStatus": {
        "phase": (1, "string"),
        "conditions": (2, "[Condition]"),
        "message": (3, "string"),
        "reason": (4, "string"),
        "containerStatuses": (8, "[ContainerStatus]"),
        "initContainerStatuses": (10, "[ContainerStatus]"),
    },
    "Condition": {"type": (1, "string"), "status": (2, "string"), "reason": (5, "string"), "message": (6, "string")},
    "ContainerStatus": {"name": (1, "string"), "state": (2, "ContainerState")},
    "ContainerState": {
        "waiting": (1, "ContainerStateWaiting"),
        "running": (2, "ContainerStateRunning"),
        "terminated": (3, "ContainerStateTerminated"),
    },
    "ContainerStateWaiting": {"reason": (1, "string"), "message": (2, "string")},
    "ContainerStateRunning": {"startedAt": (1, "Time")},
    "ContainerStateTerminated": {
        "exitCode": (1, "int32"),
        "reason": (3, "string"),
        "message": (4, "string"),
        "startedAt": (5, "Time"),
        "finishedAt": (6, "Time"),
    },
    "Job": {"metadata": (1, "ObjectMeta"), "spec": (2, "JobSpec"), "status": (3, "JobStatus")},
    "JobSpec": {"completions": (2, "int32")},
    "JobStatus": {
        "conditions": (1, "[Condition]"),
        "completedIndexes": (7, "string"),
        "failedIndexes": (10, "string"),
    },
}
"""Each message's fields: number and kind, which is a scalar's, a message's, in brackets where there may be many, or
``map`` for texts by texts. The numbers are those of ``generated.proto`` in k8s.io/api and k8s.io/apimachinery 0.37;
they never change. A pod's and a Job's ``Condition`` have them in common."""
_SCALARS = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
}


def is_protobuf(media_type: str | None) -> bool:
    """Whether what has that MEDIA_TYPE is in protobuf, by itself or as a watch."""
    return (media_type or "").startswith(MEDIA_TYPE)


class Changes:
    """The changes that one watch tells. What is no news of an object, since this watch has told all of it before that
    is read here, is told as a bookmark: nobody has to look at it. (More than a third of what the Job controller and
    kubelets write is of that kind.)"""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}
        """By uid the hash, of 64 bits, of what was told of each object last."""

    def events(self, chunks: Iterator[bytes]) -> Iterator[Json]:
        """The events in CHUNKS. Raises UnavailableError where they are none, or end within one."""
        return map(self.event, frames(chunks))

    def event(self, frame: bytes) -> Json:
        """One event: its ``type`` and ``object``. Raises UnavailableError for what is none."""
        try:
            found: Any = MESSAGES["WatchEvent"].FromString(frame)
        except DecodeError as problem:
            raise UnavailableError(0, "StreamGarbled", f"a part of a watch is no event: {frame[:100]!r}") from problem
        kind, item = _read(found.object.raw)
        if kind != "Status" and self._is_no_news(found.type, item):
            return {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": item.metadata.resourceVersion}}}
        return {"type": found.type, "object": {"kind": kind, **_PLAIN[kind](item)}}

    def _is_no_news(self, happened: str, item: Any) -> bool:
        """Whether ITEM was told as it is before, but for its version; it is remembered that it is told now."""
        uid = item.metadata.uid
        if happened not in {"ADDED", "MODIFIED"}:
            self._told.pop(uid, None)
            return False
        version = item.metadata.resourceVersion
        item.DiscardUnknownFields()
        item.metadata.ClearField("resourceVersion")
        news = hash(item.SerializeToString(deterministic=True))
        item.metadata.resourceVersion = version
        told, self._told[uid] = self._told.get(uid), news
        return told == news


def frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What CHUNKS have of each event, without its length before it. Raises UnavailableError as `events`."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        begin = 0
        while (end := begin + LENGTH) <= len(rest):
            length = int.from_bytes(rest[begin:end], "big")
            if length > LONGEST:
                raise UnavailableError(0, "StreamGarbled", f"a part of a watch is no event: {rest[begin:][:100]!r}")
            if end + length > len(rest):
                break
            begin = end + length
            yield rest[end:begin]
        rest = rest[begin:]
    if rest:
        raise UnavailableError(0, "StreamCut", "a watch ended within an event")


def object_of(content: bytes) -> Json:
    """A pod, a Job or a Status. Raises UnavailableError for anything else."""
    kind, found = _read(content)
    return {"kind": kind, **_PLAIN[kind](found)}


def _read(content: bytes) -> tuple[str, Any]:
    """The kind of an object, and the object."""
    try:
        if not content.startswith(MAGIC):
            raise DecodeError("it does not begin as an object does")
        unknown: Any = MESSAGES["Unknown"].FromString(content[len(MAGIC) :])
        kind = str(unknown.typeMeta.kind)
        if kind not in {"Pod", "Job", "Status"}:
            raise DecodeError(f"a {kind} is not read")
        return kind, MESSAGES[kind].FromString(unknown.raw)
    except DecodeError as problem:
        words = f"this is no answer of a Kubernetes API server: {content[:100]!r} ({problem})"
        raise UnavailableError(0, "NotAnObject", words) from problem


def _messages() -> dict[str, type[Message]]:
    """The class of each message."""
    file = descriptor_pb2.FileDescriptorProto(name="goflow/kube.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _add_field(message, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    find = pool.FindMessageTypeByName
    return {name: message_factory.GetMessageClass(find(f"{_PACKAGE}.{name}")) for name in FIELDS}


def _add_field(message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str) -> None:
    proto = descriptor_pb2.FieldDescriptorProto
    many = kind == "map" or kind.startswith("[")
    field = message.field.add(name=name, number=number, label=proto.LABEL_REPEATED if many else proto.LABEL_OPTIONAL)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
        return
    field.type = proto.TYPE_MESSAGE
    if kind == "map":
        entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        _add_field(entry, "key", 1, "string")
        _add_field(entry, "value", 2, "string")
        field.type_name = f".{_PACKAGE}.{message.name}.{entry.name}"
    else:
        field.type_name = f".{_PACKAGE}.{kind.strip('[]')}"


def _reader(name: str) -> Callable[[Any], Json]:
    """What turns a message of that NAME into JSON. As there, texts that are empty are left out; so are moments that are
    not known."""
    readers = {number: (field, _value_of(kind)) for field, (number, kind) in FIELDS[name].items()}

    def read(message: Any) -> Json:
        found: Json = {}
        for descriptor, value in message.ListFields():
            field, convert = readers[descriptor.number]
            plain = value if convert is None else convert(value)
            if plain != "":
                found[field] = plain
        return found

    return read


def _value_of(kind: str) -> Callable[[Any], Any] | None:
    """What turns a value of KIND into JSON; None where it is so already."""
    if kind in _SCALARS:
        return None
    if kind == "map":
        return dict
    if kind == "Time":  # one without seconds is Go's zero, which JSON has as null
        return lambda time: _moment(time.seconds) if time.HasField("seconds") else ""
    inner = kind.strip("[]")
    if kind == inner:
        return functools.partial(_one_of, inner)
    return functools.partial(_all_of, inner)


def _one_of(name: str, message: Any) -> Json:
    return _PLAIN[name](message)


def _all_of(name: str, messages: Sequence[Any]) -> list[Json]:
    read = _PLAIN[name]
    return [read(message) for message in messages]


@functools.lru_cache(maxsize=256)
def _moment(seconds: int) -> str:
    """As Kubernetes writes it (RFC 3339). Most of what is told has happened in the last few of them."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


MESSAGES = _messages()
"""The classes by which messages are read, and in tests written."""
_PLAIN = {name: _reader(name) for name in FIELDS if name != "Time"}
