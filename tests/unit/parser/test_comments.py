"""``# goflow: ignore[CODE]``: where such comments are found, what they hold for, and what is told of idle ones."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from goflow.domain.diagnostics import Severity
from goflow.domain.spec import Inputs
from goflow.operators.registry import findings
from goflow.parser.api import Folder, parse_file
from goflow.parser.comments import ignores_in


def ignores(text: str, path: str = "f.py"):
    found, _ = ignores_in(textwrap.dedent(text).encode(), path)
    return [(one.code, one.first, one.last) for one in found]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("x = 1  # goflow: ignore[GF102]\n", [("GF102", 1, 1)]),
        ("x = 1  # goflow: ignore[GF102, gf006]\n", [("GF102", 1, 1), ("GF006", 1, 1)]),
        ("x = 1  # noqa # goflow: ignore [GF102] since it is meant\n", [("GF102", 1, 1)]),
        ("# goflow: ignore-file[GF102]\nx = 1\n", [("GF102", 0, 0)]),
        ("f(  # goflow: ignore[GF102]\n  1,\n)\n", [("GF102", 1, 3)]),
        ("f(\n  1,\n)  # goflow: ignore[GF102]\n", [("GF102", 1, 3)]),
        ("f(\n  1,  # goflow: ignore[GF102]\n)\n", [("GF102", 2, 2)]),
        ("with f(  # goflow: ignore[GF102]\n  1,\n):\n  x = 1\n", [("GF102", 1, 3)]),
        ("@f(1)  # goflow: ignore[GF102]\ndef g():\n  x = 1\n", [("GF102", 1, 2)]),
        ("if x:\n  f(  # goflow: ignore[GF102]\n  1)\n", [("GF102", 2, 3)]),
        ("match x:  # goflow: ignore[GF102]\n  case 1:\n    y = 1\n", [("GF102", 1, 1)]),
        ("x = '# goflow: ignore[GF102]'\n", []),
        ("# goflow: a scheduler\n", []),
        ("x = (\n# goflow: ignore[GF102]\n", [("GF102", 2, 2)]),
    ],
    ids=[
        "the line itself",
        "several codes, in any case",
        "behind other comments, with a reason",
        "the whole file",
        "at the first line of a statement: all of it",
        "at the last line of a statement: all of it",
        "inside a statement: that line",
        "a with: what stands before its body",
        "a decorated function: all before its body",
        "the innermost statement",
        "a match: its first line",
        "a text is no comment",
        "prose is no command",
        "a file that is not Python any more",
    ],
)
def test_comments_in_python(text, held):
    assert ignores(text) == held


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Name: a  # goflow: ignore[GF404]\n", [("GF404", 1, 1)]),
        ("# goflow: ignore-file[GF404]\nName: a\n", [("GF404", 0, 0)]),
        ("Name: 'a # goflow: ignore[GF404]'\n", []),
        ("Name: a#goflow: ignore[GF404]\n", []),
        ("Command:\n  - |\n    a # goflow: ignore[GF404]\n  - b  # goflow: ignore[GF402]\n", [("GF402", 4, 4)]),
    ],
    ids=["a line", "the whole file", "in a text", "no white space before it", "in a text of several lines"],
)
def test_comments_in_yaml(text, held):
    assert ignores(text, "f.yaml") == held


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("x = 1  # goflow: ignore\n", (1, 8, 24), "which codes"),
        ("x = 1  # goflow: ignore GF102\n", (1, 8, 30), "which codes"),
        ("x = 1  # goflow: ignore[]\n", (1, 8, 26), "which codes"),
        ("x = 1  # goflow: ignore[GF102, GF999]\n", (1, 32, 37), "no diagnostic 'GF999'"),
    ],
    ids=["no codes", "no brackets", "empty brackets", "a code that there is not"],
)
def test_comments_that_are_not_understood_are_told(text, place, words):
    _, (finding,) = ignores_in(text.encode(), "f.py")
    assert (finding.code, finding.severity) == ("GF503", Severity.WARNING)
    assert (finding.span.line, finding.span.column, finding.span.end_column) == place
    assert words in finding.message


DAG = """\
from airflow.sdk import DAG
{line}
from airflow.providers.amazon.aws.operators.s3 import S3ListOperator

