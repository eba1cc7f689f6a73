"""What the web page asks of the database and no other caller does: many rows, few columns, no objects made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, select, text, true

from goflow.store import logs
from goflow.store.deadline_tables import deadlines, sla_misses
from goflow.store.tables import (
    OCCUPYING,
    OPEN_RUNS,
    PLANNED_DAGS,
    SCHEDULED,
    UNFINISHED_LAUNCHES,
    attempts,
    dag_readings,
    dag_runs,
    dag_versions,
    dags,
    files,
    launches,
    log_lines,
    task_instances,
    where,
)
from goflow.store.tx import Tx

_r = dag_runs.c
_t = task_instances.c
_g = log_lines.c

RUN_COLUMNS = (
    *(_r.id, _r.dag_id, _r.run_id, _r.run_type, _r.status, _r.execution_date, _r.run_after),
    *(_r.queued_at, _r.start_date, _r.end_date, _r.note, _r.triggered_by, _r.version_id, _r.reading_id),
)
_RUNS = (
    select(*RUN_COLUMNS, dag_versions.c.number.label("version"))
    .join(dag_versions, dag_versions.c.id == _r.version_id)
    .order_by(_r.run_after.desc(), _r.id.desc())
)
_stands_for = func.coalesce(_r.execution_date, _r.run_after, type_=_r.run_after.type)
"""What a run stands for: its logical date, if it has one."""
_VERSION = {"sqlite": text("SELECT sqlite_version()"), "postgresql": text("SHOW server_version")}
_OF_DAG = _RUNS.where(_r.dag_id == bindparam("dag_id")).limit(bindparam("limit")).offset(bindparam("offset"))
_OPEN = _RUNS.where(where(OPEN_RUNS)).limit(bindparam("limit"))
_FAILED = _RUNS.where(_r.status == "failed", _r.end_date >= bindparam("since")).limit(bindparam("limit"))
_STATES = select(_t.dag_run_id, _t.task_id, _t.map_index, _t.state).where(
    _t.dag_run_id.in_(bindparam("run_keys", expanding=True))
)
_COPIES = (
    select(_t.dag_run_id, _t.map_index, _t.state, _t.rendered_map_index)
    .where(
        _t.dag_run_id.in_(bindparam("run_keys", expanding=True)),
        _t.task_id == bindparam("task_id"),
        _t.map_index >= 0,
    )
    .order_by(_t.dag_run_id, _t.map_index)
    .limit(bindparam("limit"))
)


def runs_of_dag(tx: Tx, dag_id: str, *, limit: int, offset: int = 0) -> Sequence[Row[Any]]:
    """The newest runs of a DAG, the newest (by RUN_AFTER) first: `RUN_COLUMNS` and the number of its version."""
    return tx.rows(_OF_DAG, {"dag_id": dag_id, "limit": limit, "offset": offset})


def open_runs(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    """Runs that are queued or running, the newest first."""
    return tx.rows(_OPEN, {"limit": limit})


def failed_runs(tx: Tx, since: dt.datetime, limit: int) -> Sequence[Row[Any]]:
    """Runs that have failed since then, the newest first."""
    return tx.rows(_FAILED, {"since": since, "limit": limit})


def count_ended(tx: Tx, since: dt.datetime) -> dict[str, int]:
    """How many runs have ended since then, by their state."""
    statement = select(_r.status, func.count().label("n")).where(_r.end_date >= since).group_by(_r.status)
    return {row.status: row.n for row in tx.rows(statement)}


def count_open(tx: Tx) -> dict[str, int]:
    """How many runs are queued and running."""
    statement = select(_r.status, func.count().label("n")).where(where(OPEN_RUNS)).group_by(_r.status)
    return {row.status: row.n for row in tx.rows(statement)}


def states(tx: Tx, run_keys: Collection[int]) -> Sequence[tuple[int, str, int, str]]:
    """``(dag_run_id, task_id, map_index, state)`` of every task instance of those runs, in no order."""
    return tx.tuples(_STATES, {"run_keys": list(run_keys)}) if run_keys else ()


def copies(tx: Tx, run_keys: Collection[int], task_id: str, limit: int) -> Sequence[Row[Any]]:
    """``(dag_run_id, map_index, state, rendered_map_index)`` of the copies of a mapped task, LIMIT in all."""
    given = {"run_keys": list(run_keys), "task_id": task_id, "limit": limit}
    return tx.rows(_COPIES, given) if run_keys else ()


def strips(tx: Tx, dag_ids: Collection[str], runs_each: int) -> dict[str, list[Row[Any]]]:
    """The newest runs of each of DAG_IDS, the oldest of them first: ``run_id``, ``status``, ``start_date``,
    ``end_date``."""
    statement = (
        select(_r.run_id, _r.status, _r.start_date, _r.end_date, _r.run_after)
        .where(_r.dag_id == bindparam("dag_id"))
        .order_by(_r.run_after.desc(), _r.id.desc())
        .limit(runs_each)
    )
    return {dag_id: list(tx.rows(statement, {"dag_id": dag_id}))[::-1] for dag_id in dag_ids}


_d = dags.c
LISTED = (
    *(_d.id.label("dag_id"), _d.name, _d.description, _d.is_paused, _d.schedule, _d.next_run_after, _d.tags, _d.owners),
    *(_d.task_count, _d.namespace, _d.file_path, _d.version, _d.hold_reason),
)


def listed(tx: Tx) -> Sequence[Row[Any]]:
    """All active DAGs by id: `LISTED`, lists and schedule as JSON, and LAST, the state of the newest run."""
    newest = (
        select(_r.status)
        .where(_r.dag_id == dags.c.id)
        .order_by(_r.run_after.desc(), _r.id.desc())
        .limit(1)
        .correlate(dags)
        .scalar_subquery()
    )
    return tx.rows(select(*LISTED, newest.label("last")).where(_d.is_active == true()).order_by(_d.id))


def days(tx: Tx, dag_id: str, first: dt.datetime, last: dt.datetime) -> Sequence[Row[Any]]:
    """``(moment, status)`` of the runs of a DAG that stand for moments from FIRST to before LAST."""
    statement = select(_stands_for.label("moment"), _r.status).where(_r.dag_id == dag_id, *_within(first, last))
    return tx.rows(statement)


def runs_between(tx: Tx, dag_id: str, first: dt.datetime, last: dt.datetime, limit: int) -> Sequence[Row[Any]]:
    """The newest LIMIT of these runs, each with its ``moment``, the oldest of them last."""
    statement = _RUNS.add_columns(_stands_for.label("moment")).where(_r.dag_id == dag_id, *_within(first, last))
    return tx.rows(statement.limit(limit))


def _within(first: dt.datetime, last: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        _stands_for >= first,
        _stands_for < last,
        _r.run_after >= first - dt.timedelta(days=1),
    )  # the last is for the index


def moments(tx: Tx, dag_id: str, first: dt.datetime, last: dt.datetime) -> set[dt.datetime]:
    """The logical dates of a DAG's runs in that range, both ends included."""
    statement = select(_r.execution_date).where(_r.dag_id == dag_id, _r.execution_date.between(first, last))
    return {row.execution_date for row in tx.rows(statement)}


