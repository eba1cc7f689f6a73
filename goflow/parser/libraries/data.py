"""``json``, ``ast.literal_eval``: data in texts and files of the folder."""

from __future__ import annotations

import ast
import json
from typing import Any

from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.files import MemoryFile, OpenFile
from goflow.parser.interpreter.plain_values import plain_host
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import (
    At,
    Unknown,
    UnknownElementsError,
    first_unknown,
    key_order_of,
    order_of,
    raised,
)
from goflow.parser.libraries.registry import function, module, native_class, unknown_function


def _dumps(at: At, value: Any, **options: Any) -> Any:
    known = {key: value for key, value in options.items() if key not in {"default", "cls"}}
    if isinstance(known.get("indent"), int):
        at.session.budget.check_size(known["indent"] * 1000, at)
    check_written_size(value, at)
    in_order = not known.get("sort_keys")
    value = _written(value, at, 0, in_order=in_order)
    unknown = first_unknown(value, depth=100)
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

    def convert_(other: Any) -> Any:
        return _written(convert(other), at, 0, in_order=in_order)

    try:
        answer = json.dumps(value, default=convert_, **known)
    except _NotKnownError as problem:
        return problem.unknown
    at.session.budget.made(len(answer), at)
    return answer


def _written(value: Any, at: At, depth: int, *, in_order: bool) -> Any:
    """VALUE with Python's own values in place of objects that derive from them; keys, too. Whether the keys stay IN
    ORDER. Raises UnknownElementsError where that is not known."""
    at.session.budget.step(at)
    inner = getattr(value, "data", None) if isinstance(value, Instance) else None
    if isinstance(inner, str | int | float | list | dict | tuple):
        value = inner
    if depth > _DEEPEST:
        raised(at, "RecursionError", "maximum recursion depth exceeded while encoding a JSON object")
    if isinstance(value, dict):
        if in_order and (why := key_order_of(value)) is not None:
            raise UnknownElementsError(why)
        return {plain_host(key): _written(inner, at, depth + 1, in_order=in_order) for key, inner in value.items()}
    if order_of(value) is not None:
        return value
    return (
        [_written(inner, at, depth + 1, in_order=in_order) for inner in value]
        if isinstance(value, list | tuple)
        else value
    )


def check_written_size(value: Any, at: At) -> None:
    """VALUE is about to be written out: containers that stand in it many times are many. Raises BudgetError."""
    at.session.budget.check_size(_length(value, at, 0), at)


def _length(value: Any, at: At, depth: int) -> int:
    """So many characters there will be, at least."""
    at.session.budget.step(at)
    if isinstance(value, str):
        return len(value)
    if depth > _DEEPEST or not isinstance(value, dict | list | tuple):
        return 1
    total = 0
    for inner in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
        total += _length(inner, at, depth + 1)
        at.session.budget.check_size(total, at)
    return total


_DEEPEST = 500


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


def _own_class(name: str, *methods: str) -> ClassValue:
    """A class that files derive from and ``cls=`` names; what its objects give is not known."""
    made = native_class(name, "json")
    for method in methods:
        made.attributes[method] = unknown_function(method, f"json.{name}.{method}, which is not read")
    return made


@module("json")
def build_json(session: Session) -> dict[str, Any]:
    """``json``."""
    return {
        "dumps": function("dumps", _dumps, takes_unknown=True),
        "loads": function("loads", _loads),
        "load": function("load", _load),
        "dump": function("dump", _dump, takes_unknown=True),
        "JSONEncoder": _own_class("JSONEncoder", "encode", "iterencode", "default"),
        "JSONDecoder": _own_class("JSONDecoder", "decode", "raw_decode"),
        "JSONDecodeError": session.exceptions["json.decoder.JSONDecodeError"],
    }


def _literal_eval(at: At, text: Any) -> Any:
    """A literal in a text; what Python refuses is the file's own error."""
    if not isinstance(text, str):
        return Unknown("the value of a syntax tree", at)
    at.session.budget.check_size(len(text), at)
    try:
        return ast.literal_eval(text)
    except (MemoryError, RecursionError):
        return Unknown("the value of a text that is nested too deep", at)
    except (SyntaxError, ValueError, TypeError) as problem:
        raised(at, type(problem).__name__, str(problem))


@module("ast")
def build_ast(session: Session) -> dict[str, Any]:
    """``ast``: what evaluates literals; all that is about trees is unknown."""
    return {"literal_eval": function("literal_eval", _literal_eval)}


def _dump(at: At, value: Any, file: Any, **options: Any) -> Any:
    if isinstance(file, MemoryFile):
        file.write("write", _dumps(at, value, **options), at)
