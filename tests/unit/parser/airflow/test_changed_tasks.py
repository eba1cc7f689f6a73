"""Tasks that a file takes out of its DAG past Airflow's methods: told on that DAG, never passed over."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Dialect

from .reading import errors, read

START = "with DAG('d', schedule=None) as dag:\n    E('a')\n    E('b')\nwith DAG('other', schedule=None): E('c')\n"


@pytest.mark.parametrize(
    "line",
    ["dag.task_dict = {}", "dag.task_group.children = {}", "dag.task_dict.pop('a')", "del dag.task_dict['a']",
     "dag.task_group.children.clear()", "dag.task_dict['a'] = dag.task_dict['b']", "dag.dag_id = 'e'", "setattr(dag, 'task_dict', {})"],
)  # fmt: skip
@pytest.mark.parametrize("dialect", list(Dialect))
def test_is_told_on_that_dag_alone(line, dialect):
    result = read(f"{START}{line}", dialect)
    assert [dag.dag_id for dag in result.dags] == ["other"]
    assert len(errors(result)) == 1
    assert "which tasks there are depends on what the file" in errors(result)[0]


@pytest.mark.parametrize(
    "line", ["a.downstream_task_ids.clear()", "b.upstream_task_ids.discard('a')", "b.upstream_task_ids.add('c')"]
)
def test_an_edge_that_is_taken_out_of_the_ids_of_neighbours_is_told(line):
    text = f"with DAG('d', schedule=None) as dag:\n    a, b = E('a'), E('b')\n    a >> b\n    {line}"
    assert ["an edge depends on what the file does to" in error for error in errors(read(text))] == [True]


def test_the_list_of_tasks_is_refused_as_airflow_refuses_it():
    assert "DAG.tasks can not be modified" in errors(read(f"{START}dag.tasks = []"))[0]


@pytest.mark.parametrize(
    "line",
    ["dag.tasks.clear()", "x = dict(dag.task_dict)\nx.clear()", "dag.task_dict['a'] >> dag.task_dict['b']",
     "for t in dag.task_dict.values(): t.doc_md = 'x'", "dag.task_group = dag.task_group", "dag.dag_id = 'd'"],
)  # fmt: skip
def test_what_changes_no_tasks_is_not_told(line):
    assert errors(read(f"{START}{line}")) == []


def test_a_dag_of_the_file_says_its_id_before_its_init():
    text = "class Mine(DAG):\n    def __init__(self, dag_id):\n        self.dag_id = dag_id\n        super().__init__(dag_id, schedule=None)\n"
    assert [dag.dag_id for dag in read(f"{text}with Mine('m'): E()").dags] == ["m"]


def test_an_attribute_that_nobody_knows_is_told():
    found = errors(read(f"import random\n{START}setattr(dag, str(random.random()), 5)"))
    assert len(found) == 1, found
    assert "arguments that depend on random.random()" in found[0]
