"""Task instances and their attempts: making and reading them. Their states change in `goflow.store.transitions`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, select, update

from goflow.domain.errors import NotFoundError
from goflow.domain.runs import UNMAPPED, DagRun, TaskInstance
from goflow.domain.state import OPEN_LAUNCH_STATES, SUSPENDED_STATES, WAITING_STATES, RunState, TaskState
from goflow.store import events
from goflow.store.columns import dumps, loads
from goflow.store.rows import Attempt, NewTask
from goflow.store.tables import OCCUPYING, OPEN_RUNS, SCHEDULED, WAITING, dag_runs, launches, task_instances, where
from goflow.store.tables import attempts as attempts_table
from goflow.store.tx import Tx, in_parts

_t = task_instances.c
_a = attempts_table.c
_SELECT = select(*(column for column in _t if column.name not in {"rendered_fields", "rendered_map_index"}))
NAMES = tuple(str(column.key) for column in _SELECT.selected_columns)
"""The columns that a task instance is made of."""
_BY_IDS = _SELECT.where(_t.id.in_(bindparam("ids", expanding=True))).order_by(_t.id)
_GET = _SELECT.where(_t.id == bindparam("ti_id"))
_LOCK = select(_t.id).where(_t.id == bindparam("ti_id")).with_for_update()
_FIND = _SELECT.where(
    _t.dag_run_id == bindparam("dag_run_id"), _t.task_id == bindparam("task_id"), _t.map_index == bindparam("map_index")
)
_OF_RUNS = _SELECT.where(_t.dag_run_id.in_(bindparam("dag_run_ids", expanding=True))).order_by(_t.id)
_SCHEDULED = _SELECT.where(where(SCHEDULED)).order_by(_t.priority_weight.desc(), _t.id)
_OPEN_RUN_STATES = [RunState.QUEUED.value, RunState.RUNNING.value]
_WAITING = [state.value for state in sorted(WAITING_STATES)]
_DUE = (
    _SELECT.where(where(WAITING), _t.next_at <= bindparam("now"), _t.state.in_(_WAITING))
    .order_by(_t.next_at, _t.id)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(_t.next_at).where(where(WAITING), _t.state.in_(_WAITING)).order_by(_t.next_at).limit(1)
_INSERT = insert(task_instances)
_ATTEMPTS = select(attempts_table).where(_a.task_instance_id == bindparam("ti_id")).order_by(_a.try_number)
_SET_WEIGHT = update(task_instances).where(_t.id == bindparam("ti")).values(priority_weight=bindparam("weight"))
_NEW_FIELDS = ("task_id", "map_index", "max_tries", "pool", "pool_slots", "priority_weight")


def create_many(tx: Tx, run: DagRun, tasks: Sequence[NewTask], *, who: str = "scheduler") -> list[TaskInstance]:
    """Make task instances of RUN; those that are there already stay as they are. All that were asked for come back."""
    if not tasks:
        return []
    base = {"dag_run_id": run.id, "dag_id": run.dag_id, "run_id": run.run_id, "try_number": 0}
    rows = [
        {**base, "state": task.state.value, **{name: getattr(task, name) for name in _NEW_FIELDS}} for task in tasks
    ]
    tx.insert_new(task_instances, rows)
    wanted = {(task.task_id, task.map_index) for task in tasks}
    made = [task for task in of_run(tx, run.id) if (task.task_id, task.map_index) in wanted]
    data = {"count": len(made), "first_id": made[0].id, "last_id": made[-1].id}
    events.emit(tx, events.TASK_CREATED, dag_id=run.dag_id, run_id=run.run_id, who=who, data=data)
    return made


def lock(tx: Tx, ti_id: int) -> None:
    """Let nobody else change the task instance until the transaction is over: the task first, as everybody does who
    changes it and something of its own."""
    if tx.locks_rows:
        tx.first(_LOCK, {"ti_id": ti_id})


def get(tx: Tx, ti_id: int) -> TaskInstance:
    """The task instance of that key. Raises NotFoundError."""
    row = tx.first(_GET, {"ti_id": ti_id})
    if row is None:
        raise NotFoundError(f"task instance {ti_id}")
    return instance(row)


def find(tx: Tx, dag_run_id: int, task_id: str, map_index: int = UNMAPPED) -> TaskInstance | None:
    """That task instance of a run, or None."""
    row = tx.first(_FIND, {"dag_run_id": dag_run_id, "task_id": task_id, "map_index": map_index})
    return None if row is None else instance(row)


def by_ids(tx: Tx, ids: Collection[int]) -> list[TaskInstance]:
    """Those of IDS that there are, by id."""
    return [instance(row) for row in tx.rows(_BY_IDS, {"ids": list(ids)})] if ids else []


def of_run(tx: Tx, dag_run_id: int) -> list[TaskInstance]:
    """All task instances of a run, in the order in which they were made."""
    return of_runs(tx, [dag_run_id])


def of_runs(tx: Tx, dag_run_ids: Collection[int]) -> list[TaskInstance]:
    """The same for several runs."""
    if not dag_run_ids:
        return []
    return [instance(row) for row in tx.rows(_OF_RUNS, {"dag_run_ids": list(dag_run_ids)})]


def scheduled(tx: Tx, *, limit: int | None = None) -> list[TaskInstance]:
    """Everything that waits for a slot, the highest priority first, then the longest there."""
    return [instance(row) for row in tx.rows(_SCHEDULED if limit is None else _SCHEDULED.limit(limit))]


def waiting_due(tx: Tx, now: dt.datetime, *, limit: int = 1000) -> list[TaskInstance]:
    """Retries, reschedules and deferrals whose NEXT_AT has come, the longest due first."""
    return [instance(row) for row in tx.rows(_DUE, {"now": now, "limit": limit})]


def next_due(tx: Tx) -> dt.datetime | None:
    """When the next of them is due; None: none is."""
    moment: dt.datetime | None = tx.value(_NEXT_DUE)
    return moment


def in_states(tx: Tx, states: Collection[TaskState], *, limit: int | None = None) -> list[TaskInstance]:
    """Task instances of open runs in those states, by id."""
    statement = (
        _SELECT.join(dag_runs, dag_runs.c.id == _t.dag_run_id)
        .where(dag_runs.c.status.in_(_OPEN_RUN_STATES), _t.state.in_([state.value for state in states]))
        .order_by(_t.id)
    )
    return [instance(row) for row in tx.rows(statement if limit is None else statement.limit(limit))]


def list_(
    tx: Tx,
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    states: Collection[TaskState] | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[TaskInstance]:
    """Task instances for pages and the API, the newest first."""
    statement = _filtered(_SELECT, dag_id, run_id, task_id, states).order_by(_t.id.desc()).limit(limit).offset(offset)
    return [instance(row) for row in tx.rows(statement)]


def count(
    tx: Tx,
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    states: Collection[TaskState] | None = None,
) -> int:
    """How many `list_` would give without a limit."""
    statement = select(func.count()).select_from(task_instances)
    return int(tx.value(_filtered(statement, dag_id, run_id, task_id, states)))


@dataclass(slots=True)
class Occupancy:
    """What is queued, running or restarting, of what was asked for: pool to slots, and numbers of task instances by
    DAG, run and task, and by the namespace of their launch. Numbers by task may have suspended ones among them."""

    pools: dict[str, int] = field(default_factory=dict)
    dags: dict[str, int] = field(default_factory=dict)
    runs: dict[int, int] = field(default_factory=dict)
    tasks: dict[tuple[str, str], int] = field(default_factory=dict)
    tasks_in_run: dict[tuple[int, str], int] = field(default_factory=dict)
    namespaces: dict[str, int] = field(default_factory=dict)


_OCCUPIED_POOLS = (
    select(_t.pool, func.sum(_t.pool_slots).label("slots"))
    .where(where(OCCUPYING), _t.pool.in_(bindparam("pools", expanding=True)))
    .group_by(_t.pool)
)
_OCCUPIED_DAGS = (
    select(_t.dag_run_id, _t.dag_id, _t.task_id, func.count().label("n"))
    .where(where(OCCUPYING), _t.dag_id.in_(bindparam("dag_ids", expanding=True)))
    .group_by(_t.dag_run_id, _t.dag_id, _t.task_id)
)


_SUSPENDED_DAGS = (
    select(_t.dag_run_id, _t.dag_id, _t.task_id, func.count().label("n"))
    .join(dag_runs, dag_runs.c.id == _t.dag_run_id)
    .where(
        where(OPEN_RUNS),
        dag_runs.c.dag_id.in_(bindparam("dag_ids", expanding=True)),
        _t.state.in_([state.value for state in SUSPENDED_STATES]),
    )
    .group_by(_t.dag_run_id, _t.dag_id, _t.task_id)
)


_HOLDING = select(_t.id, _t.try_number).where(where(OCCUPYING)).subquery()
_OCCUPIED_NAMESPACES = (
    select(launches.c.namespace, func.count().label("n"))
    .join(
        _HOLDING,
        (launches.c.task_instance_id == _HOLDING.c.id) & (launches.c.try_number == _HOLDING.c.try_number),
    )
    .where(
        launches.c.state.in_([state.value for state in OPEN_LAUNCH_STATES]),
        launches.c.namespace.in_(bindparam("namespaces", expanding=True)),
    )
    .group_by(launches.c.namespace)
)


def occupancy(
    tx: Tx,
    pools: Collection[str],
    dag_ids: Collection[str],
    namespaces: Collection[str] = (),
    *,
    with_suspended: Collection[str] = (),
) -> Occupancy:
    """How full POOLS are, how much runs of the DAGs of DAG_IDS, and how much in NAMESPACES; deferred tasks are not
    among it (see `goflow.store.pools` for pools that count them), but for the DAGs WITH_SUSPENDED: there they, and
    those that wait for a person's input, are among the numbers by task."""
    out = Occupancy()
    for row in tx.rows(_OCCUPIED_POOLS, {"pools": list(pools)}) if pools else ():
        out.pools[row.pool] = int(row.slots)
    for row in tx.rows(_OCCUPIED_DAGS, {"dag_ids": list(dag_ids)}) if dag_ids else ():
        out.dags[row.dag_id] = out.dags.get(row.dag_id, 0) + row.n
        out.runs[row.dag_run_id] = out.runs.get(row.dag_run_id, 0) + row.n
        _count_by_task(out, row)
    for row in tx.rows(_SUSPENDED_DAGS, {"dag_ids": list(with_suspended)}) if with_suspended else ():
        _count_by_task(out, row)
    for row in tx.rows(_OCCUPIED_NAMESPACES, {"namespaces": list(namespaces)}) if namespaces else ():
        out.namespaces[row.namespace] = row.n
    return out


