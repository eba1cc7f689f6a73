"""Launches: reading them, and what the executor notes down about one that has not begun. States: see `transitions`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select, update

from goflow.domain.errors import NotFoundError
from goflow.domain.kube_events import KubeEvent
from goflow.domain.runs import MOST_IN_JOB, SHARED_DIGITS, Launch, TaskInstance, launch_of
from goflow.domain.state import LaunchState
from goflow.store import tasks
from goflow.store.columns import dumps, loads
from goflow.store.tables import UNFINISHED_LAUNCHES, launches, task_instances, where
from goflow.store.tx import MOST_KEYS, Tx, in_parts

_l = launches.c
_SELECT = select(*(column for column in _l if column.name not in {"plan", "outcome", "usage", "kube_events"}))
_NAMES = tuple(str(column.key) for column in _SELECT.selected_columns)
_GET = _SELECT.where(_l.id == bindparam("launch_id"))
_JOINED = select(*_SELECT.selected_columns, *(task_instances.c[name] for name in tasks.NAMES)).select_from(
    launches.join(task_instances, task_instances.c.id == _l.task_instance_id)
)
_WITH_TASK = _JOINED.where(_l.id == bindparam("launch_id"))
_WITH_TASKS = _JOINED.where(_l.id.in_(bindparam("ids", expanding=True))).order_by(_l.id)
_OF_TASK = _SELECT.where(_l.task_instance_id == bindparam("ti_id")).order_by(_l.try_number, _l.ordinal)
_OF_RUN = (
    _SELECT.join(task_instances, task_instances.c.id == _l.task_instance_id)
    .where(task_instances.c.dag_run_id == bindparam("dag_run_id"), _l.claimed_at.is_not(None))
    .order_by(_l.claimed_at, _l.id)
)
_LATEST = (
    _SELECT.where(_l.task_instance_id == bindparam("ti_id")).order_by(_l.try_number.desc(), _l.ordinal.desc()).limit(1)
)
_BY_JOB = _SELECT.where(
    where(UNFINISHED_LAUNCHES), _l.namespace == bindparam("namespace"), _l.job_name == bindparam("job_name")
)
_OF_SHARED_JOB = _SELECT.where(_l.id.between(bindparam("first"), bindparam("last"))).order_by(_l.id)
_ANY_OPEN = (
    select(_l.id)
    .where(
        where(UNFINISHED_LAUNCHES),
        _l.state.in_([LaunchState.PLANNED.value, LaunchState.CREATED.value, LaunchState.CLAIMED.value]),
        _l.id.between(bindparam("first"), bindparam("last")),
        _l.id != bindparam("launch_id"),
    )
    .limit(1)
)
_BY_TOKEN = _SELECT.where(_l.token_hash == bindparam("token_hash"))
_UNFINISHED = _SELECT.where(where(UNFINISHED_LAUNCHES)).order_by(_l.id)
_NOT_BEGUN = _UNFINISHED.where(
    _l.backend == bindparam("backend"),
    _l.state == LaunchState.CREATED.value,
    _l.created_at <= bindparam("before"),
)
_OPEN_STATES = [LaunchState.PLANNED.value, LaunchState.CREATED.value, LaunchState.CLAIMED.value]
_UNFINISHED_AFTER = _UNFINISHED.where(
    _l.backend == bindparam("backend"), _l.state == bindparam("state"), _l.id > bindparam("after")
)
_OVER_STATES = [LaunchState.ENDED.value, LaunchState.LOST.value]
_WHY = (
    select(_l.task_instance_id, _l.reason, _l.message)
    .join(task_instances, task_instances.c.id == _l.task_instance_id)
    .where(task_instances.c.dag_run_id == bindparam("dag_run_id"))
    .order_by(_l.try_number, _l.ordinal)
)
_SET_MESSAGE = (
    update(launches)
    .where(_l.id == bindparam("launch_id"))
    .values(reason=bindparam("why", type_=_l.reason.type), message=bindparam("words", type_=_l.message.type))
)
_SET_UNLESS = _SET_MESSAGE.where(_l.reason.is_distinct_from(bindparam("keep")))
_IDS = select(_l.id, _l.job_index).where(where(UNFINISHED_LAUNCHES), _l.id > bindparam("after")).order_by(_l.id)
_TELL_WAITING = (
    update(launches)
    .where(
        where(UNFINISHED_LAUNCHES),
        _l.backend == bindparam("on"),
        _l.state == LaunchState.PLANNED.value,
        _l.namespace == bindparam("place"),
        func.coalesce(_l.reason, "") != bindparam("why", type_=_l.reason.type),
    )
    .values(reason=bindparam("why", type_=_l.reason.type), message=bindparam("words", type_=_l.message.type))
)
_LET_IN = (
    update(launches)
    .where(_l.id == bindparam("launch_id"), _l.state == LaunchState.CREATED.value)
    .values(reason=None, message=None, created_at=bindparam("at", type_=_l.created_at.type))
)
_KUBE_EVENTS = select(_l.id, _l.kube_events).where(
    _l.id.in_(bindparam("ids", expanding=True)), _l.kube_events.is_not(None)
)
_SET_PLAN = update(launches).where(_l.id == bindparam("launch_id")).values(plan=bindparam("text"))


def find(tx: Tx, launch_id: str) -> Launch | None:
    """The launch of that id, or None."""
    row = tx.first(_GET, {"launch_id": launch_id})
    return None if row is None else _launch(row)


def get(tx: Tx, launch_id: str) -> Launch:
    """The launch of that id. Raises NotFoundError."""
    launch = find(tx, launch_id)
    if launch is None:
        raise NotFoundError(f"launch {launch_id}")
    return launch


def with_task(tx: Tx, launch_id: str) -> tuple[Launch, TaskInstance]:
    """The launch of that id and its task instance. Raises NotFoundError."""
    row = tx.first(_WITH_TASK, {"launch_id": launch_id})
    if row is None:
        raise NotFoundError(f"launch {launch_id}")
    return _joined(row)


def with_tasks(tx: Tx, launch_ids: Collection[str]) -> dict[str, tuple[Launch, TaskInstance]]:
    """The same for several launches, by their ids; those that are not there are left out."""
    if len(launch_ids) == 1:
        rows = tx.rows(_WITH_TASK, {"launch_id": next(iter(launch_ids))})
    else:
        rows = [row for part in in_parts(sorted(launch_ids)) for row in tx.rows(_WITH_TASKS, {"ids": part})]
    return {found[0].id: found for found in map(_joined, rows)}


def _joined(row: Row[Any]) -> tuple[Launch, TaskInstance]:
    own = len(_NAMES)
    return _made(dict(zip(_NAMES, row[:own], strict=True))), tasks.made(dict(zip(tasks.NAMES, row[own:], strict=True)))


def of_run(tx: Tx, dag_run_id: int) -> list[Launch]:
    """The launches of a run whose process has begun, in the order in which they did."""
    return [_launch(row) for row in tx.rows(_OF_RUN, {"dag_run_id": dag_run_id})]


def of_task(tx: Tx, ti_id: int, try_number: int | None = None) -> list[Launch]:
    """The launches of a task instance, of one attempt or of all, in order."""
    found = [_launch(row) for row in tx.rows(_OF_TASK, {"ti_id": ti_id})]
    return found if try_number is None else [launch for launch in found if launch.try_number == try_number]


def latest(tx: Tx, ti_id: int) -> Launch | None:
    """The newest launch of a task instance."""
    row = tx.first(_LATEST, {"ti_id": ti_id})
    return None if row is None else _launch(row)


def by_job(tx: Tx, namespace: str, job_name: str) -> Launch | None:
    """The launch of that Job while anything of it may be there (of one that is shared, any); None otherwise."""
    row = tx.first(_BY_JOB, {"namespace": namespace, "job_name": job_name})
    return None if row is None else _launch(row)


def by_token(tx: Tx, token_hash: str) -> Launch | None:
    """The launch whose token has that sha256 (local backend), or None."""
    row = tx.first(_BY_TOKEN, {"token_hash": token_hash})
    return None if row is None else _launch(row)


def of_shared_job(tx: Tx, launch: Launch) -> list[Launch]:
    """All launches that share LAUNCH's Job, by their index; LAUNCH alone where it shares none."""
    if launch.job_index is None:
        return [launch]
    return [_launch(row) for row in tx.rows(_OF_SHARED_JOB, _ids_of_shared_job(launch))]


