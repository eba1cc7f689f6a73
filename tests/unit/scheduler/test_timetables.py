"""When runs begin: daylight saving, alignment, restrictions. `tests/integration/scheduler` asks Airflow itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.spec import Dialect, Schedule
from goflow.scheduler.timetables import (
    Restriction,
    RunInfo,
    ScheduleError,
    manual_interval,
    next_run,
    next_runs,
    restriction_of,
)
from tests.unit.scheduler.kit import T0, at, dag, empty, hourly, task

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def ticks(cron: str, zone: str, start: str, n: int = 3) -> list[str]:
    """The starts of the first N intervals after START, in UTC."""
    schedule = hourly(crons=(cron,), timezone=zone)
    found: list[str] = []
    last: RunInfo | None = None
    while len(found) < n:
        last = next_run(schedule, last, Restriction(utc(start)), NOW)
        assert last is not None
        assert last.start is not None
        found.append(last.start.strftime("%d %H:%M"))
    return found


DAYLIGHT = [
    ("clocks go forward: the hour that is skipped moves on", "30 2 * * *", "Europe/Zurich", "2026-03-28",
     ["28 01:30", "29 01:30", "30 00:30"]),
    ("clocks go back: the second of the two hours counts", "30 2 * * *", "Europe/Zurich", "2026-10-24",
     ["24 00:30", "25 01:30", "26 01:30"]),
    ("an hourly schedule runs in both of them", "30 * * * *", "Europe/Zurich", "2026-10-24T23:45",
     ["25 00:30", "25 01:30", "25 02:30"]),
    ("an hourly schedule has no hole in spring", "30 * * * *", "Europe/Zurich", "2026-03-29T00:00",
     ["29 00:30", "29 01:30", "29 02:30"]),
    ("midnight moves with the clocks", "0 0 * * *", "America/New_York", "2026-03-07T06:00",
     ["08 05:00", "09 04:00", "10 04:00"]),
    ("a zone with a half hour", "0 9 * * *", "Asia/Kolkata", "2026-01-01", ["01 03:30", "02 03:30", "03 03:30"]),
    ("an offset is a zone, too", "0 9 * * *", "+02:00", "2026-01-01", ["01 07:00", "02 07:00", "03 07:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("cron", "zone", "start", "found"), [c[1:] for c in DAYLIGHT], ids=[c[0] for c in DAYLIGHT])
def test_daylight_saving(cron: str, zone: str, start: str, found: list[str]) -> None:
    assert ticks(cron, zone, start) == found


def test_a_start_date_between_ticks_waits_for_the_next() -> None:
    assert ticks("0 * * * *", "UTC", "2026-01-01T10:20", 1) == ["01 11:00"]


def test_without_catch_up_the_newest_interval_that_is_over() -> None:
    def found(now: str) -> str:
        info = next_run(hourly(), None, Restriction(utc("2020-01-01"), catchup=False), utc(now))
        assert info is not None
        assert info.start is not None
        return info.start.strftime("%H:%M")

    assert found("2026-01-05T12:30") == "11:00"
    assert found("2026-01-05T12:00") == "11:00"


def test_a_last_run_under_another_schedule_is_aligned() -> None:
    last = RunInfo.interval(utc("2026-01-05T10:10"), utc("2026-01-05T11:10"))
    info = next_run(hourly(), last, Restriction(utc("2026-01-01")), NOW)
    assert info == RunInfo.interval(utc("2026-01-05T11:00"), utc("2026-01-05T12:00"))


def test_a_coarser_schedule_never_falls_back_onto_the_last_run() -> None:
    last = RunInfo.interval(utc("2026-01-05T00:00"), utc("2026-01-05T01:00"))
    daily = hourly(crons=("0 0 * * *",))
    modern = next_run(daily, last, Restriction(utc("2026-01-01")), NOW)
    assert modern is not None
    assert modern.start == utc("2026-01-06")
    older = next_run(daily, last, Restriction(utc("2026-01-01")), NOW, Dialect.AIRFLOW2)
    assert older is not None
    assert older.start == utc("2026-01-05")


def trigger_cron(**more: Any) -> Schedule:
    return Schedule(kind="cron", timetable="CronTriggerTimetable", crons=("0 12 * * *",), **more)


def test_a_trigger_timetable_runs_at_its_tick_with_the_interval_before_it() -> None:
    info = next_run(trigger_cron(interval_s=3600.0), None, Restriction(utc("2026-01-05")), NOW)
    assert info == RunInfo.interval(utc("2026-01-05T11:00"), utc("2026-01-05T12:00"))


IMMEDIATELY = [
    ("always", True, "2026-01-05T23:00", "05"),
    ("never, but for a tick just gone", False, "2026-01-05T12:04", "05"),
    ("never", False, "2026-01-05T23:00", "06"),
    ("within a time", {"$timedelta": 3600}, "2026-01-05T12:59", "05"),
    ("after that time", {"$timedelta": 3600}, "2026-01-05T13:01", "06"),
]


@pytest.mark.parametrize(("given", "now", "day"), [c[1:] for c in IMMEDIATELY], ids=[c[0] for c in IMMEDIATELY])
def test_run_immediately_without_a_start_date(given: Any, now: str, day: str) -> None:
    info = next_run(trigger_cron(run_immediately=given), None, Restriction(catchup=True), utc(now))
    assert info is not None
    assert info.run_after.strftime("%d %H") == f"{day} 12"


def test_several_crons_are_one_schedule() -> None:
    schedule = Schedule(
        kind="cron", timetable="MultipleCronTriggerTimetable", crons=("0 6 * * *", "0 18 * * *", "0 6 1 * *")
    )
    runs = next_runs(dag(empty("a"), schedule=schedule, start_date=at(utc("2026-01-01"))), 4, now=NOW)
    assert runs is not None
    assert [info.run_after.strftime("%d %H") for info in runs] == ["01 06", "01 18", "02 06", "02 18"]


def test_months_are_counted_by_the_calendar() -> None:
    schedule = Schedule(kind="delta", timetable="DeltaDataIntervalTimetable", relative={"months": 1}, interval=True)
    runs = next_runs(dag(empty("a"), schedule=schedule, start_date=at(utc("2026-01-31"))), 3, now=NOW)
    assert runs is not None
    assert [f"{i.start:%m-%d} {i.end:%m-%d}" for i in runs] == ["01-31 02-28", "02-28 03-28", "03-28 04-28"]


@pytest.mark.parametrize(
    ("arguments", "zone", "partitions"),
    [
        ({}, "UTC", [("2026-01-06T00:00:00", "2026-01-06"), ("2026-01-07T00:00:00", "2026-01-07")]),
        ({"run_offset": -1}, "UTC", [("2026-01-05T00:00:00", "2026-01-05"), ("2026-01-06T00:00:00", "2026-01-06")]),
        ({"run_offset": 2, "key_format": "%m/%d"}, "UTC", [("01/08", "2026-01-08"), ("01/09", "2026-01-09")]),
        (
            {"key_format": "%Y-%m-%d %H"},
            "Asia/Taipei",
            [("2026-01-06 00", "2026-01-05T16:00"), ("2026-01-07 00", "2026-01-06T16:00")],
        ),
    ],
    ids=["at the tick", "the tick before", "two ticks on", "by the clocks of its zone"],
)
def test_runs_of_a_partition_timetable_have_a_key_and_no_logical_date(
    arguments: Any, zone: str, partitions: list[tuple[str, str]]
) -> None:
    made = {"timetable": "CronPartitionTimetable", "crons": ("0 0 * * *",), "timezone": zone, "arguments": arguments}
    runs = next_runs(dag(empty("a"), schedule=Schedule(kind="cron", **made), start_date=at(T0)), 2, now=NOW)
    assert runs is not None
    assert [(run.logical_date, run.start, run.end) for run in runs] == [(None, None, None)] * 2
    assert [(run.partition_key, run.partition_date) for run in runs] == [(key, utc(date)) for key, date in partitions]


def test_a_partition_timetable_beside_assets_makes_runs_with_dates() -> None:
    inner = Schedule(kind="cron", timetable="CronPartitionTimetable", crons=("0 0 * * *",))
    schedule = Schedule(kind="asset_or_time", timetable="AssetOrTimeSchedule", time=inner)
    (run,) = next_runs(dag(empty("a"), schedule=schedule, start_date=at(T0)), 1, now=NOW) or []
    assert run == RunInfo.exact(utc("2026-01-06"))


def test_listed_events_run_at_their_moments() -> None:
    moments: Any = {
        "event_dates": [{"$datetime": "2026-02-01T00:00:00+00:00"}, {"$datetime": "2026-01-10T00:00:00+00:00"}]
    }
    schedule = Schedule(kind="custom", timetable="EventsTimetable", arguments=moments)
    runs = next_runs(dag(empty("a"), schedule=schedule, start_date=at(T0)), now=NOW)
    assert runs == [RunInfo.exact(utc("2026-01-10")), RunInfo.exact(utc("2026-02-01"))]


def test_what_only_the_authors_class_could_tell_is_not_guessed() -> None:
    schedule = Schedule(kind="custom", timetable="MoonPhases")
    assert next_runs(dag(empty("a"), schedule=schedule, start_date=at(T0)), now=NOW) is None
    by_time = Schedule(kind="asset_or_time", time=hourly())
    assert next_runs(dag(empty("a"), schedule=by_time, start_date=at(T0)), now=NOW)


def test_there_are_no_runs_without_a_start_date() -> None:
    assert next_runs(dag(empty("a"), schedule=hourly()), now=NOW) == []


@pytest.mark.parametrize(
    "schedule",
    [
        hourly(crons=("0 0 31 2 *",)),
        hourly(crons=("nonsense",)),
        hourly(timezone="Europe/Nowhere"),
        Schedule(kind="delta", every_s=0.0, interval=True),
        Schedule(kind="delta", relative={"decades": 1}, interval=True),
    ],
    ids=lambda schedule: str(schedule.crons or schedule.relative or schedule.every_s),
)
def test_a_schedule_that_cannot_be_followed_says_so(schedule: Schedule) -> None:
    with pytest.raises(ScheduleError):
        next_run(schedule, None, Restriction(T0), NOW)


def test_the_interval_of_a_run_by_hand_is_the_last_whole_one() -> None:
    assert manual_interval(hourly(), utc("2026-01-05T12:20")) == (utc("2026-01-05T11:00"), utc("2026-01-05T12:00"))
    assert manual_interval(Schedule(), T0) == (T0, T0)


def test_tasks_may_begin_before_and_end_after_their_dag() -> None:
    early, late = T0 - dt.timedelta(days=9), T0 + dt.timedelta(days=9)
    spec = dag(task("a", start_date=at(early), end_date=at(late)), start_date=at(T0), end_date=at(T0), catchup=True)
    assert restriction_of(spec, NOW) == Restriction(early, late, catchup=True)
    other = dag(task("a", end_date=at(late)), task("b"), end_date=at(T0))
    assert restriction_of(other, NOW) == Restriction(None, T0, catchup=False)
