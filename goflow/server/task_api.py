"""The task API (`goflow_runner.wire` writes it down): what runners say and ask, each guarded by its attempt's token."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from goflow_runner import wire
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from goflow.domain.errors import InvalidRequestError
from goflow.domain.runs import Launch, Outcome
from goflow.domain.state import OPEN_LAUNCH_STATES, TaskState
from goflow.executor.outcomes import settle, store_report
from goflow.executor.words import outcome_from_word
from goflow.server import speaking, task_bodies
from goflow.server.asking_people import AskingPeople
from goflow.server.attempts import AttemptGuard
from goflow.server.door import Door, Handler, RequestRefusedError, no_such_call
from goflow.server.execution.routes import ExecutionApi
from goflow.server.execution.states import NO_WORDS
from goflow.server.sent_folders import sent_folder
from goflow.server.task_asked import TaskAsked
from goflow.server.task_input import InputBuilder
from goflow.server.trigger_api import TriggerApi
from goflow.store import (
    Store,
    launches,
    logs,
    transitions,
    versions,
)


class TaskApi:
    """The routes, over STORE. GUARD decides whose token it is."""

    def __init__(self, store: Store, guard: AttemptGuard, inputs: InputBuilder, *, trigger_poll_s: float = 1.0) -> None:
        self.store = store
        self.door = Door(store, guard)
        self.inputs = inputs
        self.triggers = TriggerApi(self.door, inputs, trigger_poll_s)

    def application(self) -> Starlette:
        """The ASGI application."""
        asked, people = TaskAsked(self.store), AskingPeople(self.store)
        routes: list[BaseRoute] = [
            self._route("launches/{launch_id}/claim", "POST", self.claim),
            self._route("launches/{launch_id}/logs", "POST", self.logs),
            self._route("launches/{launch_id}/report", "POST", self.report),
            self._route("launches/{launch_id}/finish", "POST", self.finish),
            self._route("folders/{digest}.tar", "GET", self.folder),
            self._route("xcoms", "GET", asked.xcoms),
            self._route("xcoms/prior", "GET", asked.prior_xcoms),
            self._route("variables/{name:path}", "GET", asked.variable),
            self._route("variables/{name:path}", "PUT", asked.set_variable),
            self._route("variables/{name:path}", "DELETE", asked.delete_variable),
            self._route("connections/{name:path}", "GET", asked.connection),
            self._route("assets", "GET", asked.assets),
            self._route("asset_events", "GET", asked.asset_events),
            self._route("state", "GET", asked.state),
            self._route("state", "PUT", asked.set_state),
            self._route("state", "DELETE", asked.delete_state),
            self._route("launches/{launch_id}/question", "POST", people.ask),
            self._route("launches/{launch_id}/question", "PATCH", people.answer),
            self._route("launches/{launch_id}/question", "GET", people.show),
            self._route("dag_runs", "POST", asked.trigger),
            self._route("dag_runs", "GET", asked.dag_runs),
            self._route("task_states", "GET", asked.task_states),
            *self.triggers.routes(),
        ]
        routes += ExecutionApi(self.store, self.door).routes()
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
        if not settle(self.store, launch.id, outcome, who="runner", report=told, lines=rows, usage=word["usage"]):
            self._say_why(launch, outcome.message)

    def _say_why(self, launch: Launch, words: str) -> None:
        """Airflow's supervisor has told the end, without its reason; the runner has read that in its log."""
        with self.store.transaction() as tx:
            now = launches.get(tx, launch.id)
            if words and now.message == NO_WORDS:
                launches.set_message(tx, launch.id, reason=now.reason, message=words)

    def folder(self, launch: Launch, request: Request, _: object) -> Response:
        """The DAG folder of the launch's own version, as a tar. Raises RequestRefusedError (403) for another."""
        digest = request.path_params["digest"]
        with self.store.reading() as tx:
            version_id, _ = speaking.version_and_reading(tx, launch)
            if versions.get(tx, version_id).folder_digest != digest:
                raise RequestRefusedError(403, "this is not the folder of this launch's version")
            return sent_folder(self.store, tx, digest)


def _outcome(word: Mapping[str, Any], at: dt.datetime) -> Outcome:
    try:
        return outcome_from_word(word, at)
    except ValueError as problem:
        raise InvalidRequestError(f"outcome: {problem}") from problem
