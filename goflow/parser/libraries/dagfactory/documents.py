"""The text of a dag-factory file to Python values, and where each of them stands.

dag-factory puts environment variables into the text and loads it with PyYAML's ``FullLoader`` (its ``_yaml.py``), which
reads YAML 1.1: ``yes`` is true, dates are dates, and of a key that stands twice the last one counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import yaml

from goflow.domain.diagnostics import Severity, Span
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.paths import IN_EVERY_CONTAINER

MOST_NODES = 100_000
DEEPEST = 100
Path = tuple[Any, ...]
"""The way to a value: the keys and indexes that lead from the document to it."""
_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})", re.ASCII)
_OPEN, _CLOSE = "\ue000", "\ue001"
_LEFT_OPEN = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_JOINED = {"!join": ("", False), "!or": (" | ", True), "!and": (" & ", True)}


@dataclass(frozen=True, slots=True)
class Spot:
    """A stretch of a YAML file, lines and columns from 1."""

    line: int
    column: int
    end_line: int = 0
    end_column: int = 0


class DocumentModule(ModuleValue):
    """A YAML file where diagnostics want a module: what they stand at is a `Spot`."""

    is_data = True

    def __init__(self, session: Session, path: str) -> None:
        super().__init__(session, path, path, "")

    def span_of(self, node: Any) -> Span:
        """The place of a Spot."""
        if not isinstance(node, Spot):
            return Span(self.path)
        return Span(self.path, node.line, node.column, node.end_line, node.end_column)


class Document:
    """A loaded file: its VALUE, and the places of what is in it. Without a TREE all of it stands at AT."""

    def __init__(self, value: Any, at: At, tree: Any = None) -> None:
        self.value = value
        self._at = at
        self._tree = tree

    def at(self, path: Path = ()) -> At:
        """The place of what PATH leads to: of a mapping's key, of a list's item; else of what is nearest above it."""
        node, spot = self._tree, None
        for word in path:
            found = _inside(node, word)
            if found is None:
                break
            spot, node = found
        return self._at if spot is None else At(self._at.session, self._at.module, cast(Any, spot))


def load(text: str, path: str, at: At, *, old: bool = False, expand: bool = True) -> Document:
    """The document in TEXT, the content of the file PATH (relative to the DAG folder).

    OLD: the tags ``!join``, ``!and`` and ``!or`` of dag-factory 0.x are read. EXPAND: environment variables are put in.
    Raises what PyYAML raises, at its place.
    """
    session = at.session
    whole = At(session, DocumentModule(session, path), None)
    text = _expanded(text, session) if expand else text
    loader: Any = None
    try:
        _measure(text, whole)
        loader = (_OldLoader if old else _Loader)(text)
        node = loader.get_single_node()
        value = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        words = ", ".join(part for part in (problem.context, problem.problem) if part)
        _refuse(whole, f"yaml.{type(problem).__name__}", words, mark)
    except yaml.YAMLError as problem:
        _refuse(whole, "yaml.YAMLError", str(problem).partition("\n")[0], None)
    except (ValueError, TypeError, OverflowError) as problem:  # a date that is none, a key that cannot be one
        _refuse(whole, type(problem).__name__, str(problem), None)
    finally:
        if loader is not None:
            loader.dispose()
    _tell_of_doubles(node, whole)
    return Document(_closed(value, whole), whole, node)


def _refuse(whole: At, kind: str, words: str, mark: Any) -> NoReturn:
    at = whole if mark is None else At(whole.session, whole.module, cast(Any, Spot(mark.line + 1, mark.column + 1)))
    fail(at, kind, words or "not valid YAML", code="GF003")


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


def _measure(text: str, whole: At) -> None:
    """Refuse what is nested too deeply, or grows beyond reason through aliases of aliases, before it is built."""
    count = 0
    sizes: dict[str, int] = {}
    begun: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = begun.pop()
            if anchor is not None:
                sizes[anchor] = count - before
            continue
        if isinstance(event, yaml.NodeEvent):
            count += sizes.get(str(event.anchor), 1) if isinstance(event, yaml.AliasEvent) else 1
        if isinstance(event, yaml.CollectionStartEvent):
            begun.append((event.anchor, count - 1))
        if count > MOST_NODES or len(begun) > DEEPEST:
            words = "the file is nested too deeply"
            if count > MOST_NODES:
                words = "the file says more than a DAG ever could (aliases multiply?)"
            mark = cast(Any, event.start_mark)
            spot = cast(Any, Spot(mark.line + 1, mark.column + 1))
            fail(At(whole.session, whole.module, spot), "ValueError", words, code="GF005")


def _inside(node: Any, word: Any) -> tuple[Spot, Any] | None:
    """The place of WORD in NODE, and the node that it leads to."""
    if isinstance(node, yaml.SequenceNode):
        if isinstance(word, int) and word < len(node.value):
            return _spot(node.value[word]), node.value[word]
        return None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in reversed(node.value):
        if isinstance(key, yaml.ScalarNode) and key.value == str(word):
            return _spot(key), value
    return None


def _spot(node: Any) -> Spot:
    start, end = node.start_mark, node.end_mark
    return Spot(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _tell_of_doubles(root: Any, whole: At) -> None:
    """Warn of keys that stand twice in one mapping: PyYAML takes the last one without a word."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
            continue
        keys: dict[tuple[str, str], Any] = {}
        for key, value in node.value:
            waiting.append(value)
            if not isinstance(key, yaml.ScalarNode):
                continue
            first = keys.setdefault((key.tag, key.value), key)
            if first is not key and first.start_mark.index >= node.start_mark.index:
                words = f"the key {key.value!r} stands here twice (line {first.start_mark.line + 1} has it too): "
                spot = At(whole.session, whole.module, cast(Any, _spot(key)))
                whole.session.report("GF405", words + "the last one counts", spot, severity=Severity.WARNING)
