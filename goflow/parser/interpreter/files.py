"""Files that the file opens while it is read: those below the DAG folder, whole, and only to read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from goflow.parser.interpreter.shown import text
from goflow.parser.interpreter.values import (
    At,
    NativeFunction,
    Raised,
    Unknown,
    UnknownElementsError,
    Value,
    first_unknown,
)


def open_file(
    at: At,
    file: Any,
    mode: str = "r",
    buffering: Any = -1,
    encoding: Any = None,
    errors: Any = None,
    newline: Any = None,
    **_: Any,
) -> Any:
    """``open(file)``. Unknown for what is not below the folder, or is to be written."""
    unknown = first_unknown((mode, encoding, errors, newline))
    if unknown is not None:
        return unknown
    told = getattr(file, "told", None) or text(file, at)
    if isinstance(told, Unknown):
        return told
    if any(letter in mode for letter in "wax+"):
        return Unknown(f"a file opened for writing ({told})", at)
    loader = at.session.loader
    path = loader.real(told)
    if not any(path.is_relative_to(root) for root in loader.roots):
        return Unknown(f"the file {told}, which is outside the DAG folder", at)
    if "b" in mode:
        return OpenFile(loader.read_bytes(path, at), name=file)
    return OpenFile(loader.read_text(path, at, encoding or "utf-8", errors or "strict", newline), name=file)


class OpenFile(Value):
    """A file that has been read. NAME is what it was opened by; None where it is only in memory."""

    type_name = "TextIOWrapper"

    def __init__(self, content: str | bytes, *, name: Any = None) -> None:
        self.content = content
        self.name = name
        self.stream: Any = io.StringIO(content, newline="") if isinstance(content, str) else io.BytesIO(content)

    def get_attribute(self, name: str, at: At) -> Any:
        """``read``, ``readlines``, ``readline``, ``close``."""
        if name in {"read", "readline", "readlines", "seek", "close", "tell"}:
            return NativeFunction(name, lambda at, *args: getattr(self.stream, name)(*args))
        if name == "closed":
            return False
        if name == "name" and self.name is not None:
            return self.name
        return super().get_attribute(name, at)

    def iterate(self, at: At) -> Iterator[Any]:
        """Its lines, those that are left of it."""
        return iter(self.stream)

    def enter(self, at: At) -> Any:
        """Itself."""
        return self

    def leave(self, problem: Raised | None, at: At) -> bool:
        """Nothing to close."""
        return False


class MemoryFile(OpenFile):
    """``io.StringIO``: a file that is only in memory, which may be written to.

    Once something that is not known has been written, or something in an arm that may not be run, nothing is known of
    what is in it.
    """

    type_name = "StringIO"
    unknown: Unknown | None = None

    def get_attribute(self, name: str, at: At) -> Any:
        """What an open file has, and how it is written to."""
        if name in {"write", "writelines"}:
            return NativeFunction(name, lambda at, given: self.write(name, given, at), takes_unknown=True)
        if self.unknown is not None and name not in {"seek", "close", "closed"}:
            return self.unknown
        if name in {"getvalue", "truncate"}:
            return NativeFunction(name, lambda at, *args: getattr(self.stream, name)(*args))
        return super().get_attribute(name, at)

    def iterate(self, at: At) -> Iterator[Any]:
        """Its lines."""
        if self.unknown is not None:
            raise UnknownElementsError(self.unknown)
        return super().iterate(at)

    def forget(self, why: Unknown) -> list[Any]:
        """It may have been written to."""
        self.unknown = why
        return []

    def write(self, name: str, given: Any, at: At) -> Any:
        """``write(text)`` and ``writelines(texts)``."""
        unknown = first_unknown(given) if at.session.undecided is None else at.session.undecided
        if unknown is not None:
            self.unknown = unknown
            return unknown
        at.session.budget.check_size(len(self.stream.getvalue()), at)
        return getattr(self.stream, name)(given)
