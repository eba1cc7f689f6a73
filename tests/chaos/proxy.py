"""The proxy that stands before the API server: a process of its own, which does to calls what its `Weather` says.

    python -m tests.chaos.proxy --kubeconfig FILE --port N --seed S

It speaks plain HTTP to the daemon and TLS to the server. Paths below ``/chaos/`` are its own: ``PUT weather`` sets what it
does, ``GET done`` tells how often it did what, ``POST trap`` answers when a call that was described comes by, which is
then held until its caller is gone: so a daemon is killed before a call, or between a call and its answer.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import queue
import random
import select
import socket
import ssl
import struct
import threading
import time
import urllib.parse
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from goflow.kube.errors import UnavailableError
from tests.chaos.streams import GONE, CutError, form_of, mangled
from tests.chaos.weather import CLEAR, REFUSALS, Weather

OWN = "/chaos/"
CALL_S = 60.0
QUIET_S = 0.5
"""After such a silence of a watch nothing is held back any more, and it is seen whether anybody still listens."""
REWOUND_BY = 30
"""Events that a rewound watch goes back at most."""
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "host"}


class Gone(Exception):  # noqa: N818 - no error: what the weather wants
    """The caller's connection ends here"""


@dataclass(slots=True)
class Trap:
    """Waits for a call of METHOD whose path holds PART, BEFORE it is passed on or after it was answered."""

    method: str
    part: str
    before: bool
    port: int = 0
    """The caller's, once it has sprung."""
    sprung: threading.Event = field(default_factory=threading.Event)

    def is_for(self, method: str, path: str) -> bool:
        """Whether that is the call."""
        return method == self.method and self.part in path and not self.sprung.is_set()


