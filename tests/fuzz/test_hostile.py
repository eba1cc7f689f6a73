"""Files that mean harm: each ends within its budget with a diagnostic, and harms nobody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from goflow.importer.messages import Setup
from goflow.importer.pool import ReaderPool
from tests.fuzz.hostile import cases
from tests.fuzz.reading import reading_in
from tests.fuzz.sweep import memory_mb

MOST_MEMORY_MB = 1536
MOST_S = 60.0
FINE = frozenset({
    "loop: a file that imports itself", "loop: a metaclass without end", "loop: a list in itself, copied",
    "memory: a factorial", "memory: combinations in number", "memory: Fraction", "depth: comparisons", "depth: decorators",
    "depth: f-strings", "depth: a chain of tasks", "depth: a long text", "depth: nested data, lowered",
})  # fmt: skip
"""These are read without harm: there is nothing to say of them, or what is asked for is not known anyway."""
CALM = "from airflow import DAG\ndag = DAG('calm')\n"
LONG = frozenset({  # by hand: python -m tests.fuzz.hostile
    "loop: undecided arms that double", "memory: many copies", "memory: json", "memory: json indent", "memory: datetimes",
    "memory: translate", "memory: textwrap", "memory: escapes that double", "memory: classes by the million",
    "memory: tasks by the million", "memory: edges by the million", "memory: Dags by the million", "memory: mapped literals",
    "memory: textwrap in many lines", "depth: a csv", "depth: many statements", "depth: a long line", "depth: nested YAML",
    "depth: aliases by hand, as YAML", "depth: a hundred megabytes of lines", "memory: Template",
    "depth: a YAML of aliases in an argument", "depth: a YAML of aliases", "depth: nested YAML blocks",
})  # fmt: skip
PATTERNS = {"regex: nested quantifiers", "regex: sub", "regex: a compiled one"}
QUICK = [name for name in cases() if name not in LONG and (name in PATTERNS or not name.startswith("regex"))]


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReaderPool, Setup, Path]]:
    root = tmp_path_factory.mktemp("hostile")
    (root / "calm.py").write_text(CALM)
    with reading_in(root) as (pool, setup):
        yield pool, setup, root


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.timeout(180)
def test_it_ends_within_its_budget(reading, name):
    pool, setup, root = reading
    (root / "case.py").write_text(cases()[name]())
    begun = time.monotonic()
    [found] = pool.read(setup, ["case.py"])
    assert time.monotonic() - begun < MOST_S
    assert max([memory_mb(pid) for pid in pool.pids()] or [0]) < MOST_MEMORY_MB
    codes = {problem.code for problem in found.diagnostics}
    assert codes <= {"GF001", "GF002", "GF004", "GF005", "GF101", "GF103"}
    assert codes or name in FINE
    [calm] = pool.read(setup, ["calm.py"])
    assert [dag.dag_id for dag in calm.dags] == ["calm"]
