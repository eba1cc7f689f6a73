"""One task by itself: results that are given, and the copies that there are with them."""

from __future__ import annotations

from typing import Any

import pytest

from goflow.domain.errors import GoFlowError
from goflow.scheduler import alone, operations
from goflow.scheduler.graph import Graph
from goflow.store import versions, xcoms
from tests.unit.scheduler.kit import World, dag, task

MAPPED = {"mapped": True, "expand": {"x": {"$xcom": {"task_id": "a"}}}}


def checked(world: World, task_id: str, map_index: int, **results: Any) -> None:
    """Raises what `alone` raises of ``a``, ``b`` mapped over it, and ``c`` mapped over two values of the file."""
    world.put(dag(task("a"), task("b", "a", **MAPPED), task("c", mapped=True, expand={"x": [1, 2]})))
    run = operations.trigger(world.store, "d", who="test")
    with world.store.transaction() as tx:
        graph = Graph(versions.spec(tx, run.reading_id))
        for other, value in results.items():
            alone.leave(tx, run, graph, other, value)
        alone.check_copy(tx, run, graph, task_id, map_index)


@pytest.mark.parametrize(
    ("task_id", "map_index", "results"),
    [("a", -1, {}), ("b", 1, {"a": [5, 6]}), ("b", 0, {"a": {"k": "v"}}), ("c", 1, {})],
)
def test_a_copy_that_there_is(world: World, task_id: str, map_index: int, results: dict[str, Any]) -> None:
    checked(world, task_id, map_index, **results)


@pytest.mark.parametrize(
    ("task_id", "map_index", "results", "words"),
    [
        ("aa", -1, {}, "Not found: task aa in DAG d"),
        ("a", 0, {}, "task a has no copies"),
        ("b", -1, {}, "hangs on the results of other tasks"),
        ("b", 2, {"a": [5, 6]}, "task b is mapped and has 2 copies"),
        ("c", -1, {}, "task c is mapped and has 2 copies"),
        ("a", -1, {"b": 5}, "the result of the mapped task b is a list"),
        ("a", -1, {"z": 5}, "Not found: task z in DAG d"),
    ],
)
def test_a_copy_that_there_is_not_is_said(
    world: World, task_id: str, map_index: int, results: dict[str, Any], words: str
) -> None:
    with pytest.raises(GoFlowError, match=words):
        checked(world, task_id, map_index, **results)


def test_results_of_copies_and_keys_of_a_dict_can_be_pulled(world: World) -> None:
    world.put(dag(task("a"), task("b", "a", **MAPPED)))
    run = operations.trigger(world.store, "d", who="test")
    with world.store.transaction() as tx:
        graph = Graph(versions.spec(tx, run.reading_id))
        alone.leave(tx, run, graph, "a", {"n": 3})
        alone.leave(tx, run, graph, "b", ["x", "y"])
        assert [row.value for row in xcoms.pull(tx, run.id, "a", "n")] == [3]
        assert [(row.map_index, row.value) for row in xcoms.pull(tx, run.id, "b")] == [(0, "x"), (1, "y")]
