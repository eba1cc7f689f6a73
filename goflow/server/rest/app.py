"""The REST application: routes, errors in one shape, health and metrics."""

from __future__ import annotations

import json
from typing import Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute
from fastapi.utils import generate_unique_id

from goflow import __version__
from goflow.domain.canonical import encodable
from goflow.domain.errors import GoFlowError
from goflow.server.api_metrics import Measured
from goflow.server.page import serve_page
from goflow.server.rest import (
    admin,
    alerts,
    assets,
    backfills,
    config,
    connections,
    cronjobs,
    daemons,
    dag_facts,
    dags,
    hitl,
    job_files,
    late,
    logs,
    monitor,
    oidc,
    page_dag,
    page_dags,
    page_grid,
    page_imports,
    page_run,
    partitions,
    pod_events,
    pools,
    run_changes,
    runs,
    signing_in,
    state_store,
    stream,
    task_changes,
    task_logs,
    tasks,
    usage,
    users,
    variables,
    versions,
    why,
    xcoms,
)
from goflow.server.rest.context import CallerDep, Services, ServicesDep, guard
from goflow.server.rest.published import publish
from goflow.server.rest.status import status_of
from goflow.server.rest.strict import strict
from goflow.store.errors import DatabaseBusyError

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 2
"""Seconds after which a caller may ask again while the database is away."""

MODULES = (
    *(
        dags,
        dag_facts,
        versions,
        runs,
        run_changes,
        late,
        backfills,
        why,
        xcoms,
        task_logs,
        state_store,
        hitl,
        alerts,
        usage,
        pod_events,
        cronjobs,
        tasks,
    ),
    *(task_changes, assets, partitions, variables, connections, pools, admin, monitor, daemons, config, stream, logs),
    *(signing_in, oidc, users),
    *(page_dags, page_grid, page_dag, page_run, page_imports, job_files),
)
"""What has routes. Of paths that look alike those that say more come first: ``tasks`` ends with map indexes."""


class Answer(JSONResponse):
    """JSON in UTF-8, also of texts that have half of a surrogate pair, as DAG files may have them."""

    def render(self, content: Any) -> bytes:
        """CONTENT as JSON. Raises ValueError for NaN and infinities."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return encodable(text).encode()


def application(services: Services) -> FastAPI:
    """The application over SERVICES; its OpenAPI document is at ``/openapi.json``."""
    app = FastAPI(
        title="GoFlow",
        version=__version__,
        docs_url="/docs",
        redoc_url=None,
        default_response_class=Answer,
        dependencies=[Depends(guard)],
        generate_unique_id_function=_operation_id,
    )
    app.state.services = services
    app.state.listeners = stream.Listeners(services.store)
    app.add_middleware(Measured)
    for module in MODULES:
        app.include_router(module.router)
    app.add_exception_handler(DatabaseBusyError, _away)
    app.add_exception_handler(GoFlowError, _refused)
    app.add_exception_handler(OverflowError, _too_large)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _failed)
    app.get("/healthz", tags=["Health"], include_in_schema=False)(healthz)
    app.get("/readyz", tags=["Health"], include_in_schema=False)(readyz)
    app.get("/metrics", tags=["Health"], include_in_schema=False)(metrics)
    app.get("/goflow/v1/status", tags=["Health"])(status)
    serve_page(app)
    publish(app, [route for module in MODULES for route in module.router.routes])
    return app


def _operation_id(route: APIRoute) -> str:
    """What the OpenAPI document calls a route: Airflow's routes have Airflow's names."""
    return route.name if route.path.startswith("/api/v2/") else generate_unique_id(route)


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


def status(services: ServicesDep, caller: CallerDep) -> dict[str, Any]:
    """How the daemon's parts fare."""
    return {"version": __version__, **services.status()}


async def _away(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, DatabaseBusyError)
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return JSONResponse({"detail": str(problem), "hint": problem.hint}, 503, headers)


async def _refused(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, GoFlowError)
    return JSONResponse(
        {"detail": str(problem), **({"hint": problem.hint} if problem.hint else {})}, status_of(problem)
    )


async def _invalid(_: Request, problem: Exception) -> JSONResponse:
    """FastAPI's own list, also where what was sent is nothing that JSON can show."""
    assert isinstance(problem, RequestValidationError)
    return Answer({"detail": strict(jsonable_encoder(problem.errors()))}, 422)


async def _too_large(_: Request, problem: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"a number or a date that nothing can hold: {problem}"}, 400)


async def _failed(request: Request, problem: Exception) -> JSONResponse:
    log.error("a request failed", path=request.url.path, exc_info=problem)
    return JSONResponse({"detail": "the server failed; its log says why"}, 500)