def _count_by_task(out: Occupancy, row: Row[Any]) -> None:
    task, in_run = (row.dag_id, row.task_id), (row.dag_run_id, row.task_id)
    out.tasks[task] = out.tasks.get(task, 0) + row.n
    out.tasks_in_run[in_run] = out.tasks_in_run.get(in_run, 0) + row.n


_STATES = select(_t.task_id, _t.map_index, _t.state).where(_t.dag_run_id == bindparam("dag_run_id"))


def states_of(tx: Tx, dag_run_id: int) -> dict[tuple[str, int], TaskState]:
    """(task id, map index) to the state, for one run."""
    rows = tx.rows(_STATES, {"dag_run_id": dag_run_id})
    return {(row.task_id, row.map_index): TaskState(row.state) for row in rows}


def external_states(
    tx: Tx,
    dag_id: str,
    *,
    task_ids: Collection[str],
    logical_date: dt.datetime | None = None,
    run_id: str | None = None,
) -> dict[str, dict[int, TaskState]]:
    """Task id to {map index: state} in the run of that logical date or id; empty without such a run (sensors)."""
    statement = select(_t.task_id, _t.map_index, _t.state).join(dag_runs, dag_runs.c.id == _t.dag_run_id)
    statement = statement.where(dag_runs.c.dag_id == dag_id, _t.task_id.in_(list(task_ids)))
    if logical_date is not None:
        statement = statement.where(dag_runs.c.execution_date == logical_date)
    if run_id is not None:
        statement = statement.where(dag_runs.c.run_id == run_id)
    out: dict[str, dict[int, TaskState]] = {}
    for row in tx.rows(statement):
        out.setdefault(row.task_id, {})[row.map_index] = TaskState(row.state)
    return out


