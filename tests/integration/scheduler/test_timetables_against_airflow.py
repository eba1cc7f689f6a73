"""Our timetables and real Airflow's, over the same random schedules, zones and dates."""

from __future__ import annotations

import datetime as dt
import os
import random
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.spec import Dialect, Schedule
from goflow.scheduler.timetables import Restriction, RunInfo, ScheduleError, manual_interval, next_run
from goflow.store.tx import in_parts
from tests.integration.scheduler.asking import AIRFLOWS, told_by
from tests.oracle.environments import environment

STEPS = 6
CASES = int(os.environ.get("GOFLOW_TIMETABLE_CASES", "300"))
AT_ONCE = 1000
"""So many cases go to one process with Airflow, so that what is different is told while it is found."""

CRONS = [
    "0 0 * * *", "0 * * * *", "30 * * * *", "*/15 * * * *", "30 1 * * *", "30 2 * * *", "15 3 * * *", "0 */2 * * *",
    "0 0 * * 0", "0 0 1 * *", "0 0 1 */3 *", "0 0 1 1 *", "5 4 31 * *", "0 12 * * 1-5", "0 0 29 2 *", "0 9 1,15 * 1",
    "*/7 1-3 * * *", "59 23 L * *", "0 0 * * 5#2", "10 2,14 * * *", "0 2 * * sun", "* * * * *", "20 1 26-31 3,10 *",
    "0 0 * * * 30", "0-59/10 * * * *", "0 3 * * sat#4", "30 23 * * *", "45 0-2 * * *", "0 0 1-7 * mon", "0 4 L 2 *",
]  # fmt: skip
ZONES = [
    "UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
    "Africa/Casablanca", "Asia/Tokyo", "Europe/Dublin", "Pacific/Apia", "America/St_Johns", "+05:30",
    "America/Santiago", "Pacific/Auckland", "Australia/Sydney", "Africa/Cairo", "Asia/Beirut", "Antarctica/Troll",
]  # fmt: skip
TRANSITIONS = [
    "2023-03-26", "2023-10-29", "2024-03-10", "2024-11-03", "2024-04-07", "2024-10-06", "2023-07-01", "2024-09-29",
    "2024-09-08", "2018-11-04", "2018-02-18", "2024-02-29",
]  # fmt: skip
RELATIVES: list[dict[str, Any]] = [
    {"months": 1},
    {"days": 1, "hours": 3},
    {"years": 1},
    {"months": 1, "day": 31},
    {"weeks": 2},
    {"minutes": 90},
    {"months": 1, "days": -1},
    {"years": 1, "months": 2, "day": 29},
]
JUMPS = [0, 0, 0, 0, 60, 3600, 86400, 40 * 86400, -3600, -86400]
"""Seconds that the clock goes on, or jumps, between two questions to a timetable."""


def random_case(dice: random.Random, dialect: Dialect, *, keyed: bool = False) -> dict[str, Any]:
    """A schedule and what it is asked; KEYED: one whose runs are for partitions."""
    kinds = ["CronDataIntervalTimetable"] * 5 + ["CronTriggerTimetable"] * 4 + ["DeltaDataIntervalTimetable"] * 2
    kinds += ["DeltaTriggerTimetable", "OnceTimetable", "ContinuousTimetable", "NullTimetable", "EventsTimetable"]
    kinds += ["MultipleCronTriggerTimetable"] * 2 * (dialect is Dialect.AIRFLOW3)
    kind = "CronPartitionTimetable" if keyed else dice.choice(kinds)
    spec: dict[str, Any] = {
        "class": kind,
        "timezone": dice.choice(ZONES),
        "interval_s": dice.choice([0, 0, 3600, 86400]),
        "asset_or_time": dice.random() < 0.1 and kind != "NullTimetable",
    }
    if "Cron" in kind:
        spec["crons"] = [dice.choice(CRONS) for _ in range(3 if kind.startswith("Multiple") else 1)]
        if "Interval" not in kind and dialect is Dialect.AIRFLOW3:
            spec["run_immediately"] = dice.choice([True, False, None, 1200])
        if keyed:
            formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%H:%M %z", "%Y/%j"]
            spec |= {"run_offset": dice.choice([0, 0, None, 1, -1, 3, -4]), "key_format": dice.choice(formats)}
            spec["interval_s"] = 0
    elif "Delta" in kind:
        spec |= (
            {"relative": dice.choice(RELATIVES)}
            if dice.random() < 0.4
            else {"every_s": dice.choice([60, 5400, 86400, 1e5])}
        )
    day = dt.datetime.fromisoformat(dice.choice(TRANSITIONS)).replace(tzinfo=dt.UTC)
    if kind == "EventsTimetable":
        spec["restrict_to_events"] = dice.random() < 0.5
        hours = dice.sample(range(-30, 60), 8)
        spec["event_dates"] = [(day + dt.timedelta(hours=hour)).isoformat() for hour in hours]
    earliest = day + dt.timedelta(minutes=dice.choice([-1440, -90, -60, 0, 30, 60, 90, 120]) + dice.choice([0, 0, 7]))
    now = earliest + dt.timedelta(minutes=dice.choice([-300, -30, 0, 1, 55, 60, 600, 4000, 60000, 500000]))
    latest = earliest + dt.timedelta(hours=dice.choice([1, 26, 60, 900]))
    nows = [now]
    while len(nows) < STEPS:
        nows.append(nows[-1] + dt.timedelta(seconds=dice.choice(JUMPS)))
    return {
        "timetable": spec,
        "earliest": earliest.isoformat() if dice.random() < 0.85 else None,
        "latest": latest.isoformat() if dice.random() < 0.3 else None,
        "catchup": dice.random() < 0.6,
        "now": now.isoformat(),
        "nows": [moment.isoformat() for moment in nows],
        "steps": STEPS,
    }


