"""What `benchmarks.size` looks at: real DAG files, and a history in the database that nobody has waited for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Text, case, cast, func, insert, literal, select, text

from benchmarks.generated import generated_folder
from goflow.store import Store
from goflow.store.tables import attempts, dag_runs, dags, launches, log_lines, task_instances
from goflow.store.tx import Tx

LARGE, TALKS, SPEAKS = "large", "talks", "speak"
"""The DAG with very many tasks; the one whose task SPEAKS has a very long log."""
RUN_ID, LAUNCH = "spoken", "01size0000000000000000launch"
NEEDLE = "needle in the hay"
AREAS, INNER = 30, 9
"""Groups: so many, each with so many inside."""
GROUPS = AREAS * (INNER + 1)
BEGAN = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
EACH_S = 60.0
"""Seconds that a run took."""

_LARGE = f'''"""Every table of the warehouse, area by area."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, TaskGroup

with DAG(
    "{LARGE}",
    schedule="@hourly",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    is_paused_upon_creation=True,
    default_args={{"owner": "warehouse", "retries": 2, "retry_delay": timedelta(minutes=5)}},
    tags=["warehouse"],
):
    before = None
    for area in range({AREAS}):
        with TaskGroup(group_id=f"area_{{area:02}}") as outer:
            for part in range({INNER}):
                with TaskGroup(group_id=f"part_{{part}}"):
                    above = None
                    for number in range(area * {INNER} + part, {{tasks}}, {AREAS * INNER}):
                        task = BashOperator(task_id=f"table_{{number:04}}", bash_command=f"load --table {{number}}")
                        if above:
                            above >> task
                        above = task
        if before:
            before >> outer
        before = outer
'''
_TALKS = f'''from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("{TALKS}", schedule=None, start_date=datetime(2025, 1, 1), is_paused_upon_creation=True):
    BashOperator(task_id="{SPEAKS}", bash_command="talk")
