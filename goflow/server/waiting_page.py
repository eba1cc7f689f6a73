"""What a daemon answers that cannot begin yet, since it waits for its database: that it lives, and what it waits for.

It has the address of REST until REST itself takes it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from goflow.telemetry.waiting import Waits

Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[dict[str, Any]], Awaitable[None]]], Any]
RETRY_AFTER_S = 5


def waiting_page(waits: Waits) -> Asgi:
    """An application that answers ``/healthz`` with 200, ``/readyz`` with 503 and all that is waited for by WAITS, and
    anything else with 503 and the same as JSON."""

    async def answer(scope: dict[str, Any], receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            return
        lines = [str(wait) for wait in waits.told()] or ["it is about to begin"]
        status, kind, text = 503, b"text/plain; charset=utf-8", "\n".join(lines) + "\n"
        if scope["path"] == "/healthz":
            status, text = 200, "ok\n"
        elif scope["path"] != "/readyz":
            kind, text = b"application/json", json.dumps({"detail": f"the daemon waits: {'; '.join(lines)}"})
        headers = [(b"content-type", kind)]
        if status == 503:
            headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})

    return answer