def is_shared_job_open(tx: Tx, launch: Launch) -> bool:
    """Whether another launch that shares LAUNCH's Job has not ended yet."""
    if launch.job_index is None:
        return False
    return bool(tx.first(_ANY_OPEN, {**_ids_of_shared_job(launch), "launch_id": launch.id}))


def _ids_of_shared_job(launch: Launch) -> dict[str, str]:
    return {"first": launch_of(launch.shared_job or "", 0), "last": launch_of(launch.shared_job or "", MOST_IN_JOB - 1)}


def unfinished(tx: Tx, backend: str | None = None) -> list[Launch]:
    """Launches that are planned, created or claimed, in the order of their planning."""
    return _in_states(tx, backend, _OPEN_STATES)


def not_begun(tx: Tx, backend: str, before: dt.datetime) -> list[Launch]:
    """Launches that were created before that moment, and that nobody has claimed."""
    params = {"backend": backend, "before": before}
    return [_launch(row) for row in tx.rows(_NOT_BEGUN, params)]


def why_of_run(tx: Tx, dag_run_id: int) -> dict[int, tuple[str, str]]:
    """Reason and words of the newest launch of each task instance of a run, where it has any: why it ended as it did,
    or does not begin."""
    found = {}
    for row in tx.rows(_WHY, {"dag_run_id": dag_run_id}):
        found[row.task_instance_id] = (row.reason or "", row.message or "")
    return {ti_id: why for ti_id, why in found.items() if any(why)}


