"""The task API (`goflow_runner.wire` writes it down): what runners say and ask, each guarded by its attempt's token."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from goflow_runner import wire
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from goflow.domain.errors import AlreadyExistsError, InvalidRequestError, NotFoundError
from goflow.domain.patterns import allows
from goflow.domain.runs import Launch, Outcome
from goflow.domain.spec import DagSpec
from goflow.domain.state import OPEN_LAUNCH_STATES, TaskState
from goflow.executor.outcomes import settle, store_report
from goflow.executor.words import outcome_from_word
from goflow.scheduler import operations
from goflow.server import task_bodies
from goflow.server.attempts import AttemptGuard
from goflow.server.door import Door, Handler, RequestRefusedError, no_such_call
from goflow.server.task_input import InputBuilder
from goflow.server.trigger_api import TriggerApi
from goflow.store import (
    Store,
    Tx,
    blobs,
    connections,
    dags,
    launches,
    logs,
    runs,
    state_stores,
    tasks,
    transitions,
    variables,
    versions,
    xcoms,
)
from goflow.store.rows import XCom


class TaskApi:
    """The routes, over STORE. GUARD decides whose token it is."""

    def __init__(self, store: Store, guard: AttemptGuard, inputs: InputBuilder, *, trigger_poll_s: float = 1.0) -> None:
        self.store = store
        self.door = Door(store, guard)
        self.inputs = inputs
        self.triggers = TriggerApi(self.door, inputs, trigger_poll_s)

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
            self._route("state", "GET", self.state),
            self._route("state", "PUT", self.set_state),
            self._route("state", "DELETE", self.delete_state),
            self._route("dag_runs", "POST", self.trigger),
            self._route("dag_runs", "GET", self.dag_runs),
            self._route("task_states", "GET", self.task_states),
            *self.triggers.routes(),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: no_such_call})

    def _route(self, path: str, method: str, handler: Handler) -> Route:
        return self.door.route(wire.PREFIX + path, method, handler)

    # The launch itself -----------------------------------------------------------------------------------------

    def claim(self, launch: Launch, _: Request, body: Any) -> Any:
        """Claim it, exclusively, and tell all about it."""
        if task_bodies.number(body, "protocol") != wire.PROTOCOL:
            raise RequestRefusedError(409, f"this server speaks protocol {wire.PROTOCOL}: use its own runner image")
        claimant = task_bodies.text(body, "claimant")
        with self.store.transaction() as tx:
            claimed = transitions.claim_launch(tx, launch.id, claimant)
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

    def logs(self, launch: Launch, _: Request, body: Any) -> None:
        """Store lines."""
        rows = task_bodies.lines(task_bodies.mapping(body).get("lines"))
        with self.store.transaction() as tx:
            logs.append(tx, launch.id, rows)

    def report(self, launch: Launch, _: Request, body: Any) -> None:
        """Store results before the end."""
        told = task_bodies.report(body)
        with self.store.transaction() as tx:
            current, instance = launches.with_task(tx, launch.id)
            if current.state in OPEN_LAUNCH_STATES and instance.try_number == launch.try_number:
                store_report(tx, instance, told)

    def finish(self, launch: Launch, _: Request, body: Any) -> None:
        """Store the end. A task that was told to stop waits for its backend's word on why (decision 11)."""
        word = task_bodies.word(task_bodies.mapping(body).get("outcome"))
        rows = task_bodies.lines(body.get("lines") or [])
        told = task_bodies.report(body)
        outcome = _outcome(word, self.store.clock.now())
        with self.store.reading() as tx:
            launch = launches.find(tx, launch.id) or launch
        if word.get("reason") == "Terminated" and launch.backend == "kubernetes" and launch.stop_requested_at is None:
            with self.store.transaction() as tx:
                logs.append(tx, launch.id, rows)
                launches.set_message(tx, launch.id, reason="Terminated", message="told to stop; its pod's end decides")
            return
        settle(self.store, launch.id, outcome, who="runner", report=told, lines=rows, usage=word["usage"])

    def folder(self, launch: Launch, request: Request, _: object) -> Response:
        """The DAG folder of the launch's own version, as a tar. Raises RequestRefusedError (403) for another."""
        digest = request.path_params["digest"]
        with self.store.reading() as tx:
            _, instance = launches.with_task(tx, launch.id)
            run = runs.get(tx, instance.dag_run_id)
            if versions.get(tx, run.version_id).folder_digest != digest:
                raise RequestRefusedError(403, "this is not the folder of this launch's version")
            stored = blobs.folder(tx, digest)
        return StreamingResponse(blobs.tar(stored, self._content), media_type="application/x-tar")

    def _content(self, digest: str) -> bytes:
        """A stored content, in a transaction of its own: a slow reader of a tar holds none open."""
        with self.store.reading() as tx:
            return blobs.content(tx, digest)

    # What a task may ask for -----------------------------------------------------------------------------------

    def xcoms(self, launch: Launch, request: Request, _: object) -> Any:
        """Results of a task in a run, of any DAG, as Airflow has it; none where there is no such run."""
        return self._results(request, xcoms.pull)

    def prior_xcoms(self, launch: Launch, request: Request, _: object) -> Any:
        """Results of the newest earlier run that has one."""
        return self._results(request, lambda tx, run_id, *where: xcoms.prior(tx, runs.get(tx, run_id), *where))

    def _results(self, request: Request, find: Callable[..., list[XCom]]) -> Any:
        dag_id, run_id, task_id, key = _query(request, "dag_id", "run_id", "task_id", "key")
        index = request.query_params.get("map_index")
        if index is not None and not index.removeprefix("-").isdecimal():
            raise InvalidRequestError("map_index must be a whole number")
        with self.store.reading() as tx:
            run = runs.find(tx, dag_id, run_id)
            found = [] if run is None else find(tx, run.id, task_id, key, None if index is None else int(index))
        return {"values": [{"map_index": row.map_index, "value": row.value} for row in found]}

    def variable(self, launch: Launch, request: Request, _: object) -> Any:
        """A Variable."""
        name = request.path_params["name"]
        with self.store.reading() as tx:
            if not allows(self._dag(tx, launch).variables, name):
                raise NotFoundError(f"Variable {name} (goflow.yaml does not let this DAG read it)")
            return {"value": variables.get(tx, name).value}

    def set_variable(self, launch: Launch, request: Request, body: Any) -> None:
        """Set a Variable."""
        value = task_bodies.text(body, "value")
        with self.store.transaction() as tx:
            self._may_change(tx, launch, request.path_params["name"])
            variables.set_(tx, request.path_params["name"], value, who=_who(launch))

    def delete_variable(self, launch: Launch, request: Request, _: object) -> None:
        """Remove a Variable."""
        with self.store.transaction() as tx:
            self._may_change(tx, launch, request.path_params["name"])
            if not variables.delete_(tx, request.path_params["name"], who=_who(launch)):
                raise NotFoundError(f"Variable {request.path_params['name']}")

    def connection(self, launch: Launch, request: Request, _: object) -> Any:
        """A connection, its password too: that is what tasks have them for."""
        conn_id = request.path_params["name"]
        with self.store.reading() as tx:
            if not allows(self._dag(tx, launch).connections, conn_id):
                raise NotFoundError(f"connection {conn_id} (goflow.yaml does not let this DAG read it)")
            row = connections.get(tx, conn_id)
        names = ("conn_id", "conn_type", "host", "login", "password", "schema", "port", "extra", "description")
        return {name: getattr(row, name) for name in names}

    def _dag(self, tx: Tx, launch: Launch) -> DagSpec:
        """The DAG of LAUNCH as its run has it."""
        _, instance = launches.with_task(tx, launch.id)
        return versions.spec(tx, runs.get(tx, instance.dag_run_id).reading_id)

    def _may_change(self, tx: Tx, launch: Launch, name: str) -> None:
        """Who may not read a Variable may not change it either. Raises RequestRefusedError (403)."""
        if not allows(self._dag(tx, launch).variables, name):
            raise RequestRefusedError(403, f"goflow.yaml does not let this DAG have the Variable {name}")

    def state(self, launch: Launch, request: Request, _: object) -> Any:
        """What the task, or an asset, remembers."""
        (key,) = _query(request, "key")
        with self.store.reading() as tx:
            return {"values": state_stores.find(tx, _scope(tx, launch, request), key)}

    def set_state(self, launch: Launch, request: Request, body: Any) -> None:
        """Remember a value."""
        (key,) = _query(request, "key")
        given = task_bodies.mapping(body)
        expires_at = task_bodies.moment(task_bodies.maybe_text(given, "expires_at"), "expires_at")
        with self.store.transaction() as tx:
            state_stores.set_(tx, _scope(tx, launch, request), key, given.get("value"), expires_at)

    def delete_state(self, launch: Launch, request: Request, _: object) -> None:
        """Forget one value, or without ``key`` all of them."""
        with self.store.transaction() as tx:
            state_stores.clear(tx, _scope(tx, launch, request), request.query_params.get("key"))

    def trigger(self, launch: Launch, request: Request, body: Any) -> Any:
        """Make a run of another DAG (TriggerDagRunOperator)."""
        dag_id, run_id, who = task_bodies.text(body, "dag_id"), task_bodies.maybe_text(body, "run_id"), _who(launch)
        conf = dict(task_bodies.mapping(body.get("conf") or {}, "conf"))
        if body.get("fail_when_dag_is_paused"):
            self._refuse_paused(dag_id)
        try:
            run = operations.trigger(
                self.store,
                dag_id,
                run_id=run_id,
                conf=conf,
                logical_date=task_bodies.moment(body.get("logical_date"), "logical_date"),
                run_after=task_bodies.moment(body.get("run_after"), "run_after"),
                without_logical_date=body.get("without_logical_date") is True,
                note=task_bodies.maybe_text(body, "note"),
                who=who,
            )
        except AlreadyExistsError:
            with self.store.reading() as tx:
                existing = runs.find(tx, dag_id, run_id or "")
            if existing is not None and wire.REPEAT_HEADER in request.headers and existing.triggered_by == who:
                run = existing  # made by this very call, whose first answer was lost
            elif existing is not None and body.get("reset_dag_run"):
                run = operations.clear(self.store, dag_id, existing.run_id, who=who).run
            else:
                raise
        logical_date = None if run.logical_date is None else run.logical_date.isoformat()
        return {"dag_id": run.dag_id, "run_id": run.run_id, "logical_date": logical_date}

    def _refuse_paused(self, dag_id: str) -> None:
        with self.store.reading() as tx:
            if dags.get(tx, dag_id).is_paused:
                raise InvalidRequestError(f"Dag {dag_id} is paused")

    def dag_runs(self, launch: Launch, request: Request, _: object) -> Any:
        """Runs of a DAG by id or logical date, or its newest."""
        query, (dag_id,) = request.query_params, _query(request, "dag_id")
        moment = task_bodies.moment(query.get("logical_date"), "logical_date")
        with self.store.reading() as tx:
            if query.get("run_id"):
                one = runs.find(tx, dag_id, query["run_id"])
                found = [] if one is None else [one]
            elif moment is not None:
                by_date = runs.by_logical_date(tx, dag_id, moment)
                found = [] if by_date is None else [by_date]
            else:
                found = runs.list_(tx, dag_id, limit=100)
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
        query, (dag_id,) = request.query_params, _query(request, "dag_id")
        with self.store.reading() as tx:
            states = tasks.external_states(
                tx,
                dag_id,
                logical_date=task_bodies.moment(query.get("logical_date"), "logical_date"),
                run_id=query.get("run_id"),
                task_ids=query.getlist("task_id"),
            )
        return {
            "states": {
                task_id: {str(index): str(getattr(state, "value", state)) for index, state in by_index.items()}
                for task_id, by_index in states.items()
            }
        }


def _outcome(word: Mapping[str, Any], at: dt.datetime) -> Outcome:
    try:
        return outcome_from_word(word, at)
    except ValueError as problem:
        raise InvalidRequestError(f"outcome: {problem}") from problem


def _query(request: Request, *names: str) -> list[str]:
    """The values of those parameters, which must be there."""
    absent = [name for name in names if name not in request.query_params]
    if absent:
        raise InvalidRequestError(f"the query must have {', '.join(absent)}")
    return [request.query_params[name] for name in names]


def _scope(tx: Tx, launch: Launch, request: Request) -> state_stores.Scope:
    asset = request.query_params.get("asset")
    return state_stores.of_asset(asset) if asset else state_stores.of_task(tasks.get(tx, launch.task_instance_id))


def _who(launch: Launch) -> str:
    return f"task:{launch.id}"