def durations(tx: Tx, dag_id: str, limit: int) -> Sequence[Row[Any]]:
    """The newest LIMIT runs of a DAG that have begun, the newest first."""
    statement = _RUNS.where(_r.dag_id == dag_id, _r.start_date.is_not(None)).limit(limit)
    return tx.rows(statement)


def task_durations(tx: Tx, dag_id: str, task_id: str, limit: int) -> Sequence[Row[Any]]:
    """The same for a task: begin, end and state of its newest instances that have begun."""
    statement = (
        select(_t.run_id, _t.map_index, _t.state, _t.queued_at, _t.start_date, _t.end_date, _t.try_number)
        .where(_t.dag_id == dag_id, _t.task_id == task_id, _t.start_date.is_not(None))
        .order_by(_t.id.desc())
        .limit(limit)
    )
    return tx.rows(statement)


_INSTANCES = (
    select(
        *(_t.task_id, _t.map_index, _t.state, _t.try_number, _t.max_tries, _t.queued_at, _t.start_date, _t.end_date),
        *(_t.next_at, _t.note, _t.rendered_map_index, _t.pool),
        *(attempts.c.reason, attempts.c.message, attempts.c.exit_code),
    )
    .outerjoin(attempts, (attempts.c.task_instance_id == _t.id) & (attempts.c.try_number == _t.try_number))
    .where(_t.dag_run_id == bindparam("run_key"))
    .order_by(_t.id)
)


def instances(tx: Tx, run_key: int) -> Sequence[Row[Any]]:
    """The task instances of a run with how their newest attempt ended, in the order in which they were made."""
    return tx.rows(_INSTANCES, {"run_key": run_key})


def uses_of_versions(tx: Tx, dag_id: str) -> dict[int, Row[Any]]:
    """Version key to ``runs`` (how many), ``first`` and ``last`` (by RUN_AFTER) of the runs that are pinned to it."""
    statement = (
        select(
            _r.version_id,
            func.count().label("runs"),
            func.min(_r.run_after).label("first"),
            func.max(_r.run_after).label("last"),
        )
        .where(_r.dag_id == dag_id)
        .group_by(_r.version_id)
    )
    return {row.version_id: row for row in tx.rows(statement)}


