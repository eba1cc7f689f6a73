"""The task API (`goflow_runner.wire` writes it down): what runners say and ask, each guarded by its attempt's token."""

from __future__ import annotations

from typing import Any

from goflow_runner import wire
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from goflow.domain.runs import Launch
from goflow.domain.state import OPEN_LAUNCH_STATES
from goflow.executor.outcomes import store_report
from goflow.logs.room import LogRoom
from goflow.server import speaking, task_bodies
from goflow.server.asking_people import AskingPeople
from goflow.server.attempts import AttemptGuard
from goflow.server.door import Door, Handler, RequestRefusedError, no_such_call
from goflow.server.execution.routes import ExecutionApi
from goflow.server.launch_calls import LaunchCalls, Mask, claimant_of, unmasked
from goflow.server.sent_folders import sent_folder
from goflow.server.task_asked import TaskAsked
from goflow.server.task_input import InputBuilder
from goflow.server.trigger_api import TriggerApi
from goflow.store import Store, launches, logs, versions
from goflow.telemetry import metrics

MOST_LINES = 2**31 - 1
"""The highest number of a line that the database takes."""


class TaskApi:
    """The routes, over STORE. GUARD and HOME are the `Door`'s. MASK takes secrets out of lines.
    MOST_PENDING: `LogRoom`'s."""

    def __init__(
        self,
        store: Store,
        guard: AttemptGuard,
        inputs: InputBuilder,
        *,
        trigger_poll_s: float = 1.0,
        home: str = "",
        mask: Mask = unmasked,
        most_pending: int = 0,
    ) -> None:
        self.store = store
        self.room = LogRoom(store, most_pending)
        self.door = Door(store, guard, home)
        self.inputs = inputs
        self.mask = mask
        self.calls = LaunchCalls(store, inputs, home, mask)
        self.triggers = TriggerApi(self.door, inputs, trigger_poll_s, mask)

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
        answer = self.calls.claim({launch.id: claimant_of(body)})[launch.id]
        if isinstance(answer, RequestRefusedError):
            raise answer
        return answer

    def logs(self, launch: Launch, _: Request, body: Any) -> None:
        """Store lines. Raises RequestRefusedError (429) where they can wait and too many wait for the log store."""
        told = task_bodies.mapping(body)
        lines = task_bodies.lines(told.get("lines"))
        wait_s = self.room.wait_s(sum(len(line.text) for line in lines)) if told.get("last") is False else 0
        if wait_s:
            metrics.LOG_REQUESTS_SENT_BACK.inc()
            raise RequestRefusedError(429, "too many lines wait for the log store: keep these for a while", wait_s)
        rows = self.mask(lines)
        written = min(task_bodies.number(told, "written") if "written" in told else 0, MOST_LINES)
        with self.store.transaction() as tx:
            logs.append(tx, launch.id, rows)
            if written > max((row.seq for row in rows), default=0):
                logs.note_written(tx, launch.id, written)

    def report(self, launch: Launch, _: Request, body: Any) -> None:
        """Store results before the end."""
        told = task_bodies.report(body)
        with self.store.transaction() as tx:
            current, instance = launches.with_task(tx, launch.id)
            if current.state in OPEN_LAUNCH_STATES and instance.try_number == launch.try_number:
                store_report(tx, instance, told)

    def finish(self, launch: Launch, _: Request, body: Any) -> None:
        """Store the end. A task that was told to stop waits for its backend's word on why (decision 11)."""
        self.calls.finish([(launch.id, task_bodies.mapping(body))])

    def folder(self, launch: Launch, request: Request, _: object) -> Response:
        """The DAG folder of the launch's own version, as a tar. Raises RequestRefusedError (403) for another."""
        digest = request.path_params["digest"]
        with self.store.reading() as tx:
            version_id, _ = speaking.version_and_reading(tx, launch)
            if versions.get(tx, version_id).folder_digest != digest:
                raise RequestRefusedError(403, "this is not the folder of this launch's version")
            return sent_folder(self.store, tx, digest)
