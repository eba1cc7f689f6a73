"""How the routes that tasks call are guarded: whose token it is, how long a body may be, what a failure answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from goflow_runner import wire
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from goflow.domain.errors import AlreadyExistsError, GoFlowError, NotFoundError
from goflow.domain.runs import Launch
from goflow.domain.state import OPEN_LAUNCH_STATES
from goflow.kube.errors import KubeError
from goflow.server import task_bodies
from goflow.server.attempts import AttemptGuard
from goflow.store import Store, launches
from goflow.store.errors import DatabaseBusyError

log = structlog.get_logger(__name__)

LARGEST_BODY = wire.LARGEST_BODY
LARGEST_STRANGERS_BODY = 64 << 10
"""Bytes that are read of a request before its token is looked at."""

T = TypeVar("T")
Handler = Callable[[Launch, Request, Any], Any]
"""Gets the launch that speaks, the request and its body as JSON; gives an answer as JSON, a Response, or None (204)."""


class Answer(JSONResponse):
    """JSON as Python has it: results may hold NaN and infinities, which a runner reads as what they were."""

    def render(self, content: Any) -> bytes:
        """CONTENT as JSON in ASCII."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class RequestRefusedError(Exception):
    """The answer is no, with this status; DETAIL is words, or an object of JSON."""

    def __init__(self, status: int, detail: Any) -> None:
        self.status = status
        self.detail = detail
        super().__init__(detail)


class Door:
    """Lets launches of STORE in. GUARD decides whose token it is."""

    def __init__(self, store: Store, guard: AttemptGuard) -> None:
        self.store = store
        self.guard = guard

    def route(self, path: str, method: str, handler: Handler) -> Route:
        """A route for those who may speak. Where PATH has a ``launch_id``, the launch speaks about itself, and may when
        it has ended."""

        async def endpoint(request: Request) -> Response:
            try:
                body = await self._body(request)
            except RequestRefusedError as refusal:
                return Answer({"detail": refusal.detail}, refusal.status)
            except ClientDisconnect:
                return Response(status_code=400)  # which nobody hears
            return await run_in_threadpool(self._handle, handler, request, body)

        return Route(path, endpoint, methods=[method])

    async def _body(self, request: Request) -> bytes:
        """The body, of those who may speak if it is long. Raises RequestRefusedError (401, 403, 413)."""
        length = request.headers.get("content-length", "")
        told = int(length) if length.isdecimal() else None
        if told is not None and told > LARGEST_BODY:
            raise RequestRefusedError(413, f"a request has at most {LARGEST_BODY} bytes")
        if told is None or told > LARGEST_STRANGERS_BODY:
            await run_in_threadpool(self._answered, self._speaker, request)
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY:
                raise RequestRefusedError(413, f"a request has at most {LARGEST_BODY} bytes")
            parts.append(part)
        return b"".join(parts)

    def _handle(self, handler: Handler, request: Request, body: bytes) -> Response:
        try:
            return self._answered(self._call, handler, request, body)
        except RequestRefusedError as refusal:
            return Answer({"detail": refusal.detail}, refusal.status)

    def _call(self, handler: Handler, request: Request, body: bytes) -> Response:
        launch = self._speaker(request)
        answer = handler(launch, request, task_bodies.parse(body))
        if isinstance(answer, Response):
            return answer
        return Response(status_code=204) if answer is None else Answer(answer)

    @staticmethod
    def _answered(function: Callable[..., T], *arguments: Any) -> T:
        """What FUNCTION gives; what it raises becomes RequestRefusedError in words."""
        try:
            return function(*arguments)
        except RequestRefusedError:
            raise
        except (KubeError, DatabaseBusyError) as problem:  # which the runner asks again
            raise RequestRefusedError(503, str(problem)) from problem
        except NotFoundError as problem:
            raise RequestRefusedError(404, str(problem)) from problem
        except AlreadyExistsError as problem:
            raise RequestRefusedError(409, str(problem)) from problem
        except GoFlowError as problem:
            raise RequestRefusedError(400, str(problem)) from problem
        except Exception as problem:
            log.exception("the task API failed")
            raise RequestRefusedError(500, "the server failed; its log says why") from problem

    def _speaker(self, request: Request) -> Launch:
        """The launch whose token came with REQUEST. Raises RequestRefusedError (401, 403)."""
        launch_id = request.path_params.get("launch_id") or request.headers.get("x-goflow-launch", "")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RequestRefusedError(401, "a bearer token is needed")
        with self.store.reading() as tx:
            launch = launches.find(tx, launch_id)
        if launch is None or not self.guard.allows(launch, token):
            raise RequestRefusedError(401, "this token is not good for this launch")
        is_own = "launch_id" in request.path_params
        if not is_own and launch.state not in OPEN_LAUNCH_STATES:
            raise RequestRefusedError(403, "this launch has ended")
        return launch


def no_such_call(_: Request, problem: Exception) -> Response:
    """What an application answers where it has no route, or none for the method."""
    status = problem.status_code if isinstance(problem, HTTPException) else 404
    return Answer({"detail": "the task API has no such call"}, status)
