"""``# goflow: ignore[GF102]``: what the author of a file does not want to be told of, and what became of such comments.

Warnings and notes can be silenced. An error cannot: the DAG is not taken, whether that is told or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from goflow.domain.diagnostics import Diagnostic, Severity, Span


@dataclass(frozen=True, slots=True)
class Ignore:
    """One code of one comment. SPAN is the code's place in it; it holds for the lines FIRST to LAST of that file, or
    for all of the file where they are 0."""

    code: str
    span: Span
    first: int = 0
    last: int = 0

    def covers(self, finding: Diagnostic) -> bool:
        """Whether FINDING is of this code and stands where the comment holds."""
        place = finding.span
        if finding.code != self.code or place.path != self.span.path:
            return False
        return not self.first or self.first <= place.line <= self.last


def silenced(
    findings: Iterable[Diagnostic], ignores: Sequence[Ignore], path: str, *, complete: bool = True
) -> tuple[Diagnostic, ...]:
    """FINDINGS without the warnings and notes that IGNORES cover, and with a GF502 for each comment in the file PATH
    that silences nothing. Not COMPLETE: the file may have more to tell when others use it, so that only those comments
    are told that stand at errors."""
    if not ignores:
        return tuple(findings)
    kept: list[Diagnostic] = []
    hidden: list[Diagnostic] = []
    for finding in findings:
        silent = finding.severity is not Severity.ERROR and any(one.covers(finding) for one in ignores)
        (hidden if silent else kept).append(finding)
    for ignore in ignores:
        if ignore.span.path == path and ignore.code != "GF502" and not any(ignore.covers(one) for one in hidden):
            at_an_error = any(ignore.covers(one) for one in kept)
            note = _idle(ignore, at_an_error)
            if (at_an_error or complete) and not any(one.covers(note) for one in ignores):
                kept.append(note)
    return tuple(kept)


def _idle(ignore: Ignore, at_an_error: bool) -> Diagnostic:
    if at_an_error:
        words = f"{ignore.code} is an error here, and errors are told although a comment ignores them"
        return Diagnostic("GF502", words, ignore.span, Severity.NOTE, "mend it: until then the DAG is not taken")
    where = "in this file" if not ignore.first else "on this line"
    words = f"there is no {ignore.code} {where} that the comment could ignore"
    return Diagnostic("GF502", words, ignore.span, Severity.NOTE, f"take {ignore.code} out of the comment")
