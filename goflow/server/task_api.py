"""The task API (`goflow_runner.wire` writes it down): what runners say and ask, each guarded by its attempt's token."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import structlog
from goflow_runner import wire
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from goflow.domain.errors import AlreadyExistsError, GoFlowError, InvalidRequestError, NotFoundError
from goflow.domain.runs import Launch
from goflow.domain.state import OPEN_LAUNCH_STATES, TaskState
from goflow.executor.outcomes import settle, store_report
from goflow.executor.words import outcome_from_word
from goflow.kube.errors import KubeError
from goflow.scheduler import operations
from goflow.server.attempts import AttemptGuard
from goflow.server.task_input import InputBuilder
from goflow.store import Store, blobs, connections, launches, logs, runs, tasks, transitions, variables, xcoms
from goflow.store.rows import LogRow

log = structlog.get_logger(__name__)

LARGEST_BODY = 64 << 20
"""Bytes of one request: results are bounded by the object store's coming, not by this."""


class RequestRefusedError(Exception):
    """The answer is no, with this status."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        self.detail = detail
        super().__init__(detail)


class TaskApi:
    """The routes, over STORE. GUARD decides whose token it is."""

    def __init__(self, store: Store, guard: AttemptGuard, inputs: InputBuilder) -> None:
        self.store = store
        self.guard = guard
        self.inputs = inputs

    def application(self) -> Starlette:
        """The ASGI application."""
        routes = [
            self._route("launches/{launch_id}/claim", "POST", self.claim),
            self._route("launches/{launch_id}/logs", "POST", self.logs),
            self._route("launches/{launch_id}/report", "POST", self.report),
            self._route("launches/{launch_id}/finish", "POST", self.finish),
            self._route("folders/{digest}.tar", "GET", self.folder),
            self._route("xcoms", "GET", self.xcoms),
            self._route("xcoms/prior", "GET", self.prior_xcoms),
            self._route("variables/{name:path}", "GET", self.variable),
            self._route("variables/{name:path}", "PUT", self.set_variable),
            self._route("variables/{name:path}", "DELETE", self.delete_variable),
            self._route("connections/{name:path}", "GET", self.connection),
            self._route("dag_runs", "POST", self.trigger),
            self._route("dag_runs", "GET", self.dag_runs),
            self._route("task_states", "GET", self.task_states),
        ]
        return Starlette(routes=routes)

    def _route(self, path: str, method: str, handler: Callable[[Launch, Request, Any], Any]) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            if len(body) > LARGEST_BODY:
                return JSONResponse({"detail": f"more than {LARGEST_BODY} bytes"}, 413)
            return await run_in_threadpool(self._handle, handler, request, body)

        return Route(wire.PREFIX + path, endpoint, methods=[method])

    def _handle(self, handler: Callable[[Launch, Request, Any], Any], request: Request, body: bytes) -> Response:
        try:
            launch = self._speaker(request)
            answer = handler(launch, request, json.loads(body) if body else None)
        except RequestRefusedError as refusal:
            return JSONResponse({"detail": refusal.detail}, refusal.status)
        except KubeError as problem:
            return JSONResponse({"detail": str(problem)}, 503)
        except NotFoundError as problem:
            return JSONResponse({"detail": str(problem)}, 404)
        except AlreadyExistsError as problem:
            return JSONResponse({"detail": str(problem)}, 409)
        except (InvalidRequestError, ValueError, KeyError, TypeError) as problem:
            return JSONResponse({"detail": f"{type(problem).__name__}: {problem}"}, 400)
        except GoFlowError as problem:
            return JSONResponse({"detail": str(problem)}, 400)
        except Exception:
            log.exception("the task API failed", path=request.url.path)
            return JSONResponse({"detail": "the server failed; its log says why"}, 500)
        if isinstance(answer, Response):
            return answer
        return Response(status_code=204) if answer is None else JSONResponse(answer)

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

    # The launch itself -----------------------------------------------------------------------------------------

    def claim(self, launch: Launch, _: Request, body: wire.Claim) -> Any:
        """Claim it, exclusively, and tell all about it."""
        if body["protocol"] != wire.PROTOCOL:
            raise RequestRefusedError(409, f"this server speaks protocol {wire.PROTOCOL}: use its own runner image")
        with self.store.transaction() as tx:
            claimed = transitions.claim_launch(tx, launch.id, body["claimant"])
            if claimed is transitions.Claimed.TAKEN:
                raise RequestRefusedError(409, "another process has claimed this launch")
            if claimed is transitions.Claimed.UNWANTED:
                raise RequestRefusedError(410, "this launch is not wanted any more")
            current, instance = launches.with_task(tx, launch.id)
            if claimed is transitions.Claimed.CLAIMED:
                transitions.advance_task(
                    tx, instance.id, TaskState.QUEUED, TaskState.RUNNING, who="runner", try_number=launch.try_number
                )
            return self.inputs.build(tx, current, instance, self.store.clock.now())

    def logs(self, launch: Launch, _: Request, body: wire.LogLines) -> None:
        """Store lines."""
        with self.store.transaction() as tx:
            logs.append(tx, launch.id, _rows(body["lines"]))

    def report(self, launch: Launch, _: Request, body: wire.Report) -> None:
        """Store results before the end."""
        with self.store.transaction() as tx:
            current, instance = launches.with_task(tx, launch.id)
            if current.state in OPEN_LAUNCH_STATES and instance.try_number == launch.try_number:
                store_report(tx, instance, body)

    def finish(self, launch: Launch, _: Request, body: wire.Finish) -> None:
        """Store the end. A task that was told to stop waits for its backend's word on why (decision 11)."""
        word = body["outcome"]
        rows = _rows(body.get("lines") or [])
        with self.store.reading() as tx:
            launch = launches.find(tx, launch.id) or launch
        if word.get("reason") == "Terminated" and launch.backend == "kubernetes" and launch.stop_requested_at is None:
            with self.store.transaction() as tx:
                logs.append(tx, launch.id, rows)
                launches.set_message(tx, launch.id, reason="Terminated", message="told to stop; its pod's end decides")
            return
        outcome = outcome_from_word(word, self.store.clock.now())
        settle(self.store, launch.id, outcome, who="runner", report=body, lines=rows, usage=word.get("usage") or {})

    def folder(self, launch: Launch, request: Request, _: object) -> Response:
        """The DAG folder of the launch's own version, as a tar."""
        digest = request.path_params["digest"]
        with self.store.reading() as tx:
            parts = list(blobs.tar(tx, digest))
        return StreamingResponse(iter(parts), media_type="application/x-tar")

    # What a task may ask for -----------------------------------------------------------------------------------

    def xcoms(self, launch: Launch, request: Request, _: object) -> Any:
        """Results of a task in a run."""
        query = request.query_params
        with self.store.reading() as tx:
            run = runs.by_run_id(tx, query["dag_id"], query["run_id"])
            found = xcoms.pull(tx, run.id, query["task_id"], query["key"], _map_index(query.get("map_index")))
        return {"values": [{"map_index": row.map_index, "value": row.value} for row in found]}

    def prior_xcoms(self, launch: Launch, request: Request, _: object) -> Any:
        """Results of the newest earlier run that has one."""
        query = request.query_params
        with self.store.reading() as tx:
            run = runs.by_run_id(tx, query["dag_id"], query["run_id"])
            found = xcoms.prior(tx, run, query["task_id"], query["key"], _map_index(query.get("map_index")))
        return {"values": [{"map_index": row.map_index, "value": row.value} for row in found]}

    def variable(self, launch: Launch, request: Request, _: object) -> Any:
        """A Variable."""
        with self.store.reading() as tx:
            return {"value": variables.get(tx, request.path_params["name"]).value}

    def set_variable(self, launch: Launch, request: Request, body: dict[str, str]) -> None:
        """Set a Variable."""
        with self.store.transaction() as tx:
            variables.set_(tx, request.path_params["name"], body["value"], who=_who(launch))

    def delete_variable(self, launch: Launch, request: Request, _: object) -> None:
        """Remove a Variable."""
        with self.store.transaction() as tx:
            if not variables.delete_(tx, request.path_params["name"], who=_who(launch)):
                raise NotFoundError(f"Variable {request.path_params['name']}")

    def connection(self, launch: Launch, request: Request, _: object) -> Any:
        """A connection, its password too: that is what tasks have them for."""
        with self.store.reading() as tx:
            row = connections.get(tx, request.path_params["name"])
        names = ("conn_id", "conn_type", "host", "login", "password", "schema", "port", "extra", "description")
        return {name: getattr(row, name) for name in names}

    def trigger(self, launch: Launch, _: Request, body: dict[str, Any]) -> Any:
        """Make a run of another DAG (TriggerDagRunOperator)."""
        logical = body.get("logical_date")
        run = operations.trigger(
            self.store,
            body["dag_id"],
            run_id=body.get("run_id"),
            conf=body.get("conf") or {},
            logical_date=None if logical is None else dt.datetime.fromisoformat(logical).astimezone(dt.UTC),
            who=_who(launch),
        )
        return {"dag_id": run.dag_id, "run_id": run.run_id}

    def dag_runs(self, launch: Launch, request: Request, _: object) -> Any:
        """Runs of a DAG by id or logical date, or its newest."""
        query = request.query_params
        with self.store.reading() as tx:
            if query.get("run_id"):
                one = runs.find(tx, query["dag_id"], query["run_id"])
                found = [] if one is None else [one]
            elif query.get("logical_date"):
                moment = dt.datetime.fromisoformat(query["logical_date"]).astimezone(dt.UTC)
                by_date = runs.by_logical_date(tx, query["dag_id"], moment)
                found = [] if by_date is None else [by_date]
            else:
                found = runs.list_(tx, query["dag_id"], limit=100)
        return {
            "runs": [
                {
                    "run_id": run.run_id,
                    "state": run.state.value,
                    "logical_date": run.logical_date.isoformat() if run.logical_date else None,
                }
                for run in found
            ]
        }

    def task_states(self, launch: Launch, request: Request, _: object) -> Any:
        """States of tasks of another DAG's run (ExternalTaskSensor)."""
        query = request.query_params
        logical = query.get("logical_date")
        with self.store.reading() as tx:
            states = tasks.external_states(
                tx,
                query["dag_id"],
                logical_date=dt.datetime.fromisoformat(logical).astimezone(dt.UTC) if logical else None,
                run_id=query.get("run_id"),
                task_ids=query.getlist("task_id"),
            )
        return {
            "states": {
                task_id: {str(index): str(getattr(state, "value", state)) for index, state in by_index.items()}
                for task_id, by_index in states.items()
            }
        }


def _rows(lines: list[wire.LogLine]) -> list[LogRow]:
    return [LogRow(seq=line["seq"], at=line["at"], stream=line["stream"], text=line["text"]) for line in lines]


def _map_index(text: str | None) -> int | None:
    return None if text is None else int(text)


def _who(launch: Launch) -> str:
    return f"task:{launch.id}"
