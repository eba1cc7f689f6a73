"""SLAs of tasks (Airflow 2): which dates of the schedule a task has missed, and when the next one is.

The rule is ``DagFileProcessor.manage_slas`` of 2.11. Of each task with an SLA the dates after the newest run in which
it has succeeded or was skipped are looked at, but for the first of them; a date that lies more than the SLA back is
missed. Airflow looks whenever it looks at a running run of the DAG; here it is done when that may find anything.
"""

from __future__ import annotations

import datetime as dt

from goflow.domain.canonical import Json
from goflow.domain.deadlines import SlaMiss, sla_of
from goflow.domain.runs import DagRun
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec, Dialect, TaskSpec
from goflow.scheduler.timetables import Restriction, RunInfo, ScheduleError, is_periodic, next_run
from goflow.store import Tx, deadlines, transitions

MOST_DATES = 10_000
"""So many dates of the schedule are looked at for one task at most."""
_ALL = Restriction(None, None, catchup=True)


def watched(dag: DagSpec) -> dict[str, float]:
    """Task id to its SLA in seconds, where anybody looks at it: in Airflow 3 nobody does, nor without a schedule."""
    if dag.dialect is not Dialect.AIRFLOW2 or not is_periodic(dag.schedule) or asks_its_author(dag.schedule):
        return {}
    return {task.task_id: seconds for task in dag.tasks if (seconds := sla_of(task)) is not None}


def look(tx: Tx, dag: DagSpec, run: DagRun, now: dt.datetime, *, who: str) -> tuple[dt.datetime | None, set[str]]:
    """Write down what was missed by NOW and have it told, in the name of RUN, one that is running.

    When to look again, if nothing changes until then (None: never); and the tasks that were never done so far.
    """
    tasks = watched(dag)
    found: list[SlaMiss] = []
    again: list[dt.datetime] = []
    never: set[str] = set()
    for task_id, sla in tasks.items():
        done = deadlines.last_done(tx, dag.dag_id, task_id)
        if done is None:
            never.add(task_id)
            continue
        known = {date for name, date in deadlines.recorded(tx, dag.dag_id, done[0]) if name == task_id}
        missed, following = missed_dates(dag, RunInfo(*done), sla, known, now)
        found += [SlaMiss(dag_id=dag.dag_id, task_id=task_id, logical_date=date, missed_at=now) for date in missed]
        if following is not None:
            again.append(following)
    if found:
        mailing = frozenset(task.task_id for task in dag.tasks if task.arguments.get("email"))
        transitions.record_sla_misses(tx, dag.dag_id, found, mailing, who=who)
        if dag.callbacks.get("sla_miss_callback"):
            untold = deadlines.untold(tx, dag.dag_id)
            transitions.tell_sla_misses(tx, run, untold, _blocking(tx, dag, untold), who=who)
    return min(again, default=None), never


def missed_dates(
    dag: DagSpec, done: RunInfo, sla: float, known: set[dt.datetime], now: dt.datetime
) -> tuple[list[dt.datetime], dt.datetime | None]:
    """The logical dates that are missed by NOW of a task that was DONE last in that run, without those KNOWN to be; and
    when the next one will be (None: none will)."""
    limit = dt.timedelta(seconds=sla)
    found: list[dt.datetime] = []
    info = _following(dag, done, now)
    for _ in range(MOST_DATES):
        if info is None or info.logical_date is None:
            return found, None
        before, info = info.logical_date, _following(dag, info, now)
        if info is None or info.logical_date is None:
            return found, None
        late = info.logical_date + limit
        if before >= now or (
            late >= now and info.logical_date not in known
        ):  # a date counts once the one before is over
            return found, max(before, late) + dt.timedelta(microseconds=1)
        if info.logical_date not in known:
            found.append(info.logical_date)
    return found, None


def _following(dag: DagSpec, last: RunInfo, now: dt.datetime) -> RunInfo | None:
    try:
        return next_run(dag.schedule, last, _ALL, now, dag.dialect)
    except ScheduleError:
        return None


def _blocking(tx: Tx, dag: DagSpec, missed: list[SlaMiss]) -> Json:
    """The task instances that are in the way of what was MISSED, as the callback is told of them."""
    known: dict[str, TaskSpec] = {task.task_id: task for task in dag.tasks}
    rows = deadlines.blocking(tx, dag.dag_id, sorted({miss.logical_date for miss in missed}))
    return [
        {
            "task_id": row.task_id,
            "run_id": row.run_id,
            "map_index": row.map_index,
            "try_number": row.try_number,
            "max_tries": row.max_tries,
            "state": row.state,
            "start_date": None if row.start_date is None else row.start_date.isoformat(),
            "end_date": None if row.end_date is None else row.end_date.isoformat(),
            "logical_date": row.execution_date.isoformat(),
        }
        for row in rows
        if row.task_id in known
    ]
