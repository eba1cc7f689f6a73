"""What the OpenAPI document says beyond what FastAPI knows: the ways of signing in, which role each operation takes,
and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from goflow.server.rest import answers
from goflow.server.signin import cookies, roles

_WAYS: dict[str, dict[str, str]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "of POST /auth/token or `goflow tokens create`"},
    "session": {"type": "apiKey", "in": "cookie", "name": cookies.SESSION},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": cookies.CSRF_HEADER,
        "description": "of the session, for changes",
    },
}


def publish(app: FastAPI, routes: Sequence[Any]) -> None:
    """Have APP's document tell it, too: roles are one table's, and answers are not validated by their schemas. ROUTES:
    what of APP tells its answers."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = plain()
        shapes, referred = answers.schemas(routes)
        parts = document.setdefault("components", {})
        parts["securitySchemes"] = _WAYS
        parts.setdefault("schemas", {}).update(referred)
        document["security"] = [{"token": []}, {"session": [], "csrf": []}]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                _complete(operation, method.upper(), path, shapes)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(operation: dict[str, Any], method: str, path: str, shapes: dict[tuple[str, str], Any]) -> None:
    role = roles.needed(method, path)
    if role is None:
        operation["security"] = []
    else:
        operation["x-goflow-role"] = role.value
    shape = shapes.get((method, path))
    if shape is not None:
        status = next(status for status in operation["responses"] if status.startswith("2"))
        operation["responses"][status]["content"] = {"application/json": {"schema": shape}}
