"""The documents, their mapping and what ``docs/logs.md`` says of them are one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from goflow.domain.runs import new_launch_id
from goflow.logs.contract import Line, Source, day_of, first_id_of
from goflow.logs.documents import FIELDS, document, document_id, line_of, mapping
from goflow.store.rows import LogRow

SOURCE = Source(
    launch_id=new_launch_id(),
    dag_id="d",
    run_id="r",
    task_id="t",
    map_index=3,
    try_number=2,
    namespace="n",
    job_name="j",
)
LINE = Line(SOURCE, LogRow(seq=5, at=1764400000.25, stream="out", text="x"))


def flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in value.items():
        found |= flat(inner, f"{before}{name}.") if isinstance(inner, dict) else {before + name: inner}
    return found


def test_every_field_is_documented_with_its_type_and_no_other():
    text = (Path(__file__).parents[3] / "docs" / "logs.md").read_text()
    table = text.partition("### The fields")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^\| `([\w.@]+)` \| (\w+)", table, flags=re.MULTILINE))
    assert told == {name: how["type"] for name, how in FIELDS.items()}


def test_a_document_has_all_fields_and_becomes_the_line_again():
    made = document(LINE, "house")
    assert set(flat(made)) == set(FIELDS)
    assert line_of(made) == LINE
    assert made["@timestamp"] == "2025-11-29T07:06:40.250+00:00"
    assert document_id(LINE) == f"{SOURCE.launch_id}-5"


def test_the_mapping_has_them_nested():
    found = mapping()["properties"]
    assert found["goflow"]["properties"]["dag_id"]["type"] == "keyword"
    assert found["orchestrator"]["properties"]["resource"]["properties"]["name"]["type"] == "keyword"


def test_a_launchs_id_says_its_day():
    day = day_of(SOURCE.launch_id)
    assert first_id_of(day) <= SOURCE.launch_id
    assert day_of(first_id_of(day) + "0" * 20) == day
