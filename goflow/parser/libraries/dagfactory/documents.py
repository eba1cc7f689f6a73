"""The text of a dag-factory file to Python values, and where each of them stands.

dag-factory puts environment variables into the text and loads it with PyYAML's ``FullLoader`` (its ``_yaml.py``), which
reads YAML 1.1: ``yes`` is true, dates are dates, and of a key that stands twice the last one counts.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import yaml

from goflow.domain.diagnostics import Severity
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.environment import IN_EVERY_CONTAINER
from goflow.parser.yaml.located import Document, DocumentModule, documents

_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})", re.ASCII)
_OPEN, _CLOSE = "\ue000", "\ue001"
_LEFT_OPEN = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_JOINED = {"!join": ("", False), "!or": (" | ", True), "!and": (" & ", True)}


def load(text: str, path: str, at: At, *, old: bool = False, expand: bool = True) -> Document:
    """The document in TEXT, the content of the file PATH (relative to the DAG folder).

    OLD: the tags ``!join``, ``!and`` and ``!or`` of dag-factory 0.x are read. EXPAND: environment variables are put in.
    Raises what PyYAML raises, at its place.
    """
    session = at.session
    text = _expanded(text, session) if expand else text
    found = documents(text, path, session, _OldLoader if old else _Loader)
    whole = At(session, DocumentModule(session, path), None)
    if len(found) > 1:
        words = "expected a single document in the stream, but found another document"
        fail(found[1].at(), "yaml.ComposerError", words, code="GF003")
    (document,) = found or [Document(None, whole)]
    for place, key, first in document.doubles():
        words = f"the key {key!r} stands here twice (line {first} has it too): the last one counts"
        session.report("GF405", words, place, severity=Severity.WARNING)
    document.value = _closed(document.value, document.at())
    return document


# -- environment variables --------------------------------------------------------------------------------------------


def _expanded(text: str, session: Session) -> str:
    """TEXT as ``os.path.expandvars`` leaves it: names that are not there stay as they are written.

    A variable that only the task's container has is put between two signs, for `_closed`.
    """
    if "$" not in text:
        return text
    library: Any = session.loader.library("os")
    environment = library.names["environ"]

    def put(found: re.Match[str]) -> str:
        name = found[1].strip("{}") if found[1].startswith("{") else found[1]
        value = environment.ask(name)
        if value is None:
            return f"{_OPEN}{name}{_CLOSE}" if name in IN_EVERY_CONTAINER else found[0]
        return str(value)

    return _VARIABLE.sub(put, text)


def _closed(value: Any, at: At) -> Any:
    """VALUE with an Unknown wherever a variable of the task's container stands."""
    if isinstance(value, str):
        found = _LEFT_OPEN.search(value)
        return value if found is None else Unknown(f"{found[1]} in the task's container", at)
    if isinstance(value, list):
        value[:] = [_closed(inner, at) for inner in value]
    elif isinstance(value, dict):
        for key, inner in value.items():
            value[key] = _closed(inner, at)
    return value


# -- the tree ---------------------------------------------------------------------------------------------------------


class PythonName(Value):
    """``!!python/name:module.thing``: what is imported when the value is used."""

    type_name = "python/name"

    def __init__(self, path: str) -> None:
        self.path = path


class _Loader(yaml.FullLoader):
    """PyYAML's FullLoader, in which nothing is looked up among Python's own modules."""


class _OldLoader(_Loader):
    """The same with the tags of dag-factory 0.x."""


def _python_name(loader: Any, suffix: str, node: Any) -> PythonName:
    return PythonName(suffix)


def _refused_tag(loader: Any, suffix: str, node: Any) -> NoReturn:
    words = f"could not determine a constructor for the tag {node.tag!r}"
    raise yaml.constructor.ConstructorError(None, None, words, node.start_mark)


def _joined(separator: str, *, wrapped: bool) -> Any:
    def construct(loader: Any, node: Any) -> str:
        parts = [str(part) for part in loader.construct_sequence(node)]
        return separator.join(f"({part})" if wrapped else part for part in parts)

    return construct


_Loader.add_multi_constructor("tag:yaml.org,2002:python/name:", _python_name)
for _kind in ("module", "object", "object/apply", "object/new"):
    _Loader.add_multi_constructor(f"tag:yaml.org,2002:python/{_kind}:", _refused_tag)
for _tag, (_between, _wrapped) in _JOINED.items():
    _OldLoader.add_constructor(_tag, _joined(_between, wrapped=_wrapped))
