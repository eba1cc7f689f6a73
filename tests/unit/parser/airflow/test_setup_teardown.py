"""What ``with setup:`` and ``with teardown:`` connect."""

from contextlib import contextmanager

import pytest

from goflow.parser.libraries.airflow.graph import DagGraph, TaskNode
from goflow.parser.libraries.airflow.keys import GraphError
from goflow.parser.libraries.airflow.setup_teardown import SetupTeardown


class Scene:
    def __init__(self):
        self.dag, self.scope = DagGraph("d"), SetupTeardown()

    def task(self, task_id, setup=False, teardown=False):
        task = TaskNode(task_id)
        task.setup, task.teardown = setup, teardown
        self.dag.add(task, None)
        self.scope.task_made(task)
        return task

    @contextmanager
    def block(self, *tasks):
        self.scope.enter(tasks)
        yield
        self.scope.leave()

    def edges(self):
        return sorted(f"{above}>{task.task_id}" for task in self.dag.tasks.values() for above in task.upstream)


@pytest.fixture
def scene():
    return Scene()


def test_work_inside_a_setup_with_its_teardown_goes_between_them(scene):
    setup, teardown = scene.task("s", setup=True), scene.task("t", teardown=True)
    setup.set_downstream([teardown])
    with scene.block(setup):
        first, second = scene.task("first"), scene.task("second")
        first.set_downstream([second])
    assert scene.edges() == ["first>second", "s>first", "s>t", "second>t"]


def test_work_inside_a_teardown_goes_below_the_setup_that_is_above_it(scene):
    setup, teardown = scene.task("s", setup=True), scene.task("t", teardown=True)
    setup.set_downstream([teardown])
    with scene.block(teardown):
        scene.task("work")
    assert scene.edges() == ["s>t", "s>work", "work>t"]


def test_nested_setups_are_chained_from_outside_in_and_teardowns_from_inside_out(scene):
    s1, t1 = scene.task("s1", setup=True), scene.task("t1", teardown=True)
    s2, t2 = scene.task("s2", setup=True), scene.task("t2", teardown=True)
    s1.set_downstream([t1])
    s2.set_downstream([t2])
    with scene.block(s1):
        scene.task("outer")
        with scene.block(s2):
            scene.task("inner")
    assert {"s1>s2", "t2>t1", "s2>inner", "inner>t2", "s1>outer"} <= set(scene.edges())


def test_a_task_that_is_neither_cannot_be_a_block(scene):
    plain = scene.task("plain")
    with pytest.raises(GraphError, match="Only setup/teardown tasks"):
        scene.scope.enter([plain])


def test_setups_and_teardowns_cannot_be_mixed_in_one_block(scene):
    with pytest.raises(GraphError, match="must be either setup or teardown"):
        scene.scope.enter([scene.task("s", setup=True), scene.task("t", teardown=True)])
