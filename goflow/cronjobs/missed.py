"""Schedules of CronJobs for which no Job was made, although they were in force.

A moment is looked for a grace after it. Of a CronJob that GoFlow has placed every Job is recorded, so that one without
a run was missed. Of others Kubernetes may have removed Jobs while nobody looked: only what is later than the last
moment for which it made one was surely missed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from goflow.cronjobs.placing import tell
from goflow.domain.canonical import Json
from goflow.domain.moments import zone_info
from goflow.domain.spec import Schedule
from goflow.members.duties import Duty
from goflow.parser.yaml.schedule import ScheduleRefusedError, schedule_of
from goflow.store import Store, Tx, cronjobs, events
from goflow.store.cronjobs import CronJob

GRACE_S = 90.0
"""Seconds that Kubernetes may take to make a Job."""
MOST = 1000
"""So many moments of one CronJob are looked at together."""
_NEAR = dt.timedelta(hours=3)
_PATIENCE = dt.timedelta(seconds=30)
Moments = Callable[[Schedule, dt.datetime, dt.datetime, int], list[dt.datetime]]
"""The moments of a schedule between two, and so many at most (`goflow.scheduler.timetables.moments_between`)."""


@dataclass(frozen=True, slots=True)
class Look:
    """POINTS of a schedule that may be judged now: all there are up to UNTIL."""

    points: tuple[dt.datetime, ...]
    until: dt.datetime


def look(cronjob: CronJob, now: dt.datetime, moments: Moments) -> Look | None:
    """What of CRONJOB's schedule is to be judged NOW; None: nothing."""
    if not cronjob.present or cronjob.suspended or cronjob.problem:
        return None
    until = now - dt.timedelta(seconds=GRACE_S)
    after = max(cronjob.checked_until, cronjob.in_force_since)
    if until <= after:
        return None
    try:
        schedule = schedule_of(cronjob.schedule, cronjob.time_zone or "UTC")
    except ScheduleRefusedError:
        return None
    if schedule.kind != "cron":
        return None
    found = moments(schedule, after, until, MOST)
    if not found:
        return None
    return Look(tuple(_judged(found, cronjob.time_zone or "UTC")), found[-1])


def _judged(points: Collection[dt.datetime], zone: str) -> Iterator[dt.datetime]:
    """POINTS but those near which clocks in ZONE are put forward or back: GoFlow and Kubernetes may differ on which of
    them there are."""
    info = zone_info(zone)
    for point in points:
        before, after = (point - _NEAR).astimezone(info), (point + _NEAR).astimezone(info)
        if before.utcoffset() == after.utcoffset():
            yield point


def missed(cronjob: CronJob, points: Collection[dt.datetime], made: Collection[dt.datetime]) -> list[dt.datetime]:
    """Those of POINTS for which there was no Job; MADE are the moments of those that there are or were."""
    without = [point for point in points if point not in made]
    if cronjob.placed or cronjob.last_schedule_at is None:
        return without
    return [point for point in without if point > cronjob.last_schedule_at]


class MissedSchedules:
    """Looks in STORE for schedules of CronJobs that were missed. MOMENTS knows schedules. DUTY: of several daemons the
    one does."""

    def __init__(self, store: Store, duty: Duty, moments: Moments) -> None:
        self._store = store
        self._duty = duty
        self._moments = moments

    def look(self, made: Callable[[], Mapping[str, Collection[dt.datetime]]]) -> None:
        """Tell of what was missed since it was looked last, by an event for each CronJob. MADE says for each DAG the
        moments of Jobs that may not be runs yet. Raises NotLeadingError and DatabaseBusyError."""
        now = self._store.clock.now()
        with self._store.reading() as tx:
            looks = [(row, found) for row in cronjobs.all_(tx) if (found := look(row, now, self._moments)) is not None]
        there = made() if looks else {}
        for row, found in looks:
            with self._store.transaction() as tx:
                self._duty.check(tx)
                self._judge(tx, row, found, there.get(row.dag_id, ()))

    def _judge(self, tx: Tx, row: CronJob, found: Look, made: Collection[dt.datetime]) -> None:
        known = cronjobs.find(tx, row.namespace, row.name)
        if known is None or known.checked_until != row.checked_until:
            return
        runs = cronjobs.dates_with_runs(tx, row.dag_id, row.checked_until, found.until)
        late, until = missed(known, found.points, {*runs, *made}), found.until
        why = "Kubernetes has made no Job for it, or somebody has deleted that."
        if late and (known.settled or {}).get("concurrencyPolicy") == "Forbid":
            if cronjobs.is_open_at(tx, row.dag_id, tx.now() - _PATIENCE):
                # Kubernetes makes up for the last of them when this run has ended, and for none before its newest Job.
                newest = cronjobs.newest_date(tx, row.dag_id)
                late = [point for point in late if any(point < other for other in (newest, *made) if other)]
                if not late:
                    return
                until = late[-1]
            if cronjobs.is_open_at(tx, row.dag_id, late[-1]):
                why = "The run before it had not ended, and no two may run at once."
        cronjobs.put(tx, dataclasses.replace(known, checked_until=until))
        if late:
            points: list[Json] = [point.isoformat() for point in late]
            tell(tx, events.CRONJOB_MISSED, known, points=points, why=why)