def planned(tx: Tx, backend: str | None = None) -> list[Launch]:
    """Launches of which nothing exists yet."""
    return _in_states(tx, backend, [LaunchState.PLANNED.value])


def to_clean(tx: Tx, backend: str | None = None) -> list[Launch]:
    """Launches that are over and whose remains are still there."""
    return _in_states(tx, backend, _OVER_STATES)


def planned_ids(
    tx: Tx, backend: str, *, after: str = "", limit: int, besides: Sequence[str] = (), namespace: str | None = None
) -> list[tuple[str, str]]:
    """The first LIMIT planned launches behind AFTER, with what their Job is known by: those in the namespaces BESIDES
    left out, or those in NAMESPACE alone."""
    statement = _IDS.where(_l.backend == backend, _l.state == LaunchState.PLANNED.value)
    if besides:
        statement = statement.where(_l.namespace.not_in(besides))
    if namespace is not None:
        statement = statement.where(_l.namespace == namespace)
    rows = tx.rows(statement.limit(limit), {"after": after})
    return [(row.id, row.id if row.job_index is None else row.id[:SHARED_DIGITS]) for row in rows]


def ids_to_stop(tx: Tx, backend: str, *, after: str = "", limit: int) -> list[str]:
    """The first LIMIT launches behind AFTER that were asked to stop and are not over."""
    return _ids_in_states(tx, _IDS.where(_l.stop_requested_at.is_not(None)), backend, _OPEN_STATES, after, limit)


def ids_to_clean(tx: Tx, backend: str, *, after: str = "", limit: int) -> list[str]:
    """The first LIMIT launches behind AFTER that are over and whose remains are still there."""
    return _ids_in_states(tx, _IDS, backend, _OVER_STATES, after, limit)


def _ids_in_states(
    tx: Tx, statement: Select[Any], backend: str, states: Sequence[str], after: str, limit: int
) -> list[str]:
    """Asked for each state by itself: the index has them in order then."""
    found: list[str] = []
    for state in states:
        of_state = statement.where(_l.backend == backend, _l.state == state).limit(limit)
        found += [row.id for row in tx.rows(of_state, {"after": after})]
    return sorted(found)[:limit]


def unfinished_after(tx: Tx, backend: str, state: LaunchState, after: str, *, limit: int = MOST_KEYS) -> list[Launch]:
    """The first LIMIT launches in STATE whose ids come after AFTER."""
    params = {"backend": backend, "state": state.value, "after": after}
    return [_launch(row) for row in tx.rows(_UNFINISHED_AFTER.limit(limit), params)]


def tell_waiting(tx: Tx, backend: str, namespace: str, *, reason: str, message: str) -> int:
    """Note why the planned launches in NAMESPACE that have no REASON like it do not begin; how many those were."""
    return tx.change(_TELL_WAITING, {"on": backend, "place": namespace, "why": reason, "words": message})


