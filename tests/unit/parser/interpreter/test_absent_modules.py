"""Modules that `absent_modules` in goflow.yaml says the tasks' containers do not have."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Inputs
from goflow.parser.api import Folder, parse_file

HEAD = "from airflow.sdk import DAG\n"
END = "\ndag = DAG('d', params={'x': x})\n"


def read(tmp_path, text, config="", **inputs):
    (tmp_path / "goflow.yaml").write_text(config)
    (tmp_path / "a.py").write_text(HEAD + text + END)
    return parse_file(Folder(tmp_path), "a.py", Inputs(**inputs))


TRY = "try:\n    {}\n    x = 'there'\nexcept {}:\n    x = 'absent'"
IMPORTS = {
    "a module": ("import pandas", "ImportError", "absent"),
    "a module in it": ("import pandas.tseries.holiday", "ModuleNotFoundError", "absent"),
    "a name of a module in it": ("from pandas.tseries import holiday", "ImportError", "absent"),
    "a module whose name begins alike": ("import pandas_gbq", "ImportError", "there"),
    "one inside a package that is there": ("from google.cloud import bigtable", "ImportError", "absent"),
    "one beside it": ("from google.cloud import storage", "ImportError", "there"),
    "one that GoFlow has a model of": ("import yaml", "ImportError", "absent"),
    "a provider": ("from airflow.providers.amazon.aws.hooks.s3 import S3Hook", "ImportError", "absent"),
    "a provider as a name": ("from airflow.providers import amazon", "ImportError", "absent"),
    "another provider": ("from airflow.providers.http.hooks.http import HttpHook", "ImportError", "there"),
    "importlib": ("import importlib; importlib.import_module('pandas')", "ImportError", "absent"),
    "one of the folder's own": ("import ours", "ImportError", "there"),
}


@pytest.mark.parametrize(("statement", "kind", "expected"), IMPORTS.values(), ids=IMPORTS)
def test_an_import_of_one_fails(tmp_path, statement, kind, expected):
    (tmp_path / "ours.py").write_text("")
    config = "absent_modules: [pandas, google.cloud.bigtable, yaml, airflow.providers.amazon, ours]\n"
    result = read(tmp_path, TRY.format(statement, kind), config)
    assert result.dags[0].params["x"] == expected


def test_where_nothing_catches_it_the_file_fails_as_in_the_container(tmp_path):
    (finding,) = read(tmp_path, "import pandas\nx = 1", "absent_modules: pandas\n").diagnostics
    assert finding.message == "ModuleNotFoundError: No module named 'pandas'"


def test_find_spec_finds_none(tmp_path):
    text = "from importlib.util import find_spec\nx = [find_spec('pandas') is None, find_spec('numpy')]"
    said = read(tmp_path, text, "absent_modules: [pandas]\n").dags[0].params["x"]
    assert said[0] is True
    assert "numpy" in said[1]["$hole"]["reason"]


def test_rules_and_inputs_add_to_what_the_folder_says(tmp_path):
    config = (
        "absent_modules: [one]\nrules:\n- {path: a.py, absent_modules: [two]}\n- {path: b.py, absent_modules: [four]}\n"
    )
    text = "x = []\nfor name in ('one', 'two', 'three', 'four'):\n"
    text += "    try:\n        __import__(name)\n    except ImportError:\n        x.append(name)"
    result = read(tmp_path, text, config, absent_modules=frozenset({"three"}))
    assert result.dags[0].params["x"] == ["one", "two", "three"]
    assert "goflow.yaml" in result.closure


def test_a_module_that_is_taken_to_be_there_is_told_with_the_way_out(tmp_path):
    result = read(tmp_path, TRY.format("import pandas", "ImportError"))
    (note,) = [one for one in result.diagnostics if one.code == "GF006"]
    assert "`absent_modules: [pandas]`" in note.hint
    said = read(tmp_path, TRY.format("import pandas", "ImportError"), "absent_modules: [pandas]\n")
    assert not [one for one in said.diagnostics if one.code == "GF006"]


@pytest.mark.parametrize("value", ["a-b", "[a.]", "3.1"])
def test_what_is_no_name_of_a_module_is_refused(tmp_path, value):
    found = read(tmp_path, "x = 1", f"absent_modules: {value}\n").diagnostics
    assert [one.code for one in found][:1] == ["GF402"]
