"""From ``scheduled`` to ``queued``: taking a slot and writing the launch, in the transaction that decides it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from sqlalchemy import bindparam, delete, func, insert, select

from goflow.domain.runs import (
    MOST_IN_JOB,
    SHARED_NAME,
    Launch,
    TaskInstance,
    job_name,
    launch_of,
    new_launch_id,
    new_shared_job,
)
from goflow.domain.state import LaunchState, TaskState
from goflow.store import events, tasks
from goflow.store.rows import Planned
from goflow.store.tables import attempts, launches, pools, task_instances, xcoms
from goflow.store.transitions.launches import advance_launch
from goflow.store.transitions.tasks import TaskChange, apply
from goflow.store.tx import Tx, in_parts

_t = task_instances.c
_l = launches.c

Scope = Literal["dag", "run", "task", "task_in_run", "namespace"]


@dataclass(frozen=True, slots=True)
class Limit:
    """No more than MOST task instances may be queued or running in SCOPE.

    ``dag``: over all runs of the DAG; ``run``: in the run; ``task``: copies of the task over all runs; ``task_in_run``;
    ``namespace``: in the namespace of the launch, over all DAGs. WITH_SUSPENDED: limits of tasks of that DAG count
    deferred instances, and those that wait for a person's input, too.
    """

    scope: Scope
    most: int
    with_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """A task instance that should get a launch.

    NEW_ATTEMPT false: it goes on with the attempt that it has (after a reschedule or a deferral). JOB_NAME empty: made
    from the launch's id. PLAN: text that the executor keeps with the launch. SHARES_FROM: it may share one Job with the
    other copies of its task in its run, where at least so many of them are queued together; 0: it has its own.
    """

    ti: TaskInstance
    backend: str
    new_attempt: bool
    namespace: str = ""
    job_name: str = ""
    limits: Sequence[Limit] = ()
    token_hash: str | None = None
    launch_id: str | None = None
    plan: str | None = None
    shares_from: int = 0


def plan_launch(
    tx: Tx,
    ti: TaskInstance,
    *,
    backend: str,
    new_attempt: bool,
    namespace: str = "",
    job_name: str = "",
    limits: Sequence[Limit] = (),
    token_hash: str | None = None,
    launch_id: str | None = None,
    plan: str | None = None,
    at: dt.datetime | None = None,
    who: str = "scheduler",
) -> Planned:
    """`plan_launches` for one task instance."""
    request = LaunchRequest(
        ti=ti,
        backend=backend,
        new_attempt=new_attempt,
        namespace=namespace,
        job_name=job_name,
        limits=limits,
        token_hash=token_hash,
        launch_id=launch_id,
        plan=plan,
    )
    return plan_launches(tx, [request], at=at, who=who)[0]


def plan_launches(
    tx: Tx, requests: Sequence[LaunchRequest], *, at: dt.datetime | None = None, who: str = "scheduler"
) -> list[Planned]:
    """Queue those of REQUESTS, in order, that find a slot in their pool and room within their limits.

    Each gets its launch, a new attempt its row (and loses the results of the attempt before). Pools and limits are
    counted inside the transaction and locked, so that two daemons together never take more than there is. Where the
    answer has no launch, its ``why`` tells what stood in the way.
    """
    if not requests:
        return []
    at = at or tx.now()
    room = _Room(tx, requests)
    answers = [Planned(launch=None, why=why) if (why := room.take(request)) else None for request in requests]
    wanted = [index for index, answer in enumerate(answers) if answer is None]
    queued = _queue(tx, [requests[index] for index in wanted], at, who)
    for index, launch in zip(wanted, queued, strict=True):
        answers[index] = Planned(launch=launch, why="planned" if launch else "changed")
    return [answer or Planned(launch=None, why="changed") for answer in answers]


def note_launch(tx: Tx, request: LaunchRequest, *, at: dt.datetime, who: str) -> Launch | None:
    """The launch of a task instance whose container somebody else has begun (a CronJob's Job): it asks for no slot,
    since nobody here could keep it from running. It is there already: ``created``. None when the task instance is not
    ``scheduled`` any more."""
    (launch,) = _queue(tx, [request], at, who)
    if launch is not None:
        advance_launch(tx, launch.id, LaunchState.PLANNED, LaunchState.CREATED, who=who, at=at)
    return launch


def _queue(tx: Tx, requests: Sequence[LaunchRequest], at: dt.datetime, who: str) -> list[Launch | None]:
    """Queue all of them; the launch of each, None for one whose state has changed meanwhile."""
    changed = apply(tx, [_change(request, at, who) for request in requests])
    queued = [request for request, done in zip(requests, changed, strict=True) if done]
    rows = _launch_rows(tx, queued, at)
    _write(tx, queued, rows, at=at, who=who)
    made = iter(rows)
    return [_launch(next(made)) if done else None for done in changed]


def _change(request: LaunchRequest, at: dt.datetime, who: str) -> TaskChange:
    ti = request.ti
    columns: dict[str, Any] = {}
    if request.new_attempt:
        columns = {"set_try_number": ti.try_number + 1, "start_date": None, "end_date": None}
    return TaskChange(ti.id, TaskState.SCHEDULED, TaskState.QUEUED, at, who, "", ti.try_number, columns)


@dataclass(slots=True)
class _Pool:
    slots: int
    free: int


class _Room:
    """How much room there is, locked against others, and less with each that takes some."""

    def __init__(self, tx: Tx, requests: Sequence[LaunchRequest]) -> None:
        self._lock_limits(tx, requests)
        self._pools = _pools(tx, sorted({request.ti.pool for request in requests}))
        bounded = [name for name, pool in self._pools.items() if pool.slots >= 0]
        limited = {request.ti.dag_id for request in requests if request.limits}
        parked = {r.ti.dag_id for r in requests if any(limit.with_suspended for limit in r.limits)}
        namespaces = _limited_namespaces(requests)
        self._used = tasks.occupancy(tx, bounded, limited, namespaces, with_suspended=parked)
        for name, pool in self._pools.items():
            pool.free -= self._used.pools.get(name, 0)

    def take(self, request: LaunchRequest) -> str:
        """Take the room that REQUEST needs; else the word for what stands in the way."""
        ti = request.ti
        pool = self._pools.get(ti.pool)
        if pool is None:
            return "no_such_pool"
        if pool.slots >= 0 and pool.free < ti.pool_slots:
            return "pool_full"
        if any(self._count(limit.scope, request) >= limit.most for limit in request.limits):
            return "limit"
        pool.free -= ti.pool_slots
        self._add(request)
        return ""

    def _count(self, scope: Scope, request: LaunchRequest) -> int:
        ti = request.ti
        match scope:
            case "namespace":
                return self._used.namespaces.get(request.namespace, 0)
            case "dag":
                return self._used.dags.get(ti.dag_id, 0)
            case "run":
                return self._used.runs.get(ti.dag_run_id, 0)
            case "task":
                return self._used.tasks.get((ti.dag_id, ti.task_id), 0)
            case "task_in_run":
                return self._used.tasks_in_run.get((ti.dag_run_id, ti.task_id), 0)
            case _:
                assert_never(scope)

    def _add(self, request: LaunchRequest) -> None:
        used, ti = self._used, request.ti
        used.namespaces[request.namespace] = used.namespaces.get(request.namespace, 0) + 1
        used.dags[ti.dag_id] = used.dags.get(ti.dag_id, 0) + 1
        used.runs[ti.dag_run_id] = used.runs.get(ti.dag_run_id, 0) + 1
        task, in_run = (ti.dag_id, ti.task_id), (ti.dag_run_id, ti.task_id)
        used.tasks[task] = used.tasks.get(task, 0) + 1
        used.tasks_in_run[in_run] = used.tasks_in_run.get(in_run, 0) + 1

    @staticmethod
    def _lock_limits(tx: Tx, requests: Sequence[LaunchRequest]) -> None:
        """Every scope of a limit but a namespace lies within one DAG, so one lock for each DAG is enough; taken in
        order."""
        tx.lock_names([f"limits {dag_id}" for dag_id in sorted({r.ti.dag_id for r in requests if r.limits})])
        tx.lock_names([f"namespace {namespace}" for namespace in sorted(_limited_namespaces(requests))])


def _limited_namespaces(requests: Sequence[LaunchRequest]) -> set[str]:
    return {request.namespace for request in requests if any(limit.scope == "namespace" for limit in request.limits)}


_POOLS = select(pools.c.name, pools.c.slots, pools.c.include_deferred)
_POOLS = _POOLS.where(pools.c.name.in_(bindparam("names", expanding=True))).order_by(pools.c.name)
_LOCK_POOLS = _POOLS.with_for_update()
_DEFERRED = (
    select(_t.pool, func.sum(_t.pool_slots).label("slots"))
    .where(_t.state == TaskState.DEFERRED.value, _t.pool.in_(bindparam("names", expanding=True)))
    .group_by(_t.pool)
)


def _pools(tx: Tx, names: Sequence[str]) -> dict[str, _Pool]:
    rows = tx.rows(_LOCK_POOLS if tx.locks_rows else _POOLS, {"names": list(names)})
    found = {row.name: _Pool(row.slots, row.slots) for row in rows}
    with_deferred = [row.name for row in rows if row.include_deferred]
    if with_deferred:
        for row in tx.rows(_DEFERRED, {"names": with_deferred}):
            found[row.pool].free -= int(row.slots)
    return found


_ORDINALS = (
    select(_l.task_instance_id, func.max(_l.ordinal).label("last"))
    .where(_l.task_instance_id.in_(bindparam("ids", expanding=True)), _l.try_number == bindparam("number"))
    .group_by(_l.task_instance_id)
)


def _launch_rows(tx: Tx, requests: Sequence[LaunchRequest], at: dt.datetime) -> list[dict[str, Any]]:
    ordinals: dict[int, int] = {}
    resumed: dict[int, list[int]] = {}
    for request in requests:
        if not request.new_attempt:
            resumed.setdefault(request.ti.try_number, []).append(request.ti.id)
    for number, ids in resumed.items():
        for row in tx.rows(_ORDINALS, {"ids": ids, "number": number}):
            ordinals[row.task_instance_id] = int(row.last)
    shared = _shared_jobs(requests)
    rows = []
    for number, request in enumerate(requests):
        ti = request.ti
        launch_id, name, index = shared.get(number) or (request.launch_id or new_launch_id(), request.job_name, None)
        rows.append(
            {
                "id": launch_id,
                "task_instance_id": ti.id,
                "try_number": ti.try_number + 1 if request.new_attempt else ti.try_number,
                "ordinal": ordinals.get(ti.id, 0) + 1,
                "state": LaunchState.PLANNED.value,
                "backend": request.backend,
                "namespace": request.namespace,
                "job_name": name or job_name(ti.dag_id, ti.task_id, launch_id),
                "token_hash": request.token_hash,
                "planned_at": at,
                "plan": request.plan,
                "job_index": index,
            }
        )
    return rows


def _shared_jobs(requests: Sequence[LaunchRequest]) -> dict[int, tuple[str, str, int]]:
    """Place in REQUESTS to launch id, Job and index there, for those that share a Job."""
    copies: dict[tuple[int, str], list[int]] = {}
    for place, request in enumerate(requests):
        if request.shares_from:
            copies.setdefault((request.ti.dag_run_id, request.ti.task_id), []).append(place)
    found = {}
    for places in copies.values():
        for together in in_parts(places, MOST_IN_JOB):
            first = requests[together[0]]
            if len(together) < first.shares_from:
                continue
            shared_job = new_shared_job()
            name = job_name(first.ti.dag_id, first.ti.task_id, shared_job, longest=SHARED_NAME)
            for index, place in enumerate(together):
                found[place] = (launch_of(shared_job, index), name, index)
    return found


_INSERT_LAUNCH = insert(launches)
_INSERT_ATTEMPT = insert(attempts)
_FORGET_XCOMS = delete(xcoms).where(
    xcoms.c.dag_run_id == bindparam("run"),
    xcoms.c.task_id == bindparam("task"),
    xcoms.c.map_index == bindparam("index"),
)


def _write(
    tx: Tx, requests: Sequence[LaunchRequest], rows: Sequence[Mapping[str, Any]], *, at: dt.datetime, who: str
) -> None:
    tx.change_many(_INSERT_LAUNCH, rows)
    new = [request.ti for request in requests if request.new_attempt]
    state = {"state": TaskState.QUEUED.value, "queued_at": at}
    tx.change_many(
        _INSERT_ATTEMPT, [{"task_instance_id": ti.id, "try_number": ti.try_number + 1, **state} for ti in new]
    )
    again = [ti for ti in new if ti.try_number > 0]
    tx.change_many(_FORGET_XCOMS, [{"run": ti.dag_run_id, "task": ti.task_id, "index": ti.map_index} for ti in again])
    for request, row in zip(requests, rows, strict=True):
        ti = request.ti
        told = {"launch_id": row["id"], "ti": ti.id, "to": LaunchState.PLANNED.value, "reason": "", "from": None}
        if row["job_index"] is not None:
            told["job_name"] = row["job_name"]  # one Job for many: whoever makes it needs to hear it once
        events.emit_of_task(tx, events.LAUNCH_STATE, ti, told, who=who, at=at, try_number=row["try_number"])


def _launch(row: Mapping[str, Any]) -> Launch:
    values = {name: value for name, value in row.items() if name != "plan"}
    return Launch(**{**values, "state": LaunchState.PLANNED})
