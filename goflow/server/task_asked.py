"""What a task may ask for while it runs: results, Variables, Connections, runs of DAGs, states of others' tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from goflow_runner import wire
from starlette.requests import Request

from goflow.domain.errors import AlreadyExistsError, InvalidRequestError, NotFoundError
from goflow.domain.patterns import allows
from goflow.domain.runs import DagRun, Launch
from goflow.domain.spec import DagSpec, Dialect
from goflow.scheduler import operations
from goflow.server import asset_answers, speaking, task_bodies
from goflow.server.door import RequestRefusedError
from goflow.store import (
    Store,
    Tx,
    assets,
    connections,
    dags,
    runs,
    state_stores,
    tasks,
    variables,
    versions,
    xcoms,
)
from goflow.store.rows import XCom


class TaskAsked:
    """Answers, over STORE. Names of Variables and Connections come with the path (``name``)."""

    def __init__(self, store: Store) -> None:
        self.store = store

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
            if not allows(self.dag(tx, launch).variables, name):
                raise NotFoundError(f"Variable {name} (goflow.yaml does not let this DAG read it)")
            return {"value": variables.get(tx, name).value}

    def set_variable(self, launch: Launch, request: Request, body: Any) -> None:
        """Set a Variable."""
        value, about = task_bodies.text(body, "value"), task_bodies.maybe_text(body, "description")
        with self.store.transaction() as tx:
            self._may_change(tx, launch, request.path_params["name"])
            variables.set_(tx, request.path_params["name"], value, about, who=_who(launch))

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
            if not allows(self.dag(tx, launch).connections, conn_id):
                raise NotFoundError(f"connection {conn_id} (goflow.yaml does not let this DAG read it)")
            row = connections.get(tx, conn_id)
        names = ("conn_id", "conn_type", "host", "login", "password", "schema", "port", "extra", "description")
        return {name: getattr(row, name) for name in names}

    def dag(self, tx: Tx, launch: Launch) -> DagSpec:
        """The DAG of LAUNCH as its run (or its watch) has it."""
        return versions.spec(tx, speaking.version_and_reading(tx, launch)[1])

    def _may_change(self, tx: Tx, launch: Launch, name: str) -> None:
        """Who may not read a Variable may not change it either. Raises RequestRefusedError (403)."""
        if not allows(self.dag(tx, launch).variables, name):
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
        logical_date = task_bodies.moment(body.get("logical_date"), "logical_date")
        if body.get("fail_when_dag_is_paused"):
            self._refuse_paused(dag_id)
        try:
            run = operations.trigger(
                self.store,
                dag_id,
                run_id=run_id,
                conf=conf,
                logical_date=logical_date,
                run_after=task_bodies.moment(body.get("run_after"), "run_after"),
                without_logical_date=body.get("without_logical_date") is True,
                note=task_bodies.maybe_text(body, "note"),
                inside=self._run_around(launch, dag_id) if body.get("inside") is True else None,
                by_operator=True,
                partition_key=task_bodies.maybe_text(body, "partition_key"),
                who=who,
            )
        except AlreadyExistsError:
            existing = self._same(launch, dag_id, run_id or "", logical_date)
            if existing is not None and wire.REPEAT_HEADER in request.headers and existing.triggered_by == who:
                run = existing  # made by this very call, whose first answer was lost
            elif existing is not None and body.get("reset_dag_run"):
                with self.store.transaction() as tx:
                    run = operations.clear(tx, dag_id, existing.run_id, who=who).run
            else:
                raise
        date = None if run.logical_date is None else run.logical_date.isoformat()
        return {"dag_id": run.dag_id, "run_id": run.run_id, "logical_date": date}

    def _same(self, launch: Launch, dag_id: str, run_id: str, logical_date: dt.datetime | None) -> DagRun | None:
        """The run of that id; under Airflow 2, where there is none, that of the date (``DagRun.find_duplicate``)."""
        with self.store.reading() as tx:
            found = runs.find(tx, dag_id, run_id)
            if found is None and logical_date is not None and self.dag(tx, launch).dialect is Dialect.AIRFLOW2:
                found = runs.by_logical_date(tx, dag_id, logical_date)
        return found

    def _run_around(self, launch: Launch, dag_id: str) -> DagRun:
        """The run of LAUNCH, whose task has the DAG of that id inside."""
        with self.store.reading() as tx:
            instance = tasks.get(tx, launch.task_instance_id)
            if dag_id != f"{instance.dag_id}.{instance.task_id}":
                raise InvalidRequestError(f"{dag_id} is not inside {instance.dag_id}.{instance.task_id}")
            return runs.get(tx, instance.dag_run_id)

    def _refuse_paused(self, dag_id: str) -> None:
        with self.store.reading() as tx:
            if dags.get(tx, dag_id).is_paused:
                raise RequestRefusedError(wire.PAUSED, f"Dag {dag_id} is paused")

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
        return {"runs": [_run(run) for run in found]}

    def assets(self, launch: Launch, request: Request, _: object) -> Any:
        """An asset by name or URI, or those that an alias has stood for; any task may ask, as in Airflow."""
        query = request.query_params
        with self.store.reading() as tx:
            if query.get("alias"):
                found = assets.of_alias(tx, query["alias"])
            else:
                one = assets.find(tx, name=query.get("name"), uri=query.get("uri"))
                found = [] if one is None or not (query.get("name") or query.get("uri")) else [one]
        return {"assets": [asset_answers.asset(one) for one in found]}

    def asset_events(self, launch: Launch, request: Request, _: object) -> Any:
        """What has happened to an asset, or under an alias."""
        with self.store.reading() as tx:
            found = asset_answers.asked_for(tx, request.query_params, request.query_params.get("alias") or None)
        return {"asset_events": [asset_answers.happened(event) for event in found]}

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


def _run(run: DagRun) -> dict[str, Any]:
    moments = ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "end_date",
               "partition_date")  # fmt: skip
    told = {name: None if (moment := getattr(run, name)) is None else moment.isoformat() for name in moments}
    kind = {"run_type": run.run_type.value, "conf": dict(run.conf), "note": run.note}
    kind["partition_key"] = run.partition_key
    return {"run_id": run.run_id, "state": run.state.value, **told, **kind}


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
