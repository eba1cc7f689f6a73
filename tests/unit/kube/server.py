"""A small HTTP server that plays the API server, with faults in its script.

What it has not got a word for in its script it answers from what it holds: lists with pages, and watches that tell what
happened after a resource version, as https://kubernetes.io/docs/reference/using-api/api-concepts/ describes them; in
protobuf where that is asked for.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from goflow.kube.protobuf import MEDIA_TYPE
from tests.unit.kube.encoded import frame_of, framed, object_in_bytes

ENOUGH_S = 20.0
Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Json | None

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") == "true"


@dataclass(frozen=True)
class Reply:
    """An answer of STATUS with BODY (JSON, or text that is none)."""

    status: int = 200
    body: Json | str = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()


def refusal(status: int, reason: str, message: str = "in words", **headers: str) -> Reply:
    """The ``Status`` object that the API server refuses with; ``retry_after="7"`` is the header Retry-After."""
    body = {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message}
    return Reply(status, body, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


@dataclass(frozen=True)
class Told:
    """A watch that tells EVENTS (or raw TEXT) and then breaks off, in the midst of a line if CUT; else it ends well."""

    events: tuple[Json, ...] = ()
    text: str = ""
    cut: bool = False


class Silence:
    """The connection is closed without a word."""


Answer = Reply | Told | Silence


class ApiServer:
    """Objects by name, what happened to them, and the script of faults: FAULTS are used up one by one by the requests
    that they are for."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.objects: dict[str, Json] = {}
        self.history: list[Json] = []
        self.version = 100
        self.watching = 0
        """Watches that are open just now."""
        self._faults: list[tuple[Callable[[Asked], bool], Answer]] = []
        self._changed = threading.Condition()
        self._over = False
        self._server = _server_for(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """End, and every watch with it."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    # What a test says ------------------------------------------------------------------------------------------

    def fault(self, *answers: Answer, where: Callable[[Asked], bool] = lambda _: True, first: bool = False) -> None:
        """The next requests that WHERE picks get ANSWERS, one each, after what was said before, or FIRST."""
        with self._changed:
            said = [(where, answer) for answer in answers]
            self._faults = said + self._faults if first else self._faults + said

    def put(self, name: str, *, labels: Json | None = None, tell: bool = True, **rest: Any) -> Json:
        """Make or change an object; watches are told unless TELL is false."""
        with self._changed:
            kind = "MODIFIED" if name in self.objects else "ADDED"
            metadata = {"name": name, "uid": f"uid-{name}", "labels": labels or {}}
            self.objects[name] = {"metadata": metadata, **rest}
            return self._happened(kind, self.objects[name], tell)

    def remove(self, name: str, *, tell: bool = True) -> None:
        """Delete an object."""
        with self._changed:
            self._happened("DELETED", self.objects.pop(name), tell)

    def bookmark(self) -> None:
        """Tell all watches how far the world has come, as the API server does every minute."""
        with self._changed:
            self._happened("BOOKMARK", {"metadata": {}}, True)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Until CONDITION of requests and watches holds."""
        with self._changed:
            assert self._changed.wait_for(condition, ENOUGH_S), f"{what}: {self.asked}"

    def lists(self) -> list[Asked]:
        """The lists that were asked for."""
        return [x for x in self.asked if x.method == "GET" and not x.is_watch]

    def watches(self) -> list[Asked]:
        """The watches that were asked for."""
        return [x for x in self.asked if x.is_watch]

    # How it answers --------------------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer | None:
        """What the script has for ASKED; None where it has nothing."""
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
            for number, (where, answer) in enumerate(self._faults):
                if where(asked):
                    del self._faults[number]
                    return answer
        return None

    def page(self, asked: Asked) -> Json:
        """One page of what is there."""
        with self._changed:
            names = sorted(self.objects)
            start, limit = int(asked.query.get("continue") or 0), int(asked.query.get("limit") or 500)
            rest = str(start + limit) if start + limit < len(names) else ""
            items = [self.objects[name] for name in names[start : start + limit]]
            return {"metadata": {"resourceVersion": str(self.version), "continue": rest}, "items": items}

    def happenings(self, since: int) -> Iterator[Json]:
        """What happened after the version SINCE, and what happens from now on."""
        waiting = deque[Json]()
        with self._changed:
            self.watching += 1
            self._changed.notify_all()
        try:
            while True:
                with self._changed:
                    while not self._over and not waiting:
                        new = [x for x in self.history if int(x["object"]["metadata"]["resourceVersion"]) > since]
                        waiting.extend(new)
                        if not new:
                            self._changed.wait()
                    if self._over:
                        return
                event = waiting.popleft()
                since = int(event["object"]["metadata"]["resourceVersion"])
                yield event
        finally:
            with self._changed:
                self.watching -= 1
                self._changed.notify_all()

    def _happened(self, kind: str, item: Json, tell: bool) -> Json:
        self.version += 1
        item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
        if kind in {"ADDED", "MODIFIED"}:
            self.objects[item["metadata"]["name"]] = item
        if tell:
            self.history.append({"type": kind, "object": item})
            self._changed.notify_all()
        return item


def _server_for(api: ApiServer) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            asked = Asked(self.command, parts.path, query, body)
            match api.answer(asked):
                case Reply() as reply:
                    self._reply(reply)
                case Silence():
                    self._cut()
                case Told() as told:
                    self._tell(told)
                case None if asked.is_watch:
                    self._watch(int(asked.query["resourceVersion"]))
                case None:
                    self._reply(Reply(200, api.page(asked) if asked.method == "GET" else body or {}))

        do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815 - the names that http.server asks for

        def _is_protobuf(self) -> bool:
            return self.headers.get("Accept", "").startswith(MEDIA_TYPE)

        def _reply(self, reply: Reply) -> None:
            content = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            if self._is_protobuf() and isinstance(reply.body, dict) and reply.body.get("kind") == "Status":
                content = object_in_bytes(reply.body)
                self.send_header("Content-Type", MEDIA_TYPE)
            for name, value in (*reply.headers, ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def _begin(self) -> None:
            self.send_response(200)
            if self._is_protobuf():
                self.send_header("Content-Type", f"{MEDIA_TYPE};stream=watch")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

        def _said(self, event: Json) -> bytes:
            if not self._is_protobuf():
                return json.dumps(event).encode() + b"\n"
            return framed(frame_of({**event, "object": _with_step(event["object"])}))

        def _chunk(self, content: bytes) -> None:
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
            self.wfile.flush()

        def _tell(self, told: Told) -> None:
            self._begin()
            text = b"".join(map(self._said, told.events)) + told.text.encode()
            for half in (text[: len(text) // 2], text[len(text) // 2 :]):  # events need not keep to chunks
                if half:
                    self._chunk(half)
            if told.cut:
                self.wfile.write(b'40\r\n{"type": "ADDED", "object": {')
                self._cut()
            else:
                self.wfile.write(b"0\r\n\r\n")

        def _watch(self, since: int) -> None:
            self._begin()
            try:
                for event in api.happenings(since):
                    self._chunk(self._said(event))
            except OSError:
                pass
            self._cut()

        def _cut(self) -> None:
            self.close_connection = True
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


def _with_step(item: Json) -> Json:
    """ITEM with its step, which no pod has, where `step_of` finds it."""
    return {**item, "metadata": {**item.get("metadata", {}), "annotations": {"step": str(item.get("step", ""))}}}


def step_of(item: Json) -> str:
    """What a test has said of an object."""
    return str(item.get("step") or (item["metadata"].get("annotations") or {}).get("step") or "")


def kubeconfig_for(url: str, folder: Path) -> Path:
    """A kubeconfig that leads to URL."""
    path = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(config))
    return path


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """One that is up within the block."""
    server = ApiServer()
    try:
        yield server
    finally:
        server.close()
