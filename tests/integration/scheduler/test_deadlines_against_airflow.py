"""Deadlines of our runs and of real Airflow's, over the same random alerts and the same fates of a run."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.spec import DeadlineSpec
from goflow.domain.state import RunState, RunType
from goflow.scheduler import operations
from goflow.store import deadlines, runs, transitions
from tests.integration.scheduler.asking import told_by_airflow
from tests.oracle.environments import AIRFLOW_3
from tests.unit.scheduler.kit import FAILED, SUCCESS, World, at, dag, task

NOW = dt.datetime(2026, 1, 5, 12, 0, tzinfo=dt.UTC)
CASES = int(os.environ.get("GOFLOW_DEADLINE_CASES", "60"))
BROKEN_CLEAR = "unsupported type for timedelta seconds component: dict"
"""What Airflow 3.3.2 says when tasks are cleared while a deadline counts from the run's queuing: it moves such a deadline
by an interval that it has stored in another form. What it means to do is what we do."""
SECONDS = [0, 1, 59, 60, 599, 600, 601, 4000]


def random_alert(dice: random.Random) -> dict[str, Any]:
    told: dict[str, Any] = {
        "reference": dice.choice(["logical_date", "queued_at", "fixed", "average_runtime"]),
        "interval_s": dice.choice([-600, 0, 60, 600, 601, 3600]),
    }
    if told["reference"] == "fixed":
        told["at"] = (NOW + dt.timedelta(seconds=dice.choice([-3600, 0, 600, 5000]))).isoformat()
    elif told["reference"] == "average_runtime":
        told["max_runs"] = dice.choice([1, 2, 3, 10])
        told["min_runs"] = dice.choice([None, 1, 2])
    return told


def random_case(dice: random.Random) -> dict[str, Any]:
    before = [
        [
            (NOW - dt.timedelta(days=day)).isoformat(),
            dice.choice(["success", "success", "failed"]),
            dice.choice(SECONDS) + 7.31,  # so that no average falls on a moment of the steps: see `rounded`
        ]
        for day in dice.sample(range(2, 20), dice.randrange(5))
    ]
    steps, running, over = [], False, False
    for _ in range(dice.randrange(1, 7)):
        kinds = ["wait", *(["success", "failed"] if running else [] if over else ["start"])]
        kinds += ["clear"] if over and dice.random() < 0.5 else []
        kind = dice.choice(kinds)
        running = kind == "start" or (running and kind == "wait")
        over = kind in {"success", "failed"} or (over and kind != "clear")
        steps.append([kind, dice.choice(SECONDS)])
    date = None if dice.random() < 0.3 else (NOW - dt.timedelta(seconds=dice.choice(SECONDS))).isoformat()
    alerts = [random_alert(dice) for _ in range(dice.randrange(1, 4))]
    return {"alerts": alerts, "before": before, "logical_date": date, "steps": steps}


def spec_of(told: dict[str, Any]) -> DeadlineSpec:
    """As the reader makes it of what ``alert_of`` there makes."""
    moment = at(dt.datetime.fromisoformat(told["at"])) if "at" in told else None
    most = told.get("max_runs", 0)
    least = told.get("min_runs") or most
    return DeadlineSpec(
        reference=told["reference"], at=moment, interval_s=told["interval_s"], max_runs=most, min_runs=least
    )


def ours(world: World, case: dict[str, Any]) -> list[Any]:
    """What becomes of them with our scheduler."""
    world.put(dag(task("a"), deadlines=tuple(map(spec_of, case["alerts"]))))
    for index, (date, state, took) in enumerate(case["before"]):
        past_run(world, f"before{index}", dt.datetime.fromisoformat(date), RunState(state), took)
    date = case["logical_date"] and dt.datetime.fromisoformat(case["logical_date"])
    operations.trigger(
        world.store, "d", who="test", run_id="mine", logical_date=date, run_after=NOW, without_logical_date=not date
    )
    found, launch = [told(world)], ""
    world.settle()
    for kind, seconds in case["steps"]:
        world.pass_time(seconds)
        if kind == "start":
            launch = world.start("a")
        elif kind == "clear":
            world.clear("mine")
        elif kind != "wait":
            world.end(launch, SUCCESS if kind == "success" else FAILED)
        world.pass_time(0)
        found.append(told(world))
    return found


def past_run(world: World, run_id: str, date: dt.datetime, state: RunState, took: float) -> None:
    row = world.dag_row()
    with world.store.transaction() as tx:
        run = runs.create(
            tx,
            dag_id="d",
            run_id=run_id,
            run_type=RunType.MANUAL,
            state=RunState.RUNNING,
            run_after=date,
            logical_date=date,
            version_id=row.version_id,
            reading_id=row.reading_id,
            who="test",
        )
        until = NOW + dt.timedelta(seconds=took)
        transitions.advance_run(tx, run.id, RunState.RUNNING, state, who="test", at=until)


def told(world: World) -> list[list[Any]]:
    with world.store.reading() as tx:
        found = deadlines.of_run(tx, runs.by_run_id(tx, "d", "mine").id)
    return sorted([row.deadline_time.isoformat(), row.missed] for row in found)


def rounded(found: list[list[Any]]) -> list[list[Any]]:
    """To a tenth of a second: SQLite's ``julianday``, by which Airflow reckons averages there, is not more exact."""
    second = lambda text: round(dt.datetime.fromisoformat(text).timestamp(), 1)  # noqa: E731
    return [[second(moment), missed] for moment, missed in found]


@pytest.mark.timeout(1200)  # the first time it installs Airflow
def test_every_deadline_is_where_airflow_has_it_and_is_missed_when_it_is(sqlite_template: Path, tmp_path: Path) -> None:
    dice = random.Random(f"deadlines-{os.environ.get('GOFLOW_DEADLINE_SEED', '1')}")
    cases = [random_case(dice) for _ in range(CASES)]
    asked = {"now": NOW.isoformat(), "cases": cases}
    theirs = told_by_airflow(AIRFLOW_3, "ask_airflow_deadlines.py", asked, tmp_path)
    assert (
        sum(any(missed for _, missed in answer) for case in theirs for answer in case if answer != BROKEN_CLEAR) > CASES
    )
    for number, (case, truth) in enumerate(zip(cases, theirs, strict=True)):
        path = Path(shutil.copy(sqlite_template, tmp_path / f"{number}.sqlite3"))
        world = World(f"sqlite:///{path}", NOW)
        found = ours(world, case)
        world.store.close()
        known = truth[: truth.index(BROKEN_CLEAR)] if BROKEN_CLEAR in truth else truth
        assert [rounded(answer) for answer in found[: len(known)]] == [rounded(answer) for answer in known], case