class Proxy(ThreadingHTTPServer):
    """The server: where it passes calls on to, the weather, and what it has done."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], upstream: str, tls: ssl.SSLContext | None, seed: int) -> None:
        super().__init__(address, Caller)
        parts = urllib.parse.urlsplit(upstream)
        self.upstream = (parts.hostname or "", parts.port or 443)
        self.tls = tls
        """None: the server speaks plain HTTP."""
        self.weather = CLEAR
        self.moments = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.versions: dict[str, deque[str]] = {}
        """For each path the versions of the last events that were told of it."""
        self.traps: list[Trap] = []

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the API server."""
        if self.tls is None:
            return http.client.HTTPConnection(*self.upstream, timeout=CALL_S)
        return http.client.HTTPSConnection(*self.upstream, timeout=CALL_S, context=self.tls)

    def passes(self, method: str, path: str, port: int, *, before: bool) -> bool:
        """Whether a trap waits for that call at that moment; it springs. PORT is the caller's."""
        for trap in list(self.traps):
            if trap.before == before and trap.is_for(method, path):
                trap.port = port
                trap.sprung.set()
                return True
        return False

    def remember(self, path: str, event: dict[str, Any]) -> None:
        """Note the version of an event."""
        version = event.get("object", {}).get("metadata", {}).get("resourceVersion")
        if version:
            self.versions.setdefault(path, deque(maxlen=REWOUND_BY)).append(str(version))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that is gone is nothing to speak of."""


class Caller(BaseHTTPRequestHandler):
    """One connection of the daemon's."""

    protocol_version = "HTTP/1.1"
    server: Proxy
    _upstream: http.client.HTTPConnection | None = None

    def do_GET(self) -> None:
        """Every method is passed on."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.path.startswith(OWN):
                self._own(json.loads(body or b"{}"))
            else:
                self._pass(body)
        except (Gone, BrokenPipeError, ConnectionResetError):
            self._hang_up()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - their names there

    # Its own calls -------------------------------------------------------------------------------------------------

    def _own(self, told: dict[str, Any]) -> None:
        what = self.path.removeprefix(OWN)
        if what == "weather":
            self.server.weather = Weather.of(told)
            self._answer(200, {})
        elif what == "done":
            self._answer(200, dict(self.server.done))
        elif what == "trap":
            self._answer(
                200, {"sprung": self._wait_at(Trap(told["method"], told["part"], told["before"]), told["wait_s"])}
            )
        else:
            self._answer(404, {})

    def _wait_at(self, trap: Trap, wait_s: float) -> int | None:
        """The port of the caller who came by; None when nobody did."""
        self.server.traps.append(trap)
        try:
            return trap.port if trap.sprung.wait(wait_s) else None
        finally:
            self.server.traps.remove(trap)

    # Calls to the API server ---------------------------------------------------------------------------------------

    def _pass(self, body: bytes) -> None:
        weather, moments = self.server.weather, self.server.moments
        path, query = self.path.partition("?")[0], urllib.parse.parse_qs(self.path.partition("?")[2])
        is_watch, is_stream = "watch" in query, "watch" in query or "follow" in query
        if moments.random() < weather.silent:
            self.server.done["call not answered at all"] += 1
            self._stand_still(weather.silence_s)
        if moments.random() < weather.late:
            self.server.done["call delayed"] += 1
            time.sleep(moments.uniform(0, weather.latest_s))
        if moments.random() < weather.lost:
            self.server.done["connection ended before the call"] += 1
            raise Gone
        if moments.random() < weather.refused:
            self._refuse(moments.choice(REFUSALS))
            return
        if moments.random() < weather.strange:
            self._answer_strangely(moments.choice((404, 403)))
            return
        if is_watch and moments.random() < weather.gone:
            self._say_gone()
            return
        if is_watch and moments.random() < weather.rewound:
            query = self._rewound(path, query)
        if self.server.passes(self.command, path, self.client_address[1], before=True):
            self._stand_still(5.0)
        answer = self._ask(path, query, body)
        if not is_stream and self.server.passes(self.command, path, self.client_address[1], before=False):
            answer.read()
            self._stand_still(5.0)
        if is_stream and answer.status == 200:
            self._stream(answer, path, is_watch)
            return
        content = answer.read()
        if moments.random() < weather.unanswered:
            self.server.done[f"answer lost ({self.command})"] += 1
            raise Gone
        self._send_head(answer, {"Content-Length": str(len(content))})
        self.wfile.write(content)

    def _ask(self, path: str, query: dict[str, list[str]], body: bytes) -> http.client.HTTPResponse:
        """What the server answers; 503 in its place while it is away."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        target = path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else "")
        for is_last in (self._upstream is None, True):
            try:
                if self._upstream is None:
                    self._upstream = self.server.connect()
                self._upstream.request(self.command, target, body or None, headers)
                return self._upstream.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as problem:
                self._upstream = None
                if is_last or self.command != "GET":  # it may have been carried out: only the caller may ask again
                    raise Gone from problem
            except OSError as problem:
                self._upstream = None
                raise Gone from problem
        raise AssertionError

    def _rewound(self, path: str, query: dict[str, list[str]]) -> dict[str, list[str]]:
        known = list(self.server.versions.get(path, ()))
        if not known:
            return query
        self.server.done["watch begun further back"] += 1
        return {**query, "resourceVersion": [self.server.moments.choice(known)]}

    def _stream(self, answer: http.client.HTTPResponse, path: str, is_watch: bool) -> None:
        self._upstream = None  # this connection is the stream's own
        self._send_head(answer, {"Transfer-Encoding": "chunked"})
        pieces = self._events(answer, path) if is_watch else self._log(answer)
        try:
            for piece in pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except CutError as cut:
            raise Gone from cut
        finally:
            answer.close()

    def _events(self, answer: http.client.HTTPResponse, path: str) -> Iterator[bytes]:
        form = form_of(answer.getheader("Content-Type") or "")
        for part in mangled(
            self._with_silences(form.parts(_chunks(answer))),
            form,
            lambda: self.server.weather,
            self.server.moments,
            self.server.done,
        ):
            with suppress(ValueError, UnavailableError):
                self.server.remember(path, form.read(part))
            yield part

    def _log(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        for piece in self._with_silences(_chunks(answer)):
            if piece is not None:
                yield piece
                if self.server.moments.random() < self.server.weather.cut:
                    self.server.done["log cut"] += 1
                    raise CutError

    def _with_silences(self, pieces: Iterator[bytes]) -> Iterator[bytes | None]:
        """PIECES as they come, and None for each silence. Raises Gone when nobody listens any more."""
        waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

        def read() -> None:
            with suppress(OSError, http.client.HTTPException, ValueError, AttributeError, UnavailableError):
                for piece in pieces:
                    waiting.put(piece)
            waiting.put(None)

        threading.Thread(target=read, daemon=True).start()
        while True:
            try:
                piece = waiting.get(timeout=QUIET_S)
            except queue.Empty:
                if self._is_alone():
                    raise Gone from None
                yield None
                continue
            if piece is None:
                return
            yield piece

    # What it says itself -------------------------------------------------------------------------------------------

    def _refuse(self, status: int) -> None:
        self.server.done[f"answered {status}"] += 1
        reason = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}[status]
        said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status}
        self._answer(
            status, {**said, "message": "the chaos proxy says no"}, {"Retry-After": "1"} if status == 429 else {}
        )

    def _answer_strangely(self, status: int) -> None:
        self.server.done[f"answered {status} by a stranger"] += 1
        content = b"<html>default backend"
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _say_gone(self) -> None:
        if self.server.moments.random() < 0.5:
            self.server.done["watch answered 410"] += 1
            self._answer(410, GONE)
            return
        self.server.done["watch told 410 by an event"] += 1
        form = form_of(self.headers.get("Accept") or "")
        content = form.write({"type": "ERROR", "object": GONE})
        self.send_response(200)
        self.send_header("Content-Type", form.media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, status: int, said: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(said).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _send_head(self, answer: http.client.HTTPResponse, headers: dict[str, str]) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _stand_still(self, seconds: float) -> None:
        """Until the caller is gone, or so long; then the connection ends. Raises Gone."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._is_alone():
            time.sleep(0.02)
        raise Gone

    def _is_alone(self) -> bool:
        """Whether the caller has closed its end."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _hang_up(self) -> None:
        """End the connection, with a reset half the time."""
        self.close_connection = True
        with suppress(OSError):
            if self.server.moments.random() < 0.5:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there
        """Nothing: the daemon's log tells what it met."""


def _chunks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while chunk := answer.read1(1 << 16):
        yield chunk


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.proxy", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="names the server and its authority")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cluster = yaml.safe_load(given.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    tls = ssl.create_default_context(cadata=authority)
    Proxy((given.host, given.port), cluster["server"], tls, given.seed).serve_forever()


if __name__ == "__main__":
    main()