def matching(
    tx: Tx,
    dag_id: str,
    *,
    task_ids: Collection[str] | None = None,
    map_index: int | None = None,
    logical_dates: Collection[dt.datetime] | None = None,
    run_ids: Collection[str] | None = None,
    states: Collection[TaskState] | None = None,
) -> list[TaskInstance]:
    """Task instances of a DAG that are among all that is given, by id."""
    statement = _SELECT.where(_t.dag_id == dag_id)
    if logical_dates:
        statement = statement.join(dag_runs, dag_runs.c.id == _t.dag_run_id)
        statement = statement.where(dag_runs.c.execution_date.in_(list(logical_dates)))
    if task_ids is not None:
        statement = statement.where(_t.task_id.in_(list(task_ids)))
    if map_index is not None:
        statement = statement.where(_t.map_index == map_index)
    if run_ids:
        statement = statement.where(_t.run_id.in_(list(run_ids)))
    if states is not None:
        statement = statement.where(_t.state.in_([state.value for state in states]))
    return [instance(row) for row in tx.rows(statement.order_by(_t.id))]


def before(
    tx: Tx,
    dag_id: str,
    task_id: str,
    map_index: int = UNMAPPED,
    *,
    logical_date: dt.datetime | None = None,
    state: TaskState | None = None,
) -> TaskInstance | None:
    """That task's instance in the newest run with a logical date (before LOGICAL_DATE where it is given)."""
    statement = _SELECT.join(dag_runs, dag_runs.c.id == _t.dag_run_id).where(dag_runs.c.execution_date.is_not(None))
    statement = statement.where(_t.dag_id == dag_id, _t.task_id == task_id, _t.map_index == map_index)
    if logical_date is not None:
        statement = statement.where(dag_runs.c.execution_date < logical_date)
    if state is not None:
        statement = statement.where(_t.state == state.value)
    row = tx.first(statement.order_by(dag_runs.c.execution_date.desc()).limit(1))
    return None if row is None else instance(row)


