"""The example DAGs in dags/: read without a word of complaint, and as Airflow 3.3.2 itself reads them.

`examples.json` is what the oracle's `airflow_snapshot.py` printed for them, with GREETING as dags/goflow.yaml gives it.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest

from goflow.cli.export import next_runs
from goflow.domain.spec import FileFormat, Inputs
from goflow.parser.api import Folder, ParseResult, parse_file
from goflow.parser.export import file_document
from goflow.parser.folder import dag_files, folder_config

ROOT = Path(__file__).parents[4]
DAGS = ROOT / "dags"
COMPARE = ROOT.parent / "shared" / "oracle" / "compare.py"
PATHS = dag_files(DAGS)


@pytest.fixture(scope="module")
def readings() -> dict[str, ParseResult]:
    folder = Folder(DAGS, parse_path=str(DAGS))
    return {path: parse_file(folder, path, Inputs()) for path in PATHS}


def test_there_are_examples_of_both_formats():
    assert len(PATHS) >= 6
    assert {Path(path).suffix for path in PATHS} == {".py", ".yaml"}
    assert folder_config(DAGS).diagnostics == ()


@pytest.mark.parametrize("path", PATHS)
def test_an_example_is_read_without_complaint(readings, path):
    reading = readings[path]
    assert [str(finding) for finding in reading.diagnostics] == []
    assert len(reading.dags) == 1
    assert reading.looks_like_dag


def test_what_goflow_yaml_says_has_arrived(readings):
    (dag,) = readings["nightly_backup.yaml"].dags
    assert dag.file_format is FileFormat.YAML
    assert dag.runtime.labels == {"team": "storage"}
    assert dag.runtime.environment == {"GREETING": "Good morning"}
    (report,) = readings["morning_report.py"].dags
    assert report.task("greet").fields["env"] == {"GREETING": "Good morning"}


@pytest.mark.skipif(not COMPARE.exists(), reason="the oracle is not beside this checkout")
def test_python_examples_are_what_airflow_sees(readings):
    spec = importlib.util.spec_from_file_location("oracle_compare", COMPARE)
    assert spec is not None
    assert spec.loader is not None
    compare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compare)
    truth = json.loads((Path(__file__).parent / "examples.json").read_text())
    assert set(truth) == {path for path in PATHS if path.endswith(".py")}, "make examples.json anew"
    now = dt.datetime.now(dt.UTC)
    ours = {path: file_document(readings[path], next_runs, now) for path in truth}
    _, _, faults = compare.compare(truth, json.loads(json.dumps(ours)), dt.timedelta(0))
    assert faults == []
