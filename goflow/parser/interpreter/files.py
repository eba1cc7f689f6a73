"""Files that the file opens while it is read: those below the DAG folder, whole, and only to read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from goflow.parser.interpreter.operations import text
from goflow.parser.interpreter.values import At, NativeFunction, Raised, Unknown, Value, first_unknown


def open_file(at: At, file: Any, mode: str = "r", **kwargs: Any) -> Any:
    """``open(file)``. Unknown for what is not below the folder, or is to be written."""
    told = text(file, at)
    if isinstance(told, Unknown):
        return told
    if any(letter in mode for letter in "wax+"):
        return Unknown(f"a file opened for writing ({told})", at)
    loader = at.session.loader
    path = loader.real(told)
    if not any(path.is_relative_to(root) for root in loader.roots):
        return Unknown(f"the file {told}, which is outside the DAG folder", at)
    encoding, errors = kwargs.get("encoding") or "utf-8", kwargs.get("errors") or "strict"
    unknown = first_unknown((encoding, errors))
    if unknown is not None:
        return unknown
    content: Any = loader.read_bytes(path, at) if "b" in mode else loader.read_text(path, at, encoding, errors)
    return OpenFile(content)


class OpenFile(Value):
    """A file that has been read."""

    type_name = "TextIOWrapper"

    def __init__(self, content: str | bytes) -> None:
        self.content = content
        self.stream: Any = io.StringIO(content) if isinstance(content, str) else io.BytesIO(content)

    def get_attribute(self, name: str, at: At) -> Any:
        """``read``, ``readlines``, ``readline``, ``close``."""
        if name in {"read", "readline", "readlines", "seek", "close", "tell"}:
            return NativeFunction(name, lambda at, *args: getattr(self.stream, name)(*args))
        if name == "closed":
            return False
        return super().get_attribute(name, at)

    def iterate(self, at: At) -> Iterator[Any]:
        """Its lines."""
        return iter(self.stream.readlines())

    def enter(self, at: At) -> Any:
        """Itself."""
        return self

    def leave(self, problem: Raised | None, at: At) -> bool:
        """Nothing to close."""
        return False


class MemoryFile(OpenFile):
    """``io.StringIO``: a file that is only in memory, which may be written to."""

    type_name = "StringIO"

    def get_attribute(self, name: str, at: At) -> Any:
        """What an open file has, and how it is written to."""
        if name in {"write", "writelines", "getvalue", "truncate"}:
            at.session.budget.check_size(len(self.stream.getvalue()), at)
            return NativeFunction(name, lambda at, *args: getattr(self.stream, name)(*args))
        return super().get_attribute(name, at)
