"""What a task may ask for beside its own: Variables, Connections, runs, other tasks' states, assets, DAGs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.patterns import allows
from goflow.domain.runs import Launch
from goflow.domain.spec import DagSpec
from goflow.domain.state import TERMINAL_TASK_STATES, RunState, TaskState
from goflow.scheduler import operations
from goflow.server import task_bodies
from goflow.server.door import Answer, Handler
from goflow.server.execution import answers
from goflow.server.task_asked import TaskAsked
from goflow.store import Store, Tx, dags, runs, tasks, variables, versions

MOST_KEYS = 10_000


class Asking:
    """The calls, over STORE; what our own runner may ask for is asked for in the same way (ASKED)."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked = TaskAsked(store)

    def calls(self) -> list[tuple[str, str, Handler]]:
        """(path, method, handler), the more particular ones first."""
        return [
            ("variables/keys", "GET", self.variable_keys),
            ("variables/{name:path}", "GET", self.variable),
            ("variables/{name:path}", "PUT", self.set_variable),
            ("variables/{name:path}", "DELETE", self.asked.delete_variable),
            ("connections/{name:path}", "GET", self.asked.connection),
            ("dag-runs/count", "GET", self.count_runs),
            ("dag-runs/previous", "GET", self.previous_run),
            ("dag-runs/{dag_id}/previous", "GET", self.previous_run),
            ("dag-runs/{dag_id}/{run_id}/state", "GET", self.run_state),
            ("dag-runs/{dag_id}/{run_id}/clear", "POST", self.clear_run),
            ("dag-runs/{dag_id}/{run_id}", "GET", self.run),
            ("dag-runs/{dag_id}/{run_id}", "POST", self.trigger),
            ("dags/{dag_id}", "GET", self.dag),
            ("task-instances/count", "GET", self.count_tasks),
            ("task-instances/states", "GET", self.task_states),
            ("task-instances/breadcrumbs", "GET", self.breadcrumbs),
            ("task-instances/previous/{dag_id}/{task_id}", "GET", self.previous_task),
        ]

    # Variables -------------------------------------------------------------------------------------------------

    def variable(self, launch: Launch, request: Request, body: object) -> Any:
        """A Variable."""
        return {"key": request.path_params["name"], **self.asked.variable(launch, request, body)}

    def set_variable(self, launch: Launch, request: Request, body: Any) -> Any:
        """Set a Variable; None empties it, as Airflow's own does."""
        told = {"value": task_bodies.maybe_text(body, "val") or "", "description": body.get("description")}
        self.asked.set_variable(launch, request, told)
        return {"message": "stored"}

    def variable_keys(self, launch: Launch, request: Request, _: object) -> Any:
        """Names of Variables that the task's DAG may read."""
        query = request.query_params
        prefix, limit, offset = query.get("prefix", ""), query.get("limit", "1000"), query.get("offset", "0")
        if not (limit.isdecimal() and offset.isdecimal() and 0 < int(limit) <= MOST_KEYS):
            raise InvalidRequestError(f"limit must be a number from 1 to {MOST_KEYS}, and offset one from 0")
        with self.store.reading() as tx:
            allowed = self.asked.dag(tx, launch).variables
            names = [row.name for row in variables.list_(tx) if row.name.startswith(prefix)]
        found = [name for name in names if allows(allowed, name)]
        return {"keys": found[int(offset) : int(offset) + int(limit)], "total_entries": len(found)}

    # Runs ------------------------------------------------------------------------------------------------------

    def run(self, _: Launch, request: Request, body: object) -> Any:
        """A run. Raises NotFoundError."""
        with self.store.reading() as tx:
            found = runs.by_run_id(tx, request.path_params["dag_id"], request.path_params["run_id"])
            return answers.dag_run(tx, found, answers.version_of(request.headers))

    def run_state(self, _: Launch, request: Request, body: object) -> Any:
        """A run's state. Raises NotFoundError."""
        with self.store.reading() as tx:
            found = runs.by_run_id(tx, request.path_params["dag_id"], request.path_params["run_id"])
        return {"state": found.state.value}

    def trigger(self, launch: Launch, request: Request, body: Any) -> None:
        """Make a run; one that is there already is a conflict, and Airflow's client clears it where it is to."""
        told = {**task_bodies.mapping(body or {}), **request.path_params, "reset_dag_run": False}
        told["without_logical_date"] = told.get("logical_date") is None
        self.asked.trigger(launch, request, told)

    def clear_run(self, launch: Launch, request: Request, body: object) -> None:
        """Let a run begin anew. Raises NotFoundError."""
        with self.store.transaction() as tx:
            operations.clear(tx, request.path_params["dag_id"], request.path_params["run_id"], who=f"task:{launch.id}")

    def count_runs(self, _: Launch, request: Request, body: object) -> Any:
        """How many runs there are of those that are asked for."""
        states = [RunState(state) for state in request.query_params.getlist("states") if state in set(RunState)]
        asked = bool(request.query_params.getlist("states"))
        with self.store.reading() as tx:
            number = runs.count_among(
                tx,
                _needed(request, "dag_id"),
                logical_dates=_moments(request, "logical_dates"),
                run_ids=request.query_params.getlist("run_ids"),
                states=states if asked else None,
            )
        return JSONResponse(number)

    def previous_run(self, _: Launch, request: Request, body: object) -> Any:
        """The run before a logical date, or null."""
        dag_id = request.path_params.get("dag_id") or _needed(request, "dag_id")
        date = task_bodies.moment(_needed(request, "logical_date"), "logical_date")
        state = request.query_params.get("state")
        with self.store.reading() as tx:
            found = runs.before(tx, dag_id, date, states=None if state is None else [RunState(state)])
            return Answer(None if found is None else answers.dag_run(tx, found, answers.version_of(request.headers)))

    # Tasks -----------------------------------------------------------------------------------------------------

    def count_tasks(self, _: Launch, request: Request, body: object) -> Any:
        """How many task instances there are of those that are asked for."""
        asked = request.query_params.getlist("states")
        known = [TaskState("none" if state == "null" else state) for state in asked if state in {"null", *TaskState}]
        with self.store.reading() as tx:
            found = self._matching(tx, request, known if asked else None)
        return JSONResponse(len(found))

    def task_states(self, _: Launch, request: Request, body: object) -> Any:
        """Run id to task (and ``_INDEX`` of a copy) to state."""
        with self.store.reading() as tx:
            found = self._matching(tx, request, None)
        out: dict[str, dict[str, str | None]] = {}
        for one in found:
            name = one.task_id if one.map_index < 0 else f"{one.task_id}_{one.map_index}"
            out.setdefault(one.run_id, {})[name] = answers.state_word(one.state)
        return {"task_states": out}

    def _matching(self, tx: Tx, request: Request, states: list[TaskState] | None) -> list[Any]:
        query = request.query_params
        dag_id, group = _needed(request, "dag_id"), query.get("task_group_id")
        task_ids: list[str] | None = query.getlist("task_ids") or None
        if group is not None:
            inside = _in_group(self._newest(tx, dag_id), group)
            task_ids = [*(task_ids or ()), *inside]
        index = query.get("map_index")
        return tasks.matching(
            tx,
            dag_id,
            task_ids=task_ids,
            map_index=None if index is None else int(index),
            logical_dates=_moments(request, "logical_dates"),
            run_ids=query.getlist("run_ids"),
            states=states,
        )

    def breadcrumbs(self, _: Launch, request: Request, body: object) -> Any:
        """The tasks of a run that have ended."""
        with self.store.reading() as tx:
            found = tasks.matching(tx, _needed(request, "dag_id"), run_ids=[_needed(request, "run_id")])
            spec = self._newest(tx, _needed(request, "dag_id"))
        operators = {task.task_id: task.operator for task in spec.tasks}
        ended = [one for one in found if one.state in TERMINAL_TASK_STATES]
        told = []
        for one in sorted(ended, key=lambda one: (one.task_id, one.map_index)):
            took = one.end_date - one.start_date if one.start_date and one.end_date else dt.timedelta()
            told.append(
                {
                    "task_id": one.task_id,
                    "map_index": one.map_index,
                    "state": one.state.value,
                    "operator": operators.get(one.task_id),
                    "duration": took.total_seconds(),
                }
            )
        return {"breadcrumbs": told}

    def previous_task(self, _: Launch, request: Request, body: object) -> Any:
        """The task's instance in the run before a logical date, or null."""
        query = request.query_params
        state, index = query.get("state"), query.get("map_index", "-1")
        with self.store.reading() as tx:
            found = tasks.before(
                tx,
                request.path_params["dag_id"],
                request.path_params["task_id"],
                int(index),
                logical_date=task_bodies.moment(query.get("logical_date"), "logical_date"),
                state=None if state is None else TaskState(state),
            )
            if found is None:
                return Answer(None)
            return answers.previous_instance(runs.get(tx, found.dag_run_id), found)

    # DAGs ------------------------------------------------------------------------------------------------------

    def dag(self, _: Launch, request: Request, body: object) -> Any:
        """A DAG. Raises NotFoundError."""
        with self.store.reading() as tx:
            row = dags.get(tx, request.path_params["dag_id"])
            spec = versions.spec(tx, row.reading_id)
        return {
            "dag_id": row.dag_id,
            "is_paused": row.is_paused,
            "bundle_name": "goflow",
            "bundle_version": None,
            "relative_fileloc": row.file_path,
            "owners": ", ".join(spec.owners),
            "tags": sorted(spec.tags),
            "next_dagrun": answers.iso(row.next_run_after),
        }

    @staticmethod
    def _newest(tx: Tx, dag_id: str) -> DagSpec:
        return versions.spec(tx, dags.get(tx, dag_id).reading_id)


def _in_group(spec: DagSpec, group_id: str) -> list[str]:
    """The tasks of a group and of those inside it. Raises NotFoundError."""
    parents = {group.group_id: group.parent for group in spec.groups}
    if group_id not in parents:
        raise NotFoundError(f"task group {group_id} of DAG {spec.dag_id}")

    def is_inside(group: str | None) -> bool:
        while group is not None and group != group_id:
            group = parents.get(group)
        return group is not None

    return [task.task_id for task in spec.tasks if is_inside(task.group)]


def _needed(request: Request, name: str) -> str:
    found = request.query_params.get(name)
    if found is None:
        raise InvalidRequestError(f"the query must have {name}")
    return found


def _moments(request: Request, name: str) -> list[dt.datetime]:
    told = [task_bodies.moment(text, name) for text in request.query_params.getlist(name)]
    return [moment for moment in told if moment is not None]
