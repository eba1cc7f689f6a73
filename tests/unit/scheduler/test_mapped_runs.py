"""Mapped tasks and mapped groups: how many copies there are, and which of them wait for which."""

from __future__ import annotations

from typing import Any

from goflow.domain.runs import Outcome
from goflow.domain.spec import GroupSpec, TaskSpec
from goflow.domain.state import TaskState
from tests.unit.scheduler.kit import FAILED, SKIPPED, World, dag, empty, task


def xcom(task_id: str, key: str = "return_value") -> dict[str, Any]:
    return {"$xcom": {"task_id": task_id, "key": key}}


def mapped(task_id: str, *upstream: str, over: Any, **more: Any) -> TaskSpec:
    return task(task_id, *upstream, mapped=True, expand={"x": over}, **more)


def group(over: Any, group_id: str = "g", parent: str | None = None) -> GroupSpec:
    return GroupSpec(group_id=group_id, parent=parent, expand={"x": over})


def test_a_literal_gives_its_copies_when_the_run_is_made(world: World) -> None:
    world.put(dag(mapped("m", over=[1, 2, 3]), task("after", "m")))
    world.trigger()
    assert sorted(world.queued()) == ["m[0]", "m[1]", "m[2]"]
    for name in ("m[0]", "m[2]"):
        world.finish(name)
    assert world.states()["after"] == "none"
    world.finish("m[1]")
    assert world.queued() == ["after"]


def test_several_literals_multiply(world: World) -> None:
    world.put(dag(task("m", mapped=True, expand={"x": [1, 2], "y": {"a": 1, "b": 2, "c": 3}})))
    world.trigger()
    assert len(world.queued()) == 6


def test_a_result_gives_the_copies_once_it_is_there(world: World) -> None:
    world.put(dag(task("make"), mapped("m", "make", over=xcom("make")), task("sum", "m")))
    world.trigger()
    assert world.states() == {"make": "queued", "m": "none", "sum": "none"}
    world.finish("make", xcom=["a", "b"])
    assert world.states() == {"make": "success", "m[0]": "queued", "m[1]": "queued", "sum": "none"}
    world.finish("m[0]")
    world.finish("m[1]")
    world.finish("sum")
    assert world.run_state() == "success"


def test_nothing_to_map_over_skips_the_task_and_what_is_below(world: World) -> None:
    world.put(dag(task("make"), mapped("m", "make", over=xcom("make")), task("sum", "m")))
    world.trigger()
    world.finish("make", xcom=[])
    assert world.states() == {"make": "success", "m": "skipped", "sum": "skipped"}
    assert world.run_state() == "success"


def test_an_empty_literal_skips_the_task(world: World) -> None:
    world.put(dag(mapped("m", over=[])))
    world.trigger()
    assert world.states() == {"m": "skipped"}


def test_a_result_that_was_not_left_fails_the_task_upstream(world: World) -> None:
    world.put(dag(task("make"), mapped("m", "make", over=xcom("make"))))
    world.trigger()
    world.finish("make")
    assert world.states() == {"make": "success", "m": "upstream_failed"}


def test_a_failed_source_fails_the_mapped_task_whatever_its_rule(world: World) -> None:
    world.put(dag(task("make"), mapped("m", "make", over=xcom("make"), trigger_rule="all_done")))
    world.trigger()
    world.finish("make", FAILED, xcom=[1, 2])
    assert world.states()["m"] == "upstream_failed"


def test_a_mapped_task_over_the_results_of_a_mapped_task(world: World) -> None:
    world.put(dag(mapped("one", over=[1, 2]), mapped("two", "one", over=xcom("one"))))
    world.trigger()
    world.finish("one[0]", xcom=5)
    world.finish("one[1]", SKIPPED)
    assert world.states() == {"one[0]": "success", "one[1]": "skipped", "two": "skipped"}
    world.clear(world.only_run().run_id)
    world.finish("one[0]", xcom=5)
    world.finish("one[1]", xcom=6)
    assert sorted(world.queued()) == ["two[0]", "two[1]"]


