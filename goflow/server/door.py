"""How the routes that tasks call are guarded: whose token it is, how long a body may be, what a failure answers."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
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
from goflow.server import api_metrics, speaking, task_bodies
from goflow.server.attempts import AttemptGuard
from goflow.store import Store, launches, triggers
from goflow.store.errors import DatabaseBusyError

log = structlog.get_logger(__name__)

LARGEST_BODY = wire.LARGEST_BODY
LARGEST_STRANGERS_BODY = 64 << 10
"""Bytes that are read of a request before its token is looked at."""

AFTERWARDS_S = 3600.0
"""Seconds after its end for which a task in an Airflow image may ask: its callbacks and listeners run then."""

MOST_REMEMBERED = 100_000
"""How many pairs of trigger runner and launch are remembered."""

T = TypeVar("T")
Handler = Callable[[Launch, Request, Any], Any]
"""Gets the launch that speaks, the request and its body as JSON; gives an answer as JSON, a Response, or None (204)."""
RunnerHandler = Callable[[str, Request, Any], Any]
"""The same for the name of the trigger runner that speaks."""


class Answer(JSONResponse):
    """JSON as Python has it: results may hold NaN and infinities, which a runner reads as what they were."""

    def render(self, content: Any) -> bytes:
        """CONTENT as JSON in ASCII."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class RequestRefusedError(Exception):
    """The answer is no, with this status; DETAIL is words, or an object of JSON. RETRY_AFTER_S: when to come back."""

    def __init__(self, status: int, detail: Any, retry_after_s: int = 0) -> None:
        self.status = status
        self.detail = detail
        self.headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}
        super().__init__(detail)


class Voices:
    """In whose names trigger runners speak: of launches whose triggers they hold, or did hold, since what is cleaned up
    after the end may need a connection."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._handed: OrderedDict[tuple[str, str], None] = OrderedDict()

    def hand(self, runner_id: str, launch_id: str) -> None:
        """That runner is handed the trigger of LAUNCH_ID's task."""
        self._handed[runner_id, launch_id] = None
        while len(self._handed) > MOST_REMEMBERED:
            self._handed.popitem(last=False)

    def allows(self, runner_id: str, launch_id: str) -> bool:
        """Whether a runner speaks in the name of that launch."""
        if (runner_id, launch_id) in self._handed:
            return True
        with self._store.reading() as tx:
            return triggers.holds_for(tx, runner_id, launch_id)