_SET_INDEX = update(task_instances).where(_t.id == bindparam("ti_id")).values(map_index=bindparam("to"))


def set_weight(tx: Tx, ti_id: int, weight: int) -> None:
    """Keep what an author's own strategy says that an instance weighs."""
    tx.change(_SET_WEIGHT, {"ti": ti_id, "weight": weight})


def renumber(tx: Tx, ti_id: int, map_index: int) -> None:
    """Let the placeholder of a mapped task (map index -1) become one of its copies."""
    tx.change(_SET_INDEX, {"ti_id": ti_id, "to": map_index})


def set_note(tx: Tx, instance: TaskInstance, note: str | None, *, who: str) -> None:
    """Write a person's note to a task instance."""
    tx.change(update(task_instances).where(_t.id == instance.id).values(note=note))
    events.emit_of_task(tx, events.TASK_NOTE, instance, {"note": note}, who=who)


_SET_RENDERED = (
    update(task_instances)
    .where(_t.id == bindparam("ti_id"))
    .values(
        rendered_fields=func.coalesce(bindparam("fields", type_=_t.rendered_fields.type), _t.rendered_fields),
        rendered_map_index=func.coalesce(bindparam("label", type_=_t.rendered_map_index.type), _t.rendered_map_index),
    )
)
_SET_ATTEMPT_RENDERED = (
    update(attempts_table)
    .where(_a.task_instance_id == bindparam("ti_id"), _a.try_number == bindparam("number"))
    .values(rendered_fields=bindparam("fields"))
)


