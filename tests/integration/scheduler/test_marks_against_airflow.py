"""What becomes of runs that are marked: ours and real Airflow's, whatever their tasks have come to."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goflow.domain.spec import Dialect
from goflow.domain.state import RunState, TaskState
from goflow.scheduler import marking
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import new_tasks
from goflow.store import runs, tasks
from goflow.store.tables import dag_runs, task_instances
from tests.integration.scheduler.asking import AIRFLOWS, told_by_airflow
from tests.unit.scheduler.kit import T0, World, dag, task

CASES = int(os.environ.get("GOFLOW_MARK_CASES", "60"))
STATES = [
    *(None, "scheduled", "queued", "running", "running", "deferred", "up_for_retry", "up_for_reschedule"),
    *("success", "failed", "skipped", "upstream_failed"),
]


def random_case(dice: random.Random) -> dict[str, Any]:
    states: dict[str, Any] = {name: dice.choice(STATES) for name in "abt"}
    return {
        "teardown": dice.random() < 0.5,
        "states": states | {"m": [dice.choice(STATES) for _ in range(2)]},
        "run": dice.choice(["running", "running", "success", "failed"]),
        "mark": dice.choice(["success", "failed"]),
    }


def ours(world: World, case: dict[str, Any], dialect: Dialect, number: int) -> tuple[dict[str, str | None], str]:
    last = task("t", "m", teardown=case["teardown"])
    mapped = task("m", "b", mapped=True, expand={"x": [1, 2]})
    spec = dag(task("a"), task("b", "a"), mapped, last, dag_id=f"d{number}", dialect=dialect)
    world.put(spec, paused=True)
    run = world.trigger(spec.dag_id, run_id="r")
    with world.store.transaction() as tx:
        if len(tasks.of_run(tx, run.id)) < 5:
            tasks.create_many(tx, run, list(new_tasks(Graph(spec), run, T0)), who="test")
        for row in tasks.of_run(tx, run.id):
            state = case["states"][row.task_id]
            state = state[row.map_index] if isinstance(state, list) else state
            there = task_instances.update().where(task_instances.c.id == row.id)
            tx.connection.execute(there.values(state=state or TaskState.NONE.value))
        tx.connection.execute(sa.update(dag_runs).where(dag_runs.c.id == run.id).values(status=case["run"]))
    with world.store.transaction() as tx:
        marking.mark_run(tx, spec.dag_id, "r", RunState(case["mark"]), who="test")
    with world.store.reading() as tx:
        found = {f"{row.task_id}[{row.map_index}]": row.state for row in tasks.of_run(tx, run.id)}
        states = {name: None if state is TaskState.NONE else state.value for name, state in found.items()}
        return states, runs.get(tx, run.id).state.value


@pytest.mark.timeout(1200)  # the first time it installs Airflow
@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_run_that_is_marked_becomes_what_it_becomes_in_airflow(
    sqlite_url: str, tmp_path: Path, dialect: Dialect
) -> None:
    dice = random.Random(f"marks-{os.environ.get('GOFLOW_MARK_SEED', '1')}")
    cases = [random_case(dice) for _ in range(CASES)]
    theirs = told_by_airflow(AIRFLOWS[dialect], "ask_airflow_marks.py", {"cases": cases}, tmp_path)
    world = World(sqlite_url)
    for number, (case, (states, state)) in enumerate(zip(cases, theirs, strict=True)):
        assert ours(world, case, dialect, number) == (states, state), (case, states, state)
