"""Stores for tests, on both databases, and short ways to fill them.

A test that takes ``store`` runs twice, on SQLite and on PostgreSQL; ``sqlite_store`` is for tests of other rooms to
which the database makes no difference. Both have a `VirtualClock`, ``store.clock``, that stands at `START`.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.clock import VirtualClock
from goflow.domain.runs import DagRun, Launch, TaskInstance
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import RunState, RunType, TaskState
from goflow.domain.written import write_out
from goflow.store import Store, Tx, blobs, recording, runs, tasks, transitions
from goflow.store.rows import NewTask
from goflow.store.sealer import new_key

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
KEY = new_key()

OpenStore = Callable[[], Store]
"""Opens the test's database once more, as another process would."""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema, to be copied: cheaper than a migration for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    store.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database of the test's own, with the schema."""
    shutil.copy(sqlite_template, tmp_path / "goflow.sqlite3")
    return f"sqlite:///{tmp_path / 'goflow.sqlite3'}"


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands at `START`."""
    return VirtualClock(START)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """A database of the test's own, of either kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def open_store(store_url: str, clock: VirtualClock) -> Iterator[OpenStore]:
    """Opens the test's database; everything that was opened is closed at the end."""
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(Store(store_url, encryption_key=KEY, clock=clock))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    """A store on either database."""
    return open_store()


@pytest.fixture
def sqlite_store(sqlite_url: str, clock: VirtualClock) -> Iterator[Store]:
    """A store on SQLite."""
    store = Store(sqlite_url, encryption_key=KEY, clock=clock)
    yield store
    store.close()


def bash_dag(dag_id: str = "example", *task_ids: str, **fields: Any) -> DagSpec:
    """A DAG of Bash tasks that follow each other."""
    names = task_ids or ("first", "second")
    uppers = [(), *((name,) for name in names[:-1])]
    made = [
        TaskSpec(task_id=name, operator="BashOperator", upstream=upper, fields={"bash_command": "true"})
        for name, upper in zip(names, uppers, strict=True)
    ]
    return DagSpec(dag_id=dag_id, tasks=tuple(made), **fields)


def record(tx: Tx, spec: DagSpec, *, file_hash: str = "a" * 64, **fields: Any) -> recording.Recorded:
    """Put SPEC in force, with an empty folder."""
    return recording.record(tx, reading_of(tx, spec, file_hash=file_hash, **fields))


def reading_of(tx: Tx, spec: DagSpec, *, file_hash: str = "a" * 64, **fields: Any) -> recording.Reading:
    """What the importer would record of SPEC, with an empty folder."""
    folder = blobs.manifest("/dags", {})
    blobs.put_folder(tx, folder)
    given: dict[str, Any] = {"file_path": f"{spec.dag_id}.py", "inputs": {}, "reader_version": "1", "paused": False}
    given |= {"folder_digest": folder.digest} | fields
    return recording.Reading(dag=write_out(spec), file_hash=file_hash, **given)


@dataclass(frozen=True)
class Made:
    """A run and its task instances by task id."""

    run: DagRun
    tasks: dict[str, TaskInstance]

    def __getitem__(self, task_id: str) -> TaskInstance:
        return self.tasks[task_id]


def make_run(
    tx: Tx,
    spec: DagSpec | None = None,
    *,
    run_id: str = "manual__1",
    state: RunState = RunState.RUNNING,
    logical_date: dt.datetime | None = None,
    instances: Sequence[NewTask] | None = None,
    **fields: Any,
) -> Made:
    """A run of SPEC (recorded when it is not) with its task instances, all of them in state ``none``."""
    spec = spec or bash_dag()
    recorded = record(tx, spec)
    run = runs.create(
        tx,
        dag_id=spec.dag_id,
        run_id=run_id,
        run_type=RunType.MANUAL,
        run_after=tx.now(),
        logical_date=logical_date,
        version_id=recorded.version.id,
        reading_id=recorded.reading_id,
        state=state,
        who="test",
        **fields,
    )
    wanted = instances or [NewTask(task_id=task.task_id, max_tries=task.retries) for task in spec.tasks]
    made = tasks.create_many(tx, run, wanted)
    return Made(run, {task.task_id: task for task in made})


def schedule(tx: Tx, ti: TaskInstance) -> TaskInstance:
    """Let a task wait for a slot."""
    assert transitions.advance_task(tx, ti.id, ti.state, TaskState.SCHEDULED, who="test")
    return tasks.get(tx, ti.id)


def queue(tx: Tx, ti: TaskInstance, **given: Any) -> Launch:
    """Give a task of state ``none`` a launch."""
    options: dict[str, Any] = {"backend": "local", "new_attempt": True, **given}
    planned = transitions.plan_launch(tx, schedule(tx, ti), **options)
    assert planned.launch is not None, planned.why
    return planned.launch


def begin(tx: Tx, ti: TaskInstance, claimant: str = "1:1", **given: Any) -> Launch:
    """Let a task of state ``none`` run."""
    launch = queue(tx, ti, **given)
    assert transitions.claim_launch(tx, launch.id, claimant) is transitions.Claimed.CLAIMED
    assert transitions.advance_task(tx, ti.id, TaskState.QUEUED, TaskState.RUNNING, who="test")
    return launch
