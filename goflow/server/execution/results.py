"""XComs, as Airflow's client reads and writes them: the values as its own serializer has made them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.runs import UNMAPPED, Launch
from goflow.executor.outcomes import store_report
from goflow.server import task_bodies
from goflow.server.door import Answer, Handler, RequestRefusedError
from goflow.server.execution.speakers import must_be_current
from goflow.store import Store, Tx, launches, runs, xcoms
from goflow.store.rows import XCom

PATH = "xcoms/{dag_id}/{run_id}/{task_id}/{key:path}"


class Results:
    """The calls about XComs, over STORE."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def calls(self) -> list[tuple[str, str, Handler]]:
        """(path, method, handler), the more particular ones first."""
        return [
            (f"{PATH}/item/{{offset}}", "GET", self.item),
            (f"{PATH}/slice", "GET", self.part),
            (PATH, "HEAD", self.count),
            (PATH, "GET", self.one),
            (PATH, "POST", self.push),
            (PATH, "DELETE", self.delete),
        ]

    def one(self, _: Launch, request: Request, body: object) -> Any:
        """One value. Raises NotFoundError."""
        query, key = request.query_params, request.path_params["key"]
        offset = _whole(request, "offset")
        if offset is not None:
            return {"key": key, "value": self._at(request, offset)}
        index = _whole(request, "map_index")
        prior = query.get("include_prior_dates", "").lower() in {"true", "1"}
        found = self._all(request, UNMAPPED if index is None else index, prior=prior)
        if not found:
            raise NotFoundError(f"XCom {key} of task {request.path_params['task_id']}")
        return {"key": key, "value": found[0].value}

    def item(self, _: Launch, request: Request, body: object) -> Any:
        """The value of one copy, by its place among those that left one."""
        text = request.path_params["offset"]
        if not text.removeprefix("-").isdecimal():
            raise InvalidRequestError("the place of a result must be a whole number")
        return Answer(self._at(request, int(text)))

    def part(self, _: Launch, request: Request, body: object) -> Any:
        """Values of copies, as a slice of a list has them."""
        prior = request.query_params.get("include_prior_dates", "").lower() in {"true", "1"}
        start, stop, step = (_whole(request, name) for name in ("start", "stop", "step"))
        found = self._all(request, None, prior=prior)
        return Answer([row.value for row in found][slice(start, stop, step or None)])

    def count(self, _: Launch, request: Request, body: object) -> Response:
        """How many copies have left one."""
        return Response(headers={"Content-Range": f"map_indexes {len(self._all(request, None))}"})

    def push(self, launch: Launch, request: Request, body: Any) -> Any:
        """Leave a value; with how many copies a task mapped over it has, where there is one."""
        where, length = request.path_params, _whole(request, "mapped_length")
        index = _whole(request, "map_index")
        if not where["key"] or len(where["key"]) > task_bodies.LONGEST_KEY:
            raise InvalidRequestError(f"the key of a result has 1 to {task_bodies.LONGEST_KEY} characters")
        with self.store.transaction() as tx:
            _, mine = launches.with_task(tx, launch.id)
            run_id = self._may_write(tx, launch, request)
            place = (run_id, where["task_id"], UNMAPPED if index is None else index)
            if place == (mine.dag_run_id, mine.task_id, mine.map_index):
                store_report(tx, mine, {"xcoms": [{"key": where["key"], "value": body, "length": length}]})
            else:
                xcoms.push(tx, *place, where["key"], body, length)
        return {"message": "stored"}

    def delete(self, launch: Launch, request: Request, _: object) -> Any:
        """Forget a value; harmless when there is none."""
        where, index = request.path_params, _whole(request, "map_index")
        with self.store.transaction() as tx:
            run_id = self._may_write(tx, launch, request)
            xcoms.delete_(tx, run_id, where["task_id"], UNMAPPED if index is None else index, where["key"])
        return {"message": "deleted"}

    def _may_write(self, tx: Tx, launch: Launch, request: Request) -> int:
        """The run that is written to: one of the task's own DAG, by a launch that none has followed. Raises
        RequestRefusedError (403, 410), NotFoundError."""
        _, instance = launches.with_task(tx, launch.id)
        must_be_current(tx, launch, instance)
        dag_id = request.path_params["dag_id"]
        if dag_id != instance.dag_id:
            raise RequestRefusedError(403, f"a task of {instance.dag_id} leaves no results for {dag_id}")
        return runs.by_run_id(tx, dag_id, request.path_params["run_id"]).id

    def _at(self, request: Request, offset: int) -> Any:
        found = self._all(request, None)
        try:
            return found[offset].value
        except IndexError:
            words = f"XCom {request.path_params['key']} of task {request.path_params['task_id']} at {offset}"
            raise NotFoundError(words) from None

    def _all(self, request: Request, index: int | None, *, prior: bool = False) -> list[XCom]:
        """What is there, by map index; nothing where there is no such run."""
        where = request.path_params
        with self.store.reading() as tx:
            run = runs.find(tx, where["dag_id"], where["run_id"])
            if run is None:
                return []
            if prior:
                return xcoms.prior(tx, run, where["task_id"], where["key"], index)
            return xcoms.pull(tx, run.id, where["task_id"], where["key"], index)


def _whole(request: Request, name: str) -> int | None:
    """A whole number of the query, or None."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.removeprefix("-").isdecimal():
        raise InvalidRequestError(f"{name} must be a whole number")
    return int(text)
