"""CronJobs as they were seen last, those that GoFlow has placed and those that it watches, and the Jobs they made.

A row is what the daemon that looks after CronJobs has found out, for whoever asks another one, and for its own next
life: which content it has settled on, since when the schedule is in force, and until when it has looked for what was
missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, or_, select, update

from goflow.domain.runs import BY_CRONJOB, DagRun
from goflow.domain.state import RunType
from goflow.store import runs
from goflow.store.columns import dumps, loads
from goflow.store.cronjob_tables import cronjob_jobs, cronjobs
from goflow.store.tables import dag_runs, launches, task_instances
from goflow.store.tx import Tx

_c = cronjobs.c
_j = cronjob_jobs.c
TROUBLE = "cronjobs_trouble"
"""Under that name ``installation`` has why CronJobs cannot be looked after just now; empty: they can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronJob:
    """One CronJob. PLACED: GoFlow has made it; else somebody else has, and it is watched. PRESENT: it was there when it
    was looked for last (SEEN_AT).

    DIGEST is that of what was wanted last, and SETTLED what the API server made of it (its ``spec``; of a watched one
    its own). PROBLEM says why it is not as it is wanted. MENDED says what somebody had changed before MENDED_AT.
    Moments of its schedule up to CHECKED_UNTIL have been looked for; it is in force since IN_FORCE_SINCE.
    """

    namespace: str
    name: str
    dag_id: str
    placed: bool
    in_force_since: dt.datetime
    checked_until: dt.datetime
    present: bool = False
    uid: str = ""
    schedule: str = ""
    time_zone: str = ""
    suspended: bool = False
    digest: str = ""
    settled: Mapping[str, Any] | None = None
    problem: str | None = None
    last_schedule_at: dt.datetime | None = None
    mended_at: dt.datetime | None = None
    mended: str | None = None
    seen_at: dt.datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class CronJobJob:
    """A Job that a CronJob has made, by its UID. RECORDED_AT: when its run, its end and its log were all stored; None:
    not yet. DAG_RUN_ID None: somebody has deleted its run."""

    uid: str
    namespace: str
    cronjob: str
    name: str
    created_at: dt.datetime
    dag_run_id: int | None = None
    recorded_at: dt.datetime | None = None


def all_(tx: Tx) -> list[CronJob]:
    """Every CronJob, by namespace and name."""
    return [_row(row) for row in tx.rows(select(cronjobs).order_by(_c.namespace, _c.name))]


def placed_by_dag(tx: Tx) -> dict[str, bool]:
    """The DAGs that are CronJobs; of each whether GoFlow has placed it, or watches somebody else's."""
    return {
        row.dag_id: bool(row.placed) for row in tx.rows(select(_c.dag_id, _c.placed).order_by(_c.namespace, _c.name))
    }


def find(tx: Tx, namespace: str, name: str) -> CronJob | None:
    """That CronJob, or None."""
    row = tx.first(select(cronjobs).where(_c.namespace == namespace, _c.name == name))
    return None if row is None else _row(row)


def put(tx: Tx, cronjob: CronJob) -> None:
    """Write down how it stands."""
    values = {column.name: getattr(cronjob, column.name) for column in _c}
    tx.upsert(cronjobs, {**values, "settled": dumps(cronjob.settled)})


def forget(tx: Tx, namespace: str, name: str) -> bool:
    """It is none of ours any more; whether it was."""
    return bool(tx.change(delete(cronjobs).where(_c.namespace == namespace, _c.name == name)))


def count(tx: Tx) -> dict[tuple[bool, str], int]:
    """(placed, state) to the number of CronJobs: ``problem``, ``suspended``, ``absent`` or ``active``."""
    counts: dict[tuple[bool, str], int] = {}
    for row in tx.rows(select(_c.placed, _c.present, _c.suspended, _c.problem)):
        key = bool(row.placed), state_of(bool(row.present), bool(row.suspended), row.problem)
        counts[key] = counts.get(key, 0) + 1
    return counts


def count_open_jobs(tx: Tx) -> int:
    """How many Jobs there are of which not all is stored."""
    return int(tx.value(select(func.count()).select_from(cronjob_jobs).where(_j.recorded_at.is_(None))))


