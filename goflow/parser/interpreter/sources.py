"""The bytes of a Python file as text, as Python itself takes them."""

from __future__ import annotations

import io
import tokenize

LARGEST_SOURCE = 2 << 20
"""Bytes. A tree takes some 500 times the room of its text; the longest real DAG file that we know has 4,594 lines."""


class SourceError(Exception):
    """A file that Python would not take: the words say why, LINE where it says so."""

    def __init__(self, words: str, line: int = 0) -> None:
        self.line = line
        super().__init__(words)


def decoded(content: bytes) -> str:
    """CONTENT as text, by its byte order mark or the encoding that it declares (PEP 263), else as UTF-8; lines end
    with a line feed, as they do for Python. Raises SourceError."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError) as problem:
        if isinstance(problem, UnicodeDecodeError):
            line = content.count(b"\n", 0, problem.start) + 1
            raise SourceError(f"the file is not {problem.encoding}: {problem.reason}", line) from None
        raise SourceError(f"the file's encoding is not known: {problem}", 1) from None
    if "\0" in text:
        raise SourceError("source code cannot contain null bytes", text.count("\n", 0, text.index("\0")) + 1)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def why_too_deep(source: str) -> SourceError | None:
    """What Python itself says to a file that is nested deeper than our parser follows; None where it says nothing."""
    try:
        compile(source, "file", "exec", dont_inherit=True)
    except SyntaxError as problem:
        return SourceError(str(problem.msg), problem.lineno or 0)
    except (RecursionError, MemoryError, ValueError):
        pass
    return None
