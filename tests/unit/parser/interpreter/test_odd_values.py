"""Values that Python has and that JSON, a database or a text cannot have: read, and told of, all the same."""

from __future__ import annotations

import pytest

from goflow.domain.canonical import canonical_json
from goflow.domain.spec import Inputs
from goflow.operators.registry import findings
from goflow.parser.api import Folder, parse_file

HEAD = "from airflow import DAG\nfrom airflow.providers.standard.operators.bash import BashOperator\n"
LONG = "10 ** 5000"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (f"raise ValueError({LONG})", ["GF004"]),
        (f"raise KeyError({LONG})", ["GF004"]),
        (f"{{}}[{LONG}]", ["GF004"]),
        ("raise ValueError('\\ud800')", ["GF004"]),
        ("x = DAG('a', description='\\ud800', tags=['\\udfff'])", []),
        (f"with DAG('a'):\n    BashOperator(task_id='t', bash_command='x', env={{'a': {LONG}}})", []),
        (f"with DAG('a'):\n    BashOperator(task_id='t', bash_command='x', retries={LONG})", ["GF101"]),
        (f"x = DAG('a', max_active_runs={LONG})", ["GF101"]),
        (f"with DAG('a'):\n    BashOperator(task_id='t', bash_command='x', x={LONG})", ["GF204"]),
        (f"import dagfactory\ndagfactory.load_yaml_dags(globals(), config_dict={{'a': {LONG}}})", ["GF004"]),
    ],
)
def test_odd_values(text, codes, tmp_path):
    (tmp_path / "a.py").write_text(f"{HEAD}{text}\n")
    result = parse_file(Folder(tmp_path, safe_mode=False), "a.py", Inputs())
    told = findings(result)
    assert [problem.code for problem in told] == codes
    assert all(problem.message.encode() and problem.hint.encode() is not None for problem in told)
    for dag in result.dags:
        assert canonical_json(dag.to_json()).encode()
