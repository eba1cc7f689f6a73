"""What a runner is told about its launch: as the store has it, and no more."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from goflow.domain.runs import Outcome
from goflow.domain.spec import DagSpec, RuntimeSpec, TaskSpec
from goflow.domain.state import RunState, TaskState
from goflow.executor.outcomes import settle
from goflow.server.task_input import InputBuilder
from goflow.store import launches, runs, tasks, transitions
from goflow.store.rows import NewTask
from tests.stores import START, bash_dag, begin, make_run


def task(name: str, *upstream: str, **fields) -> TaskSpec:
    return TaskSpec(task_id=name, operator="BashOperator", upstream=upstream, fields={"bash_command": "true"}, **fields)


def told(store, launch, folders=None):
    """What the runner of LAUNCH is told."""
    with store.transaction() as tx:
        current, instance = launches.with_task(tx, launch.id)
        return InputBuilder("/opt/dags", folders).build(tx, current, instance, store.clock.now())


def test_a_task_is_told_its_own_part_of_the_dag_and_of_the_run(sqlite_store):
    spec = DagSpec(
        dag_id="d", tasks=(task("a"), task("b", "a")), tags=("x",),
        runtime=RuntimeSpec(environment={"A": "dag", "B": "dag"}),
    )  # fmt: skip
    with sqlite_store.transaction() as tx:
        run = make_run(tx, spec, conf={"k": [1]}, logical_date=START)
        launch = begin(tx, run["a"])
    found = told(sqlite_store, launch)
    assert (found["dag_id"], found["task_id"], found["map_index"], found["try_number"]) == ("d", "a", -1, 1)
    assert found["task"]["task_id"] == "a"
    assert "tasks" not in found["dag"]
    assert found["dag"]["tags"] == ["x"]
    assert found["environment"] == {"A": "dag", "B": "dag"}
    assert found["run"]["conf"] == {"k": [1]}
    assert found["run"]["logical_date"] == START.isoformat()
    assert found["run"]["prev_success"] is None
    assert (found["reschedules"], found["first_start"]) == (0, START.isoformat())
    assert found["folder"] | {"digest": ""} == {
        "digest": "", "path": "/opt/dags", "file": "d.py", "import_roots": [], "local": None,
    }  # fmt: skip


def test_the_tasks_own_environment_goes_over_the_dags(sqlite_store):
    spec = DagSpec(
        dag_id="d", tasks=(task("a", runtime=RuntimeSpec(environment={"B": "task"})),),
        runtime=RuntimeSpec(environment={"A": "dag", "B": "dag"}),
    )  # fmt: skip
    with sqlite_store.transaction() as tx:
        launch = begin(tx, make_run(tx, spec)["a"])
    assert told(sqlite_store, launch)["environment"] == {"A": "dag", "B": "task"}


def test_a_later_launch_of_an_attempt_knows_when_the_first_began(sqlite_store):
    with sqlite_store.transaction() as tx:
        run = make_run(tx, bash_dag("d", "a"))
        first = begin(tx, run["a"])
    again = Outcome(state=TaskState.UP_FOR_RESCHEDULE, reschedule_at=START + dt.timedelta(seconds=60))
    sqlite_store.clock.advance(5)
    settle(sqlite_store, first.id, again, who="test")
    sqlite_store.clock.advance(60)
    with sqlite_store.transaction() as tx:
        waiting = tasks.get(tx, run["a"].id)
        transitions.advance_task(tx, waiting.id, waiting.state, TaskState.SCHEDULED, who="test")
        second = transitions.plan_launch(tx, tasks.get(tx, waiting.id), backend="local", new_attempt=False).launch
        transitions.claim_launch(tx, second.id, "2:2")
    found = told(sqlite_store, second)
    assert (found["try_number"], found["reschedules"], found["first_start"]) == (1, 1, START.isoformat())


@pytest.mark.parametrize("state", [RunState.SUCCESS, RunState.FAILED])
def test_the_run_before_counts_when_it_succeeded(sqlite_store, state):
    spec = bash_dag("d", "a")
    with sqlite_store.transaction() as tx:
        make_run(tx, spec, run_id="before", logical_date=START - dt.timedelta(days=1), state=state)
        launch = begin(tx, make_run(tx, spec, run_id="now", logical_date=START)["a"])
    before = told(sqlite_store, launch)["run"]["prev_success"]
    assert (before is not None) is (state is RunState.SUCCESS)
    if before is not None:
        assert before["logical_date"] == (START - dt.timedelta(days=1)).isoformat()


def test_copies_of_mapped_tasks_are_counted(sqlite_store):
    spec = DagSpec(dag_id="d", tasks=(task("m", mapped=True, expand={"x": [1, 2, 3]}), task("a", "m")))
    with sqlite_store.transaction() as tx:
        copies = [NewTask(task_id="m", map_index=index, max_tries=0) for index in range(3)]
        run = make_run(tx, spec, instances=[*copies, NewTask(task_id="a", max_tries=0)])
        launch = begin(tx, run["a"])
    assert told(sqlite_store, launch)["upstream_map_lengths"] == {"m": 3}


def test_the_local_backend_is_told_where_the_folder_lies(sqlite_store, tmp_path):
    from goflow.executor.folders import FolderCache

    with sqlite_store.transaction() as tx:
        launch = begin(tx, make_run(tx, bash_dag("d", "a"))["a"])
    found = told(sqlite_store, launch, FolderCache(sqlite_store, tmp_path / "folders"))["folder"]
    assert Path(found["local"]) == tmp_path / "folders" / found["digest"]
    assert Path(found["local"]).is_dir()


def test_a_later_version_of_the_file_does_not_reach_a_run_that_has_begun(sqlite_store):
    from tests.stores import record

    with sqlite_store.transaction() as tx:
        run = make_run(tx, bash_dag("d", "a", description="old"))
        record(tx, bash_dag("d", "a", description="new"), file_hash="b" * 64)
        launch = begin(tx, run["a"])
        assert runs.get(tx, run.run.id).version_id == run.run.version_id
    assert told(sqlite_store, launch)["dag"]["description"] == "old"


def test_a_task_is_told_of_the_partition_of_its_run(sqlite_store):
    spec = DagSpec(dag_id="d", tasks=(task("a"),))
    with sqlite_store.transaction() as tx:
        run = make_run(tx, spec, partition_key="2026-01-05", partition_date=START)
        launch = begin(tx, run["a"])
    found = told(sqlite_store, launch)["run"]
    assert (found["partition_key"], found["partition_date"]) == ("2026-01-05", START.isoformat())
