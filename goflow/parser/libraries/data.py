"""``json``, ``yaml``, ``csv``: data in texts and files of the folder."""

from __future__ import annotations

import csv
import datetime as dt
import json
from typing import Any

from goflow.parser.interpreter.files import OpenFile
from goflow.parser.interpreter.operations import elements
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value, first_unknown, raised
from goflow.parser.libraries.registry import function, module


def _dumps(at: At, value: Any, **options: Any) -> Any:
    known = {key: options[key] for key in ("indent", "sort_keys", "separators", "ensure_ascii") if key in options}
    unknown = first_unknown(value)
    if unknown is not None:
        return unknown
    default = options.get("default")

    def convert(other: Any) -> Any:
        if default is not None:
            from goflow.parser.interpreter.expressions import call

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
    at.session.budget.check_size(len(text), at)
    return json.loads(text)


def _load(at: At, file: Any, **options: Any) -> Any:
    return _loads(at, file.stream.read()) if isinstance(file, OpenFile) else Unknown("a file that is not read", at)


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


def parse_yaml(text: str, at: At) -> list[Any]:
    """The documents of TEXT as YAML 1.1, which PyYAML reads; ``!tags`` and aliases that explode are refused."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    at.session.budget.check_size(len(text), at)
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 1)
    try:
        return [_plain(found, at) for found in reader.load_all(text)]
    except YAMLError as problem:
        raised(at, "ValueError", f"{type(problem).__name__}: {problem}")


def _plain(value: Any, at: At) -> Any:
    at.session.budget.step(at)
    if isinstance(value, dict):
        return {_plain(key, at): _plain(inner, at) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, at) for inner in value]
    if isinstance(value, dt.datetime) and type(value) is not dt.datetime:
        return dt.datetime.fromisoformat(value.isoformat())
    return value


def _safe_load(at: At, source: Any, *_: Any, **__: Any) -> Any:
    found = _all(at, source)
    return found if isinstance(found, Unknown) else (found[0] if found else None)


def _all(at: At, source: Any, *_: Any, **__: Any) -> Any:
    if isinstance(source, OpenFile):
        source = source.stream.read()
    if isinstance(source, Value):
        return Unknown("a file that is not read", at)
    return parse_yaml(source.decode() if isinstance(source, bytes) else source, at)


def _dump_yaml(at: At, value: Any, *_: Any, **__: Any) -> Any:
    return Unknown("the text of a YAML document", at)


@module("yaml")
def build_yaml(session: Session) -> dict[str, Any]:
    """``yaml``."""
    loaders = dict.fromkeys(("SafeLoader", "FullLoader", "Loader", "CLoader", "CSafeLoader", "BaseLoader"))
    return {
        "safe_load": function("safe_load", _safe_load),
        "load": function("load", _safe_load),
        "full_load": function("full_load", _safe_load),
        "safe_load_all": function("safe_load_all", _all),
        "load_all": function("load_all", _all),
        "dump": function("dump", _dump_yaml),
        "safe_dump": function("safe_dump", _dump_yaml),
        "YAMLError": session.exceptions["ValueError"],
        **loaders,
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
