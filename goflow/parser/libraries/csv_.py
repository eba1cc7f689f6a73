"""``csv``: rows from texts and files of the folder, and into files in memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from goflow.parser.interpreter.files import MemoryFile
from goflow.parser.interpreter.items import elements, iterate
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.shown import text
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, first_unknown
from goflow.parser.libraries.registry import function, module


class Rows(Value):
    """``csv.reader`` and ``csv.DictReader``: rows that are read one by one, each a step."""

    type_name = "_csv.reader"

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self.inner)

    def iterate(self, at: At) -> Iterator[Any]:
        """What is left of them."""
        for row in self.inner:
            at.session.budget.step(at)
            at.session.budget.made(len(row), at)
            yield row

    def get_attribute(self, name: str, at: At) -> Any:
        """``fieldnames``, ``line_num``, ``__next__``."""
        if name in {"fieldnames", "line_num"} and hasattr(self.inner, name):
            return getattr(self.inner, name)
        if name == "__next__":
            return NativeFunction(name, lambda at: next(self))
        return super().get_attribute(name, at)


def _rows_of(make: Callable[..., Any]) -> Callable[..., Any]:
    def run(at: At, source: Any, *args: Any, **options: Any) -> Any:
        return source if isinstance(source, Unknown) else Rows(make(iterate(source, at), *args, **options))

    return run


class Writer(Value):
    """``csv.writer`` into FILE, a file in memory; NAMES are the columns of a ``csv.DictWriter``."""

    type_name = "_csv.writer"

    def __init__(self, file: MemoryFile, options: dict[str, Any], names: list[Any] | None = None) -> None:
        self.file = file
        self.options = options
        self.names = names

    def get_attribute(self, name: str, at: At) -> Any:
        """``writerow``, ``writerows``, ``writeheader``, ``fieldnames``."""
        match name:
            case "writerow":
                return NativeFunction(name, lambda at, row: self._write([row], at), takes_unknown=True)
            case "writerows":
                return NativeFunction(name, self._write_all, takes_unknown=True)
            case "writeheader" if self.names is not None:
                names = dict(zip(self.names, self.names, strict=True))
                return NativeFunction(name, lambda at: self._write([names], at))
            case "fieldnames" if self.names is not None:
                return self.names
        return super().get_attribute(name, at)

    def _write_all(self, at: At, rows: Any) -> Any:
        found = elements(rows, at)
        if isinstance(found, Unknown):
            return self.file.write("write", found, at)
        self._write(found, at)
        return None

    def _write(self, rows: list[Any], at: At) -> Any:
        """ROWS as texts into the file; how many characters."""
        plain = [self._plain(row, at) for row in rows]
        unknown = first_unknown(plain)
        if unknown is not None:
            return self.file.write("write", unknown, at)
        stream = io.StringIO()
        options = {name: value for name, value in self.options.items() if name not in {"restval", "extrasaction"}}
        writer = csv.writer(stream, **options) if self.names is None else None
        for row in plain:
            (writer.writerow if writer else csv.DictWriter(stream, self.names or (), **self.options).writerow)(row)
        return self.file.write("write", stream.getvalue(), at)

    def _plain(self, row: Any, at: At) -> Any:
        def one(value: Any) -> Any:
            return text(value, at) if isinstance(value, Value) else value

        if isinstance(row, Mapping) and self.names is not None:
            return {key: one(value) for key, value in row.items()}
        if self.names is not None:
            return Unknown("a row that is no dict", at)
        found = elements(row, at)
        return found if isinstance(found, Unknown) else [one(value) for value in found]


def _writer(at: At, file: Any, dialect: Any = "excel", **options: Any) -> Any:
    if not isinstance(file, MemoryFile) or not isinstance(dialect, str):
        return Unknown("a file that is written", at)
    return Writer(file, {**options, "dialect": dialect})


def _dict_writer(at: At, f: Any, fieldnames: Any, restval: Any = "", extrasaction: Any = "raise",
                 dialect: Any = "excel", **options: Any) -> Any:  # fmt: skip
    names = elements(fieldnames, at)
    if not isinstance(f, MemoryFile) or not isinstance(dialect, str) or isinstance(names, Unknown):
        return Unknown("a file that is written", at)
    given = {"restval": restval, "extrasaction": extrasaction, "dialect": dialect, **options}
    return Writer(f, given, list(names))


@module("csv")
def build_csv(session: Session) -> dict[str, Any]:
    """``csv``."""
    constants = {name: getattr(csv, name) for name in ("QUOTE_MINIMAL", "QUOTE_ALL", "QUOTE_NONE", "QUOTE_NONNUMERIC")}
    return {
        "reader": function("reader", _rows_of(csv.reader)),
        "DictReader": function("DictReader", _rows_of(csv.DictReader)),
        "writer": function("writer", _writer),
        "DictWriter": function("DictWriter", _dict_writer),
        **constants,
    }
