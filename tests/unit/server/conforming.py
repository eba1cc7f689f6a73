"""Every answer that a test gets is held to the schema that the OpenAPI document has for it: no field less, none more."""

from __future__ import annotations

import functools
import gzip
import json
from typing import Any

import jsonschema
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Conforming:
    """An ASGI middleware around APP: what does not conform becomes a 500 that says why."""

    def __init__(self, app: FastAPI, document: dict[str, Any]) -> None:
        self._app: ASGIApp = app
        self._document = document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. What is no JSON goes on as it comes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def watched(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                if not _is_json(message):
                    await send(message)
            elif not _is_json(start):
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    packed = dict(start["headers"]).get(b"content-encoding") == b"gzip"
                    why = self._problem(scope, start["status"], gzip.decompress(body) if packed else body)
                    if why:
                        start, body = _failed(start), json.dumps({"detail": why}).encode()
                    await send(start)
                    await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, watched)

    def _problem(self, scope: Scope, status: int, body: bytes) -> str:
        return problem(self._document, scope["method"], getattr(scope.get("route"), "path_format", ""), status, body)


def problem(document: dict[str, Any], method: str, path: str, status: int, body: bytes) -> str:
    """How the JSON of BODY differs from what DOCUMENT says of the operation; empty where it conforms."""
    operation = document["paths"].get(path, {}).get(method.lower())
    if operation is None or status >= 400:
        return ""
    content = operation["responses"].get(str(status), {}).get("content")
    if content is None:
        return f"{operation['operationId']}: says something, and nothing is published" if body else ""
    schema = content["application/json"]["schema"]
    found = jsonschema.Draft202012Validator(schema_of(document, schema)).iter_errors(json.loads(body))
    return "; ".join(f"{operation['operationId']}: {one.json_path}: {one.message[:300]}" for one in found)


def schema_of(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """SCHEMA by itself, with what of DOCUMENT it may refer to; objects have no fields but those that it names."""
    return {**_strict(schema), "components": {"schemas": _parts(json.dumps(document["components"]["schemas"]))}}


@functools.lru_cache(maxsize=4)
def _parts(text: str) -> dict[str, Any]:
    return {name: _strict(part) for name, part in json.loads(text).items()}


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _strict(value) for key, value in schema.items()}
    return {"additionalProperties": False, **found} if "properties" in schema else found


def _is_json(start: Message) -> bool:
    return dict(start["headers"]).get(b"content-type", b"").startswith(b"application/json")


def _failed(start: Message) -> Message:
    headers = [pair for pair in start["headers"] if pair[0] not in {b"content-length", b"content-encoding"}]
    return {**start, "status": 500, "headers": headers}
