"""The pieces of the benchmark of size: the DAG is as large as it says, its history is what the page reads, and every figure
has a line with its goal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from benchmarks import size_world
from benchmarks.size import table
from benchmarks.size_world import GROUPS, LARGE, LAUNCH, NEEDLE, SPEAKS, TALKS, Size
from goflow.parser.api import Folder, Inputs, parse_file
from goflow.store import logs, page
from goflow.store.tables import dag_runs
from tests.unit.scheduler.kit import World, dag, task

SMALL = Size(tasks=GROUPS, runs=12, runs_with_tasks=3, dags=4, runs_each=2, lines=30)


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    made = World(sqlite_url)
    yield made
    made.store.close()


def test_the_large_file_has_so_many_tasks_in_so_many_groups(tmp_path: Path) -> None:
    folder = size_world.folder(tmp_path / "dags", SMALL)
    assert len(list(folder.glob("*.py"))) == SMALL.dags
    result = parse_file(Folder(folder), "large.py", Inputs())
    assert result.diagnostics == ()
    [read] = result.dags
    assert (read.dag_id, len(read.tasks), len(read.groups)) == (LARGE, SMALL.tasks, GROUPS)
    assert {found.group.count(".") for found in read.tasks if found.group} == {1}


def test_its_history_is_what_the_page_reads(world: World) -> None:
    world.put(dag(task("one"), task("two", "one"), dag_id=LARGE), paused=True)
    world.put(dag(task(SPEAKS), dag_id=TALKS), paused=True)
    world.put(dag(task("only"), dag_id="another"), paused=True)
    assert size_world.fill(world.store, SMALL) == 2 * SMALL.runs_with_tasks
    with world.store.reading() as tx:
        counted = select(dag_runs.c.dag_id, func.count()).group_by(dag_runs.c.dag_id)
        assert dict(tx.tuples(counted)) == {LARGE: 12, TALKS: 1, "another": 2}
        newest = [row.id for row in page.runs_of_dag(tx, LARGE, limit=4)]
        assert {found[0] for found in page.states(tx, newest)} == set(newest[:3])
        assert logs.last_seq(tx, LAUNCH) == SMALL.lines
        assert page.log_matches(tx, LAUNCH, NEEDLE, 10) == [SMALL.needle]


def test_every_figure_has_its_line_for_each_database_and_those_of_the_issue_their_goals() -> None:
    class Any(dict[str, float]):
        def __missing__(self, key: str) -> float:
            return 1234.0

    found = dict.fromkeys(("grid_answer", "dags_answer", "grid", "dags", "log"), Any())
    lines = table({"SQLite": found, "PostgreSQL": found}, SMALL).splitlines()
    assert lines[0] == "| measured | SQLite | PostgreSQL | goal |"
    assert {line.count("|") for line in lines} == {5}
    goals = [line.rsplit("|", 2)[1].strip() for line in lines[2:]]
    wanted = ["under 300 ms", *["under 1,500 ms"] * 2, *["under 1,000 ms"] * 2, *["it scrolls"] * 2, "under 400 kB"]
    assert [goal for goal in goals if goal] == wanted
