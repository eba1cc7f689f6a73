"""What becomes of runs when tasks of them are cleared or marked: ours and real Airflow's, whatever they have come to."""

from __future__ import annotations

import datetime as dt
import os
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goflow.domain.spec import Dialect, Schedule
from goflow.domain.state import RunType, TaskState
from goflow.scheduler import marking, operations
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import make_run
from goflow.scheduler.timetables import RunInfo
from goflow.store import dags, runs, tasks
from goflow.store.tables import dag_runs, task_instances
from tests.integration.scheduler.asking import AIRFLOWS, told_by_airflow
from tests.unit.scheduler.kit import World, dag, task

CASES = int(os.environ.get("GOFLOW_CLEAR_CASES", "60"))
DATE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAILY = Schedule(kind="cron", timetable="CronTriggerTimetable", crons=("0 0 * * *",))
STATES = [
    *(None, "scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule", "success", "success"),
    *("failed", "failed", "skipped", "upstream_failed", "upstream_failed"),
]


def random_case(dice: random.Random, dialect: Dialect) -> dict[str, Any]:
    daily = dice.random() < 0.7
    kinds = ["scheduled", "scheduled", "manual"] if daily else ["manual"]
    made = [random_run(dice, dice.choice(kinds), day) for day in sorted(dice.sample(range(8), dice.randint(1, 5)))]
    one = dice.randrange(len(made))
    if dialect is Dialect.AIRFLOW3:
        for run in made:
            run["dateless"] = run["type"] == "manual" and dice.random() < 0.3
    marks = [None, "success", "failed", *(["skipped"] if dialect is Dialect.AIRFLOW3 else [])]
    case = {
        "daily": daily,
        "runs": made,
        "run": one,
        "task": dice.choice("abcd"),
        "mark": dice.choice(marks),
        "only": dice.choice([None, None, "failed", "running"]),
        "reset": dice.random() < 0.8,
    }
    case |= {name: dice.random() < 0.5 for name in ("upstream", "downstream", "past", "future")}
    if made[one]["dateless"]:
        case |= {"past": False, "future": False}  # refused: nothing is before or after it
    return case


def random_run(dice: random.Random, kind: str, day: int) -> dict[str, Any]:
    off_schedule = kind == "manual" and dice.random() < 0.5
    return {
        "type": kind,
        "hours": day * 24 + (5 if off_schedule else 0),
        "dateless": False,
        "state": dice.choice(["queued", "running", "success", "failed"]),
        "states": {name: dice.choice(STATES) for name in "abcd"},
    }


def airflow_errs(case: dict[str, Any], dialect: Dialect) -> bool:
    """Where Airflow does what nobody can have meant. Airflow 2 counts dates for marks in past runs from the first run's
    on, on schedule or not: it marks that one, and not the very run that was named where that is not on schedule. Airflow
    3's REST API, other than its command, takes what is below of all that it has found above, too."""
    if dialect is Dialect.AIRFLOW2:
        named = {case["runs"][0]["hours"], case["runs"][case["run"]]["hours"]}
        return case["mark"] is not None and case["daily"] and case["past"] and any(hours % 24 for hours in named)
    return case["mark"] is None and case["upstream"] and case["downstream"]


def prepare(world: World, case: dict[str, Any], dialect: Dialect, number: int) -> str:
    """The DAG with its runs as the case has them; its id."""
    schedule = {"schedule": DAILY} if case["daily"] else {}
    spec = dag(
        task("a"), task("b", "a"), task("c", "b"), task("d", "a"), dag_id=f"d{number}", dialect=dialect, **schedule
    )
    world.put(spec, paused=True)
    with world.store.transaction() as tx:
        row = dags.get(tx, spec.dag_id)
        for index, one in enumerate(case["runs"]):
            date = DATE + dt.timedelta(hours=one["hours"])
            info = RunInfo(None, None, None, date) if one["dateless"] else RunInfo(date, date, date, date)
            kind = RunType(one["type"])
            run, _ = make_run(tx, row, Graph(spec), info, run_type=kind, who="test", run_id=f"r{index}")
            for name, state in one["states"].items():
                there = task_instances.update().where(
                    task_instances.c.dag_run_id == run.id, task_instances.c.task_id == name
                )
                tx.connection.execute(there.values(state=state or TaskState.NONE.value))
            tx.connection.execute(sa.update(dag_runs).where(dag_runs.c.id == run.id).values(status=one["state"]))
    return spec.dag_id


def ours(world: World, case: dict[str, Any], dialect: Dialect, number: int) -> dict[str, str | None]:
    dag_id, run_id = prepare(world, case, dialect, number), f"r{case['run']}"
    relatives = {name: case[name] for name in ("upstream", "downstream", "past", "future")}
    with world.store.transaction() as tx:
        if case["mark"] is None:
            only = {"only_failed": case["only"] == "failed", "only_running": case["only"] == "running"}
            more: dict[str, Any] = {"task_ids": [case["task"]], "reset_runs": case["reset"], **only, **relatives}
            operations.clear(tx, dag_id, run_id, who="test", **more)
        else:
            marking.mark_task(tx, dag_id, run_id, case["task"], TaskState(case["mark"]), who="test", **relatives)
    with world.store.reading() as tx:
        found = runs.list_(tx, dag_id, limit=None)
        rows = [row for run in found for row in tasks.of_run(tx, run.id)]
    states = {f"{row.run_id}.{row.task_id}": None if row.state is TaskState.NONE else row.state.value for row in rows}
    return states | {run.run_id: run.state.value for run in found}


@pytest.mark.timeout(1200)  # the first time it installs Airflow
@pytest.mark.parametrize("dialect", list(Dialect))
def test_what_is_cleared_or_marked_becomes_what_it_becomes_in_airflow(
    sqlite_url: str, tmp_path: Path, dialect: Dialect
) -> None:
    dice = random.Random(f"clears-{os.environ.get('GOFLOW_CLEAR_SEED', '1')}")
    drawn = [random_case(dice, dialect) for _ in range(CASES)]
    cases = [case for case in drawn if not airflow_errs(case, dialect)]
    theirs = told_by_airflow(AIRFLOWS[dialect], "ask_airflow_clears.py", {"cases": cases}, tmp_path)
    world = World(sqlite_url)
    for number, (case, truth) in enumerate(zip(cases, theirs, strict=True)):
        if truth is None:
            continue  # refused: there is nothing to mark
        mine = ours(world, case, dialect, number)
        differing = {name: (mine[name], truth[name]) for name in truth if over(mine[name]) != over(truth[name])}
        assert not differing, (differing, case)


def over(state: str | None) -> str | None:
    """STATE once what runs has been stopped, which nothing does here."""
    return None if state == "restarting" else state
