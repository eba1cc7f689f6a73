"""What becomes of runs when tasks of them are cleared or marked: ours and real Airflow's, whatever they have come to."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.spec import Dialect
from goflow.domain.state import TaskState
from goflow.scheduler import marking, operations
from goflow.store import runs, tasks
from tests.integration.scheduler.asking import AIRFLOWS, told_by_airflow
from tests.integration.scheduler.histories import DAILY, random_runs, with_runs
from tests.unit.scheduler.kit import World, dag, task

CASES = int(os.environ.get("GOFLOW_CLEAR_CASES", "60"))


def random_case(dice: random.Random, dialect: Dialect) -> dict[str, Any]:
    daily = dice.random() < 0.7
    made = random_runs(dice, dialect, "abcd", daily=daily)
    case = {
        "daily": daily,
        "runs": made,
        "run": dice.randrange(len(made)),
        "task": dice.choice("abcd"),
        "mark": dice.choice([None, "success", "failed", *(["skipped"] if dialect is Dialect.AIRFLOW3 else [])]),
        "only": dice.choice([None, None, "failed", "running"]),
        "reset": dice.random() < 0.8,
    }
    case |= {name: dice.random() < 0.5 for name in ("upstream", "downstream", "past", "future")}
    if made[case["run"]]["dateless"]:
        case |= {"past": False, "future": False}  # refused: nothing is before or after it
    return case


def airflow_errs(case: dict[str, Any], dialect: Dialect) -> bool:
    """Where Airflow does what nobody can have meant. Airflow 2 counts dates for marks in past runs from the first run's
    on, on schedule or not: it marks that one, and not the very run that was named where that is not on schedule. Airflow
    3's REST API, other than its command, takes what is below of all that it has found above, too."""
    if dialect is Dialect.AIRFLOW2:
        named = {case["runs"][0]["hours"], case["runs"][case["run"]]["hours"]}
        return case["mark"] is not None and case["daily"] and case["past"] and any(hours % 24 for hours in named)
    return case["mark"] is None and case["upstream"] and case["downstream"]


def ours(world: World, case: dict[str, Any], dialect: Dialect, number: int) -> dict[str, str | None]:
    schedule = {"schedule": DAILY} if case["daily"] else {}
    members = task("a"), task("b", "a"), task("c", "b"), task("d", "a")
    spec = dag(*members, dag_id=f"d{number}", dialect=dialect, **schedule)
    dag_id, run_id = spec.dag_id, with_runs(world, spec, case["runs"])[case["run"]].run_id
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