def count_unfinished(tx: Tx) -> dict[tuple[str, LaunchState], int]:
    """(backend, state) to the number of launches, without those that are cleaned (for metrics)."""
    rows = tx.rows(_COUNTS)
    return {(row.backend, LaunchState(row.state)): row.n for row in rows}


_COUNTS = (
    select(_l.backend, _l.state, func.count().label("n"))
    .where(where(UNFINISHED_LAUNCHES))
    .group_by(_l.backend, _l.state)
)


def set_message(tx: Tx, launch_id: str, *, reason: str | None, message: str | None, keep: str = "") -> None:
    """Note why a launch does not begin yet, unless what is noted has the reason KEEP; nothing changes its state."""
    told = {"launch_id": launch_id, "why": reason, "words": message}
    if keep:
        tx.change(_SET_UNLESS, {**told, "keep": keep})
    else:
        tx.change(_SET_MESSAGE, told)


def let_in(tx: Tx, launch_id: str, at: dt.datetime) -> None:
    """What its pod waited for is there since AT: its time to start is counted from then."""
    tx.change(_LET_IN, {"launch_id": launch_id, "at": at})


def set_namespace(tx: Tx, launch_id: str, namespace: str) -> None:
    """Note where it is going to be, before it is there."""
    tx.change(update(launches).where(_l.id == launch_id).values(namespace=namespace))


def set_plan(tx: Tx, launch_id: str, plan: str) -> None:
    """Keep what the backend was asked for."""
    tx.change(_SET_PLAN, {"launch_id": launch_id, "text": plan})


def plan(tx: Tx, launch_id: str) -> str | None:
    """What the backend was asked for, as it was given."""
    text: str | None = tx.value(select(_l.plan).where(_l.id == launch_id))
    return text


def resolved(tx: Tx, launch: Launch) -> Mapping[str, Any] | None:
    """What the launches of the same attempt before LAUNCH have found out of its pod's arguments; None: nothing."""
    if launch.ordinal == 1:
        return None
    for earlier in reversed(of_task(tx, launch.task_instance_id, launch.try_number)):
        if earlier.ordinal < launch.ordinal:
            told = outcome(tx, earlier.id)
            if isinstance(told, dict) and told.get("resolved") is not None:
                return dict(loads(tx.sealer.open(told["resolved"])))
    return None


def sealed_resolution(tx: Tx, resolved: Mapping[str, Any]) -> Mapping[str, str]:
    """What `resolved` reads, to be stored as a launch's outcome: rendered arguments may hold secrets."""
    return {"resolved": tx.sealer.seal(dumps(resolved) or "{}")}


def outcome(tx: Tx, launch_id: str) -> Any:
    """The outcome that was stored when the launch ended, as JSON; None without one."""
    return loads(tx.value(select(_l.outcome).where(_l.id == launch_id)))


def kube_events(tx: Tx, launch_ids: Collection[str]) -> dict[str, list[KubeEvent]]:
    """The events of Kubernetes that are kept with launches, by their ids; those without any are left out."""
    rows = [row for part in in_parts(sorted(launch_ids)) for row in tx.rows(_KUBE_EVENTS, {"ids": part})]
    return {row.id: [KubeEvent.of_json(told) for told in loads(row.kube_events)] for row in rows}


def _in_states(tx: Tx, backend: str | None, states: list[str]) -> list[Launch]:
    statement = _UNFINISHED.where(_l.state.in_(states))
    if backend is not None:
        statement = statement.where(_l.backend == backend)
    return [_launch(row) for row in tx.rows(statement)]


def _launch(row: Row[Any]) -> Launch:
    return _made(row._asdict())


def _made(values: dict[str, Any]) -> Launch:
    values["state"] = LaunchState(values["state"])
    return Launch(**values)


def newest_of(tx: Tx, ti_ids: Collection[int]) -> dict[int, Launch]:
    """The newest launch of each of those task instances, where it has any."""
    statement = _SELECT.where(_l.task_instance_id.in_(list(ti_ids))).order_by(_l.try_number, _l.ordinal)
    return {row.task_instance_id: _launch(row) for row in tx.rows(statement)} if ti_ids else {}