def set_rendered(
    tx: Tx,
    ti_id: int,
    fields: Mapping[str, Any] | None,
    *,
    map_index_label: str | None = None,
    try_number: int | None = None,
) -> None:
    """Keep rendered template fields, with that attempt as well when it is named, and the label of a mapped copy."""
    set_rendered_all(tx, [(ti_id, fields, map_index_label)])
    if fields is not None and try_number is not None:
        text = dumps(dict(fields))
        tx.change(_SET_ATTEMPT_RENDERED, {"ti_id": ti_id, "number": try_number, "fields": text})


def set_rendered_all(tx: Tx, found: Sequence[tuple[int, Mapping[str, Any] | None, str | None]]) -> None:
    """Keep rendered template fields and labels of several different task instances, by their ids."""
    tx.change_many(
        _SET_RENDERED,
        [
            {"ti_id": ti_id, "fields": None if fields is None else dumps(dict(fields)), "label": label}
            for ti_id, fields, label in found
        ],
    )


_RENDERED = select(_t.rendered_fields, _t.rendered_map_index).where(_t.id == bindparam("ti_id"))


def rendered(tx: Tx, ti_id: int) -> dict[str, Any] | None:
    """The template fields as they were rendered last; None when they never were."""
    row = tx.first(_RENDERED, {"ti_id": ti_id})
    return None if row is None else loads(row.rendered_fields)


def map_index_label(tx: Tx, ti_id: int) -> str | None:
    """What ``map_index_template`` rendered to."""
    row = tx.first(_RENDERED, {"ti_id": ti_id})
    return None if row is None else row.rendered_map_index


def attempts(tx: Tx, ti_id: int) -> list[Attempt]:
    """All attempts of a task instance that had a launch, the first one first."""
    return [_attempt(row) for row in tx.rows(_ATTEMPTS, {"ti_id": ti_id})]


def attempt(tx: Tx, ti_id: int, try_number: int) -> Attempt | None:
    """That attempt, or None."""
    return next((item for item in attempts(tx, ti_id) if item.try_number == try_number), None)


def instance(row: Row[Any]) -> TaskInstance:
    """A row of `task_instances` as what the rest of the house speaks in."""
    return made(dict(zip(NAMES, row, strict=True)))


def made(values: dict[str, Any]) -> TaskInstance:
    """The same of the values of `NAMES`, by their names."""
    values["state"] = TaskState(values["state"])
    return TaskInstance(**values)


def _attempt(row: Row[Any]) -> Attempt:
    values = row._asdict()
    values["state"] = TaskState(values["state"])
    values["usage"] = loads(values["usage"], {})
    values["rendered_fields"] = loads(values["rendered_fields"], {})
    return Attempt(**values)


def _filtered(
    statement: Select[Any],
    dag_id: str | None,
    run_id: str | None,
    task_id: str | None,
    states: Collection[TaskState] | None,
) -> Select[Any]:
    for column, value in ((_t.dag_id, dag_id), (_t.run_id, run_id), (_t.task_id, task_id)):
        if value is not None:
            statement = statement.where(column == value)
    if states is not None:
        statement = statement.where(_t.state.in_([state.value for state in states]))
    return statement


_EVER_BEFORE = (
    select(_t.id)
    .join(dag_runs, dag_runs.c.id == _t.dag_run_id)
    .where(_t.task_id == bindparam("task_id"), dag_runs.c.dag_id == bindparam("dag_id"))
    .where(dag_runs.c.execution_date < bindparam("logical_date"))
    .limit(1)
)


def ever_before(tx: Tx, dag_id: str, task_id: str, logical_date: dt.datetime) -> bool:
    """Whether the task has an instance in any run of the DAG with an earlier logical date."""
    params = {"dag_id": dag_id, "task_id": task_id, "logical_date": logical_date}
    return tx.first(_EVER_BEFORE, params) is not None


def whole(tx: Tx, ids: Collection[int]) -> list[Row[Any]]:
    """The rows of those keys with all their columns, by id."""
    found: list[Row[Any]] = []
    for part in in_parts(list(ids)):
        found += tx.rows(select(task_instances).where(_t.id.in_(part)))
    return sorted(found, key=lambda row: int(row.id))
