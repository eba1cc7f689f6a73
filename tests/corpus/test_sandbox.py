"""Both ways of reading give the same DAGs: the file evaluated, and the file run."""

from __future__ import annotations

from pathlib import Path

import pytest

from goflow.cli._reading import inputs_of
from goflow.domain.spec import Dialect
from goflow.parser.api import Folder
from goflow.parser.reading import evaluate_file
from goflow.parser.sandbox import read_in_sandbox
from tests.corpus.accounts import Accounts
from tests.corpus.differing import differences

HERE = Path(__file__).parent
FOLDERS = {
    "airflow2": (HERE / "files" / "airflow2", Dialect.AIRFLOW2),
    "airflow3": (HERE / "files" / "airflow3", Dialect.AIRFLOW3),
    "dags": (HERE.parents[1] / "dags", Dialect.AIRFLOW3),
}
NOT_RUN = {"providers_constants.py", "providers_fields.py"}
"""Files that the shim cannot run: it has no constants, groups or client libraries of providers."""
CASES = [
    (name, path.relative_to(root).as_posix())
    for name, (root, _) in FOLDERS.items()
    for path in sorted(root.rglob("*.py"))
    if path.parent.name != "dagfactory"  # evaluated by a model of dag-factory; to be run they would need the package
    if path.name not in NOT_RUN
]


@pytest.fixture(scope="module")
def accounts():
    process = Accounts()
    yield process
    process.end()


@pytest.mark.parametrize(("name", "path"), CASES)
def test_a_file_that_is_run_gives_what_evaluating_it_gives(accounts, name, path):
    root, dialect = FOLDERS[name]
    folder = Folder(root, parse_path=str(root), dialect=dialect)
    inputs = inputs_of(HERE / "files" / "inputs.json")
    content = (root / path).read_bytes()
    evaluated = evaluate_file(folder, path, content, inputs, "default")

    def run(session, folder, inputs):
        return read_in_sandbox(session, folder, inputs, accounts)

    ran = evaluate_file(folder, path, content, inputs, "default", run)
    assert sorted(dag.dag_id for dag in ran.dags) == sorted(dag.dag_id for dag in evaluated.dags)
    assert {dag.read_by for dag in ran.dags} <= {"sandbox"}
    theirs = {dag.dag_id: dag for dag in ran.dags}
    for one in evaluated.dags:
        other = theirs[one.dag_id]
        told = {**other.to_json()}
        told.pop("read_by")
        assert differences(one.to_json(), told) == []
