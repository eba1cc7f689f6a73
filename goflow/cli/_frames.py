"""Diagnostics for people: the line that is wrong, a mark below it, what is wrong with it and what may help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.text import Text

from goflow.domain.diagnostics import Diagnostic, Severity

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
_TAB = "    "
_LONGEST = 150
"""Characters of a line that are shown."""


class Frames:
    """Renders diagnostics whose paths are relative to ROOT; each file is read once. SHOWN stands before the paths."""

    def __init__(self, root: Path, shown: str = "") -> None:
        self.root, self.shown = root, shown
        self._lines: dict[str, Sequence[str]] = {}

    def frame(self, finding: Diagnostic) -> Text:
        """The diagnostic as several lines, coloured where the console has colours."""
        style = _STYLES[finding.severity]
        out = Text()
        out.append(f"{finding.severity}[{finding.code}]", style)
        out.append(f": {finding.message}\n", "bold")
        span = finding.span
        lines = self._file(span.path)
        known = 0 < span.line <= len(lines)
        gutter = " " * len(str(span.line if known else 0))
        out.append(f"{gutter}--> ", "blue")
        begin = "" if Path(span.path).is_absolute() else self.shown
        out.append(f"{begin}{span}{_whose(finding)}\n")
        if known:
            self._code(out, finding, lines[span.line - 1], gutter, style)
        if finding.hint:
            out.append(f"{gutter} = ", "blue")
            out.append(f"{finding.hint}\n")
        return out

    @staticmethod
    def _code(out: Text, finding: Diagnostic, line: str, gutter: str, style: str) -> None:
        span = finding.span
        if not span.column:  # the line as a whole
            indent = len(line) - len(line.lstrip())
            span = replace(span, column=indent + 1, end_line=span.line, end_column=len(line.rstrip()) + 1)
        before = line[: max(span.column - 1, 0)].replace("\t", _TAB)
        text = line.rstrip().replace("\t", _TAB)
        end = span.end_column if span.end_line == span.line and span.end_column > span.column else 0
        if span.end_line > span.line:
            end = len(line.rstrip()) + 1
        marked = line[span.column - 1 : end - 1] if end else line[max(span.column - 1, 0) :].rstrip()
        width = max(len(marked.rstrip().replace("\t", _TAB)), 1) if end else 1
        text, begin, width = _cut(text, len(before), width)
        out.append(f"{gutter} |\n{span.line} | ", "blue")
        out.append(f"{text}\n")
        out.append(f"{gutter} | ", "blue")
        out.append(f"{' ' * begin}{'^' * width}\n", style)

    def _file(self, path: str) -> Sequence[str]:
        if path not in self._lines:
            try:
                self._lines[path] = (self.root / path).read_text("utf-8", errors="replace").split("\n")
            except OSError:
                self._lines[path] = ()
        return self._lines[path]


def _cut(text: str, begin: int, width: int) -> tuple[str, int, int]:
    """The part of a very long line around what is marked, and where the mark stands in it."""
    if len(text) <= _LONGEST:
        return text, begin, width
    first = max(min(begin - _LONGEST // 3, len(text) - _LONGEST), 0)
    part = text[first : first + _LONGEST]
    head = "..." if first else ""
    tail = "..." if first + _LONGEST < len(text) else ""
    return f"{head}{part}{tail}", begin - first + len(head), min(width, len(part) - (begin - first))


def _whose(finding: Diagnostic) -> str:
    if finding.dag_id is None:
        return ""
    return f" (DAG {finding.dag_id}{f', task {finding.task_id}' if finding.task_id else ''})"