STATES = ("active", "suspended", "absent", "problem")
"""What `state_of` may say."""


def state_of(present: bool, suspended: bool, problem: str | None) -> str:
    """How a CronJob stands, in one word."""
    if problem:
        return "problem"
    if not present:
        return "absent"
    return "suspended" if suspended else "active"


# Jobs ------------------------------------------------------------------------------------------------------------


def job(tx: Tx, uid: str) -> CronJobJob | None:
    """The Job of that UID, or None."""
    row = tx.first(select(cronjob_jobs).where(_j.uid == uid))
    return None if row is None else CronJobJob(**row._asdict())


def put_job(tx: Tx, one: CronJobJob) -> None:
    """Write a Job down."""
    tx.upsert(cronjob_jobs, {column.name: getattr(one, column.name) for column in _j})


def set_recorded(tx: Tx, uid: str) -> None:
    """All that there is to know of a Job is stored."""
    tx.change(update(cronjob_jobs).where(_j.uid == uid).values(recorded_at=tx.now()))


def jobs(tx: Tx) -> list[CronJobJob]:
    """All Jobs, by their names."""
    return [CronJobJob(**row._asdict()) for row in tx.rows(select(cronjob_jobs).order_by(_j.name))]


def forget_jobs(tx: Tx, uids: Collection[str]) -> None:
    """Jobs that are there no longer, and of which all is stored."""
    if uids:
        tx.change(delete(cronjob_jobs).where(_j.uid.in_(list(uids)), _j.recorded_at.is_not(None)))


_DATES = select(dag_runs.c.execution_date).where(
    dag_runs.c.dag_id == bindparam("dag_id"),
    dag_runs.c.execution_date > bindparam("after"),
    dag_runs.c.execution_date <= bindparam("until"),
)


def dates_with_runs(tx: Tx, dag_id: str, after: dt.datetime, until: dt.datetime) -> set[dt.datetime]:
    """The logical dates of the DAG's runs from AFTER (not included) to UNTIL."""
    return {row.execution_date for row in tx.rows(_DATES, {"dag_id": dag_id, "after": after, "until": until})}


def newest_date(tx: Tx, dag_id: str) -> dt.datetime | None:
    """The latest logical date of a run that Kubernetes has begun by the schedule; None: there is none."""
    run = dag_runs.c
    by_schedule = (run.dag_id == dag_id, run.triggered_by == BY_CRONJOB, run.run_type == RunType.SCHEDULED.value)
    statement = select(run.execution_date).where(*by_schedule, run.execution_date.is_not(None))
    row = tx.first(statement.order_by(run.execution_date.desc()).limit(1))
    return None if row is None else row.execution_date


def is_open_at(tx: Tx, dag_id: str, moment: dt.datetime) -> bool:
    """Whether a run of the DAG that a CronJob has begun was under way at MOMENT."""
    run = dag_runs.c
    of_dag = (run.dag_id == dag_id, run.triggered_by == BY_CRONJOB, run.start_date <= moment)
    statement = select(run.id).where(*of_dag, or_(run.end_date.is_(None), run.end_date > moment))
    return tx.first(statement.limit(1)) is not None


def runs_of(tx: Tx, dag_id: str, limit: int) -> list[tuple[DagRun, str | None]]:
    """The newest runs of the DAG that Kubernetes has begun, the newest first, each with the name of its Job."""
    statement = (
        select(*runs.COLUMNS, launches.c.job_name)
        .join(task_instances, task_instances.c.dag_run_id == dag_runs.c.id)
        .join(launches, (launches.c.task_instance_id == task_instances.c.id) & (launches.c.backend == BY_CRONJOB))
        .where(dag_runs.c.dag_id == dag_id, dag_runs.c.triggered_by == BY_CRONJOB, launches.c.try_number == 1)
        .order_by(dag_runs.c.run_after.desc(), dag_runs.c.id.desc())
        .limit(limit)
    )
    found = []
    for row in tx.rows(statement):
        values = row._asdict()
        name = values.pop("job_name")
        found.append((runs.run_of(values), name))
    return found


def _row(row: Row[Any]) -> CronJob:
    return CronJob(**{**row._asdict(), "settled": loads(row.settled)})
