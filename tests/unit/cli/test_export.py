"""`goflow export`: the whole document of a folder."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner

from goflow.cli import main
from goflow.cli.export import next_runs
from goflow.domain.moments import Moment
from goflow.domain.spec import DagSpec, Schedule

NATIVE = "Name: {name}\nCommand: [a]\nSchedule: '@daily'\nStartDateTime: 2024-01-01\n"


def export(*arguments: str):
    result = CliRunner().invoke(main, ["export", *arguments])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_files_that_airflow_looks_at_are_listed_with_their_dags(tmp_path):
    (tmp_path / "a.yaml").write_text(NATIVE.format(name="native"))
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    (tmp_path / "ignored.yaml").write_text(NATIVE.format(name="ignored"))
    (tmp_path / "plain.py").write_text("x = 1\n")
    (tmp_path / ".airflowignore").write_text("ignored.yaml\n")
    document = export(str(tmp_path))
    assert sorted(document) == ["a.yaml", "plain.py"]
    assert document["plain.py"] == {"seconds": document["plain.py"]["seconds"], "error": None, "dags": {}}
    dag = document["a.yaml"]["dags"]["native"]
    assert dag["schedule"] == {"cron": "0 0 * * *", "timezone": "UTC"}
    midnight = "2024-01-01T00:00:00+00:00"
    assert dag["next_runs"][0] == [midnight] * 4
    assert len(dag["next_runs"]) == 3
    assert list(dag["tasks"]) == ["native"]


def test_a_glob_chooses_files(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(NATIVE.format(name=name))
    assert sorted(export(str(tmp_path), "--glob", "**/t*.yaml")) == ["two.yaml"]


def test_python_files_are_read_with_their_inputs_and_import_roots(tmp_path):
    folder, beside = tmp_path / "dags", tmp_path / "beside"
    folder.mkdir()
    beside.mkdir()
    (beside / "helpers.py").write_text("TAGS = ['from', 'beside']\n")
    (folder / "a.py").write_text(
        "import os\n"
        "from datetime import datetime\n"
        "from airflow import DAG\n"
        "from airflow.models import Variable\n"
        "from helpers import TAGS\n"
        "with DAG(os.environ['NAME'], start_date=datetime(2024, 1, 1), tags=TAGS,\n"
        "         description=Variable.get('words'), schedule=None):\n"
        "    pass\n"
    )
    inputs = tmp_path / "inputs.json"
    inputs.write_text(json.dumps({"variables": {"words": "of a variable"}, "env": {"NAME": "named"}}))
    document = export(str(folder), "--inputs", str(inputs), "--sys-path", str(beside))
    dag = document["a.py"]["dags"]["named"]
    assert (dag["tags"], dag["description"], dag["schedule"]) == (["beside", "from"], "of a variable", None)


@pytest.mark.parametrize(("airflow", "catchup"), [("2", True), ("3", False)])
def test_the_dialect_decides_defaults(tmp_path, airflow, catchup):
    (tmp_path / "a.py").write_text("from airflow import DAG\ndag = DAG('x', schedule=None)\n")
    assert export(str(tmp_path), "--airflow", airflow)["a.py"]["dags"]["x"]["catchup"] is catchup


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(kind="custom", timetable="Own"), {"unknown": "timetable Own is a class of the author's own"}),
        (Schedule(kind="cron", crons=("0 0 30 2 *",)), {"object": "CroniterBadDateError"}),
        (Schedule(), []),
    ],
    ids=["a class of one's own", "a date that never comes", "by hand"],
)
def test_next_runs_that_cannot_be_told_are_not_guessed(schedule, expected):
    now = dt.datetime(2024, 5, 6, tzinfo=dt.UTC)
    assert next_runs(DagSpec(dag_id="x", schedule=schedule, start_date=Moment(at=now)), now) == expected
