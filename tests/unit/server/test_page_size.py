"""The grid of a DAG that took Airflow half a minute: 5,000 tasks in 300 groups, 8,000 runs (apache/airflow issue 56554).

What counts is the processor time of the answer: how long a busy machine lets it wait says nothing about it.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from sqlalchemy import insert

from goflow.domain.spec import GroupSpec
from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.server.rest.context import Services
from goflow.server.rest.page_dags import list_dags
from goflow.server.rest.page_grid import show_grid
from goflow.store import Store, dags
from goflow.store.tables import dag_runs, task_instances
from tests.unit.scheduler.kit import T0, World, dag, task

TASKS, GROUPS, RUNS, WITH_TASKS = 5000, 300, 8000, 14
MOST_S = 0.3
"""Issue 7. Seen on a machine with a load of 20, where a second of the processor is worth less: see what it prints."""
REQUEST = SimpleNamespace(headers={"accept-encoding": "gzip"})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, sqlite_template) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("large") / "goflow.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    world = World(f"sqlite:///{path}")
    groups = tuple(GroupSpec(group_id=f"group_{n}") for n in range(GROUPS))
    names = [(f"group_{n % GROUPS}", f"group_{n % GROUPS}.task_{n}") for n in range(TASKS)]
    world.put(dag(*(task(name, group=group) for group, name in names), groups=groups), paused=True)
    with world.store.transaction() as tx:
        row = dags.get(tx, "d")
        base = {"dag_id": "d", "run_type": "scheduled", "conf": "{}", "last_updated_date": T0}
        base |= {"version_id": row.version_id, "reading_id": row.reading_id, "status": "success"}
        runs = [
            {**base, "run_id": f"run_{n}", "execution_date": at, "run_after": at, "start_date": at, "end_date": at}
            for n, at in ((n, T0 - dt.timedelta(hours=RUNS - n)) for n in range(RUNS))
        ]
        tx.change_many(insert(dag_runs), runs)
        cell = {
            "dag_id": "d",
            "map_index": -1,
            "try_number": 1,
            "max_tries": 0,
            "pool": "default_pool",
            "pool_slots": 1,
        }
        cell |= {"priority_weight": 1, "state": "success"}
        for n in range(RUNS - WITH_TASKS, RUNS):
            keys = {"dag_run_id": n + 1, "run_id": f"run_{n}"}
            tx.change_many(insert(task_instances), [{**cell, **keys, "task_id": name} for _, name in names])
    yield world.store
    world.store.close()


def asked(store: Store) -> Services:
    return Services(store=store, defaults=Defaults(), site=Site(task_api="http://here", runner_image="runner:1"))


def test_grid_is_answered_in_time(store):
    services = asked(store)
    took = []
    for _ in range(4):
        before = time.process_time()
        found = show_grid(REQUEST, "d", services, "test", limit=30, offset=0, structure=0)
        took.append(time.process_time() - before)
    print(f"processor seconds: {took}, bytes: {len(found.body)}")
    assert min(took) < MOST_S
    assert len(found.body) < 200_000
    before = time.process_time()
    show_grid(REQUEST, "d", services, "test", limit=30, offset=4000, structure=0)
    assert time.process_time() - before < MOST_S


def test_list_of_two_thousand_dags_is_answered_in_time(sqlite_url):
    world = World(sqlite_url)
    world.put(dag(task("one"), dag_id="dag_0000", tags=("x",)), paused=True)
    with world.store.transaction() as tx:
        row = dict(tx.connection.exec_driver_sql("SELECT * FROM dags").mappings().one())
        columns = ", ".join(row)
        marks = ", ".join("?" * len(row))
        tx.connection.exec_driver_sql(
            f"INSERT INTO dags ({columns}) VALUES ({marks})",
            [tuple({**row, "id": f"dag_{n:04}", "name": f"dag_{n:04}"}.values()) for n in range(1, 2000)],
        )
    services = asked(world.store)
    before = time.process_time()
    found = list_dags(REQUEST, services, "test")
    took = time.process_time() - before
    world.store.close()
    print(f"processor seconds: {took}, bytes: {len(found.body)}")
    assert took < MOST_S
