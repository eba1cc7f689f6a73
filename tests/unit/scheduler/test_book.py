"""The book of a run: what it says of a task's instances, whether the task is mapped or was so once."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.domain.runs import DagRun
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import RunState, RunType, TaskState
from goflow.scheduler.book import Book, Cell
from goflow.scheduler.graph import Graph

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
RUN = DagRun(
    id=1,
    dag_id="d",
    run_id="r",
    run_type=RunType.MANUAL,
    state=RunState.RUNNING,
    version_id=1,
    reading_id=1,
    logical_date=NOW,
    data_interval_start=NOW,
    data_interval_end=NOW,
    run_after=NOW,
)


def task(task_id: str, upstream: tuple[str, ...] = ()) -> TaskSpec:
    return TaskSpec(task_id=task_id, operator="EmptyOperator", operator_path="airflow", upstream=upstream)


def book(*indexes: int) -> Book:
    """A run of ``a >> b``, with instances of ``a`` by their map indexes and one of ``b``."""
    graph = Graph(DagSpec(dag_id="d", tasks=(task("a"), task("b", ("a",)))))
    cells = [Cell(10 + place, "a", index, TaskState.NONE) for place, index in enumerate(indexes)]
    return Book(RUN, graph, [*cells, Cell(99, "b", -1, TaskState.NONE)])


@pytest.mark.parametrize(
    "indexes",
    [(), (-1,), (0,), (-1, 0), (0, -1), (2, 0, 1)],
    ids=["none", "its one", "a copy of when it was mapped", "its one before a copy", "and after one", "copies"],
)
def test_the_instances_of_a_task_that_is_not_mapped(indexes: tuple[int, ...]) -> None:
    copies = book(*indexes).cells["a"]
    assert {index: cell.map_index for index, cell in copies.items()} == {index: index for index in indexes}
    assert (len(copies), sorted(copies), bool(copies)) == (len(indexes), sorted(indexes), bool(indexes))
    assert [index in copies for index in (-1, 0, 7)] == [index in indexes for index in (-1, 0, 7)]
    assert copies.get(7) is None


def test_what_is_looked_at_again_goes_on_when_all_was_looked_at() -> None:
    kept = book(-1)
    assert [kept.next_dirty() for _ in range(2)] == [("a", None), ("b", None)]
    kept.mark("b", -1)
    assert kept.next_dirty() == ("b", {-1})
    assert not kept.dirty


def test_an_instance_gets_a_number() -> None:
    kept = book(-1)
    cell = kept.cells["a"][-1]
    kept.renumber(cell, 0)
    assert dict(kept.cells["a"]) == {0: cell}
