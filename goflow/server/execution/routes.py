"""The routes of Airflow's Task Execution API that are about the task itself, and where the others stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow_runner import wire
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from goflow.domain.runs import Launch, TaskInstance
from goflow.domain.state import OPEN_LAUNCH_STATES, LaunchState, RunState, TaskState
from goflow.executor.outcomes import settle, skip, store_report
from goflow.server import task_bodies
from goflow.server.asking_people import AskingPeople
from goflow.server.door import Door, Handler, RequestRefusedError
from goflow.server.execution import answers, states
from goflow.server.execution.asking import Asking
from goflow.server.execution.assets import Assets
from goflow.server.execution.remembered import Remembered
from goflow.server.execution.results import Results
from goflow.server.execution.speakers import is_current, must_be_current, refused, superseded
from goflow.server.launch_calls import waits_for_pod
from goflow.store import Store, launches, runs, transitions

STATE_TOLD_BY = "airflow"


class ExecutionApi:
    """The routes, over STORE; DOOR lets launches in."""

    def __init__(self, store: Store, door: Door) -> None:
        self.store = store
        self.door = door

    def routes(self) -> list[BaseRoute]:
        """All of them. Fixed paths stand before those that would take them for a name."""
        asking, results = Asking(self.store), Results(self.store)
        mine = [
            ("task-instances/{launch_id}/run", "PATCH", self.run),
            ("task-instances/{launch_id}/state", "PATCH", self.state),
            ("task-instances/{launch_id}/heartbeat", "PUT", self.heartbeat),
            ("task-instances/{launch_id}/rtif", "PUT", self.rendered),
            ("task-instances/{launch_id}/rendered-map-index", "PATCH", self.rendered_map_index),
            ("task-instances/{launch_id}/skip-downstream", "PATCH", self.skip_downstream),
            ("task-instances/{launch_id}/previous-successful-dagrun", "GET", self.previous_successful),
            ("task-instances/{launch_id}/validate-inlets-and-outlets", "GET", self.inactive_assets),
            ("task-reschedules/{launch_id}/start_date", "GET", self.first_start),
        ]
        guarded = [self._route(path, method, handler) for path, method, handler in (*asking.calls(), *mine)]
        more = (
            *results.calls(),
            *AskingPeople(self.store).calls(),
            *Remembered(self.store).calls(),
            *Assets(self.store).calls(),
        )
        guarded += [self._route(path, method, handler) for path, method, handler in more]
        return [Route(f"{wire.EXECUTION_PREFIX}health", _healthy, methods=["GET"]), *guarded]

    def _route(self, path: str, method: str, handler: Handler) -> BaseRoute:
        return self.door.route(wire.EXECUTION_PREFIX + path, method, handler, after_end=True)

    # The task itself -------------------------------------------------------------------------------------------

    def run(self, launch: Launch, request: Request, body: Any) -> Any:
        """The task begins; claimed by its runner already, or else by whoever says so here."""
        claimant = launch.claimed_by or f"{task_bodies.text(body, 'hostname')}:{task_bodies.number(body, 'pid')}"
        with self.store.transaction() as tx:
            claimed = transitions.claim_launch(tx, launch.id, claimant, home=self.door.home)
            current, instance = launches.with_task(tx, launch.id)
            if claimed not in {transitions.Claimed.CLAIMED, transitions.Claimed.OURS}:
                raise _not_wanted(instance)
            if claimed is transitions.Claimed.CLAIMED:
                transitions.advance_task(
                    tx, instance.id, TaskState.QUEUED, TaskState.RUNNING, who="airflow", try_number=launch.try_number
                )
            run = runs.get(tx, instance.dag_run_id)
            return answers.run_context(tx, run, instance, current, answers.version_of(request.headers))

    def state(self, launch: Launch, request: Request, body: Any) -> None:
        """The task has ended. Telling it again changes nothing; of a task that was told to stop by nobody here, its
        pod's end decides (as in ``TaskApi.finish``)."""
        told = task_bodies.mapping(body)
        stopped = wire.TOLD_TO_STOP_HEADER in request.headers
        outcome = states.outcome_of(told, self.store.clock.now(), told_to_stop=stopped)
        with self.store.reading() as tx:
            if waits_for_pod(tx, launch.id, outcome):
                return
        report: dict[str, Any] = {"rendered_map_index": task_bodies.maybe_text(told, "rendered_map_index")}
        if not settle(self.store, launch.id, outcome, who=STATE_TOLD_BY, report=report):
            self._must_be_told_so(launch, outcome.state)

    def _must_be_told_so(self, launch: Launch, state: TaskState) -> None:
        """An end that came late: fine where it is what is stored, or what its own launch has told. Raises
        RequestRefusedError (409) where the launch was given up, or another one has followed."""
        with self.store.reading() as tx:
            _, instance = launches.with_task(tx, launch.id)
            if instance.state is not state and not is_current(tx, launch, instance):
                raise _not_wanted(instance)

    def heartbeat(self, launch: Launch, _: Request, body: object) -> None:
        """Nothing is kept of it: a task is never ended for a heartbeat that is missing, and only one that another
        has followed hears that it should end (410), or one that was given up (409)."""
        with self.store.reading() as tx:
            now, instance = launches.with_task(tx, launch.id)
            if now.state not in OPEN_LAUNCH_STATES and not is_current(tx, now, instance):
                raise superseded()
            if now.state is LaunchState.LOST:
                raise refused("not_running", instance, "current_state")

    def rendered(self, launch: Launch, _: Request, body: Any) -> Any:
        """Rendered template fields."""
        self._report(launch, {"rendered_fields": task_bodies.mapping(body)})
        return {"message": "stored"}

    def rendered_map_index(self, launch: Launch, _: Request, body: Any) -> None:
        """The label of a mapped copy."""
        self._report(launch, {"rendered_map_index": task_bodies.text({"label": body}, "label")})

    def _report(self, launch: Launch, told: Mapping[str, Any]) -> None:
        """Store what the task tells of itself. Raises RequestRefusedError (410) when another attempt has followed."""
        with self.store.transaction() as tx:
            _, instance = launches.with_task(tx, launch.id)
            must_be_current(tx, launch, instance)
            store_report(tx, instance, told)

    def skip_downstream(self, launch: Launch, request: Request, body: Any) -> None:
        """What a branch has decided against."""
        chosen = task_bodies.mapping(body).get("tasks") or []
        known = [one if isinstance(one, str) else (str(one[0]), int(one[1])) for one in chosen]
        with self.store.transaction() as tx:
            _, instance = launches.with_task(tx, launch.id)
            must_be_current(tx, launch, instance)
            skip(tx, instance, known, who=STATE_TOLD_BY)

    def previous_successful(self, launch: Launch, request: Request, body: object) -> Any:
        """Moments of the newest earlier run that succeeded."""
        with self.store.reading() as tx:
            _, instance = launches.with_task(tx, launch.id)
            before = runs.previous(tx, runs.get(tx, instance.dag_run_id), states={RunState.SUCCESS})
        names = ("data_interval_start", "data_interval_end", "start_date", "end_date")
        return {name: None if before is None else answers.iso(getattr(before, name)) for name in names}

    def inactive_assets(self, launch: Launch, _: Request, body: object) -> Any:
        """Assets of the task that no DAG has any more: its own DAG has them, so there are none."""
        return {"inactive_assets": []}

    def first_start(self, launch: Launch, _: Request, body: object) -> Any:
        """When the attempt began whose sensor was started anew since; null for its first start."""
        with self.store.reading() as tx:
            earlier = answers.rescheduled(tx, launch)
        began = [one.claimed_at for one in earlier if one.claimed_at is not None]
        return JSONResponse(answers.iso(min(began)) if began else None)


def _not_wanted(instance: TaskInstance) -> RequestRefusedError:
    return refused("invalid_state", instance, "previous_state")


async def _healthy(_: Request) -> Response:
    return JSONResponse({"status": "healthy"})
