"""Every DAG of the corpus, held against what real Airflow sees in it: right, or an honest unknown, never wrong."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from goflow.cli._reading import inputs_of
from goflow.cli.export import next_runs
from goflow.domain.spec import Dialect
from goflow.parser.api import Folder, parse_file
from goflow.parser.export import file_document

HERE = Path(__file__).parent
COMPARE = HERE.parents[2] / "shared" / "oracle" / "compare.py"
DIALECTS = {"airflow2": Dialect.AIRFLOW2, "airflow3": Dialect.AIRFLOW3}
TRUTH = {name: json.loads((HERE / "truth" / f"{name}.json").read_text()) for name in DIALECTS}
UNKNOWN = {
    "unknown_to_any_reader.py": 3,  # chance and the network: that these stay unknown is what the file is for
    "params_and_args.py": 1,  # the address of an object in a text
    "corners/dateutil_parsing.py": 1,  # a time of day without a date, which is today's
    "corners/files_beside_the_dag.py": 1,  # the home folder of whoever reads
    "corners/language_tour.py": 1,  # how an OrderedDict is shown goes by Python's version
}
"""How many values of a file are honest unknowns; for all other files there may be none."""
TAKEN = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
"""When the truth was taken, for the moments that move with the day."""
CASES = [(name, path) for name, truth in TRUTH.items() for path in sorted(truth)]


@cache
def compare() -> Any:
    """The oracle's own judge."""
    spec = importlib.util.spec_from_file_location("oracle_compare", COMPARE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reading_of(name: str, path: str) -> dict[str, Any]:
    root = HERE / "files" / name
    folder = Folder(root, parse_path=str(root), dialect=DIALECTS[name])
    result = parse_file(folder, path, inputs_of(HERE / "files" / "inputs.json"))
    document = file_document(result, next_runs, TAKEN)
    answer: dict[str, Any] = json.loads(json.dumps(document))
    return answer


@pytest.mark.skipif(not COMPARE.exists(), reason="the oracle is not beside this checkout")
@pytest.mark.parametrize(("name", "path"), CASES)
def test_a_file_is_read_as_airflow_reads_it(name, path):
    truth, ours = {path: TRUTH[name][path]}, {path: reading_of(name, path)}
    _, _, faults = compare().compare(truth, ours, dt.timedelta(0))
    told = [f"{where}: {what}: airflow={json.dumps(a)} goflow={json.dumps(b)}" for _, where, what, a, b in faults]
    unknown = [words for words in told if ": unknown " in words]
    assert [words for words in told if words not in unknown] == []
    assert len(unknown) == UNKNOWN.get(path, 0), unknown
    assert bool(TRUTH[name][path]["error"]) == bool(ours[path]["error"])
