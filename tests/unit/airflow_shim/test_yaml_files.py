"""DAG files in YAML are made again where the task runs, and what comes out is what the reader read."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from airflow._goflow.drift import find_drift

from goflow.domain.spec import Inputs
from goflow.parser.api import Folder, parse_file
from tests.unit.airflow_shim.kit import Dags, forget

CORPUS = Path(__file__).parents[2] / "corpus" / "files" / "airflow3"
SCHEMA = "$schema: https://airflow.apache.org/schemas/dag/2026-10-30.json\n"
BASH = "airflow.providers.standard.operators.bash.BashOperator"


class Yaml(Dags):
    """The same with a YAML file."""

    file = "f.yaml"

    def given(self, task_id: str = "t", dialect: str = "airflow3", **more):
        found = super().given(task_id, dialect, **more)
        found["folder"] = {**found["folder"], "file": self.file}
        return found


@pytest.fixture
def dags(tmp_path, monkeypatch):
    """A folder with a YAML file whose tasks can be run."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield Yaml(tmp_path)
    forget()


@pytest.mark.parametrize("name", ["airflow_yaml/report.yaml", "airflow_yaml/several.yml"])
def test_every_task_of_the_corpus_is_the_one_that_was_read(name, dags, monkeypatch):
    monkeypatch.syspath_prepend(str(CORPUS))
    dags.folder, dags.file = CORPUS, name
    for spec in parse_file(Folder(CORPUS, parse_path="/dags"), name, Inputs()).dags:
        made = dags.load(dag_id=spec.dag_id)
        assert sorted(made.task_dict) == sorted(task.task_id for task in spec.tasks)
        for task in spec.tasks:
            operator = made.task_dict[task.task_id]
            assert find_drift(operator, task.to_json(), str(CORPUS), "/dags") == ""
            assert sorted(operator.upstream_task_ids) == list(task.upstream)
            assert tuple(operator.template_fields) == (task.template_fields or ())


def test_a_task_runs_and_only_templates_are_rendered(dags):
    lines = ["- id: one", f"  uses: {BASH}", "  with: {bash_command: echo 1}", "- id: t", f"  uses: {BASH}", "  with:",
             '    bash_command: {$t: "echo $PLAIN {{ ti.xcom_pull(\'one\') }} $TAKEN"}',
             "    append_env: true", "    env:", '      PLAIN: "{{ ds }}"', "      TAKEN: {$x: one}"]  # fmt: skip
    text = SCHEMA + "dag_id: d\ntasks:\n" + "".join(f"  {line}\n" for line in lines)
    dags.write("", f__yaml=text)
    assert dags.run("one")["state"] == "success"
    assert dags.run("t")["state"] == "success"
    assert dags.result("t") == "{{ ds }} 1 1"


def test_dag_factory_s_files_are_made_by_dag_factory_itself(dags, monkeypatch):
    asked = {}

    def load_yaml_dags(names, **arguments):
        from airflow.sdk import DAG, BaseOperator

        asked.update(arguments)
        names["d"] = DAG("d")
        BaseOperator(task_id="t", dag=names["d"])

    monkeypatch.setitem(sys.modules, "dagfactory", types.SimpleNamespace(load_yaml_dags=load_yaml_dags))
    dags.write("", f__yaml="d: {tasks: {t: {operator: a.B}}}\n")
    assert list(dags.load().task_dict) == ["t"]
    assert asked == {"config_filepath": str(dags.folder / "f.yaml"), "defaults_config_path": str(dags.folder)}


def test_an_image_without_dag_factory_is_told_so(dags, monkeypatch):
    monkeypatch.setitem(sys.modules, "dagfactory", None)
    dags.write("", f__yaml="d: {tasks: {t: {operator: a.B}}}\n")
    outcome = dags.run("t", task={"operator": "B"})
    assert outcome["state"] == "failed"
    assert "has no dag-factory" in outcome["message"]


def test_the_dag_folder_of_the_configuration_is_where_the_file_lies(dags):
    dags.file = "f.py"
    dags.write("""
        from airflow.configuration import conf
        from airflow.sdk import DAG

        d = DAG("d", description=conf.get("core", "dags_folder"))
    """)
    assert dags.load().description == str(dags.folder)
