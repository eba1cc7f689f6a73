"""Tasks, groups and edges, as Airflow builds them."""

import itertools

import pytest

from goflow.parser.libraries.airflow.edges import Label, References
from goflow.parser.libraries.airflow.graph import DagGraph, GroupNode, TaskNode
from goflow.parser.libraries.airflow.keys import GraphError


def dag_with(*task_ids):
    dag = DagGraph("d")
    tasks = []
    for task_id in task_ids:
        task = TaskNode(task_id)
        dag.add(task, None)
        tasks.append(task)
    return dag, tasks


def group_in(dag, own_id, parent=None, **options):
    return GroupNode(own_id, dag, parent or dag.root, **options)


def task_in(dag, group, task_id):
    task = TaskNode(task_id)
    dag.add(task, group)
    return task


def edges(dag):
    return sorted(f"{above}>{task.task_id}" for task in dag.tasks.values() for above in task.upstream)


def test_an_edge_is_known_on_both_sides():
    _dag, (a, b) = dag_with("a", "b")
    a.set_downstream([b])
    assert (list(a.downstream), list(b.upstream)) == (["b"], ["a"])


def test_an_edge_brings_a_task_without_a_dag_into_the_dag_of_the_other():
    dag, (a,) = dag_with("a")
    a.set_downstream([TaskNode("b")])
    assert edges(dag) == ["a>b"]


def test_two_dags_cannot_be_connected():
    _, (a,) = dag_with("a")
    _, (b,) = dag_with("b")
    with pytest.raises(GraphError, match="more than one Dag") as caught:
        a.set_upstream([b])
    assert caught.value.kind == "RuntimeError"


def test_tasks_without_any_dag_cannot_be_connected():
    with pytest.raises(GraphError, match="don't have Dags yet"):
        TaskNode("a").set_downstream([TaskNode("b")])


def test_a_second_task_of_the_same_id_is_refused():
    dag, _ = dag_with("a")
    with pytest.raises(GraphError, match="Task id 'a' has already been added to the D"):
        dag.add(TaskNode("a"), None)


def test_a_task_may_not_have_the_id_of_a_group():
    dag, _ = dag_with()
    group_in(dag, "g")
    with pytest.raises(GraphError, match="Task id 'g'"):
        dag.add(TaskNode("g"), None)


@pytest.mark.parametrize(
    ("outer_prefix", "inner_prefix", "task_id", "group_id"),
    [
        (True, True, "outer.inner.t", "outer.inner"),
        (True, False, "t", "outer.inner"),
        (False, True, "inner.t", "inner"),
        (False, False, "t", "inner"),
    ],
)
def test_prefixes_of_nested_groups(outer_prefix, inner_prefix, task_id, group_id):
    dag, _ = dag_with()
    outer = group_in(dag, "outer", prefix=outer_prefix)
    inner = group_in(dag, "inner", outer, prefix=inner_prefix)
    task_in(dag, inner, "t")
    assert (list(dag.tasks), inner.group_id) == ([task_id], group_id)


def test_a_group_id_is_taken_once_unless_it_may_be_numbered():
    dag, _ = dag_with()
    group_in(dag, "g")
    assert group_in(dag, "g", suffix_on_collision=True).group_id == "g__1"
    assert group_in(dag, "g", suffix_on_collision=True).group_id == "g__2"
    with pytest.raises(GraphError, match="group_id 'g' has already been added"):
        group_in(dag, "g")


def test_an_edge_to_a_group_goes_to_its_roots_and_from_its_leaves():
    dag, (start, end) = dag_with("start", "end")
    group = group_in(dag, "g")
    one, two, _three = (task_in(dag, group, name) for name in ("one", "two", "three"))
    one.set_downstream([two])
    start.set_downstream([group])
    group.set_downstream([end])
    assert edges(dag) == ["g.one>g.two", "g.three>end", "g.two>end", "start>g.one", "start>g.three"]
    assert list(group.upstream) == ["start"]
    assert list(group.downstream) == ["end"]


def test_an_edge_between_groups_connects_leaves_with_roots():
    dag, _ = dag_with()
    first, second = group_in(dag, "first"), group_in(dag, "second")
    for group in (first, second):
        task_in(dag, group, "a"), task_in(dag, group, "b")
    first.set_downstream([second])
    assert len(edges(dag)) == 4
    assert list(second.upstream_groups) == ["first"]


def test_an_empty_group_passes_the_edge_on_from_what_is_above_it():
    dag, (start, end) = dag_with("start", "end")
    empty = group_in(dag, "empty")
    start.set_downstream([empty])
    empty.set_downstream([end])
    assert edges(dag) == ["start>end"]


def test_the_leaf_of_a_group_is_what_stands_before_its_teardown():
    dag, (end,) = dag_with("end")
    group = group_in(dag, "g")
    setup, work, teardown = (task_in(dag, group, name) for name in ("setup", "work", "teardown"))
    setup.setup = teardown.teardown = True
    setup.set_downstream([work, teardown])
    work.set_downstream([teardown])
    group.set_downstream([end])
    assert "g.work>end" in edges(dag)
    assert "g.teardown>end" not in edges(dag)


@pytest.mark.parametrize("label_first", [True, False])
def test_a_label_connects_once_both_sides_are_there(label_first):
    dag, (a, b) = dag_with("a", "b")
    label = Label("yes")
    if label_first:
        label.set_downstream([b])
        a.set_downstream([label])
    else:
        a.set_downstream([label])
        label.set_downstream([b])
    assert (edges(dag), dag.edge_labels) == (["a>b"], {("a", "b"): "yes"})


def test_a_reference_stands_for_its_tasks():
    dag, (a, b, c) = dag_with("a", "b", "c")
    References([a, b]).set_downstream([c])
    assert edges(dag) == ["a>c", "b>c"]


@pytest.mark.parametrize(
    ("existing", "wanted", "given"),
    [
        ([], "t", "t"),
        (["t"], "t", "t__1"),
        (["t", "t__1"], "t", "t__2"),
        (["t", "t__7"], "t", "t__8"),
        (["t__1"], "t__1", "t__2"),
        (["t.x"], "t", "t"),
    ],
)
def test_taskflow_numbers_its_ids(existing, wanted, given):
    dag, _ = dag_with(*existing)
    assert dag.unique_task_id(wanted, None) == given


def test_numbering_inside_a_group_looks_at_full_ids_and_gives_the_short_one():
    dag, _ = dag_with("t")
    group = group_in(dag, "g")
    assert dag.unique_task_id("t", group) == "t"
    task_in(dag, group, "t")
    assert dag.unique_task_id("t", group) == "t__1"


def test_a_cycle_is_found_and_a_diamond_is_none():
    dag, (a, b, c, d) = dag_with("a", "b", "c", "d")
    a.set_downstream([b, c])
    d.set_upstream([b, c])
    assert dag.cycle() == []
    d.set_downstream([a])
    assert dag.cycle() != []


def test_a_chain_of_ten_thousand_tasks_is_checked_without_recursion():
    dag, tasks = dag_with(*(f"t{n}" for n in range(10_000)))
    for above, below in itertools.pairwise(tasks):
        above.set_downstream([below])
    assert dag.cycle() == []
