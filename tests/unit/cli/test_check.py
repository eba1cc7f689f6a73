"""`goflow check`: frames for people, JSON for programs, exit codes for both."""

from __future__ import annotations

import json
import textwrap

import pytest
from click.testing import CliRunner

from goflow.cli import main
from goflow.cli._frames import Frames
from goflow.domain.diagnostics import Diagnostic, Severity, Span

GOOD = "Name: good\nCommand: [a]\n"
BAD = "Name: bad\nCommand: [a]\nRetrys: 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def lay(**files: str):
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(textwrap.dedent(text))
        return tmp_path

    monkeypatch.chdir(tmp_path)
    return lay


def check(*arguments: str):
    return CliRunner().invoke(main, ["check", *arguments])


def test_a_clean_folder_ends_with_0(folder):
    folder(a__yaml=GOOD)
    result = check(".")
    assert (result.exit_code, result.output) == (0, "1 file, 1 DAG, 1 task: nothing to complain about\n")


def test_an_error_ends_with_1_and_shows_the_line(folder):
    folder(a__yaml=GOOD, b__yaml=BAD)
    result = check(".")
    assert result.exit_code == 1
    assert result.output == textwrap.dedent("""\
        error[GF401]: there is no key 'Retrys' here
         --> b.yaml:3:1 (DAG bad)
          |
        3 | Retrys: 1
          | ^^^^^^
          = did you mean 'Retries'?

        2 files, 1 DAG, 1 task: 1 error
    """)


def test_a_warning_alone_ends_with_0(folder):
    folder(a__yaml="Name: warned\nCommand: [a]\nRetryPolicy: Always\n")
    result = check("a.yaml")
    assert result.exit_code == 0
    assert "warning[GF404]" in result.output
    assert result.output.endswith("1 file, 1 DAG, 1 task: 1 warning\n")


def test_nothing_to_read_is_clean(folder):
    folder(notes__txt="x")
    assert check(".").output == "0 files, 0 DAGs, 0 tasks: nothing to complain about\n"


def test_json_is_one_document(folder):
    folder(a__yaml=GOOD, b__yaml=BAD)
    result = check(".", "--json")
    document = json.loads(result.output)
    assert result.exit_code == 1
    assert {key: document[key] for key in ("files", "dags", "tasks", "errors", "warnings", "notes")} == {
        "files": 2, "dags": 1, "tasks": 1, "errors": 1, "warnings": 0, "notes": 0,
    }  # fmt: skip
    (finding,) = document["diagnostics"]
    assert (finding["code"], finding["path"], finding["line"], finding["column"]) == ("GF401", "b.yaml", 3, 1)


def test_a_dag_id_in_two_files_is_told_at_the_second(folder):
    folder(a__yaml=GOOD, b__yaml=f"# the same again\n{GOOD}")
    result = check(".")
    assert result.exit_code == 1
    assert "error[GF007]: the DAG 'good' is already defined in a.yaml, line 1" in result.output
    assert "--> b.yaml:2:1 (DAG good)" in result.output


def test_faults_of_goflow_yaml_are_told_once(folder):
    folder(goflow__yaml="dialekt: airflow2\n", a__yaml=GOOD, b__yaml=GOOD.replace("good", "better"))
    result = check(".")
    assert result.exit_code == 1
    assert result.output.count("GF401") == 1
    assert "--> goflow.yaml:1:1" in result.output


def test_a_single_file_is_read_in_the_folder_it_belongs_to(folder):
    root = folder(goflow__yaml="dialekt: airflow2\n")
    (root / "deep").mkdir()
    (root / "deep" / "a.yaml").write_text(GOOD)
    assert "--> goflow.yaml:1:1" in check("deep/a.yaml").output


def test_goflow_yaml_can_be_checked_by_itself(folder):
    folder(goflow__yaml="dialekt: airflow2\n", a__yaml=BAD)
    result = check("goflow.yaml")
    assert result.exit_code == 1
    assert result.output.endswith("0 files, 0 DAGs, 0 tasks: 1 error\n")


def test_a_file_of_another_kind_is_wrong_usage(folder):
    folder(notes__txt="x")
    result = check("notes.txt")
    assert result.exit_code == 2
    assert "notes.txt is no DAG file" in result.stderr


def test_many_files_are_read_by_several_processes_in_the_same_order(folder):
    files = {f"f{n:02}__yaml": GOOD.replace("good", f"good{n}") for n in range(40)}
    folder(**files, f07b__yaml=BAD, f31b__yaml=BAD.replace("bad", "worse"))
    result = check(".")
    assert result.output.index("f07b.yaml") < result.output.index("f31b.yaml")
    assert result.output.endswith("42 files, 40 DAGs, 40 tasks: 2 errors\n")


@pytest.mark.parametrize("document", ["[", "[1]", '{"variables": 1}'])
def test_inputs_that_are_none_are_wrong_usage(folder, document):
    root = folder(a__yaml=GOOD, inputs__json=document)
    assert check("a.yaml", "--inputs", str(root / "inputs.json")).exit_code == 2


@pytest.mark.parametrize(
    ("line", "span", "marked"),
    [
        ("x = foo(1)", (1, 5, 1, 8), "    ^^^"),
        ("\tfoo()", (1, 2, 1, 5), "    ^^^"),
        ("foo(\t1)", (1, 1, 1, 7), "^^^^^^^^^"),
        ("foo()", (1, 3, 0, 0), "  ^"),
        ("foo()", (1, 6, 1, 6), "     ^"),
        ("foo(a,", (1, 5, 2, 3), "    ^^"),
    ],
    ids=["a word", "after a tab", "a tab inside", "no end known", "at the end of the line", "over several lines"],
)
def test_the_mark_stands_below_what_is_meant(tmp_path, line, span, marked):
    (tmp_path / "x.py").write_text(f"{line}\nb)\n")
    finding = Diagnostic("GF004", "words", Span("x.py", *span))
    shown = Frames(tmp_path).frame(finding).plain.splitlines()
    assert shown[4] == f"  | {marked}"


def test_of_a_very_long_line_the_part_around_the_mark_is_shown(tmp_path):
    (tmp_path / "x.py").write_text(f"{'a' * 300}WRONG{'b' * 300}\n")
    shown = Frames(tmp_path).frame(Diagnostic("GF004", "words", Span("x.py", 1, 301, 1, 306))).plain.splitlines()
    column = shown[4].index("^")
    assert shown[4].count("^") == 5
    assert shown[3][column : column + 5] == "WRONG"
    assert len(shown[3]) < 170


def test_a_file_outside_of_the_folder_is_shown_by_its_whole_path(tmp_path):
    finding = Diagnostic("GF004", "words", Span(str(tmp_path / "x.py"), 1))
    assert f" --> {tmp_path}/x.py:1\n" in Frames(tmp_path, "dags/").frame(finding).plain


def test_a_finding_about_a_line_marks_all_of_it(tmp_path):
    (tmp_path / "x.py").write_text("    foo()\n")
    shown = Frames(tmp_path).frame(Diagnostic("GF004", "words", Span("x.py", 1))).plain.splitlines()
    assert (shown[1], shown[4]) == (" --> x.py:1", "  |     ^^^^^")


def test_a_finding_about_the_whole_file_has_no_code(tmp_path):
    finding = Diagnostic("GF001", "words", Span("gone.py"), Severity.NOTE)
    assert Frames(tmp_path, "dags/").frame(finding).plain == "note[GF001]: words\n --> dags/gone.py\n"
