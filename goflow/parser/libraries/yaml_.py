"""``yaml``: PyYAML's own safe loader over texts and files of the folder. What would make Python objects is unknown."""

from __future__ import annotations

import datetime as dt
from typing import Any

import yaml

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.exceptions import make_exception
from goflow.parser.interpreter.files import OpenFile
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Raised, Unknown, Value
from goflow.parser.libraries.registry import function, module
from goflow.parser.libraries.yaml_loaders import SAFE, add_constructor, loader_classes, reader_of

_ERRORS = {
    "yaml.error": ("MarkedYAMLError",), "yaml.scanner": ("ScannerError",), "yaml.parser": ("ParserError",),
    "yaml.composer": ("ComposerError",), "yaml.constructor": ("ConstructorError",), "yaml.reader": ("ReaderError",),
}  # fmt: skip


def _add_constructor(at: At, tag: Any, constructor: Any, Loader: Any = None) -> None:  # noqa: N803
    classes = loader_classes(at.session)
    for loader in [Loader] if Loader is not None else [classes[name] for name in ("Loader", "FullLoader")]:
        if isinstance(loader, ClassValue):
            add_constructor(at, loader, tag, constructor)


def _load_all(at: At, source: Any, loader: Any = "SafeLoader") -> Any:
    """Every document of SOURCE; Unknown where a class or a tag of the file's own would read it."""
    loader = loader_classes(at.session)[loader] if isinstance(loader, str) else loader
    found = reader_of(loader, source, at)
    if isinstance(found, Unknown):
        return found
    name, reader, source = found
    if isinstance(source, OpenFile):
        source = source.stream.read()
    if isinstance(source, Value):
        return Unknown("a file that is not read", at)
    at.session.budget.check_size(len(source), at)
    try:
        documents = list(yaml.load_all(source, Loader=reader))
    except yaml.constructor.ConstructorError as problem:
        if name not in SAFE:
            return Unknown("a tag in a YAML document", at)
        raise _raised(problem, at) from None
    except yaml.YAMLError as problem:
        raise _raised(problem, at) from None
    _count(documents, at)
    return documents


def _load(at: At, source: Any, loader: Any = "SafeLoader") -> Any:
    found = _load_all(at, source, loader)
    if isinstance(found, Unknown) or len(found) <= 1:
        return found if isinstance(found, Unknown) else (found[0] if found else None)
    words = "expected a single document in the stream"
    raise _raised(yaml.composer.ComposerError(words, None, "but found another document", None), at)


def _count(value: Any, at: At) -> None:
    """A step for each thing that is reached: aliases of aliases are few objects and many things."""
    at.session.budget.step(at)
    for inner in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
        if isinstance(inner, dict | list | tuple | set):
            _count(inner, at)


def _raised(problem: yaml.YAMLError, at: At) -> Raised:
    errors = at.session.library["yaml errors"]
    return Raised(
        make_exception(at.session, errors.get(type(problem).__name__, errors["YAMLError"]), [str(problem)]), at
    )


def _dump(at: At, value: Any, stream: Any = None, **options: Any) -> Any:
    if stream is not None:
        return None
    given = {name: option for name, option in options.items() if name != "Dumper"}
    if given != options or not _is_plain(value):
        return Unknown("the text of a YAML document", at)
    return yaml.safe_dump(value, **given)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return type(value) is dict and all(_is_plain(inner) for inner in (*value.keys(), *value.values()))
    if isinstance(value, list):
        return type(value) is list and all(map(_is_plain, value))
    return value is None or type(value) in {str, int, float, bool, dt.date, dt.datetime}


def _errors(session: Session) -> dict[str, ClassValue]:
    found: dict[str, ClassValue] | None = session.library.get("yaml errors")
    if found is None:
        base = ClassValue("YAMLError", [session.exceptions["Exception"]], module_name="yaml.error")
        marked = ClassValue("MarkedYAMLError", [base], module_name="yaml.error")
        found = {"YAMLError": base, "MarkedYAMLError": marked}
        for place, names in _ERRORS.items():
            for name in names:
                above = base if name == "ReaderError" else marked
                found.setdefault(name, ClassValue(name, [above], module_name=place))
        session.library["yaml errors"] = found
    return found


@module("yaml")
def build(session: Session) -> dict[str, Any]:
    """``yaml``."""
    return {
        "safe_load": function("safe_load", lambda at, stream: _load(at, stream)),
        "safe_load_all": function("safe_load_all", lambda at, stream: _load_all(at, stream)),
        "full_load": function("full_load", lambda at, stream: _load(at, stream, "FullLoader")),
        "full_load_all": function("full_load_all", lambda at, stream: _load_all(at, stream, "FullLoader")),
        "load": function("load", lambda at, stream, Loader: _load(at, stream, Loader)),  # noqa: N803
        "load_all": function("load_all", lambda at, stream, Loader: _load_all(at, stream, Loader)),  # noqa: N803
        "add_constructor": function("add_constructor", _add_constructor, takes_unknown=True),
        "dump": function("dump", _dump),
        "safe_dump": function("safe_dump", _dump),
        **loader_classes(session),
        **_errors(session),
    }


for _place in _ERRORS:
    module(_place)(_errors)
