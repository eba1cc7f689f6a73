"""Deadlines of runs: made with the run, moved when it is queued again, met, or missed and told; and missed SLAs.

Source: ``SerializedDAG._process_dagrun_deadline_alerts``, ``Deadline.prune_deadlines`` and ``handle_miss``, and
``_recalculate_dagrun_queued_at_deadlines`` of Airflow 3.3; ``DagFileProcessor.manage_slas`` of 2.11.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import bindparam, delete, insert, update

from goflow.domain.canonical import Json
from goflow.domain.deadlines import Deadline, SlaMiss
from goflow.domain.questions import Question, QuestionKind, about_deadline
from goflow.domain.runs import DagRun
from goflow.domain.spec import DagSpec, DeadlineSpec
from goflow.domain.state import RunState
from goflow.store import deadlines, events, runs, variables
from goflow.store.deadline_tables import OPEN_DEADLINES, sla_misses
from goflow.store.deadline_tables import deadlines as table
from goflow.store.tables import where
from goflow.store.transitions.callbacks import request_callback
from goflow.store.transitions.questions import ask_code
from goflow.store.tx import Tx

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 500
_d, _s = table.c, sla_misses.c
_OPEN = (_d.id == bindparam("key"), where(OPEN_DEADLINES))
_AT: dict[str, Any] = {"last_updated_at": bindparam("at", type_=_d.last_updated_at.type)}
_MISS = update(table).where(*_OPEN).values(missed=True, **_AT)
_MEET = delete(table).where(*_OPEN)
_MOVE = update(table).where(*_OPEN).values(deadline_time=bindparam("moment", type_=_d.deadline_time.type), **_AT)
_INSERT = insert(table)
_TELL = (
    update(sla_misses)
    .where(
        _s.dag_id == bindparam("dag"),
        _s.task_id == bindparam("task"),
        _s.logical_date == bindparam("date", type_=_s.logical_date.type),
        _s.callback_id.is_(None),
    )
    .values(callback_id=bindparam("callback"))
)


def set_deadlines(tx: Tx, run: DagRun, spec: DagSpec, *, who: str) -> None:
    """Write the deadlines of a run that was made just now, by what its DAG's are. One that cannot be reckoned (a
    Variable that is missing) is told by an event and not watched."""
    rows = []
    for position, alert in enumerate(spec.deadlines):
        if alert.unwatched:
            continue
        try:
            interval = _interval(tx, alert)
            if alert.reference == "custom":
                _ask(tx, run, position, alert, interval, who)
                continue
            counts_from = _reference(tx, run, alert)
        except ValueError as problem:
            log.warning("a deadline cannot be reckoned", dag_id=run.dag_id, run_id=run.run_id, problem=str(problem))
            _say(tx, events.DEADLINE_FAILED, run, {**_told(alert.name, alert.reference), "problem": str(problem)}, who)
            continue
        if counts_from is not None:
            rows.append(_row(tx, run, position, alert, counts_from, interval))
    tx.change_many(_INSERT, rows)


def _ask(tx: Tx, run: DagRun, position: int, alert: DeadlineSpec, interval: float, who: str) -> None:
    """Have the author's own class asked what the deadline counts from; it is written down with the answer."""
    asked: dict[str, Json] = {"position": position, "name": alert.name, "interval_s": interval}
    about = about_deadline(run.id, position)
    reading_id = run.reading_id
    ask_code(
        tx, about, QuestionKind.DEADLINE, asked, dag_id=run.dag_id, reading_id=reading_id, dag_run_id=run.id, who=who
    )


def set_answered_deadline(tx: Tx, question: Question, counts_from: str | None) -> None:
    """Write the deadline of which the author's own class was asked; COUNTS_FROM is None where the run has none."""
    if counts_from is None or question.dag_run_id is None:
        return
    asked: Any = question.asked
    run = runs.get(tx, question.dag_run_id)
    moment = dt.datetime.fromisoformat(counts_from)
    alert = DeadlineSpec(reference="custom", name=asked["name"])
    row = _row(tx, run, asked["position"], alert, moment, asked["interval_s"], question.reading_id)
    tx.change(_INSERT, row)


def _row(
    tx: Tx,
    run: DagRun,
    position: int,
    alert: DeadlineSpec,
    counts_from: dt.datetime,
    interval: float,
    reading_id: int | None = None,
) -> dict[str, Any]:
    at = tx.now()
    return {
        "dag_run_id": run.id,
        "reading_id": run.reading_id if reading_id is None else reading_id,
        "position": position,
        "name": alert.name,
        "reference": alert.reference,
        "interval_s": interval,
        "deadline_time": counts_from + dt.timedelta(seconds=interval),
        "missed": False,
        "created_at": at,
        "last_updated_at": at,
    }


def _interval(tx: Tx, alert: DeadlineSpec) -> float:
    """Seconds from the reference to the deadline. Raises ValueError where a Variable is to say it and does not."""
    key = alert.interval_variable
    if key is None:
        return alert.interval_s
    variable = variables.find(tx, key)
    if variable is None:
        raise ValueError(f"the Variable {key}, which has its interval, is not there")
    try:
        return float(int(variable.value))
    except ValueError:
        raise ValueError(f"the Variable {key} has to be its interval in whole seconds") from None


