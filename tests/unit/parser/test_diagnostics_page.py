"""Every diagnostic is explained, and its examples are read: what is said to fail does, at the line that is marked."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from goflow.cli import main
from goflow.domain.diagnostics import CODES, Severity
from goflow.domain.explanations import FAMILIES, explanations
from goflow.parser.interpreter import session

TEXTS = Path(__file__).parents[3] / "goflow" / "domain" / "codes"
ALL = explanations()
WITHOUT_EXAMPLES = {"GF009", "GF506"}  # defects of GoFlow are mended, and machines without namespaces are not this one


def lay(folder, files):
    for file in files:
        archive, _, inner = file.name.rpartition("/")
        if archive:
            with zipfile.ZipFile(folder / archive, "w") as target:
                target.writestr(inner, file.text)
        else:
            (folder / file.name).write_text(file.text, encoding=file.encoding)


def found_in(folder, files):
    lay(folder, files)
    result = CliRunner().invoke(main, ["check", str(folder), "--json"], catch_exceptions=False)
    return json.loads(result.stdout)["diagnostics"]


def test_there_is_a_text_for_every_code_and_no_other():
    assert sorted(path.stem for path in TEXTS.glob("*.md")) == sorted(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_code_is_explained_in_words_of_its_own(code):
    assert CODES[code].endswith(".")
    assert len(ALL[code].words.split()) >= 6
    assert any(code.startswith(family) for family in FAMILIES)


@pytest.mark.parametrize("code", sorted(set(CODES) - WITHOUT_EXAMPLES))
def test_the_example_that_fails_has_this_code_alone_at_the_marked_line(code, tmp_path, monkeypatch):
    monkeypatch.setattr(session, "MOST_STEPS", 200_000)  # the example of GF005 takes as many as there are
    explanation = ALL[code]
    (marked,) = [file for file in explanation.fails if file.line]
    path, _, inner = marked.name.partition("/")
    found = found_in(tmp_path, explanation.fails)
    assert found
    for finding in found:
        line = 0 if inner or finding["line"] == 0 else marked.line
        assert (finding["code"], Path(finding["path"]).name, finding["line"]) == (code, path, line), finding["message"]
        assert finding["severity"] == explanation.severities[0]


@pytest.mark.parametrize("code", sorted(set(CODES) - WITHOUT_EXAMPLES))
def test_the_example_that_passes_has_nothing_to_complain_about(code, tmp_path):
    assert ALL[code].passes
    assert found_in(tmp_path, ALL[code].passes) == []


def test_a_defect_of_goflow_is_told_as_one(tmp_path, monkeypatch):
    from goflow.parser import lower

    (tmp_path / "f.py").write_text("from airflow.sdk import DAG\ndag = DAG('d')\n")
    monkeypatch.setattr(lower, "collect", lambda session, module: 1 / 0)
    (finding,) = found_in(tmp_path, ())
    assert (finding["code"], finding["severity"]) == ("GF009", Severity.ERROR)
    assert "please report" in finding["hint"]