def schedule_of(spec: dict[str, Any]) -> Schedule:
    kind = spec["class"]
    if spec.get("asset_or_time"):
        inner = schedule_of({**spec, "asset_or_time": False})
        return Schedule(kind="asset_or_time", timetable="AssetOrTimeSchedule", time=inner)
    if kind == "EventsTimetable":
        dates = [{"$datetime": text} for text in spec["event_dates"]]
        arguments = {"event_dates": dates, "restrict_to_events": spec["restrict_to_events"]}
        return Schedule(kind="custom", timetable=kind, arguments=arguments)
    name = "cron" if "Cron" in kind else "delta" if "Delta" in kind else kind.removesuffix("Timetable").lower()
    return Schedule(
        kind={"null": "none"}.get(name, name),  # type: ignore[arg-type]
        timetable=kind,
        crons=tuple(spec.get("crons", ())),
        timezone=spec["timezone"],
        every_s=spec.get("every_s"),
        relative=spec.get("relative"),
        interval="Interval" in kind,
        interval_s=spec["interval_s"],
        run_immediately=spec.get("run_immediately", False),
        arguments={name: spec[name] for name in ("run_offset", "key_format") if name in spec},
    )


def moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def ours(case: dict[str, Any], dialect: Dialect) -> Any:
    schedule = schedule_of(case["timetable"])
    restriction = Restriction(moment(case["earliest"]), moment(case["latest"]), case["catchup"])
    found: list[Any] = []
    last: RunInfo | None = None
    now = dt.datetime.fromisoformat(case["now"])
    try:
        for text in case["nows"]:
            now = dt.datetime.fromisoformat(text)
            info = next_run(schedule, last, restriction, now, dialect)
            if info is None:
                found.append(None)
                break
            last = info
            moments = (info.logical_date, info.start, info.end, info.run_after, info.partition_date)
            found.append([*(d and d.isoformat() for d in moments), info.partition_key])
        return [*found, [d.isoformat() for d in manual_interval(schedule, now)]]
    except ScheduleError:
        return "error"


@pytest.mark.timeout(1200 + CASES)  # the first time it installs Airflow
@pytest.mark.parametrize("dialect", list(AIRFLOWS), ids=str)
def test_every_random_schedule_has_the_runs_that_airflow_gives_it(dialect: Dialect, tmp_path: Path) -> None:
    python = environment(AIRFLOWS[dialect]).python
    dice = random.Random(f"{dialect}-{os.environ.get('GOFLOW_TIMETABLE_SEED', '1')}")
    cases = [random_case(dice, dialect) for _ in range(CASES)]
    wrong, answered = [], 0
    for part in in_parts(cases, AT_ONCE):
        theirs = told_by(python, "ask_airflow_timetables.py", asked=part, home=tmp_path, timeout=300 + len(part))
        for case, truth in zip(part, theirs, strict=True):
            answered += isinstance(truth, list)
            mine = ours(case, dialect)
            if mine != ("error" if isinstance(truth, str) else truth):
                wrong.append((case, truth, mine))
                print("different:", *wrong[-1], flush=True)
    print(f"{len(wrong)} of {len(cases)} are different; Airflow has answered {answered}")
    assert not wrong
    assert answered > CASES * 0.9


@pytest.mark.timeout(1200)
def test_every_random_cron_of_partitions_has_the_runs_and_keys_that_airflow_gives_it(tmp_path: Path) -> None:
    dice = random.Random(f"partitions-{os.environ.get('GOFLOW_TIMETABLE_SEED', '1')}")
    cases = [random_case(dice, Dialect.AIRFLOW3, keyed=True) for _ in range(150)]
    python = environment(AIRFLOWS[Dialect.AIRFLOW3]).python
    theirs = told_by(python, "ask_airflow_timetables.py", asked=cases, home=tmp_path, timeout=500)
    assert sum(isinstance(answer, list) for answer in theirs) > 130
    for case, truth in zip(cases, theirs, strict=True):
        assert ours(case, Dialect.AIRFLOW3) == ("error" if isinstance(truth, str) else truth), case
