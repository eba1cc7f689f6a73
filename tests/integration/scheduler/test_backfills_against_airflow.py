"""Our backfills and real Airflow's, over the same random schedules, ranges, orders and runs that are there already."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.backfills import BackfillOrder, Reprocess
from goflow.domain.clock import VirtualClock
from goflow.domain.errors import GoFlowError
from goflow.domain.spec import DagSpec, Dialect
from goflow.domain.state import RunState, RunType
from goflow.scheduler import backfills as orders
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import new_tasks
from goflow.scheduler.timetables import ScheduleError
from goflow.store import backfills, dags, runs, tasks
from tests.integration.scheduler.asking import told_by_airflow
from tests.integration.scheduler.test_timetables_against_airflow import TRANSITIONS, random_case, schedule_of
from tests.oracle.environments import AIRFLOW_3
from tests.unit.scheduler.kit import World, at, dag, empty

NOW = dt.datetime(2024, 11, 3, 7, 30, tzinfo=dt.UTC)
CASES = int(os.environ.get("GOFLOW_BACKFILL_CASES", "60"))
MOST = 40
"""Runs in a case, so that thousands of cases take minutes."""
STATES = ["success", "failed", "queued", "running"]


def spec_of(case: dict[str, Any], dag_id: str) -> DagSpec:
    """As ``ask_airflow_backfills.py`` makes it: some ranges begin before the DAG does."""
    start = at(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    member = empty("a", depends_on_past=case["depends_on_past"], start_date=start)
    return dag(member, dag_id=dag_id, schedule=schedule_of(case["timetable"]), start_date=start)


def random_order(dice: random.Random) -> dict[str, Any]:
    """A schedule, a range with no more than `MOST` runs, and runs for some of its dates."""
    case: dict[str, Any] = {
        "timetable": random_case(dice, Dialect.AIRFLOW3)["timetable"],
        "depends_on_past": dice.random() < 0.1,
    }
    begin = dt.datetime.fromisoformat(dice.choice([*TRANSITIONS, "2024-11-02", "2024-10-20"])).replace(tzinfo=dt.UTC)
    begin += dt.timedelta(minutes=dice.choice([-1440, -90, 0, 0, 30, 60, 67]))
    hours: float = dice.choice([-1, 1, 26, 60, 900, 900, 20000])
    dates = []
    while True:
        end = begin + dt.timedelta(hours=hours)
        try:
            dates = [info.logical_date for info in orders.runs_between(spec_of(case, "d"), begin, end, NOW)]
        except (GoFlowError, ScheduleError):
            hours /= 50
            continue
        if len(dates) <= MOST:
            break
        hours /= len(dates) / MOST + 1
    case["runs"] = {date.isoformat(): dice.choice(STATES) for date in dates if date and dice.random() < 0.5}
    case["order"] = {
        "from_date": begin.isoformat(),
        "to_date": end.isoformat(),
        "run_backwards": dice.random() < 0.4,
        "reprocess_behavior": dice.choice([*Reprocess]),
    }
    return case


def tried(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except GoFlowError:
        return "refused"


def ours(world: World, number: int, case: dict[str, Any]) -> list[Any]:
    dag_id = f"d{number}"
    spec = spec_of(case, dag_id)
    world.put(spec)
    with world.store.transaction() as tx:
        row = dags.get(tx, dag_id)
        for text, state in case["runs"].items():
            date = dt.datetime.fromisoformat(text)
            run = runs.create(
                tx,
                dag_id=dag_id,
                run_id=f"manual__{text}",
                run_type=RunType.MANUAL,
                state=RunState(state),
                run_after=date,
                logical_date=date,
                data_interval_start=date,
                data_interval_end=date,
                version_id=row.version_id,
                reading_id=row.reading_id,
                who="test",
            )
            tasks.create_many(tx, run, list(new_tasks(Graph(spec), run, NOW)), who="test")
    given = case["order"] | {name: dt.datetime.fromisoformat(case["order"][name]) for name in ("from_date", "to_date")}
    order = BackfillOrder(dag_id=dag_id, **given)
    dry = tried(lambda: [iso(info.logical_date) for info in orders.dry_run(world.store, order)])
    return [dry, tried(lambda: created(world, order))]


def created(world: World, order: BackfillOrder) -> list[Any]:
    made = orders.create(world.store, order, who="test")
    found: list[Any] = []
    with world.store.reading() as tx:
        for date in backfills.dates(tx, made.id):
            told = [date.sort_ordinal, iso(date.logical_date), date.exception_reason]
            if date.dag_run_id is not None:
                run = runs.get(tx, date.dag_run_id)
                moments = (run.logical_date, run.data_interval_start, run.data_interval_end, run.run_after)
                told += [run.run_id, run.run_type, run.state, *map(iso, moments)]
            found.append(told)
    return found


def iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat()


@pytest.mark.timeout(1200)  # the first time it installs Airflow
def test_every_random_order_makes_the_runs_that_airflows_backfill_makes(sqlite_url: str, tmp_path: Path) -> None:
    dice = random.Random(f"backfills-{os.environ.get('GOFLOW_BACKFILL_SEED', '1')}")
    cases = [random_order(dice) for _ in range(CASES)]
    asked = {"now": NOW.isoformat(), "cases": cases}
    theirs = told_by_airflow(AIRFLOW_3, "ask_airflow_backfills.py", asked, tmp_path)
    world = World(sqlite_url)
    world.clock = world.store.clock = VirtualClock(NOW)
    told = [answer for _, answer in theirs if isinstance(answer, list)]
    assert len(told) > CASES * 0.35
    assert sum(len(answer) for answer in told) > CASES
    for number, (case, truth) in enumerate(zip(cases, theirs, strict=True)):
        wanted = ["refused" if isinstance(answer, str) else answer for answer in truth]
        assert ours(world, number, case) == wanted, (case, truth)
    world.store.close()
