"""Archives of DAG files that `goflow.yaml` says to run: the same DAGs as evaluating them gives."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Inputs
from goflow.parser.api import Folder, ParseResult, parse_file
from tests.unit.parser.folder.test_archives import FILES, archive

TASKS = """
import helpers
from airflow.sdk import DAG, task
from airflow.providers.standard.operators.python import PythonOperator

with DAG("tasks", schedule=None):
    @task
    def own():
        import lazily

    PythonOperator(task_id="theirs", python_callable=helpers.make) >> own()
"""


@pytest.fixture
def read(tmp_path, accounts):
    def run(files: dict[str, str], mode: str = "sandbox") -> ParseResult:
        (tmp_path / "goflow.yaml").write_text(f"import_mode: {mode}\n")
        (tmp_path / "dags.zip").write_bytes(archive(files))
        return parse_file(Folder(tmp_path), "dags.zip", Inputs())

    return run


def test_an_archive_that_is_run_gives_what_evaluating_it_gives(read):
    files = {**FILES, "tasks.py": TASKS}
    ran, evaluated = read(files), read(files, "evaluate")
    assert [dag.dag_id for dag in ran.dags] == ["first", "second", "tasks"]
    assert [dag.digest() for dag in ran.dags] == [dag.digest() for dag in evaluated.dags]
    assert (ran.read_by, {dag.read_by for dag in ran.dags}) == ("sandbox", {"sandbox"})
    assert [found.code for found in ran.diagnostics] == ["GF505"]
    assert [task.line for dag in ran.dags for task in dag.tasks] == [
        task.line for dag in evaluated.dags for task in dag.tasks
    ]


def test_what_cannot_be_evaluated_in_it_is_found_out(read):
    text = "import sqlite3\nfrom airflow.sdk import DAG\nrow = sqlite3.connect(':memory:').execute('select 7').fetchone()\nd = DAG(f'd{row[0]}')\n"
    assert read({"a.py": text}, "evaluate").dags == ()
    assert [dag.dag_id for dag in read({"a.py": text}).dags] == ["d7"]


def test_a_file_that_fails_leaves_the_others_alone_and_is_named(read):
    result = read({"a.py": "\nraise ValueError('no airflow dag')\n", **FILES, "z.py": "dag airflow"})
    assert [dag.dag_id for dag in result.dags] == ["first", "second"]
    told = [(found.code, found.span.path, found.span.line) for found in result.diagnostics]
    assert told == [("GF505", "dags.zip", 0), ("GF004", "dags.zip/a.py", 2), ("GF002", "dags.zip/z.py", 1)]


def test_modules_that_its_functions_import_belong_to_it(read, tmp_path):
    (tmp_path / "lazily.py").write_text("X = 1\n")
    closure = read({**FILES, "tasks.py": TASKS}).closure
    assert closure["lazily.py"]
    assert closure["dags.zip"]
