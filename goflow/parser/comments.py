"""The comments that speak to GoFlow: ``# goflow: ignore[GF102, GF006]`` and ``# goflow: ignore-file[GF102]``.

Files without the text ``goflow:`` in them, which is nearly all, are not looked through.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from goflow.domain.diagnostics import CODES, Diagnostic, Severity, Span
from goflow.domain.errors import did_you_mean
from goflow.domain.ignores import Ignore
from goflow.parser.folder import is_yaml, read_regular

SIGN = b"goflow:"
LARGEST = 4 << 20
"""Bytes of a file that is looked through; what is longer was not written by hand."""
_COMMENT = re.compile(r"#\s*goflow:\s*(?P<rest>ignore.*)")
_WELL_FORMED = re.compile(r"ignore(?P<file>-file)?\s*\[(?P<codes>[^\]]*)\]")
_HINT = "write it as `# goflow: ignore[GF102]`, or `# goflow: ignore-file[GF102]` for the whole file"
_NONE: tuple[tuple[Ignore, ...], tuple[Diagnostic, ...]] = ((), ())
Comment = tuple[int, int, str]
"""Line (from 1), column (from 0) and text of a comment."""
Lines = tuple[int, int]
"""First and last line of a statement."""


def ignores_in(content: bytes, path: str) -> tuple[tuple[Ignore, ...], tuple[Diagnostic, ...]]:
    """The ignores that comments in the file PATH with CONTENT ask for, and a GF503 for each that is not understood."""
    if SIGN not in content or len(content) > LARGEST:
        return _NONE
    text = content.decode("utf-8-sig", "replace")
    native = is_yaml(path)
    comments = [found for found in (_yaml_comments(text) if native else _comments(text)) if _COMMENT.search(found[2])]
    if not comments:
        return _NONE
    statements = [] if native else _statements(text)
    found: list[Ignore] = []
    findings: list[Diagnostic] = []
    for line, column, words in comments:
        for part in _parts(words, line, column, path):
            if isinstance(part, Diagnostic):
                findings.append(part)
            else:
                code, span, whole = part
                found.append(Ignore(code, span) if whole else Ignore(code, span, *_stretch(line, statements)))
    return tuple(found), tuple(findings)


def ignores_elsewhere(root: Path, findings: Iterable[Diagnostic], path: str) -> list[Ignore]:
    """The ignores in other files than PATH, below ROOT or absolute, that FINDINGS stand in: modules that it imports."""
    others = {finding.span.path for finding in findings if finding.severity is not Severity.ERROR} - {path}
    found: list[Ignore] = []
    for other in sorted(others):
        try:
            found += ignores_in(read_regular(root / other), other)[0]
        except OSError:
            continue
    return found


def _parts(words: str, line: int, column: int, path: str) -> Iterator[tuple[str, Span, bool] | Diagnostic]:
    """Each code that a comment names, with its place and whether it is meant for the whole file."""
    comment = _COMMENT.search(words)
    assert comment is not None
    begin = column + comment.start()
    span = Span(path, line, begin + 1, line, column + len(words.rstrip()) + 1)
    said = _WELL_FORMED.match(comment["rest"])
    names = list(re.finditer(r"[^\s,]+", said["codes"])) if said else []
    if said is None or not names:
        yield Diagnostic("GF503", "the comment does not say which codes to ignore", span, Severity.WARNING, _HINT)
        return
    inner = column + comment.start("rest") + said.start("codes")
    for name in names:
        code = name[0].upper()
        place = Span(path, line, inner + name.start() + 1, line, inner + name.end() + 1)
        if code in CODES:
            yield code, place, said["file"] is not None
        else:
            hint = did_you_mean(code, CODES)
            yield Diagnostic("GF503", f"there is no diagnostic {name[0]!r}", place, Severity.WARNING, hint)


def _stretch(line: int, statements: list[Lines]) -> Lines:
    """The lines that a comment on LINE holds for: the innermost statement that begins or ends there, else that line."""
    around = [lines for lines in statements if line in lines]
    return min(around, key=lambda lines: lines[1] - lines[0], default=(line, line))


def _comments(text: str) -> Iterator[Comment]:
    """The comments of a Python file, as far as it can be read."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield (*token.start, token.string)
    except (tokenize.TokenError, SyntaxError):
        return


def _yaml_comments(text: str) -> Iterator[Comment]:
    """The comments of a YAML file: what follows a ``#`` at a line's beginning or after white space, outside texts."""
    texts = _yaml_texts(text)
    offset = 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        for found in re.finditer(r"(?:^|(?<=\s))#", line):
            if not any(first <= offset + found.start() < last for first, last in texts):
                yield number, found.start(), line[found.start() :].rstrip()
                break
        offset += len(line)


def _yaml_texts(text: str) -> list[tuple[int, int]]:
    """Where scalars stand: offsets of their first character and behind their last."""
    import yaml

    found: list[tuple[int, int]] = []
    with contextlib.suppress(yaml.YAMLError, RecursionError, ValueError, OverflowError):
        tokens = (token for token in yaml.scan(text) if isinstance(token, yaml.ScalarToken))
        found.extend((token.start_mark.index, token.end_mark.index) for token in tokens)
    return found


def _statements(text: str) -> list[Lines]:
    """First and last line of every statement; of one with a body, of all before it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return [_lines(node) for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _lines(node: ast.stmt) -> Lines:
    first = _first(node)
    body: list[ast.stmt] | None = getattr(node, "body", None)
    if isinstance(node, ast.Match):
        return first, node.subject.end_lineno or first
    if not body:
        return first, node.end_lineno or first
    return first, max(first, _first(body[0]) - 1)


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
