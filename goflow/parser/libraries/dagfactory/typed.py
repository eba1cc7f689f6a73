"""What dag-factory makes of a loaded file before it builds: ``__type__``, ``__and__``, ``__or__``, ``__join__``.

The rules are those of ``cast_with_type`` in its ``utils.py`` and of ``load_yaml_file`` in its ``_yaml.py``.
"""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.operations import binary
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.shown import text
from goflow.parser.interpreter.values import At, Raised, Unknown, raised
from goflow.parser.libraries.dagfactory.documents import PythonName
from goflow.parser.libraries.import_string import import_string
from goflow.parser.yaml.located import Document, Path

_SIGNS = {"__and__": "&", "__or__": "|"}


def settled(document: Document, *, old: bool = False) -> Any:
    """The document's value with its typed objects made and its expressions joined; OLD as dag-factory 0.x does."""
    value = _cast(document.value, document, (), old=old)
    return value if old else _flattened(value, document, ())


def _cast(value: Any, document: Document, path: Path, *, old: bool) -> Any:
    if isinstance(value, PythonName):
        return import_string(value.path, document.at(path))
    if isinstance(value, list):
        return [_cast(inner, document, (*path, index), old=old) for index, inner in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if value.get("__type__") == "builtins.list" and "items" in value:
        return _cast(value["items"], document, (*path, "items"), old=old)
    given = {
        key: _cast(inner, document, (*path, key), old=old)
        for key, inner in value.items()
        if key not in ({"__type__"} if old else {"__type__", "__args__"})
    }
    args = None if old else _cast(value.get("__args__"), document, (*path, "__args__"), old=old)
    if args is not None and not isinstance(args, list):
        found = f"'args' must resolve to a list, got <class '{type_name(args)}'>"
        raised(document.at((*path, "__args__")), "ValueError", found)
    if "__type__" not in value:
        return given
    at = document.at((*path, "__type__"))
    made = import_string(value["__type__"], at)
    if isinstance(made, Unknown):
        return made
    if not getattr(made, "callable", False):
        raised(at, "TypeError", f"'{type_name(made)}' object is not callable")
    keywords = {str(key): inner for key, inner in given.items()}
    return at.session.guarded(lambda at, *args, **named: made.call(args, named, at), at, args or [], keywords, "it")


def _flattened(value: Any, document: Document, path: Path) -> Any:
    if isinstance(value, list):
        return [_flattened(inner, document, (*path, index)) for index, inner in enumerate(value)]
    if not isinstance(value, dict):
        return value
    for key, sign in _SIGNS.items():
        if key in value:
            return _combined(sign, _parts(value, key, document, path), document.at((*path, key)))
    if "__join__" in value:
        return _texts(_parts(value, "__join__", document, path), "", document.at((*path, "__join__")))
    return {key: _flattened(inner, document, (*path, key)) for key, inner in value.items()}


def _parts(value: dict[Any, Any], key: str, document: Document, path: Path) -> list[Any]:
    inner = value[key]
    if not isinstance(inner, list):
        raised(document.at((*path, key)), "TypeError", f"{key} wants a list, not '{type_name(inner)}'")
    return [_flattened(one, document, (*path, key, index)) for index, one in enumerate(inner)]


def _combined(sign: str, parts: list[Any], at: At) -> Any:
    """The parts joined by Python's own ``&`` or ``|``; as a text for dag-factory to read where they have none."""
    if not parts:
        raised(at, "TypeError", "reduce() of empty iterable with no initial value")
    found = parts[0]
    try:
        for part in parts[1:]:
            found = binary(sign, found, part, at)
    except Raised as problem:
        if not problem.is_a("TypeError"):
            raise
        joined = _texts(parts, f" {sign} ", at)
        return joined if isinstance(joined, Unknown) else f"({joined})"
    return found


def _texts(parts: list[Any], between: str, at: At) -> Any:
    found = [text(part, at) for part in parts]
    unknown = next((part for part in found if isinstance(part, Unknown)), None)
    return between.join(found) if unknown is None else unknown
