"""Answers for the web page: JSON, compressed where the browser takes it."""

from __future__ import annotations

import gzip
import json
from typing import Any

from fastapi import Request, Response

from goflow.domain.canonical import encodable

SMALLEST = 2000
"""Bytes below which compressing does not pay."""
LEVEL = 2
"""Of gzip: a daemon's processor is dearer than the last tenth of the size."""


def packed(request: Request, content: Any, **written: str) -> Response:
    """CONTENT as JSON; WRITTEN are further fields of it that are JSON already. Raises ValueError for NaN and
    infinities."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for name, value in written.items():
        text = f'{text[:-1]},"{name}":{value}}}'
    body = encodable(text).encode()
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if len(body) >= SMALLEST and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)
