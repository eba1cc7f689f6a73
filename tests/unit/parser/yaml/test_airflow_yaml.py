"""Airflow's own YAML (AIP-85): every fault has its place, and what the format does not have yet is refused."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from goflow.domain.diagnostics import Severity
from goflow.domain.spec import Dialect, FileFormat, Inputs
from goflow.parser.api import Folder, ParseResult, parse_file

SCHEMA = "$schema: https://airflow.apache.org/schemas/dag/2026-10-30.json\n"
BASH = "airflow.providers.standard.operators.bash.BashOperator"


def read(text: str, tmp_path: Path, dialect: Dialect = Dialect.AIRFLOW3, **files: str) -> ParseResult:
    (tmp_path / "d.yaml").write_text(text)
    for name, content in files.items():
        (tmp_path / name.replace("__", ".")).write_text(content)
    return parse_file(Folder(tmp_path, parse_path="/dags", dialect=dialect), "d.yaml", Inputs())


def task(*lines: str) -> str:
    """A document with one task that has these LINES, the first of them on line 5 in column 5."""
    return f"{SCHEMA}dag_id: d\ntasks:\n  - id: a\n" + "".join(f"    {line}\n" for line in lines)


FAULTS = [
    ("text that is no YAML", SCHEMA + "dag_id: [a\n", ("GF003", 3, 1), "expected ',' or ']'"),
    ("a list", f"- {SCHEMA}", ("GF402", 1, 1), "has to be a mapping"),
    ("no id", SCHEMA, ("GF403", 1, 1), "the key dag_id is missing"),
    ("an id that is a number", SCHEMA + "dag_id: 3\n", ("GF402", 2, 1), "dag_id has to be a text"),
    ("a version to come", SCHEMA.replace("2026", "2027") + "dag_id: d\n", ("GF407", 1, 1), "version 2027-10-30"),
    ("another address", SCHEMA.replace(".json", "") + "dag_id: d\n", ("GF402", 1, 1), "$schema has to be"),
    ("a key twice", SCHEMA + "dag_id: d\ntasks: []\ntasks: []\n", ("GF405", 4, 1), "line 3 has it too"),
    ("default arguments", SCHEMA + "dag_id: d\ndefault_args: {}\n", ("GF407", 3, 1), "no default_args"),
    ("a callback", SCHEMA + "dag_id: d\non_failure_callback: a.b\n", ("GF407", 3, 1), "not in the format yet"),
    ("a mistyped argument", SCHEMA + "dag_id: d\ncatchupp: true\n", ("GF204", 3, 1), "no argument 'catchupp'"),
    ("a schedule that is a number", SCHEMA + "dag_id: d\nschedule: 3\n", ("GF402", 3, 1), "a schedule is a text"),
    ("a schedule without a class", SCHEMA + "dag_id: d\nschedule: {with: {}}\n", ("GF403", 3, 1), "uses is missing"),
    ("a marker in the DAG", SCHEMA + "dag_id: d\nparams: {p: {$t: x}}\n", ("GF402", 3, 14), "only stand under with"),
    ("tasks that are a mapping", SCHEMA + "dag_id: d\ntasks: {}\n", ("GF402", 3, 1), "tasks have to be a list"),
    ("a task that is a text", SCHEMA + "dag_id: d\ntasks: [a]\n", ("GF402", 3, 9), "a task has to be a mapping"),
    ("two tasks of one id", task("needs: []") + "  - id: a\n", ("GF202", 6, 5), "there is a task 'a' already"),
    ("a task before it that is not there", task("needs: [b]"), ("GF402", 5, 13), "there is no task 'b'"),
    ("a task that waits for itself", task("needs: [a]"), ("GF201", 5, 13), "waits for itself"),
    ("needs that are a text", task("needs: b"), ("GF402", 5, 5), "needs has to be a list"),
    ("tasks in a circle", task("needs: [b]") + "  - {id: b, needs: [a]}\n", ("GF201", 5, 5), "wait for each other"),
    ("uses and run", task(f"uses: {BASH}", "run: {}"), ("GF402", 6, 5), "not both"),
    ("a task handler", task("run: {x: 1}"), ("GF407", 5, 5), "carried out by a task handler"),
    ("outlets", task("outlets: []"), ("GF407", 5, 5), "outlets is not in the format yet"),
    ("an argument of the operator beside with", task(f"uses: {BASH}", "bash_command: x"), ("GF401", 6, 5), "every task"),
    ("an argument of every task under with", task(f"uses: {BASH}", "with: {retries: 1}"), ("GF402", 6, 12), "of every task"),
    ("a task group", task("task_group: g"), ("GF402", 5, 5), "cannot be set on a task"),
    ("a mistyped argument of the operator", task(f"uses: {BASH}", "with: {bash_comand: x, bash_command: y}"),
     ("GF204", 4, 5), "bash_comand"),
    ("no such operator", task("uses: airflow.sdk.NoSuchOperator"), ("GF006", 5, 5), "NoSuchOperator"),
    ("an operator that nobody knows", task("uses: company.operators.Some"), ("GF407", 5, 5), "is not known here"),
    ("an unknown marker", task(f"uses: {BASH}", "with: {bash_command: {$v: x}}"), ("GF401", 6, 27), "'$v' is no marker"),
    ("a marker that is not alone", task(f"uses: {BASH}", "with: {env: {$t: x, a: b}}"), ("GF401", 6, 18), "'$t'"),
    ("a template that is a list", task(f"uses: {BASH}", "with: {bash_command: {$t: []}}"), ("GF402", 6, 27), "a text"),
    ("a name of a file by a template", task(f"uses: {BASH}", "with: {bash_command: {$f: {$t: x}}}"), ("GF407", 6, 27),
     "templated filename"),
    ("a file that is not there", task(f"uses: {BASH}", "with: {bash_command: {$f: x.sh}}"), ("GF402", 6, 27),
     "cannot be read"),
    ("a file outside", task(f"uses: {BASH}", "with: {bash_command: {$f: ../x.sh}}"), ("GF402", 6, 27), "outside"),
    ("an XCom of nobody", task(f"uses: {BASH}", "with: {bash_command: {$x: b}}"), ("GF402", 6, 12), "no task 'b'"),
    ("an XCom with a mistyped key", task(f"uses: {BASH}", "with: {bash_command: {$x: {task: b, keys: c}}}"),
     ("GF401", 6, 41), "'keys'"),
    ("a marker where no template is", task(f"uses: {BASH}", "with: {bash_command: x, append_env: {$t: x}}"),
     ("GF402", 6, 29), "append_env of BashOperator is no template field"),
    ("a template that is not there", task("extends: [x]"), ("GF402", 5, 5), "there is no template 'x'"),
    ("templates in a circle", SCHEMA + "dag_id: d\ntemplates:\n  x: {extends: y}\n  y: {extends: x}\n"
     "tasks: [{id: a, extends: x}]\n", ("GF402", 5, 7), "the template 'x' extends itself"),
    ("a fault that a template brings", SCHEMA + "dag_id: d\ntemplates:\n  x:\n    retires: 1\n"
     "tasks: [{id: a, extends: x}]\n", ("GF401", 5, 5), "'retires' is no argument"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "words"), [c[1:] for c in FAULTS], ids=[c[0] for c in FAULTS])
def test_a_fault_is_told_where_it_stands(tmp_path, text, place, words):
    result = read(text, tmp_path)
    assert result.dags == ()
    (found,) = result.diagnostics
    assert (found.code, found.span.line, found.span.column) == place, found
    assert words in found.message


def test_all_faults_are_told_at_once(tmp_path):
    text = SCHEMA + "dag_id: ''\nschedule: 3\ntasks:\n  - {id: a, needs: [b], uses: 3}\n  - {}\n"
    assert [(d.code, d.span.line) for d in read(text, tmp_path).diagnostics] == [
        ("GF402", 2), ("GF402", 3), ("GF402", 5), ("GF403", 6), ("GF402", 5),
    ]  # fmt: skip


def test_one_document_with_a_fault_takes_the_others_with_it_as_in_airflow(tmp_path):
    result = read(f"{SCHEMA}dag_id: good\n---\n{SCHEMA}dag_id: bad\ntasks: 3\n", tmp_path)
    assert result.dags == ()
    assert [(d.code, d.severity, d.span.line) for d in result.diagnostics] == [("GF402", Severity.ERROR, 6)]


def test_two_documents_of_one_id_are_refused(tmp_path):
    result = read(f"{SCHEMA}dag_id: d\n---\n{SCHEMA}dag_id: d\n", tmp_path)
    assert [(d.code, d.span.line) for d in result.diagnostics] == [("GF007", 5)]


def test_it_is_airflow_3_whatever_the_folder_is(tmp_path):
    (dag,) = read(f"{SCHEMA}dag_id: d\n", tmp_path, Dialect.AIRFLOW2).dags
    assert (dag.dialect, dag.file_format, dag.catchup) == (Dialect.AIRFLOW3, FileFormat.YAML, False)


def test_files_that_are_named_belong_to_the_version(tmp_path):
    text = task(f"uses: {BASH}", "with: {bash_command: {$f: x.sh}}")
    result = read(text, tmp_path, x__sh="echo {{ ds }}")
    assert set(result.closure) == {"d.yaml", "goflow.yaml", "x.sh"}


def test_only_templates_are_rendered(tmp_path):
    text = task(f"uses: {BASH}", 'with: {bash_command: "echo {{ ds }}", env: {A: {$t: "{{ ds }}"}, B: "{{ ds }}"}}')
    (dag,) = read(text, tmp_path).dags
    (found,) = dag.tasks
    assert list(found.fields) == ["env", "cwd"]
    assert found.fields["env"]["A"] == "{{ ds }}"
    assert "LiteralValue" in str(found.fields["env"]["B"])


@pytest.mark.parametrize("value", ["PT5M", "2024-01-01", '"2024-01-01"', "1h"])
def test_what_may_be_a_date_of_an_unknown_class_is_no_guess(tmp_path, value):
    uses = "airflow.providers.http.sensors.http.HttpSensor"
    text = task(f"uses: {uses}", f"with: {{endpoint: x, method: {value}}}")
    (dag,) = read(text, tmp_path).dags
    assert "annotated" in str(dag.tasks[0].to_json())


def test_bombs_end_in_a_diagnostic(tmp_path):
    text = SCHEMA + "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for one, other in zip("abcdefg", "bcdefgh", strict=True):
        text += f"{other}: &{other} [{', '.join([f'*{one}'] * 10)}]\n"
    assert [d.code for d in read(text, tmp_path).diagnostics] == ["GF005"]
    assert [d.code for d in read(SCHEMA + "a: " + "[" * 3000, tmp_path).diagnostics] == ["GF005"]
    assert [d.code for d in read(SCHEMA + "a: " + "[" * 3000 + "]" * 3000, tmp_path).diagnostics] == ["GF005"]


def test_templates_that_multiply_are_merged_once(tmp_path):
    lines = ["t0: {retries: 1}"] + [f"t{n}: {{extends: [t{n - 1}, t{n - 1}]}}" for n in range(1, 60)]
    text = textwrap.dedent(f"{SCHEMA}dag_id: d\ntemplates:\n") + "".join(f"  {line}\n" for line in lines)
    (dag,) = read(text + "tasks: [{id: a, extends: t59}]\n", tmp_path).dags
    assert dag.tasks[0].retries == 1


def test_dag_factory_s_yaml_is_a_dag_file_by_itself(tmp_path):
    text = "d:\n  tasks:\n    a: {operator: airflow.operators.empty.EmptyOperator}\n    b:\n"
    text += f"      operator: {BASH}\n      bash_command: date\n      dependencies: [a]\n"
    result = read(text, tmp_path, defaults__yml="default_args: {owner: all}\n")
    (dag,) = result.dags
    assert (dag.dag_id, dag.file_format, dag.tags) == ("d", FileFormat.YAML, ("dagfactory",))
    assert [(t.task_id, t.upstream, t.owner) for t in dag.tasks] == [("a", (), "all"), ("b", ("a",), "all")]
    assert "defaults.yml" in result.closure
