"""What is queued of what is scheduled, and in which order: ours and real Airflow's, over the same pools and limits."""

from __future__ import annotations

import datetime as dt
import os
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goflow.domain.spec import Dialect
from goflow.domain.state import RunState, TaskState
from goflow.store import dags, pools, runs, tasks
from goflow.store.tables import dag_runs, task_instances
from tests.integration.scheduler.asking import AIRFLOWS, told_by_airflow
from tests.unit.scheduler.kit import World, dag, task

CASES = int(os.environ.get("GOFLOW_QUEUE_CASES", "40"))
BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
STATES = [*["scheduled"] * 6, "running", "queued", "deferred", "deferred", "success", "skipped"]
NAMES = "abcd"


def random_case(dice: random.Random, number: int) -> dict[str, Any]:
    """Weights are all different: Airflow leaves open which of two equals comes first."""
    weights = list(range(1, 100))
    dice.shuffle(weights)

    def one() -> dict[str, Any]:
        limits = {name: [dice.choice([None, None, 1, 2, 3]), dice.choice([None, None, None, 1])] for name in NAMES}
        pool = {name: dice.choice(["default_pool", "small"]) if dice.random() < 0.9 else "not_there" for name in NAMES}
        slots = {name: dice.choice([1, 1, 1, 2]) for name in NAMES}
        history = [
            {name: [dice.choice(STATES), pool[name], slots[name], weights.pop()] for name in NAMES}
            for _ in range(dice.randrange(1, 4))
        ]
        return {"max_active_tasks": dice.choice([1, 2, 3, 16]), "tasks": limits, "runs": history}

    return {
        "pools": {
            "default_pool": [dice.choice([1, 4, 8, 128, -1]), False],
            "small": [dice.choice([0, 1, 2, 3, 5]), dice.random() < 0.5],
        },
        "dags": {f"c{number}_{name}": one() for name in "xy"},
    }


def put(world: World, case: dict[str, Any], dialect: Dialect) -> None:
    """The case is in the database, and no scheduler has seen it."""
    with world.store.transaction() as tx:
        for name, (slots, include) in case["pools"].items():
            pools.set_(tx, name, slots, include_deferred=include, who="test")
        tx.connection.execute(sa.update(dag_runs).values(status=RunState.SUCCESS.value))
        tx.connection.execute(sa.update(task_instances).values(state=TaskState.SUCCESS.value))
    for dag_id, given in case["dags"].items():
        members = [
            task(name, max_active_tis_per_dag=per_dag, max_active_tis_per_dagrun=per_run)
            for name, (per_dag, per_run) in given["tasks"].items()
        ]
        most = given["max_active_tasks"]
        world.put(dag(*members, dag_id=dag_id, dialect=dialect, max_active_tasks=most, max_active_runs=9), paused=True)
        for number, states in enumerate(given["runs"]):
            date = BEGIN + dt.timedelta(days=number)
            run = world.trigger(dag_id, run_id=f"r{number}", logical_date=date)
            with world.store.transaction() as tx:
                for row in tasks.of_run(tx, run.id):
                    names = dict(
                        zip(("state", "pool", "pool_slots", "priority_weight"), states[row.task_id], strict=True)
                    )
                    tx.connection.execute(task_instances.update().where(task_instances.c.id == row.id).values(**names))
                begun = {"status": RunState.RUNNING.value, "start_date": date}
                tx.connection.execute(sa.update(dag_runs).where(dag_runs.c.id == run.id).values(**begun))
    with world.store.transaction() as tx:
        for dag_id in case["dags"]:
            dags.set_paused(tx, dag_id, False, who="test")


def ours(world: World, case: dict[str, Any], dialect: Dialect) -> list[str]:
    put(world, case, dialect)
    with world.store.reading() as tx:
        before = {row.id for run in runs.open_(tx) for row in tasks.of_run(tx, run.id) if row.state is TaskState.QUEUED}
    world.restart()
    world.settle()
    with world.store.reading() as tx:
        rows = [row for run in runs.open_(tx) for row in tasks.of_run(tx, run.id)]
    queued = [row for row in rows if row.state is TaskState.QUEUED and row.id not in before]
    queued.sort(key=lambda row: -row.priority_weight)
    return [f"{row.dag_id}.{row.run_id}.{row.task_id}" for row in queued]


def kept_back(case: dict[str, Any], name: str, queued: set[str]) -> bool:
    """Whether Airflow 3 may have kept a task back that had room. It looks at the first ``max_active_tasks`` of a run
    alone: where one of them finds no room in its pool, those behind it wait with it, also for ever, and leave the room that they had to others."""
    dag_id, run_id, task_id = name.split(".")
    given = case["dags"][dag_id]
    states = given["runs"][int(run_id.removeprefix("r"))]
    before = [other for other, state in states.items() if state[0] == "scheduled" and state[3] > states[task_id][3]]
    waiting = [other for other in before if f"{dag_id}.{run_id}.{other}" not in queued]
    return bool(waiting) and len(before) >= given["max_active_tasks"]


def pool_of(case: dict[str, Any], name: str) -> str:
    dag_id, run_id, task_id = name.split(".")
    pool: str = case["dags"][dag_id]["runs"][int(run_id.removeprefix("r"))][task_id][1]
    return pool


@pytest.mark.timeout(1200)  # the first time it installs Airflow
@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_same_is_queued_as_by_airflow(sqlite_url: str, tmp_path: Path, dialect: Dialect) -> None:
    dice = random.Random(f"queue-{os.environ.get('GOFLOW_QUEUE_SEED', '1')}")
    cases = [random_case(dice, number) for number in range(CASES)]
    theirs = told_by_airflow(AIRFLOWS[dialect], "ask_airflow_queue.py", {"cases": cases}, tmp_path)
    world, differ = World(sqlite_url), 0
    for case, calls in zip(cases, theirs, strict=True):
        mine, truth = set(ours(world, case, dialect)), {name for call in calls for name in call}
        more, less = mine - truth, truth - mine
        if dialect is Dialect.AIRFLOW2:
            assert mine == truth, (case, calls)
        assert all(kept_back(case, name, mine) for name in more), (case, calls, mine)
        assert {pool_of(case, name) for name in less} <= {pool_of(case, name) for name in more}, (case, calls, mine)
        differ += bool(more)
    assert differ <= CASES * 0.1
