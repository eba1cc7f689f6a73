"""Which format a YAML file is in is told by its content."""

from __future__ import annotations

import pytest

from goflow.parser.folder import dag_files
from goflow.parser.yaml import Kind, kind_of

FACTORY = "d:\n  tasks:\n    a:\n      operator: airflow.operators.empty.EmptyOperator\n"
CASES = [
    ("a native DAG", "Name: a\nCommand: [date]\n", Kind.NATIVE),
    ("a native DAG with an operator in it", "Name: a\nTasks: [{Name: b, Command: [date]}]\n", Kind.NATIVE),
    ("Airflow's own", "$schema: https://airflow.apache.org/schemas/dag/2026-10-30.json\ndag_id: a\n", Kind.AIRFLOW),
    ("Airflow's own of a version to come", '"$schema": "https://airflow.apache.org/schemas/dag/9.json"', Kind.AIRFLOW),
    ("another schema", "$schema: https://json-schema.org/draft/2020-12/schema\ntype: object\n", None),
    ("Airflow's schema in a remark", "# https://airflow.apache.org/schemas/dag/2026-10-30.json\na: b\n", None),
    ("dag-factory's", FACTORY, Kind.DAG_FACTORY),
    ("tasks in a list", "d:\n  tasks:\n    - {task_id: a, operator: 'a.B'}\n", Kind.DAG_FACTORY),
    ("tasks in a flow", "{d: {tasks: {a: {retries: 1, 'decorator': airflow.sdk.task}}}}", Kind.DAG_FACTORY),
    ("tasks in the defaults", "default: {tasks: {a: {operator: a.B}}}\nd: {schedule: null}\n", Kind.DAG_FACTORY),
    ("what is behind other keys", "d:\n  a: {b: [c, {e: f}]}\n  ? [x]\n  : y\n" + FACTORY[3:], Kind.DAG_FACTORY),
    ("one with a fault further down", FACTORY + "e: [a, b\n", Kind.DAG_FACTORY),
    ("one with a fault before it", "e: [a, b\n" + FACTORY, Kind.DAG_FACTORY),
    ("one with a character that is none", 'd:\n  tasks:\n    a: {b: "\\UFFFFFFFF", operator: a.B}\n', Kind.DAG_FACTORY),
    ("one with a character beyond the last", 'd:\n  tasks:\n    a: {b: "\\U00110000", operator: a.B}\n', Kind.DAG_FACTORY),
    ("one with a version of too many digits", f"%YAML {'9' * 5000}.1\n---\n{FACTORY}", Kind.DAG_FACTORY),
    ("tasks that are not in an entry", "tasks:\n  a:\n    operator: a.B\n", None),
    ("tasks too far in", "x:\n  d:\n    tasks:\n      a:\n        operator: a.B\n", None),
    ("an operator that is a word", "d:\n  tasks:\n    a:\n      operator: In\n", None),
    ("a playbook", "- hosts: all\n  tasks:\n    - name: a\n      operator: a.b\n", None),
    ("a pipeline of Tekton", "kind: Pipeline\nspec:\n  tasks:\n    - name: a\n      when:\n"
     "        - {input: x, operator: in.set, values: [y]}\n", None),
    ("a Deployment", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n", None),
    ("nothing", "", None),
    ("bytes", "\x00\x01", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_file_is_told_by_its_content(text, kind):
    assert kind_of(text.encode()) is kind


def test_dag_factory_s_yaml_belongs_to_the_python_file_that_loads_it(tmp_path):
    (tmp_path / "d.yml").write_text(FACTORY)
    (tmp_path / "n.yml").write_text("Name: a\nCommand: [date]\n")
    (tmp_path / "x.py").write_text("import airflow  # dag\n")
    assert dag_files(tmp_path) == ["d.yml", "n.yml", "x.py"]
    (tmp_path / "lib").mkdir()
    (tmp_path / ".airflowignore").write_text("load.py\n")
    loader = tmp_path / "lib" / "load.py"
    loader.write_text("from dagfactory import load_yaml_dags\n")
    assert dag_files(tmp_path) == ["n.yml", "x.py"]
    loader.write_text("import other\n")
    assert dag_files(tmp_path) == ["d.yml", "n.yml", "x.py"]
    (tmp_path / "d.yml").write_text("a: b\n")
    loader.write_text("import dagfactory\n")
    assert dag_files(tmp_path) == ["d.yml", "n.yml", "x.py"]
