"""How often the APIs are called, and how long an answer takes: by the template of the route, never by the path."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from goflow.telemetry import metrics

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"
"""What no route was found for: the web page's files, and what is not there."""
_STREAM = b"text/event-stream"


def answered(api: str, method: str, route: str, status: int, seconds: float | None) -> None:
    """One answer of API (``rest``, ``task``) was given. SECONDS None: it says nothing that it took long."""
    method = method if method in METHODS else "other"
    metrics.API_REQUESTS.labels(api, method, route, str(status)).inc()
    if seconds is not None:
        metrics.API_REQUEST_SECONDS.labels(api, method, route).observe(seconds)


class Measured:
    """REST, measured: an ASGI middleware around APP."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Streams of events are counted at their end, and their time is not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, streams = time.perf_counter(), 500, False

        async def watched(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = dict(message["headers"]).get(b"content-type", b"").startswith(_STREAM)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", None) or NO_ROUTE
            took = None if streams else time.perf_counter() - begun
            answered("rest", scope["method"], route, status, took)
