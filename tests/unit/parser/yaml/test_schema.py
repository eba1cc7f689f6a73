"""The published JSON Schemas say what the reader does, and are what is in the repository."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

import goflow.parser
from goflow.domain.diagnostics import Severity
from goflow.parser.folder import keys as folder_keys
from goflow.parser.yaml import keys as native_keys
from goflow.parser.yaml import read_native

PARSER = Path(goflow.parser.__file__).parent
ROOT = Path(__file__).parents[4]
NATIVE, CONFIG = native_keys.json_schema(), folder_keys.json_schema()


@pytest.mark.parametrize(("path", "schema"), [("yaml/native.schema.json", NATIVE), ("goflow-yaml.schema.json", CONFIG)])
def test_the_published_file_is_what_the_table_says(path, schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    published = json.loads((PARSER / path).read_text())
    assert published == schema, "run .venv/bin/python tools/schemas.py"


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("Name: xy\nCommand: [a, 5]\n", True),
        ("Name: xy\nTasks: [{Name: a, DependsOn: b, Command: [x]}]\n", True),
        ("Name: xy\nTimeLimit: 1h30m\nCommand: [a]\nSchedule: null\n", True),
        ("Name: xy\nCommand: [a]\nResources: {limits: {cpu: 500m}}\n", True),
        ("Name: xy\nCommand: a\n", False),
        ("Name: x\nCommand: [a]\n", False),
        ("Command: [a]\n", False),
        ("Name: xy\nCommand: [a]\nRetries: -1\n", False),
        ("Name: xy\nCommand: [a]\nNope: 1\n", False),
        ("Name: xy\nTasks: []\n", False),
    ],
)
def test_schema_and_reader_agree(text, valid):
    document = YAML(typ="safe", pure=True).load(text)
    errors = list(jsonschema.Draft202012Validator(NATIVE).iter_errors(document))
    findings = read_native(text.encode(), "x.yaml").diagnostics
    structural = [d for d in findings if d.severity is Severity.ERROR and "there is no task" not in d.message]
    assert (errors == []) is valid
    assert (structural == []) is valid


def keys_in(schema) -> set[str]:
    """The names of all properties anywhere in SCHEMA."""
    if isinstance(schema, list):
        return set().union(*map(keys_in, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(keys_in, schema.values()))


@pytest.mark.parametrize(("page", "schema"), [("native-yaml.md", NATIVE), ("goflow-yaml.md", CONFIG)])
def test_every_key_is_documented(page, schema):
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs" / page).read_text()))
    assert len(keys_in(schema)) > 15
    assert keys_in(schema) - documented == set()


@pytest.mark.parametrize("table", [native_keys.DAG, native_keys.TASK, folder_keys.CONFIG, folder_keys.RULE])
def test_every_key_has_a_description(table):
    assert [key.name for key in table.keys if not key.doc] == []