def _reference(tx: Tx, run: DagRun, alert: DeadlineSpec) -> dt.datetime | None:
    """What the deadline counts from; None: the run has none (no logical date, too few runs for an average)."""
    if alert.reference == "logical_date":
        return run.logical_date
    if alert.reference == "queued_at":
        return run.queued_at
    if alert.reference == "fixed":
        return None if alert.at is None else alert.at.resolve(tx.now())
    if alert.reference == "average_runtime":
        took = deadlines.runtimes(tx, run.dag_id, alert.max_runs)
        if len(took) < max(1, alert.min_runs):
            return None
        return tx.now() + dt.timedelta(seconds=sum(took) / len(took))
    return None


def move_deadlines(tx: Tx, run: DagRun, *, queued_at: dt.datetime) -> None:
    """A run begins anew: what counts from its queuing and was not missed counts from QUEUED_AT."""
    for deadline in deadlines.of_run(tx, run.id, open_only=True):
        if deadline.reference == "queued_at":
            moment = queued_at + dt.timedelta(seconds=deadline.interval_s)
            tx.change(_MOVE, {"key": deadline.id, "moment": moment, "at": tx.now()})


def meet_deadlines(tx: Tx, run: DagRun, *, at: dt.datetime, who: str) -> int:
    """A run has succeeded at AT: those of its deadlines that were not over by then are met; how many."""
    return sum(
        _meet(tx, run, deadline, who)
        for deadline in deadlines.of_run(tx, run.id, open_only=True)
        if at <= deadline.deadline_time
    )


def miss_deadlines(tx: Tx, *, now: dt.datetime, who: str) -> int:
    """Tell of the deadlines that are over at NOW, and have their callbacks called; how many were missed. Whether the
    run has failed before makes no difference, as in Airflow; a run that was marked as success in time has met its own.
    """
    missed = 0
    for deadline in deadlines.due(tx, now, MOST_AT_ONCE):
        run = runs.get(tx, deadline.dag_run_id)
        in_time = run.end_date is not None and run.end_date <= deadline.deadline_time
        if run.state is RunState.SUCCESS and in_time:
            _meet(tx, run, deadline, who)
        elif tx.change(_MISS, {"key": deadline.id, "at": tx.now()}):
            missed += 1
            _say(tx, events.DEADLINE_MISSED, run, _told_of(deadline), who)
            data: dict[str, Json] = {"deadline": deadline.id}
            reason = deadline.name or deadline.reference
            request_callback(tx, run, "deadline", reason=reason, ti_id=None, who=who, data=data)
    return missed


def _meet(tx: Tx, run: DagRun, deadline: Deadline, who: str) -> int:
    if not tx.change(_MEET, {"key": deadline.id}):
        return 0
    _say(tx, events.DEADLINE_MET, run, _told_of(deadline), who)
    return 1


def _told(name: str | None, reference: str) -> dict[str, Json]:
    return {"name": name, "reference": reference}


def _told_of(deadline: Deadline) -> dict[str, Json]:
    told: dict[str, Json] = {"deadline": deadline.id, "deadline_time": deadline.deadline_time.isoformat()}
    return {**told, **_told(deadline.name, deadline.reference)}


def _say(tx: Tx, kind: str, run: DagRun, data: Mapping[str, Json], who: str) -> None:
    events.emit(tx, kind, dag_id=run.dag_id, run_id=run.run_id, who=who, data=data)


def record_sla_misses(tx: Tx, dag_id: str, missed: Sequence[SlaMiss], mailing: frozenset[str], *, who: str) -> None:
    """Write down tasks that have MISSED their SLA, each with its event. MAILING are tasks that want a mail of it."""
    tx.insert_new(sla_misses, [dataclasses.asdict(miss) for miss in missed])
    for miss in missed:
        data: dict[str, Json] = {"logical_date": miss.logical_date.isoformat(), "email": miss.task_id in mailing}
        events.emit(tx, events.SLA_MISSED, dag_id=dag_id, task_id=miss.task_id, who=who, data=data)


def tell_sla_misses(tx: Tx, run: DagRun, missed: Sequence[SlaMiss], blocking: Json, *, who: str) -> None:
    """Have ``sla_miss_callback`` of RUN's DAG called for what was MISSED, with the task instances that are BLOCKING."""
    slas: list[Json] = [
        {
            "task_id": miss.task_id,
            "logical_date": miss.logical_date.isoformat(),
            "missed_at": miss.missed_at.isoformat(),
        }
        for miss in missed
    ]
    data: dict[str, Json] = {"slas": slas, "blocking": blocking}
    key = request_callback(tx, run, "sla_miss", reason="sla_miss", ti_id=None, who=who, data=data)
    for miss in missed:
        params = {"dag": miss.dag_id, "task": miss.task_id, "date": miss.logical_date, "callback": key}
        tx.change(_TELL, params)
