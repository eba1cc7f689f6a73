"""The forms in which `goflow check` tells what it found: for people, for programs, for code hosts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from goflow.cli._checking import Found, Place
from goflow.cli._output import amount
from goflow.domain.diagnostics import Diagnostic, Severity


@dataclass(frozen=True)
class Wanted:
    """Which findings are told and counted: SELECT and IGNORE are beginnings of codes (``GF1`` is all of GF1xx)."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    notes: bool = True

    def __call__(self, finding: Diagnostic) -> bool:
        """Whether FINDING is."""
        if finding.severity is Severity.NOTE and not self.notes:
            return False
        if self.select and not finding.code.startswith(self.select):
            return False
        return not self.ignore or not finding.code.startswith(self.ignore)


class Telling:
    """Counts what it is given, and tells it: each form says how in ``tell`` and ``end``."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.count: Counter[str] = Counter()

    def take(self, place: Place, readings: Iterable[Found]) -> None:
        """Tell what was found in PLACE."""
        from goflow.parser.folder import CONFIG_NAME

        self.begin(place)
        for reading in readings:
            self.count["files"] += reading.path != CONFIG_NAME
            self.count["DAGs"] += len(reading.dags)
            self.count["tasks"] += reading.tasks
            found = [finding for finding in reading.diagnostics if self.wanted(finding)]
            for finding in sorted(found, key=lambda one: (one.span.path, one.span.line, one.span.column, one.code)):
                self.count[finding.severity.value] += 1
                self.tell(place, finding)

    def begin(self, place: Place) -> None:
        """What comes next is about PLACE."""

    def tell(self, place: Place, finding: Diagnostic) -> None:
        """Tell FINDING."""
        raise NotImplementedError

    def end(self) -> None:
        """Nothing more comes."""
        raise NotImplementedError

    def failed(self, strict: bool) -> bool:
        """Whether what was told is a reason to stop; STRICT: warnings are, too."""
        return bool(self.count["error"] or (strict and self.count["warning"]))

    def summary(self) -> str:
        """All of it in one line."""
        read_words = ", ".join(amount(self.count[name], name.removesuffix("s")) for name in ("files", "DAGs", "tasks"))
        faults = [amount(self.count[name], name) for name in ("error", "warning", "note") if self.count[name]]
        return f"{read_words}: {', '.join(faults) or 'nothing to complain about'}"


class Text(Telling):
    """Code frames, coloured on a terminal."""

    def __init__(self, wanted: Wanted) -> None:
        from rich.console import Console

        super().__init__(wanted)
        self.console = Console(highlight=False, soft_wrap=True)

    def begin(self, place: Place) -> None:
        from goflow.cli._frames import Frames

        self.frames = Frames(place.root, place.shown)

    def tell(self, place: Place, finding: Diagnostic) -> None:
        self.console.print(self.frames.frame(finding))

    def end(self) -> None:
        style = "bold red" if self.count["error"] else "bold yellow" if self.count["warning"] else "bold green"
        self.console.print(self.summary(), style=style)
        if self.console.is_terminal and (self.count["error"] or self.count["warning"]):
            self.console.print("`goflow explain CODE` says more about a code, with an example.", style="dim")


class Json(Telling):
    """One document; paths are relative to the working directory where the files are below it."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self.findings: list[Any] = []

    def tell(self, place: Place, finding: Diagnostic) -> None:
        self.findings.append(located(place, finding).to_json())

    def end(self) -> None:
        names = {"files": "files", "DAGs": "dags", "tasks": "tasks", "error": "errors", "warning": "warnings"}
        numbers = {told: self.count[name] for name, told in {**names, "note": "notes"}.items()}
        click.echo(json.dumps({**numbers, "diagnostics": self.findings}, indent=2))


class GitHub(Telling):
    """Workflow commands, which GitHub shows at the lines of a pull request.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """

    def tell(self, place: Place, finding: Diagnostic) -> None:
        kind = "notice" if finding.severity is Severity.NOTE else finding.severity.value
        span = located(place, finding).span
        numbers = {"line": span.line, "endLine": span.end_line, "col": span.column}
        if span.end_line == span.line and span.end_column > span.column:
            numbers["endColumn"] = span.end_column - 1  # GitHub's is the last one, ours the one behind it
        where = [f"file={_property(span.path)}", *(f"{name}={value}" for name, value in numbers.items() if value)]
        words = finding.message + (f"\n{finding.hint}" if finding.hint else "")
        click.echo(f"::{kind} {','.join(where)},title={_property(f'GoFlow {finding.code}')}::{_data(words)}")

    def end(self) -> None:
        click.echo(self.summary())


def located(place: Place, finding: Diagnostic) -> Diagnostic:
    """FINDING with its path as it is from the working directory."""
    if Path(finding.span.path).is_absolute():
        return finding
    return replace(finding, span=replace(finding.span, path=place.shown + finding.span.path))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def forms() -> dict[str, Callable[[Wanted], Telling]]:
    """Every form by its name."""
    from goflow.cli._sarif import Sarif

    return {"text": Text, "json": Json, "sarif": Sarif, "github": GitHub}


FORMS: Sequence[str] = ("text", "json", "sarif", "github")
