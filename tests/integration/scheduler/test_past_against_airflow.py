"""Which tasks the run before lets begin (``depends_on_past`` and its kin): ours and real Airflow's."""

from __future__ import annotations

import datetime as dt
import os
import random
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.spec import Dialect
from goflow.scheduler.book import Book, Cell
from goflow.scheduler.facts import StoreFacts
from goflow.scheduler.graph import Graph
from goflow.store import tasks
from tests.integration.scheduler.asking import AIRFLOWS, told_by_airflow
from tests.integration.scheduler.histories import DAILY, EPOCH, random_runs, with_runs
from tests.unit.scheduler.kit import World, at, dag, task

CASES = int(os.environ.get("GOFLOW_PAST_CASES", "60"))
FLAGS = ("depends_on_past", "wait_for_downstream", "ignore_first_depends_on_past")


def random_case(dice: random.Random, dialect: Dialect) -> dict[str, Any]:
    made = random_runs(dice, dialect, "abc", daily=True)
    for run in made:
        if dice.random() < 0.5:
            run["states"] = dict.fromkeys("abc", "success")
        for name in dice.sample("abc", dice.choice([0, 0, 0, 1])) if run is not made[-1] else ():
            del run["states"][name]  # the task is newer than the run
    about = {name: {flag: dice.random() < 0.6 for flag in FLAGS} for name in "abc"}
    starts = {name: {"start_days": dice.choice([0, 0, 0, 2, 5])} for name in "abc"}
    return {"catchup": dice.random() < 0.5, "runs": made, "tasks": {name: about[name] | starts[name] for name in "abc"}}


def ours(world: World, case: dict[str, Any], dialect: Dialect, number: int) -> list[str]:
    members = []
    for name, above in zip("abc", ((), ("a",), ("b",)), strict=True):
        about = {flag: case["tasks"][name][flag] for flag in FLAGS}
        start = at(EPOCH + dt.timedelta(days=case["tasks"][name]["start_days"]))
        members.append(task(name, *above, start_date=start, **about))
    more: dict[str, Any] = {"schedule": DAILY, "start_date": at(EPOCH), "catchup": case["catchup"]}
    spec = dag(*members, dag_id=f"d{number}", dialect=dialect, **more)
    run = with_runs(world, spec, case["runs"])[-1]
    with world.store.reading() as tx:
        book = Book(run, Graph(spec), [Cell.of(row) for row in tasks.of_run(tx, run.id)])
        facts = StoreFacts(tx, world.clock.now(), lambda *_: None)
        on_past = {one.task_id for one in spec.tasks if one.depends_on_past or one.wait_for_downstream}
        there = [name for name, copies in book.cells.items() if copies]
        return [name for name in there if name not in on_past or facts.past_met(book, name)]


@pytest.mark.timeout(1200)  # the first time it installs Airflow
@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_run_before_lets_the_same_tasks_begin_as_in_airflow(
    sqlite_url: str, tmp_path: Path, dialect: Dialect
) -> None:
    dice = random.Random(f"past-{os.environ.get('GOFLOW_PAST_SEED', '1')}")
    cases = [random_case(dice, dialect) for _ in range(CASES)]
    theirs = told_by_airflow(AIRFLOWS[dialect], "ask_airflow_past.py", {"cases": cases}, tmp_path)
    assert 0 < sum(len(may) for may in theirs) < 3 * len(cases)
    world = World(sqlite_url)
    for number, (case, may) in enumerate(zip(cases, theirs, strict=True)):
        assert sorted(ours(world, case, dialect, number)) == may, (may, case)
