"""Runs of a DAG as they may have come about, for real Airflow (`of_airflow.with_runs`) and for us alike."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from goflow.domain.runs import DagRun
from goflow.domain.spec import DagSpec, Dialect, Schedule
from goflow.domain.state import RunType, TaskState
from goflow.scheduler.graph import Graph
from goflow.scheduler.making import make_run
from goflow.scheduler.timetables import RunInfo
from goflow.store import dags, runs
from goflow.store.tables import dag_runs, task_instances
from tests.unit.scheduler.kit import World

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""From when on the hours of runs are counted."""
DAILY = Schedule(kind="cron", timetable="CronTriggerTimetable", crons=("0 0 * * *",))
STATES = [
    *(None, "scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule", "success", "success"),
    *("failed", "failed", "skipped", "upstream_failed", "upstream_failed"),
]


def random_runs(dice: random.Random, dialect: Dialect, task_ids: Sequence[str], *, daily: bool) -> list[dict[str, Any]]:
    """Up to five runs of a DAG, DAILY or without a schedule, in the order of their dates; those by hand may have one of
    the schedule, and under Airflow 3 none."""
    found = []
    for day in sorted(dice.sample(range(8), dice.randint(1, 5))):
        kind = dice.choice(["scheduled", "scheduled", "manual"]) if daily else "manual"
        by_hand = kind == "manual"
        found.append(
            {
                "type": kind,
                "hours": day * 24 + (dice.choice([0, 5]) if by_hand else 0),
                "dateless": by_hand and dialect is Dialect.AIRFLOW3 and dice.random() < 0.3,
                "state": dice.choice(["queued", "running", "success", "failed"]),
                "states": {task_id: dice.choice(STATES) for task_id in task_ids},
            }
        )
    return found


def with_runs(world: World, spec: DagSpec, made: Sequence[dict[str, Any]]) -> list[DagRun]:
    """WORLD has the DAG, which is paused, with those runs: ``r0`` and so on."""
    world.put(spec, paused=True)
    found = []
    with world.store.transaction() as tx:
        row = dags.get(tx, spec.dag_id)
        for index, one in enumerate(made):
            date = EPOCH + dt.timedelta(hours=one["hours"])
            info = RunInfo(None, None, None, date) if one["dateless"] else RunInfo(date, date, date, date)
            kind = RunType(one["type"])
            run, _ = make_run(tx, row, Graph(spec), info, run_type=kind, who="test", run_id=f"r{index}")
            for task in spec.tasks:
                there = sa.and_(task_instances.c.dag_run_id == run.id, task_instances.c.task_id == task.task_id)
                if task.task_id not in one["states"]:
                    tx.connection.execute(task_instances.delete().where(there))
                    continue
                state = one["states"][task.task_id] or TaskState.NONE.value
                tx.connection.execute(task_instances.update().where(there).values(state=state))
            tx.connection.execute(sa.update(dag_runs).where(dag_runs.c.id == run.id).values(status=one["state"]))
            found.append(runs.get(tx, run.id))
    return found
