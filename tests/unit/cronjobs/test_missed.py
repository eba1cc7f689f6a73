"""Which moments of a CronJob's schedule were missed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.cronjobs.missed import MissedSchedules, look, missed
from goflow.domain.runs import BY_CRONJOB
from goflow.domain.spec import DagSpec
from goflow.domain.state import RunState, RunType
from goflow.members.duties import Always
from goflow.scheduler.timetables import moments_between
from goflow.store import Store, cronjobs, dags, events, runs, transitions
from goflow.store.cronjobs import CronJob
from tests.stores import START, record
from tests.unit.cronjobs.kit import DEFAULTS, dag_of

MINUTE = dt.timedelta(minutes=1)


def at(text: str) -> dt.datetime:
    return dt.datetime.combine(START.date(), dt.time.fromisoformat(text), dt.UTC)


def cronjob(**more: Any) -> CronJob:
    given: dict[str, Any] = {
        "namespace": "work",
        "name": "nightly",
        "dag_id": "nightly",
        "placed": True,
        "present": True,
        "schedule": "*/10 * * * *",
        "time_zone": "UTC",
        "in_force_since": at("11:00"),
        "checked_until": at("11:00"),
        "settled": {"concurrencyPolicy": "Allow"},
    }
    return CronJob(**{**given, **more})


def points(one: CronJob, now: dt.datetime) -> list[str]:
    found = look(one, now, moments_between)
    return [] if found is None else [point.strftime("%H:%M") for point in found.points]


def test_moments_are_judged_a_grace_after_them() -> None:
    assert points(cronjob(), at("11:21")) == ["11:10"]
    assert points(cronjob(), at("11:22")) == ["11:10", "11:20"]
    assert points(cronjob(checked_until=at("11:10")), at("11:22")) == ["11:20"]


@pytest.mark.parametrize(
    "more",
    [
        {"suspended": True},
        {"present": False},
        {"problem": "no"},
        {"in_force_since": at("11:20")},
        {"schedule": "@every 10m"},
        {"schedule": "H * * * *"},
    ],
)
def test_what_is_not_in_force_is_missed_by_nobody(more: dict[str, Any]) -> None:
    assert points(cronjob(**more), at("11:25")) == []


def test_where_clocks_change_nothing_is_judged() -> None:
    one = cronjob(
        time_zone="Europe/Berlin",
        schedule="0 * * * *",
        in_force_since=dt.datetime(2026, 3, 28, 20, tzinfo=dt.UTC),
        checked_until=dt.datetime(2026, 3, 28, 20, tzinfo=dt.UTC),
    )
    assert points(one, dt.datetime(2026, 3, 29, 5, 30, tzinfo=dt.UTC)) == ["21:00", "04:00", "05:00"]


def test_of_others_only_what_is_later_than_their_last_job_was_surely_missed() -> None:
    due = [at("11:10"), at("11:20"), at("11:30")]
    assert missed(cronjob(), due, {at("11:20")}) == [at("11:10"), at("11:30")]
    theirs = cronjob(placed=False, last_schedule_at=at("11:20"))
    assert missed(theirs, due, set()) == [at("11:30")]
    assert missed(cronjob(placed=False), due, set()) == due


def run_of(store: Store, date: dt.datetime, begun: dt.datetime, ended: dt.datetime | None) -> None:
    with store.transaction() as tx:
        dag = dags.get(tx, "nightly")
        run = runs.create(
            tx,
            dag_id="nightly",
            run_id=f"scheduled__{date.isoformat()}",
            run_type=RunType.SCHEDULED,
            run_after=date,
            logical_date=date,
            version_id=dag.version_id,
            reading_id=dag.reading_id,
            state=RunState.RUNNING,
            triggered_by=BY_CRONJOB,
            at=begun,
            who="test",
        )
        if ended is not None:
            transitions.advance_run(tx, run.id, RunState.RUNNING, RunState.SUCCESS, who="test", end_date=ended)


@pytest.fixture
def filled(sqlite_store: Store) -> Store:
    with sqlite_store.transaction() as tx:
        spec: DagSpec = dag_of()
        record(tx, spec, namespace=DEFAULTS.namespace)
    return sqlite_store


def told(store: Store, made: set[dt.datetime] | None = None) -> list[tuple[list[str], str]]:
    """What is told now, in looking twice."""
    for _ in range(2):
        MissedSchedules(store, Always(), moments_between).look(lambda: {"nightly": made or set()})
    with store.reading() as tx:
        found = events.after(tx, 0, limit=1000, kinds=(events.CRONJOB_MISSED,))
    times = [[str(point)[11:16] for point in event.data["points"]] for event in found]  # type: ignore[union-attr]
    return [(these, str(event.data["why"])) for these, event in zip(times, found, strict=True)]


def put(store: Store, one: CronJob) -> None:
    with store.transaction() as tx:
        cronjobs.put(tx, one)


def test_what_was_missed_is_told_once(filled: Store) -> None:
    """It is 12:00."""
    put(filled, cronjob())
    run_of(filled, at("11:10"), at("11:10"), at("11:11"))
    run_of(filled, at("11:30"), at("11:30"), at("11:31"))
    assert told(filled, {at("11:40")}) == [
        (["11:20", "11:50"], "Kubernetes has made no Job for it, or somebody has deleted that.")
    ]


def test_where_no_two_may_run_at_once_it_is_judged_when_the_run_before_has_ended(filled: Store) -> None:
    put(filled, cronjob(settled={"concurrencyPolicy": "Forbid"}, checked_until=at("11:20")))
    run_of(filled, at("11:20"), at("11:20"), None)
    assert told(filled) == []
    with filled.transaction() as tx:
        (run,) = runs.list_(tx)
        transitions.advance_run(tx, run.id, RunState.RUNNING, RunState.SUCCESS, who="test", end_date=START)
    filled.clock.advance(40)  # type: ignore[attr-defined]
    run_of(filled, at("11:50"), START, None)  # which Kubernetes has made up for
    assert told(filled) == [(["11:30", "11:40"], "The run before it had not ended, and no two may run at once.")]


def test_what_lies_before_a_moment_that_was_made_up_for_is_told_though_runs_never_leave_a_gap(filled: Store) -> None:
    """Every run takes longer than there is from one moment to the next: there is always one under way."""
    put(filled, cronjob(settled={"concurrencyPolicy": "Forbid"}, checked_until=at("11:20")))
    run_of(filled, at("11:20"), at("11:20"), at("11:46"))
    run_of(filled, at("11:40"), at("11:46"), None)
    first = (["11:30"], "The run before it had not ended, and no two may run at once.")
    assert told(filled) == [first], "11:50 may be made up for, when this one has ended"
    filled.clock.advance(660)  # type: ignore[attr-defined]
    assert told(filled) == [first]
    assert told(filled, {at("12:10")}) == [first, (["11:50", "12:00"], first[1])]
