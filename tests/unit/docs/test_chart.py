"""The chart's values: each is explained and has a default, and the schema is where both stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from goflow import __version__

CHART = Path(__file__).parents[3] / "helm" / "goflow"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
HELMS_OWN = "global"


def values() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every value with what the schema says of it, those inside of definitions once."""

    def below(path: str, node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield path, node
        if "default" not in node:
            for name, inner in node.get("properties", {}).items():
                yield from below(f"{path}.{name}", inner)

    for place in ("definitions", "properties"):
        for name, node in SCHEMA[place].items():
            yield from below(name, node)


def test_every_value_is_explained_in_sentences() -> None:
    said = {path: node.get("description", "") for path, node in values()}
    assert [path for path, words in said.items() if not words.endswith((".", "`."))] == []
    assert [path for path, words in said.items() if words[:1].islower() and not words.startswith("git-sync")] == []


def test_the_defaults_are_what_the_schema_allows() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert [error.json_path for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(DEFAULTS)] == []


def test_every_value_has_a_default() -> None:
    def missing(node: dict[str, Any], given: Any, path: str) -> Iterator[str]:
        node = SCHEMA["definitions"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        if given is None:
            yield path
        elif "default" not in node:
            for name, inner in node.get("properties", {}).items():
                yield from missing(inner, given.get(name), f"{path}.{name}")

    assert list(missing(SCHEMA, DEFAULTS | {HELMS_OWN: {}}, "")) == []


def test_the_chart_is_written_for_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", chart["version"])