class Door:
    """Lets launches of STORE in, and trigger runners. GUARD decides whose token it is. HOME: the daemon's home, where
    those who come are processes of this machine."""

    def __init__(self, store: Store, guard: AttemptGuard, home: str = "") -> None:
        self.store = store
        self.guard = guard
        self.home = home
        self.voices = Voices(store)

    def route(self, path: str, method: str, handler: Handler, *, after_end: bool = False) -> Route:
        """A route for those who may speak. Where PATH has a ``launch_id``, the launch speaks about itself, and may when
        it has ended; with AFTER_END it may on other routes too, for `AFTERWARDS_S`."""
        return self._guarded(path, method, handler, lambda request: self._speaker(request, after_end))

    def runner_route(self, path: str, method: str, handler: RunnerHandler) -> Route:
        """A route for a trigger runner that speaks for itself; PATH has its ``runner_id``."""
        return self._guarded(path, method, handler, self._runner)

    def _guarded(
        self, path: str, method: str, handler: Callable[[Any, Request, Any], Any], who: Callable[[Request], Any]
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            begun = time.perf_counter()
            answer = await answer_to(request)
            api_metrics.answered("task", method, path, answer.status_code, time.perf_counter() - begun)
            return answer

        async def answer_to(request: Request) -> Response:
            try:
                body = await self._body(request, who)
            except RequestRefusedError as refusal:
                return Answer({"detail": refusal.detail}, refusal.status, refusal.headers)
            except ClientDisconnect:
                return Response(status_code=400)  # which nobody hears
            return await run_in_threadpool(self._handle, handler, who, request, body)

        return Route(path, endpoint, methods=[method])

    async def _body(self, request: Request, who: Callable[[Request], Any]) -> bytes:
        """The body, of those who may speak if it is long. Raises RequestRefusedError (401, 403, 413)."""
        length = request.headers.get("content-length", "")
        told = int(length) if length.isdecimal() else None
        if told is not None and told > LARGEST_BODY:
            raise RequestRefusedError(413, f"a request has at most {LARGEST_BODY} bytes")
        if told is None or told > LARGEST_STRANGERS_BODY:
            await run_in_threadpool(answered, who, request)
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY:
                raise RequestRefusedError(413, f"a request has at most {LARGEST_BODY} bytes")
            parts.append(part)
        return b"".join(parts)

    def _handle(
        self,
        handler: Callable[[Any, Request, Any], Any],
        who: Callable[[Request], Any],
        request: Request,
        body: bytes,
    ) -> Response:
        try:
            return answered(self._call, handler, who, request, body)
        except RequestRefusedError as refusal:
            return Answer({"detail": refusal.detail}, refusal.status, refusal.headers)

    @staticmethod
    def _call(
        handler: Callable[[Any, Request, Any], Any], who: Callable[[Request], Any], request: Request, body: bytes
    ) -> Response:
        answer = handler(who(request), request, task_bodies.parse(body))
        if isinstance(answer, Response):
            return answer
        return Response(status_code=204) if answer is None else Answer(answer)

    def _speaker(self, request: Request, after_end: bool) -> Launch:
        """The launch whose token came with REQUEST; in paths its id may be written as a UUID. Raises
        RequestRefusedError (401, 403)."""
        told = request.path_params.get("launch_id")
        launch_id = told.replace("-", "") if told else request.headers.get("x-goflow-launch", "")
        token = _token(request)
        with self.store.reading() as tx:
            launch = launches.find(tx, launch_id)
        runner_id = request.headers.get(wire.RUNNER_HEADER)
        if runner_id is not None and not told and launch_id.startswith(wire.WATCH_LAUNCH):
            return self._watching(runner_id, token, launch_id)
        if runner_id is not None and not told:
            return self._spoken_for(runner_id, token, launch)
        if launch is None or not self.guard.allows(launch, token):
            raise RequestRefusedError(401, "this token is not good for this launch")
        if not told and launch.state not in OPEN_LAUNCH_STATES and not (after_end and self._just_ended(launch)):
            raise RequestRefusedError(403, "this launch has ended")
        return launch

    def _just_ended(self, launch: Launch) -> bool:
        ended = launch.ended_at
        return ended is not None and (self.store.clock.now() - ended).total_seconds() < AFTERWARDS_S

    def _spoken_for(self, runner_id: str, token: str, launch: Launch | None) -> Launch:
        """The launch in whose name a trigger runner speaks. Raises RequestRefusedError (401, 403)."""
        if not self.guard.allows_runner(runner_id, token):
            raise RequestRefusedError(401, "this token is not good for this trigger runner")
        if launch is None or not self.voices.allows(runner_id, launch.id):
            raise RequestRefusedError(403, "this trigger runner has no trigger of this launch")
        return launch

    def _watching(self, runner_id: str, token: str, launch_id: str) -> Launch:
        """What stands for a launch of a trigger runner that speaks for a watch. Raises RequestRefusedError."""
        if not self.guard.allows_runner(runner_id, token):
            raise RequestRefusedError(401, "this token is not good for this trigger runner")
        with self.store.reading() as tx:
            launch = speaking.of_watch(tx, runner_id, launch_id)
        if launch is None:
            raise RequestRefusedError(403, "this trigger runner does not have this watch")
        return launch

    def _runner(self, request: Request) -> str:
        """The trigger runner whose token came with REQUEST. Raises RequestRefusedError (401)."""
        runner_id: str = request.path_params["runner_id"]
        if not self.guard.allows_runner(runner_id, _token(request)):
            raise RequestRefusedError(401, "this token is not good for this trigger runner")
        return runner_id


def answered(function: Callable[..., T], *arguments: Any) -> T:
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


def _token(request: Request) -> str:
    """The bearer token of REQUEST. Raises RequestRefusedError (401)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RequestRefusedError(401, "a bearer token is needed")
    return token


def no_such_call(_: Request, problem: Exception) -> Response:
    """What an application answers where it has no route, or none for the method."""
    status = problem.status_code if isinstance(problem, HTTPException) else 404
    return Answer({"detail": "the task API has no such call"}, status)
