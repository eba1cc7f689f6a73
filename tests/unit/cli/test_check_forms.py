"""`goflow check` for programs: JSON, SARIF, GitHub's annotations; what is told at all; and `goflow explain`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from goflow.cli import main
from goflow.cli._checking import Place
from goflow.cli._sarif import Sarif
from goflow.cli._telling import Wanted
from goflow.domain.diagnostics import CODES, Diagnostic, Span
from goflow.parser.folder import survey

ROOT = Path(__file__).parents[3]
GOOD = "Name: good\nCommand: [a]\n"
WARNED = "Name: warned\nCommand: [a]\nRetryPolicy: Always\n"
BAD = "Name: bad\nCommand: [a]\nRetrys: 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def lay(**files: str):
        for name, text in files.items():
            path = tmp_path / name.replace("__", ".").replace("_in_", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return tmp_path

    monkeypatch.chdir(tmp_path)
    return lay


def run(*arguments: str):
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def sarif(*arguments: str):
    return json.loads(run("check", *arguments, "--format", "sarif").stdout)


# --- what is told, and the exit code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 1),
        (["--ignore", "GF401"], 0),
        (["--ignore", "GF4"], 0),
        (["--ignore", "gf401,GF404", "--strict"], 0),
        (["--ignore", "GF401", "--strict"], 1),
        (["--select", "GF404"], 0),
        (["--select", "GF404", "--strict"], 1),
        (["--select", "GF1", "--select", "GF2", "--strict"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_is_not_told_does_not_count(folder, options, code):
    folder(a__yaml=WARNED, b__yaml=BAD)
    assert run("check", ".", *options).exit_code == code


def test_a_code_that_there_is_not_is_wrong_usage(folder):
    folder(a__yaml=GOOD)
    result = run("check", ".", "--select", "GF999")
    assert result.exit_code == 2
    assert "no code begins with 'GF999'" in result.stderr


def test_notes_are_neither_told_nor_counted_where_they_are_not_wanted(folder):
    folder(a__yaml=f"{GOOD}# goflow: ignore-file[GF404]\n")
    assert "1 note" in run("check", ".").output
    assert run("check", ".", "--no-notes").output == "1 file, 1 DAG, 1 task: nothing to complain about\n"


def test_without_anything_to_check_it_says_what_to_name(folder):
    result = run("check")
    assert result.exit_code == 2
    assert "goflow check dags" in result.stderr


def test_markdown_is_for_the_report_alone(folder):
    folder(a__yaml=GOOD)
    assert run("check", ".", "--format", "markdown").exit_code == 2


# --- JSON


def test_paths_are_those_from_the_working_directory(folder):
    folder(dags_in_b__yaml=BAD)
    (finding,) = json.loads(run("check", "dags", "--json").stdout)["diagnostics"]
    assert finding["path"] == "dags/b.yaml"
    assert (finding["line"], finding["column"], finding["end_line"], finding["end_column"]) == (3, 1, 3, 7)


# --- SARIF


def test_sarif_has_what_version_2_1_0_asks_for(folder):
    """The document as a whole was held to the published schema by hand: version, runs, tool, rules, results."""
    folder(dags_in_b__yaml=BAD, dags_in_w__yaml=WARNED)
    document = sarif("dags")
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("/sarif-schema-2.1.0.json")
    (log,) = document["runs"]
    rules = log["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(CODES)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    for result in log["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
    assert [(result["ruleId"], result["level"]) for result in log["results"]] == [
        ("GF401", "error"),
        ("GF404", "warning"),
    ]
    place = log["results"][0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "dags/b.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 7},
    }
    assert log["originalUriBaseIds"]["SRCROOT"]["uri"].endswith("/")


def test_sarif_of_a_finding_about_a_whole_file_has_no_region(capsys, tmp_path):
    form = Sarif(Wanted())
    place = Place(tmp_path, ["a b.py"], "dags/", survey(tmp_path, None))
    form.tell(place, Diagnostic("GF001", "the file cannot be read", Span("a b.py")))
    form.end()
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "dags/a%20b.py", "uriBaseId": "SRCROOT"}}}
    ]


def test_sarif_of_files_elsewhere_has_whole_addresses(folder, tmp_path, monkeypatch):
    root = folder(b__yaml=BAD, elsewhere_in_x__txt="")
    monkeypatch.chdir(root / "elsewhere")
    (result,) = sarif(str(root / "b.yaml"))["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert uri == {"uri": (root / "b.yaml").as_uri()}


# --- GitHub


def test_annotations_stand_at_lines_and_keep_the_rules_of_workflow_commands(folder):
    folder(**{"da,gs_in_a__yaml": BAD.replace("Retrys", "'Retr%ys'")})
    result = run("check", "da,gs", "--format", "github")
    assert result.exit_code == 1
    first, last = result.output.splitlines()
    assert first.startswith("::error file=da%2Cgs/a.yaml,line=3,endLine=3,col=1,endColumn=9,title=GoFlow GF401::")
    assert "'Retr%25ys'" in first
    assert "%0Adid you mean 'Retries'?" in first
    assert last == "1 file, 0 DAGs, 0 tasks: 1 error"


@pytest.mark.parametrize(
    ("text", "kind"),
    [(WARNED, "warning"), (f"{GOOD}# goflow: ignore-file[GF404]\n", "notice")],
    ids=["a warning", "a note"],
)
def test_severities_have_githubs_names(folder, text, kind):
    folder(a__yaml=text)
    assert run("check", ".", "--format", "github").output.startswith(f"::{kind} file=a.yaml,")


# --- the text


def test_there_are_no_colours_where_nobody_watches(folder):
    folder(a__yaml=BAD)
    shown = subprocess.run(
        [sys.executable, "-c", "from goflow.cli import main; main()", "check", "."], capture_output=True, text=True
    )
    assert "\x1b" not in shown.stdout
    assert "error[GF401]" in shown.stdout


# --- pre-commit


def hook():
    (found,) = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return found


def test_the_hook_runs_the_command(folder):
    found = hook()
    assert found["id"] == "goflow-check"
    assert found["entry"].split() == ["goflow", "check"]


def test_the_hook_takes_whatever_files_a_commit_has(folder):
    """As pre-commit calls it: the entry, the user's arguments, the names of the staged files of the hook's types."""
    files = {
        "dags/team/load.py": "from airflow.sdk import DAG\nfrom shared.names import NAME\ndag = DAG(NAME)\n",
        "dags/shared/names.py": "NAME = 'good'\n",
        "dags/ignored.py": "from airflow.sdk import DAG\ndag = DAG('bad', retires=1)\n",
        "dags/.airflowignore": "ignored.py\n",
        "deploy/values.yaml": "image: x\n",
        "types.pyi": "x: int\n",
        "setup.py": "import setuptools\n",
        "tool": "#!/usr/bin/env python\n",
    }
    root = folder()
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    names = ["dags/team/load.py", "dags/shared/names.py", "deploy/values.yaml", "types.pyi", "tool", "setup.py"]
    entry = hook()["entry"].split()[1:]
    result = run(*entry, *names)
    assert (result.exit_code, result.output) == (0, "4 files, 1 DAG, 0 tasks: nothing to complain about\n")
    in_folder = run(*entry, "--folder", "dags", *names, "dags/ignored.py")
    assert (in_folder.exit_code, in_folder.output) == (0, "2 files, 1 DAG, 0 tasks: nothing to complain about\n")
    assert run(*entry, "dags/ignored.py").exit_code == 1


# --- explain


def test_a_code_is_explained_with_both_examples():
    result = run("explain", "gf204")
    assert result.exit_code == 0
    assert CODES["GF204"] in result.output
    assert re.search(r"Fails:.*retires=3.*Passes:.*retries=3", result.output, re.DOTALL)


def test_brackets_of_an_explanation_are_no_markup():
    assert "`dialect` in [goflow.yaml](goflow-yaml.md)" in run("explain", "GF507").output


def test_a_beginning_explains_all_that_begin_so():
    rows = json.loads(run("explain", "GF30", "--json").output)
    assert [row["code"] for row in rows] == ["GF301", "GF302", "GF303"]
    assert all(row["fails"] and row["passes"] for row in rows)


def test_without_a_code_all_are_listed():
    lines = run("explain").output.splitlines()
    assert [line.split()[0] for line in lines] == sorted(CODES)


def test_a_code_that_there_is_not_is_told():
    result = run("explain", "GF2O4")
    assert result.exit_code == 2
    assert "did you mean 'GF204'?" in result.stderr


# --- completion


def completions(words: str):
    environment = {
        "_GOFLOW_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    result = CliRunner(env=environment).invoke(main, [], prog_name="goflow")
    return [line.partition(",")[2] for line in result.output.splitlines()]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("goflow explain GF30", ["GF301", "GF302", "GF303"]),
        ("goflow check --select GF20", ["GF201", "GF202", "GF203", "GF204", "GF205", "GF206"]),
        ("goflow check --format s", ["sarif"]),
        ("goflow check --airf", ["--airflow", "--airflow-repo"]),
        ("goflow exp", ["explain", "export"]),
    ],
)
def test_the_shell_completes_codes_and_options(words, wanted):
    assert completions(words) == wanted
