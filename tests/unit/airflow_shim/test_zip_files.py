"""A DAG file in an archive is imported from the archive, and finds there what it imports."""

from __future__ import annotations

import sys
import zipfile

import pytest

from tests.unit.airflow_shim.kit import Dags, forget

FILE = """
from airflow.sdk import DAG, task
from inside_the_archive import answer

with DAG("d"):

    @task
    def t():
        import inside_the_archive

        return f"{answer()} {inside_the_archive.answer()} {__file__.rpartition('/dags.zip')[2]}"

    t()
"""

MAKERS = """
from airflow.sdk import DAG, task

def make():
    with DAG("d"):

        @task
        def t():
            return "made"

        t()
"""


class Zipped(Dags):
    """The same with an archive."""

    def given(self, task_id="t", dialect="airflow3", **more):
        found = super().given(task_id, dialect, **more)
        found["folder"] = {**found["folder"], "file": "dags.zip"}
        return found


@pytest.fixture
def dags(tmp_path, monkeypatch):
    """An archive with DAG files, one of which fails."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with zipfile.ZipFile(tmp_path / "dags.zip", "w") as archive:
        archive.writestr("a_broken_one.py", "raise ValueError('this airflow dag is broken')\n")
        archive.writestr("zipped_dag.py", FILE)
        archive.writestr("inside_the_archive.py", "def answer():\n    return 42\n")
        archive.writestr("left_alone.py", "raise ValueError('nobody imports this')\n")
    yield Zipped(tmp_path)
    forget()
    for name in ("zipped_dag", "inside_the_archive"):
        sys.modules.pop(name, None)


def test_a_task_of_an_archive_runs(dags):
    assert dags.run()["state"] == "success"
    assert dags.result() == "42 42 /zipped_dag.py"


def test_a_task_of_a_file_that_safe_mode_would_pass_over_runs_where_it_was_read_without(tmp_path, monkeypatch):
    """Nothing in the file says what safe mode looks for: it imports a module of the archive that does."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with zipfile.ZipFile(tmp_path / "dags.zip", "w") as archive:
        archive.writestr("makers/__init__.py", MAKERS)
        archive.writestr("plain.py", "from makers import make\nmake()\n")
    dags = Zipped(tmp_path)
    try:
        assert dags.run()["state"] == "success"
        assert dags.result() == "made"
    finally:
        forget()
        for name in ("plain", "makers"):
            sys.modules.pop(name, None)


def test_a_dag_that_is_not_there_is_told_with_what_failed(dags):
    outcome = dags.run(dag_id="other", task={"operator": "X"})
    assert outcome["state"] == "failed"
    assert "this airflow dag is broken" in outcome["message"]
