"""What the text of a native DAG file means: the reader's own answer, before anybody keeps the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.domain.spec import DagSpec

LARGEST = 256 << 10
"""Bytes of a file that is written through the server: it is read in the daemon's own process, while somebody types."""
_WHAT_IS_NEEDED = "at its outermost level it needs a Name, and one of Command, DockerImage, Schedule and Tasks"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text gave: its DAGs, what is to be said of it, and its documents as plain values, for forms."""

    dags: tuple[DagSpec, ...]
    diagnostics: tuple[Diagnostic, ...]
    documents: tuple[Json, ...] = ()

    @property
    def errors(self) -> list[Diagnostic]:
        """What keeps it from being saved."""
        return [finding for finding in self.diagnostics if finding.severity is Severity.ERROR]


def check(root: Path, path: str, content: bytes) -> Checked:
    """What CONTENT would give as the file PATH of the DAG folder ROOT, ``goflow.yaml`` included. Never raises."""
    from goflow.operators.registry import findings
    from goflow.parser.api import ParseResult
    from goflow.parser.folder import folder_config
    from goflow.parser.yaml import Kind, kind_of, read_native
    from goflow.parser.yaml.nodes import documents, plain

    if len(content) > LARGEST:
        words = f"a file of more than {LARGEST >> 10} KiB is not written here: put it into the DAG folder"
        return Checked((), (Diagnostic("GF005", words, Span(path)),))
    config = folder_config(root)
    native = read_native(content, path)
    said = (*config.for_file(path).diagnostics, *native.diagnostics)
    found = tuple(plain(node) for node in documents(content, path)[0])
    if kind_of(content) is not Kind.NATIVE and not any(one.severity is Severity.ERROR for one in said):
        said = (*said, Diagnostic("GF403", "this is no native DAG file", Span(path, 1, 1), hint=_WHAT_IS_NEEDED))
    dags = tuple(config.apply(dag, path) for dag in native.dags)
    return Checked(dags, findings(ParseResult(path, "", dags, said)), found)
