"""``json``, ``csv``: data in texts and files of the folder."""

from __future__ import annotations

import csv
import json
from typing import Any

from goflow.parser.interpreter.files import OpenFile
from goflow.parser.interpreter.operations import elements
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, first_unknown, raised
from goflow.parser.libraries.registry import function, module


def _dumps(at: At, value: Any, **options: Any) -> Any:
    known = {key: options[key] for key in ("indent", "sort_keys", "separators", "ensure_ascii") if key in options}
    unknown = first_unknown(value)
    if unknown is None and options.get("cls") is not None:
        unknown = Unknown("JSON that is written by a class of its own", at)
    if unknown is not None:
        return unknown
    default = options.get("default")

    def convert(other: Any) -> Any:
        if default is not None:
            from goflow.parser.interpreter.calls import call

            answer = call(default, [other], {}, at)
            if isinstance(answer, Unknown):
                raise _NotKnownError(answer)
            return answer
        kind = getattr(other, "type_name", type(other).__name__)
        raised(at, "TypeError", f"Object of type {kind} is not JSON serializable")

    try:
        return json.dumps(value, default=convert, **known)
    except _NotKnownError as problem:
        return problem.unknown


class _NotKnownError(Exception):
    def __init__(self, unknown: Unknown) -> None:
        self.unknown = unknown
        super().__init__()


def _loads(at: At, text: Any, **options: Any) -> Any:
    if any(value is not None for name, value in options.items() if name != "strict"):
        return Unknown("JSON that is read with functions of the file's own", at)
    at.session.budget.check_size(len(text), at)
    return json.loads(text)


def _load(at: At, file: Any, **options: Any) -> Any:
    return (
        _loads(at, file.stream.read(), **options)
        if isinstance(file, OpenFile)
        else Unknown("a file that is not read", at)
    )


@module("json")
def build_json(session: Session) -> dict[str, Any]:
    """``json``."""
    return {
        "dumps": function("dumps", _dumps, takes_unknown=True),
        "loads": function("loads", _loads),
        "load": function("load", _load),
        "dump": function("dump", lambda at, *a, **k: None),
        "JSONDecodeError": session.exceptions["ValueError"],
    }


def _rows(at: At, source: Any) -> list[str] | Unknown:
    found = source.stream.readlines() if isinstance(source, OpenFile) else elements(source, at)
    return found if isinstance(found, Unknown) else list(found)


def _reader(at: At, source: Any, **options: Any) -> Any:
    lines = _rows(at, source)
    return lines if isinstance(lines, Unknown) else list(csv.reader(lines, **options))


def _dict_reader(at: At, source: Any, fieldnames: Any = None, **options: Any) -> Any:
    lines = _rows(at, source)
    return lines if isinstance(lines, Unknown) else [dict(row) for row in csv.DictReader(lines, fieldnames, **options)]


@module("csv")
def build_csv(session: Session) -> dict[str, Any]:
    """``csv``."""
    return {
        "reader": function("reader", _reader),
        "DictReader": function("DictReader", _dict_reader),
        "QUOTE_MINIMAL": csv.QUOTE_MINIMAL,
        "QUOTE_ALL": csv.QUOTE_ALL,
        "QUOTE_NONE": csv.QUOTE_NONE,
    }