def test_copies_that_leave_nothing_are_not_mapped_over(world: World) -> None:
    world.put(dag(mapped("one", over=[1, 2]), mapped("two", "one", over=xcom("one"), trigger_rule="none_failed")))
    world.trigger()
    world.finish("one[0]", xcom=5)
    world.finish("one[1]", SKIPPED)
    assert world.queued() == ["two[0]"]


def test_zip_map_and_concat_have_lengths_of_their_own(world: World) -> None:
    a, b = xcom("a"), xcom("b")
    forms = {
        "zipped": {"$xcom": {"zip": [a, b]}},
        "filled": {"$xcom": {"zip": [a, b], "fill": None}},
        "joined": {"$xcom": {"concat": [a, b]}},
        "changed": {"$xcom": {"map": a, "functions": 1}},
    }
    world.put(dag(task("a"), task("b"), *(mapped(name, "a", "b", over=form) for name, form in forms.items())))
    world.trigger()
    world.finish("a", xcom=[1, 2])
    world.finish("b", xcom=[1, 2, 3])
    names = [name.split("[")[0] for name in world.states()]
    assert {name: names.count(name) for name in forms} == {"zipped": 2, "filled": 3, "joined": 5, "changed": 2}


def test_expand_kwargs_goes_by_the_length_of_the_list(world: World) -> None:
    world.put(dag(task("a"), task("m", "a", mapped=True, expand={"*": xcom("a")})))
    world.trigger()
    world.finish("a", xcom=[{"x": 1}, {"x": 2}])
    assert sorted(world.queued()) == ["m[0]", "m[1]"]


def test_one_failed_copy_fails_what_is_below_at_once(world: World) -> None:
    world.put(dag(mapped("m", over=[1, 2]), task("after", "m")))
    world.trigger()
    world.finish("m[0]", FAILED)
    assert world.states()["after"] == "upstream_failed"


def test_fewer_values_after_a_clear_remove_copies_and_more_bring_them_back(world: World) -> None:
    world.put(dag(task("make"), mapped("m", "make", over=xcom("make")), task("sum", "m")))
    run = world.trigger()
    world.finish("make", xcom=[1, 2, 3])
    world.finish_all()
    world.clear(run.run_id)
    world.finish("make", xcom=[1])
    assert world.states() == {"make": "success", "m[0]": "queued", "m[1]": "removed", "m[2]": "removed", "sum": "none"}
    world.finish_all()
    assert world.run_state() == "success"
    world.clear(run.run_id)
    world.finish("make", xcom=[1, 2, 3, 4])
    assert sorted(world.queued()) == ["m[0]", "m[1]", "m[2]", "m[3]"]


def test_copies_of_a_mapped_group_follow_each_other_by_index(world: World) -> None:
    members = [task("g.a", group="g"), task("g.b", "g.a", group="g"), task("after", "g.b")]
    world.put(dag(*members, groups=(group([1, 2]),)))
    world.trigger()
    assert sorted(world.queued()) == ["g.a[0]", "g.a[1]"]
    world.finish("g.a[1]")
    assert sorted(world.queued()) == ["g.a[0]", "g.b[1]"]
    world.finish("g.a[0]", FAILED)
    states = world.states()
    assert (states["g.b[0]"], states["g.b[1]"], states["after"]) == ("upstream_failed", "queued", "upstream_failed")


def test_a_mapped_group_over_a_result(world: World) -> None:
    members = [task("make"), task("g.a", "make", group="g"), task("g.b", "g.a", group="g")]
    world.put(dag(*members, groups=(group(xcom("make")),)))
    world.trigger()
    world.finish("make", xcom=[1, 2])
    assert sorted(world.queued()) == ["g.a[0]", "g.a[1]"]
    world.finish("g.a[0]")
    assert sorted(world.queued()) == ["g.a[1]", "g.b[0]"]
    world.finish_all()
    assert world.run_state() == "success"
    assert len(world.states()) == 5


