"""Which SLAs are missed, and what is told of them: ours and real Airflow's, over the same random histories."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.spec import DagSpec, Dialect
from goflow.domain.state import RunState, RunType, TaskState
from goflow.scheduler import slas
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import new_tasks
from goflow.scheduler.timetables import Restriction, RunInfo, next_run
from goflow.store import callbacks, deadlines, runs, tasks, transitions
from tests.integration.scheduler.asking import told_by_airflow
from tests.integration.scheduler.test_timetables_against_airflow import random_case, schedule_of
from tests.oracle.environments import AIRFLOW_2
from tests.unit.scheduler.kit import World, dag, task

CASES = int(os.environ.get("GOFLOW_SLA_CASES", "60"))
TWO = Dialect.AIRFLOW2
STATES = ["success", "success", "skipped", "failed", "running", "queued", "upstream_failed", None]
BEFORE = Restriction(None, None, catchup=True)
MOST = 30
"""Dates of the schedule in a case."""


def dates_of(timetable: dict[str, Any], begin: dt.datetime) -> list[RunInfo]:
    """Runs of the schedule one after another from BEGIN on."""
    schedule, found = schedule_of(timetable), [RunInfo.exact(begin)]
    while len(found) <= MOST:
        info = next_run(schedule, found[-1], BEFORE, begin, TWO)
        if info is None:
            break
        found.append(info)
    return found[1:]


def random_history(dice: random.Random) -> dict[str, Any]:
    while True:
        timetable = random_case(dice, TWO)["timetable"]
        if "Interval" not in timetable["class"] and timetable["class"] != "CronTriggerTimetable":
            continue
        known = dates_of(timetable, dt.datetime(2024, dice.randrange(1, 12), 25, tzinfo=dt.UTC))
        if len(known) > 5 and not timetable["asset_or_time"]:
            break
    step = (known[2].run_after - known[1].run_after).total_seconds()
    limits = {name: dice.choice([None, 0, 1, step / 2, step, 3 * step, -step]) for name in "abc"}
    made = sorted(dice.sample(known[: len(known) // 2], dice.randrange(1, 4)), key=lambda info: info.run_after)
    history = [
        [[iso(info.logical_date), iso(info.start), iso(info.end)], {name: dice.choice(STATES) for name in "abc"}]
        for info in made
    ]
    nows, now = [], made[-1].run_after
    for _ in range(dice.randrange(1, 4)):
        now += dt.timedelta(seconds=dice.choice([0, 1, step / 2, step, 2 * step, 5 * step]))
        nows.append(iso(now))
    return {"timetable": timetable, "slas": limits, "runs": history, "nows": nows}


def iso(moment: dt.datetime | None) -> str:
    assert moment is not None
    return moment.astimezone(dt.UTC).isoformat()


def ours(world: World, case: dict[str, Any]) -> list[Any]:
    members = (
        task(name, arguments={} if sla is None else {"sla": {"$timedelta": sla}}) for name, sla in case["slas"].items()
    )
    late = {"sla_miss_callback": {"$callable": "d:late"}}
    spec = dag(*members, dialect=TWO, schedule=schedule_of(case["timetable"]), callbacks=late)
    world.put(spec)
    history(world, spec, case)
    found = []
    for text in case["nows"]:
        now = dt.datetime.fromisoformat(text)
        with world.store.transaction() as tx:
            run = runs.by_run_id(tx, "d", "r0")
            before = len(callbacks.of_run(tx, run.id))
            again, _ = slas.look(tx, spec, run, now, who="test")
            found.append([recorded(tx), [told(row.data) for row in callbacks.of_run(tx, run.id)[before:]]])
            if again is not None:
                assert again > now
                assert nothing_new(tx, spec, again - dt.timedelta(microseconds=1))
    return found


def history(world: World, spec: DagSpec, case: dict[str, Any]) -> None:
    row = world.dag_row()
    with world.store.transaction() as tx:
        for index, (moments, states) in enumerate(case["runs"]):
            date, begin, end = map(dt.datetime.fromisoformat, moments)
            run = runs.create(
                tx,
                dag_id="d",
                run_id=f"r{index}",
                run_type=RunType.MANUAL,
                state=RunState.RUNNING,
                run_after=date,
                logical_date=date,
                data_interval_start=begin,
                data_interval_end=end,
                version_id=row.version_id,
                reading_id=row.reading_id,
                who="test",
            )
            for made in tasks.create_many(tx, run, list(new_tasks(Graph(spec), run, date)), who="test"):
                for state in WAY.get(states[made.task_id], ()):
                    current = tasks.get(tx, made.id).state
                    assert transitions.advance_task(tx, made.id, current, state, who="test")


S = TaskState
WAY = {
    "success": (S.SUCCESS,),
    "skipped": (S.SKIPPED,),
    "failed": (S.FAILED,),
    "upstream_failed": (S.UPSTREAM_FAILED,),
    "queued": (S.SCHEDULED, S.QUEUED),
    "running": (S.SCHEDULED, S.QUEUED, S.RUNNING),
}


def recorded(tx: Any) -> list[list[str]]:
    return sorted([row.task_id, iso(row.logical_date)] for row in deadlines.newest_misses(tx, "d", 10_000))


def told(data: Any) -> list[Any]:
    pairs = sorted([sla["task_id"], sla["logical_date"]] for sla in data["slas"])
    return [pairs, sorted([ti["task_id"], ti["logical_date"], ti["state"]] for ti in data["blocking"])]


def nothing_new(tx: Any, spec: DagSpec, now: dt.datetime) -> bool:
    """Whether a look at NOW would find nothing."""
    for task_id, sla in slas.watched(spec).items():
        done = deadlines.last_done(tx, "d", task_id)
        if done is not None:
            known = {date for name, date in deadlines.recorded(tx, "d", done[0]) if name == task_id}
            if slas.missed_dates(spec, RunInfo(*done), sla, known, now)[0]:
                return False
    return True


@pytest.mark.timeout(1200)  # the first time it installs Airflow
def test_every_look_finds_what_airflow_finds_and_tells_it_as_airflow_does(
    sqlite_template: Path, tmp_path: Path
) -> None:
    dice = random.Random(f"slas-{os.environ.get('GOFLOW_SLA_SEED', '1')}")
    cases = [random_history(dice) for _ in range(CASES)]
    theirs = told_by_airflow(AIRFLOW_2, "ask_airflow_slas.py", {"cases": cases}, tmp_path)
    assert sum(len(case[-1][0]) for case in theirs) > CASES
    assert any(blocking for case in theirs for _, calls in case for _, blocking in calls)
    for number, (case, truth) in enumerate(zip(cases, theirs, strict=True)):
        path = Path(shutil.copy(sqlite_template, tmp_path / f"{number}.sqlite3"))
        world = World(f"sqlite:///{path}")
        found = ours(world, case)
        world.store.close()
        assert found == truth, case