def next_runs(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    """``(dag_id, next_run_after, next_logical_date)`` of the DAGs whose next run comes first."""
    statement = (
        select(dags.c.id.label("dag_id"), dags.c.next_run_after, dags.c.next_logical_date)
        .where(where(PLANNED_DAGS), dags.c.hold_reason.is_(None))
        .order_by(dags.c.next_run_after)
        .limit(limit)
    )
    return tx.rows(statement)


def held(tx: Tx) -> Sequence[Row[Any]]:
    """``(dag_id, hold_reason)`` of the DAGs that wait for a person's word."""
    statement = select(dags.c.id.label("dag_id"), dags.c.hold_reason)
    return tx.rows(statement.where(dags.c.is_active == true(), dags.c.hold_reason.is_not(None)).order_by(dags.c.id))


def count_dags(tx: Tx) -> tuple[int, int]:
    """How many DAGs are active, and how many of them are paused."""
    statement = select(dags.c.is_paused, func.count().label("n")).where(dags.c.is_active == true())
    found = {bool(row.is_paused): row.n for row in tx.rows(statement.group_by(dags.c.is_paused))}
    return sum(found.values()), found.get(True, 0)


def missed_deadlines(tx: Tx, since: dt.datetime, limit: int) -> Sequence[Row[Any]]:
    """``(dag_id, run_id, deadline_time, name)`` of the deadlines that were missed since then, the newest first."""
    statement = (
        select(_r.dag_id, _r.run_id, deadlines.c.deadline_time, deadlines.c.name)
        .join(dag_runs, _r.id == deadlines.c.dag_run_id)
        .where(deadlines.c.missed == true(), deadlines.c.deadline_time >= since)
        .order_by(deadlines.c.deadline_time.desc())
        .limit(limit)
    )
    return tx.rows(statement)


def missed_slas(tx: Tx, since: dt.datetime, limit: int) -> Sequence[Row[Any]]:
    """``(dag_id, task_id, logical_date, missed_at)`` of the SLAs that were missed since then, the newest first."""
    m = sla_misses.c
    statement = select(m.dag_id, m.task_id, m.logical_date, m.missed_at).where(m.missed_at >= since)
    return tx.rows(statement.order_by(m.missed_at.desc()).limit(limit))


def read_files(tx: Tx) -> Sequence[Row[Any]]:
    """Every file that was read: ``path``, ``dag_ids``, ``looks_like_dag``, ``seconds``, ``last_read_at``,
    ``reader_version``."""
    c = files.c
    columns = (c.path, c.dag_ids, c.looks_like_dag, c.seconds, c.last_read_at, c.reader_version)
    return tx.rows(select(*columns).order_by(c.path))


def told_of_dags(tx: Tx) -> Sequence[Row[Any]]:
    """``(dag_id, file_path, diagnostics)`` of the reading in force of each active DAG that has something to say."""
    statement = (
        select(dags.c.id.label("dag_id"), dags.c.file_path, dag_readings.c.diagnostics)
        .join(dag_readings, dag_readings.c.id == dags.c.reading_id)
        .where(dags.c.is_active == true(), dag_readings.c.diagnostics != "[]")
    )
    return tx.rows(statement.order_by(dags.c.file_path, dags.c.id))


def log_matches(tx: Tx, launch_id: str, words: str, limit: int, *, after: int = 0) -> list[int]:
    """The numbers of the first LIMIT lines of a launch after AFTER that hold WORDS, upper and lower case alike."""
    statement = (
        select(_g.seq)
        .where(_g.launch_id == launch_id, _g.seq > after, logs.holding(tx, words))
        .order_by(_g.seq)
        .limit(limit)
    )
    return [row.seq for row in tx.rows(statement)]


def runs_matching(tx: Tx, words: str, limit: int) -> Sequence[Row[Any]]:
    """The newest runs whose id holds WORDS."""
    statement = _RUNS.where(_r.run_id.icontains(words, autoescape=True)).limit(limit)
    return tx.rows(statement)


def count_unfinished_launches(tx: Tx) -> dict[str, int]:
    """How many launches are in each state that is no end."""
    statement = select(launches.c.state, func.count().label("n")).where(where(UNFINISHED_LAUNCHES))
    return {row.state: row.n for row in tx.rows(statement.group_by(launches.c.state))}


def count_waiting_tasks(tx: Tx) -> dict[str, int]:
    """How many task instances hold or wait for a slot, by state."""
    found: dict[str, int] = {}
    for condition in (OCCUPYING, SCHEDULED):
        statement = select(_t.state, func.count().label("n")).where(where(condition)).group_by(_t.state)
        found |= {row.state: row.n for row in tx.rows(statement)}
    return found


def database_version(tx: Tx) -> str:
    """The version of the database server, or of SQLite."""
    return str(tx.value(_VERSION[tx.store.dialect]))