def test_an_empty_mapped_group_is_skipped_as_a_whole(world: World) -> None:
    members = [task("make"), task("g.a", "make", group="g"), task("g.b", "g.a", group="g"), task("after", "g.b")]
    world.put(dag(*members, groups=(group(xcom("make")),)))
    world.trigger()
    world.finish("make", xcom=[])
    assert world.states() == {"make": "success", "g.a": "skipped", "g.b": "skipped", "after": "skipped"}


def test_nested_mapped_groups_multiply_and_the_inner_follows_its_outer(world: World) -> None:
    groups = (group([1, 2], "o"), group(["x", "y", "z"], "o.i", "o"))
    members = [task("o.a", group="o"), task("o.i.b", "o.a", group="o.i"), task("o.c", "o.i.b", group="o")]
    world.put(dag(*members, groups=groups))
    world.trigger()
    world.finish("o.a[1]")
    assert sorted(world.queued()) == ["o.a[0]", "o.i.b[3]", "o.i.b[4]", "o.i.b[5]"]
    for name in ("o.i.b[3]", "o.i.b[4]"):
        world.finish(name)
    assert world.states()["o.c[1]"] == "none"
    world.finish("o.i.b[5]")
    assert sorted(world.queued()) == ["o.a[0]", "o.c[1]"]


def test_one_success_in_a_mapped_group_asks_each_copy_for_itself(world: World) -> None:
    members = [task("g.a", group="g"), task("g.b", "g.a", group="g", trigger_rule="one_success")]
    world.put(dag(*members, groups=(group([1, 2]),)))
    world.trigger()
    world.finish("g.a[0]")
    assert sorted(world.queued()) == ["g.a[1]", "g.b[0]"]
    world.finish("g.a[1]", FAILED)
    assert world.states()["g.b[1]"] == "upstream_failed"


def test_a_branch_in_a_mapped_group_skips_in_its_own_copy_alone(world: World) -> None:
    branch = task("g.pick", group="g", operator="BranchPythonOperator")
    members = [branch, task("g.x", "g.pick", group="g"), task("g.y", "g.pick", group="g")]
    world.put(dag(*members, groups=(group([1, 2]),)))
    world.trigger()
    world.finish("g.pick[0]", Outcome(state=TaskState.SUCCESS, skip_downstream=("g.x",)))
    world.finish("g.pick[1]", Outcome(state=TaskState.SUCCESS, skip_downstream=("g.y",)))
    states = world.states()
    assert [states[name] for name in ("g.x[0]", "g.y[0]", "g.x[1]", "g.y[1]")] == [
        "skipped",
        "queued",
        "queued",
        "skipped",
    ]


def test_a_branch_in_a_group_mapped_over_a_result_skips_in_its_own_copy_alone(world: World) -> None:
    branch = task("g.pick", "make", group="g", operator="BranchPythonOperator")
    members = [task("make"), branch, task("g.x", "g.pick", group="g"), task("g.y", "g.pick", group="g")]
    world.put(dag(*members, groups=(group(xcom("make")),)))
    world.trigger()
    world.finish("make", xcom=[1, 2])
    world.finish("g.pick[1]", Outcome(state=TaskState.SUCCESS, skip_downstream=("g.y",)))
    states = world.states()
    assert (states["g.x[1]"], states["g.y[1]"], states["g.x[0]"], states["g.y[0]"]) == (
        "queued",
        "skipped",
        "none",
        "none",
    )


def test_mapped_empty_tasks_are_decided_at_once(world: World) -> None:
    world.put(dag(empty("m", mapped=True, expand={"x": [1, 2]})))
    world.trigger()
    assert world.states() == {"m[0]": "success", "m[1]": "success"}
    assert world.run_state() == "success"


def test_a_restart_in_the_middle_changes_nothing(world: World) -> None:
    world.put(dag(task("make"), mapped("m", "make", over=xcom("make")), task("sum", "m")))
    world.trigger()
    world.finish("make", xcom=[1, 2])
    world.finish("m[0]")
    before = world.states()
    world.restart()
    world.settle()
    assert world.states() == before
    world.finish("m[1]")
    assert world.queued() == ["sum"]
