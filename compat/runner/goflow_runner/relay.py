"""Airflow's supervisor speaks to the server through its agent, which waits with patience that a supervisor lacks.

Airflow's client gives up after a few tries, and after some heartbeats without an answer its supervisor kills the task.
So it is told an address on this machine's loopback and a secret of its own: what it says there is said to the server
with the attempt's token (read afresh for each call) and tried again while the server is away; a heartbeat that the
server does not hear is answered all the same. Only the server itself may say that a task is not wanted any more.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from goflow_runner.client import ServerAwayError, TaskClient
from goflow_runner.wire import EXECUTION_PREFIX, LARGEST_BODY, REPEAT_HEADER, TOLD_TO_STOP_HEADER

HEARTBEAT_S = 3.0
"""A heartbeat is tried once, for so long: the supervisor reads neither its task's output nor its requests meanwhile."""
HEARTBEAT_EVERY_S = 10.0
"""How often the server hears a heartbeat; the supervisor beats faster, since it looks only then whether its task has
ended."""
HANDED_ON = ("content-type", "airflow-api-version", "accept")
HANDED_BACK = ("content-type", "content-range")


class Relay:
    """Serves on a free port of the loopback. TOLD_TO_STOP says whether the task has been told to stop meanwhile."""

    def __init__(self, client: TaskClient, told_to_stop: Callable[[], bool] = lambda: False) -> None:
        self.client = client
        self.told_to_stop = told_to_stop
        self.secret = secrets.token_urlsafe(32)
        self.word: Mapping[str, Any] | None = None
        """What the supervisor has said last about how the task ended (a body of ``PATCH .../state``)."""
        self.heard_at = float("-inf")
        """When the server has answered a heartbeat last (``time.monotonic``)."""
        self.unheard: set[tuple[str, str]] = set()
        """Calls (method and path) that were given up: the server may have heard them all the same."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.relay = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="relay", daemon=True)

    @property
    def url(self) -> str:
        """What Airflow calls its Execution API's address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{EXECUTION_PREFIX}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; a call that waits for the server is left alone."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    relay: Relay


class _Handler(BaseHTTPRequestHandler):
    """One connection of the supervisor's."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.client = self.server.relay.client.another()
        self.heart = self.server.relay.client.another()
        self.heart.patience_s, self.heart.timeout_s = 0.0, HEARTBEAT_S

    def finish(self) -> None:
        super().finish()
        self.client.close()
        self.heart.close()

    def log_message(self, *_: object) -> None:
        """Nothing: standard error is the agent's own."""

    def _relay(self) -> None:
        relay = self.server.relay
        size = int(self.headers.get("content-length") or 0)
        payload = self.rfile.read(size) if size <= LARGEST_BODY else b""
        given = self.headers.get("authorization", "")
        if size > LARGEST_BODY:
            self.close_connection = True
            self._refuse(413, f"{size} bytes at once; {LARGEST_BODY} are taken at most")
        elif not hmac.compare_digest(given.encode(), f"Bearer {relay.secret}".encode()):
            self._refuse(401, "this is not the secret of this attempt")
        elif not self.path.startswith(EXECUTION_PREFIX):
            self._refuse(404, "the relay has nothing but Airflow's Execution API")
        else:
            self._forward(relay, payload if size else None)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _relay  # noqa: N815 - http.server's names

    def _forward(self, relay: Relay, payload: bytes | None) -> None:
        is_heartbeat = self.command == "PUT" and self.path.endswith("/heartbeat")
        if self.command == "PATCH" and self.path.endswith("/state"):
            relay.word = _object(payload)
        if is_heartbeat and time.monotonic() - relay.heard_at < HEARTBEAT_EVERY_S:
            self._answer(204, {}, b"")
            return
        headers = {name: self.headers[name] for name in HANDED_ON if name in self.headers}
        if relay.told_to_stop():
            headers[TOLD_TO_STOP_HEADER] = "1"
        if (self.command, self.path) in relay.unheard:
            headers[REPEAT_HEADER] = "1"
        client = self.heart if is_heartbeat else self.client
        try:
            status, answered, content = client.forward(self.command, self.path, payload, headers)
        except ServerAwayError as problem:
            if is_heartbeat:
                self._answer(204, {}, b"")
            else:
                relay.unheard.add((self.command, self.path))
                self._refuse(503, str(problem))
            return
        if is_heartbeat and status < 300:
            relay.heard_at = time.monotonic()
        lower = {name.lower(): value for name, value in answered.items()}
        self._answer(status, {name: lower[name] for name in HANDED_BACK if name in lower}, content)

    def _refuse(self, status: int, detail: str) -> None:
        self._answer(status, {"content-type": "application/json"}, json.dumps({"detail": detail}).encode())

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(content)


def _object(payload: bytes | None) -> Mapping[str, Any]:
    try:
        found = json.loads(payload or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
