"""What a reading process answers of what the parser gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goflow.domain.spec import DagSpec, Dialect, Inputs
from goflow.importer.messages import Setup
from goflow.importer.worker import read_file
from goflow.parser.api import ParseResult


def test_a_dag_that_cannot_be_written_down_costs_no_other_of_its_file(tmp_path: Path) -> None:
    odd = DagSpec(dag_id="odd", line=3, tags=(b"x",))  # type: ignore[arg-type]

    def parse(folder: Any, path: str, inputs: Inputs) -> ParseResult:
        return ParseResult(path=path, file_hash="f", dags=(odd, DagSpec(dag_id="good", line=9)))

    setup = Setup(
        root=tmp_path,
        import_roots=(),
        parse_path="/dags",
        dialect=Dialect.AIRFLOW3,
        safe_mode=True,
        environment={},
        runs_files=False,
        inputs=Inputs(),
    )
    answer = read_file(parse, setup, "a.py")
    assert [dag.dag_id for dag in answer.dags] == ["good"]
    (said,) = answer.diagnostics
    assert (said.code, said.dag_id, said.span.line) == ("GF103", "odd", 3)
    assert "0 of tags of the DAG holds a bytes" in said.message