with DAG("d"):
    S3ListOperator({first}
        task_id="a",
        bucket="b",{inside}
    )
"""


def told(folder: Path, first: str = "", inside: str = "", line: str = ""):
    (folder / "f.py").write_text(DAG.format(first=first, inside=inside, line=line))
    result = parse_file(Folder(folder), "f.py", Inputs())
    return [(one.code, one.span.path, one.span.line) for one in findings(result)]


def test_a_warning_is_told_without_a_comment(tmp_path):
    assert told(tmp_path) == [("GF301", "f.py", 6)]


def test_a_warning_is_silenced_at_its_line(tmp_path):
    assert told(tmp_path, first="  # goflow: ignore[GF301]") == []


def test_a_warning_is_silenced_for_the_file(tmp_path):
    assert told(tmp_path, line="# goflow: ignore-file[GF301]") == []


def test_a_comment_with_another_code_silences_nothing_and_is_told_itself(tmp_path):
    assert told(tmp_path, first="  # goflow: ignore[GF102]") == [("GF301", "f.py", 6), ("GF502", "f.py", 6)]


def test_a_comment_at_another_line_silences_nothing(tmp_path):
    assert ("GF301", "f.py", 6) in told(tmp_path, inside="  # goflow: ignore[GF301]")


def test_idle_comments_can_be_ignored_too(tmp_path):
    found = told(tmp_path, first="  # goflow: ignore[GF301, GF102]", line="# goflow: ignore-file[GF502]")
    assert found == []


def test_a_comment_in_a_file_without_dags_is_not_called_idle(tmp_path):
    (tmp_path / "f.py").write_text("import airflow  # a helper of DAGs  # goflow: ignore[GF102]\n")
    assert findings(parse_file(Folder(tmp_path), "f.py", Inputs())) == ()


def test_a_finding_in_an_imported_module_is_silenced_there(tmp_path):
    helper = "try:\n    import numpy{}\nexcept ImportError:\n    numpy = None\n"
    comment, line = "  # goflow: ignore[GF006]", "from helper import numpy"
    (tmp_path / "helper.py").write_text(helper.format(""))
    assert ("GF006", "helper.py", 2) in told(tmp_path, line=line)
    (tmp_path / "helper.py").write_text(helper.format(comment))
    assert told(tmp_path, line=line) == [("GF301", "f.py", 6)]


def test_an_error_is_told_in_spite_of_a_comment_which_is_told_as_well(tmp_path):
    (tmp_path / "f.py").write_text(
        "from airflow.sdk import DAG\nDAG('d')\nDAG('e', retires=1)  # goflow: ignore[GF204]\n"
    )
    found = findings(parse_file(Folder(tmp_path), "f.py", Inputs()))
    assert [(one.code, one.severity.value, one.span.line) for one in found] == [
        ("GF204", "error", 3),
        ("GF502", "note", 3),
    ]


def test_comments_of_a_file_that_cannot_be_read_are_left_alone(tmp_path):
    (tmp_path / "f.py").write_text("from airflow.sdk import DAG\ndag = DAG('d'  # goflow: ignore[GF102]\n")
    assert [one.code for one in findings(parse_file(Folder(tmp_path), "f.py", Inputs()))] == ["GF002"]
    deep = "Name: deep\nCommand: " + "[" * 5_000 + "  # goflow: ignore[GF404]\n"
    (tmp_path / "f.yaml").write_text(deep)
    assert [one.code for one in findings(parse_file(Folder(tmp_path), "f.yaml", Inputs()))] == ["GF005"]


def test_native_yaml_is_silenced_too(tmp_path):
    (tmp_path / "f.yaml").write_text("Name: good\nCommand: [a]\nRetryPolicy: Always  # goflow: ignore[GF404]\n")
    assert findings(parse_file(Folder(tmp_path), "f.yaml", Inputs())) == ()
