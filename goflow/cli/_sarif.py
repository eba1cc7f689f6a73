"""SARIF 2.1.0, the form in which code scanners speak to code hosts.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from goflow.cli._checking import Place
from goflow.cli._telling import Telling, Wanted, located
from goflow.domain.diagnostics import Diagnostic, Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"


class Sarif(Telling):
    """One log with one run; every code is a rule, whether it was found or not."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.results: list[dict[str, Any]] = []
        self.rules = _rules()
        self.numbers = {rule["id"]: number for number, rule in enumerate(self.rules)}

    def tell(self, place: Place, finding: Diagnostic) -> None:
        found = located(place, finding)
        words = found.message + (f"\n{found.hint}" if found.hint else "")
        names = {"dag_id": found.dag_id, "task_id": found.task_id}
        properties = {name: value for name, value in names.items() if value is not None}
        self.results.append(
            {
                "ruleId": found.code,
                "ruleIndex": self.numbers[found.code],
                "level": found.severity.value,
                "message": {"text": words},
                "locations": [{"physicalLocation": _location(found.span)}],
                **({"properties": properties} if properties else {}),
            }
        )

    def end(self) -> None:
        from goflow import __version__

        driver = {"name": "GoFlow", "semanticVersion": __version__, "rules": self.rules}
        run = {
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"uri": f"{Path.cwd().as_uri()}/"}},
            "invocations": [{"executionSuccessful": True}],
            "results": self.results,
        }
        click.echo(json.dumps({"$schema": SCHEMA, "version": VERSION, "runs": [run]}, indent=2))


def _rules() -> list[dict[str, Any]]:
    from goflow.domain.explanations import explanations

    return [
        {
            "id": code,
            "shortDescription": {"text": explanation.title},
            "fullDescription": {"text": explanation.words},
            "help": {"text": explanation.markdown(), "markdown": explanation.markdown()},
            "defaultConfiguration": {"level": explanation.severities[0].value},
        }
        for code, explanation in explanations().items()
    ]


def _location(span: Span) -> dict[str, Any]:
    """A file below the working directory by its way from there; a finding about a whole file has no region."""
    path = Path(span.path)
    file = {"uri": path.as_uri()} if path.is_absolute() else {"uri": quote(span.path), "uriBaseId": "SRCROOT"}
    numbers = {"startLine": span.line, "startColumn": span.column, "endLine": span.end_line}
    if span.end_line > span.line or span.end_column > span.column:
        numbers["endColumn"] = span.end_column
    region = {name: number for name, number in numbers.items() if number}
    return {"artifactLocation": file, **({"region": region} if span.line else {})}
