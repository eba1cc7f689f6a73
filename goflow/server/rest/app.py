"""The REST application: routes, errors in one shape, health and metrics."""

from __future__ import annotations

import json
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from goflow import __version__
from goflow.domain.canonical import encodable
from goflow.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    GoFlowError,
    InvalidRequestError,
    NotFoundError,
    StateChangeRefusedError,
)
from goflow.server.rest import admin, assets, backfills, dags, hitl, late, partitions, runs, tasks, why
from goflow.server.rest.context import CallerDep, Services, ServicesDep
from goflow.store.errors import DatabaseBusyError

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 2
"""Seconds after which a caller may ask again while the database is away."""

STATUS: dict[type[GoFlowError], int] = {
    NotFoundError: 404,
    AlreadyExistsError: 409,
    ConflictError: 409,
    StateChangeRefusedError: 409,
    InvalidRequestError: 400,
}


class Answer(JSONResponse):
    """JSON in UTF-8, also of texts that have half of a surrogate pair, as DAG files may have them."""

    def render(self, content: Any) -> bytes:
        """CONTENT as JSON. Raises ValueError for NaN and infinities."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return encodable(text).encode()


def application(services: Services) -> FastAPI:
    """The application over SERVICES; its OpenAPI document is at ``/openapi.json``."""
    app = FastAPI(title="GoFlow", version=__version__, docs_url="/docs", redoc_url=None, default_response_class=Answer)
    app.state.services = services
    for module in (dags, runs, late, backfills, tasks, why, assets, partitions, hitl, admin):
        app.include_router(module.router)
    app.add_exception_handler(DatabaseBusyError, _away)
    app.add_exception_handler(GoFlowError, _refused)
    app.add_exception_handler(Exception, _failed)
    app.get("/healthz", tags=["Health"], include_in_schema=False)(healthz)
    app.get("/readyz", tags=["Health"], include_in_schema=False)(readyz)
    app.get("/metrics", tags=["Health"], include_in_schema=False)(metrics)
    app.get("/api/v2/version", tags=["Version"])(version)
    app.get("/goflow/v1/status", tags=["Health"])(status)
    return app


def healthz() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("ok\n")


def readyz(request: Request, services: ServicesDep) -> PlainTextResponse:
    """Every part is ready, or which are not and why (503). What some tasks wait for is told as well. It asks nobody, so
    it answers at once whatever is away. ``?verbose`` tells of each part, as Kubernetes' own does."""
    found = {name: check() for name, check in services.checks.items()}
    waits = services.store.waits.told()
    lines = [f"{name}: {why}" for name, why in found.items() if why is not None]
    lines += [str(wait) for wait in waits if wait.blocks]
    ready = not lines
    lines += [f"tasks wait for {wait}" for wait in waits if not wait.blocks]
    if "verbose" in request.query_params:
        lines += [f"[{'+' if why is None else '-'}] {name}" for name, why in found.items()]
        lines += [f"[i] {name}: {words()}" for name, words in services.words.items()]
    return PlainTextResponse("\n".join(["ok", *lines] if ready else lines) + "\n", 200 if ready else 503)


def metrics(services: ServicesDep) -> Response:
    """Everything that Prometheus asks for."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    services.store.waits.count()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def version() -> dict[str, str]:
    """GoFlow's version."""
    return {"version": __version__, "product": "goflow"}


def status(services: ServicesDep, caller: CallerDep) -> dict[str, Any]:
    """How the daemon's parts fare."""
    return {"version": __version__, **services.status()}


async def _away(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, DatabaseBusyError)
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return JSONResponse({"detail": str(problem), "hint": problem.hint}, 503, headers)


async def _refused(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, GoFlowError)
    code = next((STATUS[kind] for kind in type(problem).__mro__ if kind in STATUS), 400)
    return JSONResponse({"detail": str(problem), **({"hint": problem.hint} if problem.hint else {})}, code)


async def _failed(request: Request, problem: Exception) -> JSONResponse:
    log.error("a request failed", path=request.url.path, exc_info=problem)
    return JSONResponse({"detail": "the server failed; its log says why"}, 500)