'''


@dataclass(frozen=True)
class Size:
    """How much there is of everything."""

    tasks: int
    runs: int
    runs_with_tasks: int
    """The newest so many of RUNS have their task instances: what is older has its row in `dag_runs` alone."""
    dags: int
    runs_each: int
    """Of every other DAG."""
    lines: int

    @property
    def needle(self) -> int:
        """The line that holds NEEDLE."""
        return self.lines * 2 // 3


def folder(place: Path, size: Size) -> Path:
    """A DAG folder with the large DAG, the talking one, and others to make so many DAGs in all, a file each."""
    place.mkdir(parents=True)
    generated_folder(place, size.dags - 2)
    (place / "large.py").write_text(_LARGE.replace("{tasks}", str(size.tasks)))
    (place / "talks.py").write_text(_TALKS)
    return place


@contextmanager
def opened(url: str, home: Path) -> Iterator[Store]:
    """The store of a daemon that is not running, with its home's key."""
    store = Store(url, encryption_key=(home / "encryption.key").read_text().strip())
    try:
        yield store
    finally:
        store.close()


def fill(store: Store, size: Size) -> int:
    """Write the history. The number of task instances of the large DAG."""
    with store.transaction() as tx:
        put_runs(tx, size)
    with store.transaction() as tx:
        put_tasks(tx, size)
    with store.transaction() as tx:
        put_log(tx, size)
    if store.dialect == "postgresql":
        with store.transaction() as tx:
            tx.connection.execute(text("ANALYZE"))  # as its autovacuum has done in any history that grew
    with store.reading() as tx:
        counted = select(func.count()).select_from(task_instances).where(task_instances.c.dag_id == LARGE)
        return int(tx.value(counted))


def put_runs(tx: Tx, size: Size) -> None:
    """Hourly runs of every DAG that are over, every seventh of them failed; of the talking one a single one."""
    known = tx.rows(select(dags.c.id, dags.c.version_id, dags.c.reading_id).where(dags.c.version_id.is_not(None)))
    rows: list[dict[str, Any]] = []
    for row in known:
        count = {LARGE: size.runs, TALKS: 1}.get(row.id, size.runs_each)
        for number in range(count):
            at = BEGAN + dt.timedelta(hours=number)
            one = {"dag_id": row.id, "version_id": row.version_id, "reading_id": row.reading_id}
            one |= {"run_type": "scheduled", "run_id": f"scheduled__{at.isoformat()}" if row.id != TALKS else RUN_ID}
            one |= {"execution_date": at, "run_after": at, "queued_at": at, "start_date": at}
            one |= {"end_date": at + dt.timedelta(seconds=EACH_S), "last_updated_date": at}
            rows.append({**one, "status": "failed" if number % 7 == 3 else "success"})
    tx.change_many(insert(dag_runs), rows)


def _instance(run: Any, task_id: str) -> dict[str, Any]:
    moments = dict.fromkeys(("queued_at", "start_date", "end_date"), run.start_date)
    numbers = {"map_index": -1, "try_number": 1, "max_tries": 2, "pool_slots": 1, "priority_weight": 1}
    keys = {"dag_run_id": run.id, "dag_id": run.dag_id, "run_id": run.run_id, "task_id": task_id}
    return {**keys, **numbers, **moments, "pool": "default_pool", "state": "success"}


def put_tasks(tx: Tx, size: Size) -> None:
    """Task instances for the newest runs of the large DAG: written for one run, and copied by the database for the
    others, with states that differ, so that they do not compress to nothing."""
    from goflow.store import versions

    runs = tx.rows(
        select(dag_runs)
        .where(dag_runs.c.dag_id == LARGE)
        .order_by(dag_runs.c.run_after.desc())
        .limit(size.runs_with_tasks)
    )
    spec = versions.spec(tx, runs[0].reading_id)
    tx.change_many(insert(task_instances), [_instance(runs[0], task.task_id) for task in spec.tasks])
    first, run, t = task_instances.alias(), dag_runs.c, task_instances.c
    chance = (run.id * 7919 + first.c.id * 104729) % 211
    state = case((chance < 3, "failed"), (chance < 9, "upstream_failed"), (chance < 20, "skipped"), else_="success")
    told = {column.name: first.c[column.name] for column in task_instances.c if column.name != "id"}
    told |= {"dag_run_id": run.id, "run_id": run.run_id, "state": state}
    told |= {"queued_at": run.queued_at, "start_date": run.start_date, "end_date": run.end_date}
    chosen = select(*(value.label(name) for name, value in told.items())).where(
        first.c.dag_run_id == runs[0].id,
        run.dag_id == first.c.dag_id,
        run.run_after >= runs[-1].run_after,
        run.run_after < runs[0].run_after,
    )
    tx.connection.execute(insert(task_instances).from_select([t[name] for name in told], chosen))


def put_log(tx: Tx, size: Size) -> None:
    """The run of the talking DAG, and every line that its task has written."""
    [run] = tx.rows(select(dag_runs).where(dag_runs.c.dag_id == TALKS))
    tx.change_many(insert(task_instances), [_instance(run, SPEAKS)])
    key = tx.value(select(task_instances.c.id).where(task_instances.c.dag_run_id == run.id))
    its = {"task_instance_id": key, "try_number": 1, "exit_code": 0}
    moments = {"queued_at": run.start_date, "start_date": run.start_date, "end_date": run.end_date}
    tx.change_many(insert(attempts), [{**its, **moments, "state": "success"}])
    told = {"planned_at": run.start_date, "created_at": run.start_date, "ended_at": run.end_date}
    tx.change_many(
        insert(launches), [{**its, **told, "id": LAUNCH, "ordinal": 0, "state": "cleaned", "backend": "local"}]
    )
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < size.lines))
    n = numbers.c.n
    number = cast(n, Text)
    words = literal("INFO - part ") + number + ": " + cast(n * 7919 % 1009, Text) + " rows of the import were written"
    line = case((n == size.needle, literal(f"WARNING - here is the {NEEDLE}, in line ") + number), else_=words)
    chosen = select(literal(LAUNCH), n, literal(BEGAN.timestamp()) + n * 0.001, literal("stdout"), line)
    tx.connection.execute(insert(log_lines).from_select([column.name for column in log_lines.c], chosen))
