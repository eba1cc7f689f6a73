"""YAML as PyYAML reads it (YAML 1.1, as Airflow and dag-factory do), with the place of everything in it.

`goflow.parser.yaml.nodes` is for formats of our own, which are YAML 1.2. What is read here ends up among the values of
the evaluator: a place is an `At`, whose module is the YAML file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import yaml

from goflow.domain.diagnostics import Span
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At
from goflow.parser.libraries.airflow.exceptions import fail

MOST_NODES = 100_000
DEEPEST = 100
Path = tuple[Any, ...]
"""The way to a value: the keys and indexes that lead from the document to it."""


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

    def __init__(self, session: Session, path: str, source: str = "") -> None:
        super().__init__(session, path, path, source)

    def span_of(self, node: Any) -> Span:
        """The place of a Spot."""
        if not isinstance(node, Spot):
            return Span(self.path)
        return Span(self.path, node.line, node.column, node.end_line, node.end_column)


class Document:
    """A loaded document: its VALUE, and the places of what is in it. Without a TREE all of it stands at AT."""

    def __init__(self, value: Any, at: At, tree: Any = None) -> None:
        self.value = value
        self._at = at
        self.tree = tree

    def at(self, path: Path = ()) -> At:
        """The place of what PATH leads to: of a mapping's key, of a list's item; else of what is nearest above it."""
        node, spot = self.tree, None
        for word in path:
            found = _inside(node, word)
            if found is None:
                break
            spot, node = found
        return self._at if spot is None else located(self._at, spot)

    def doubles(self) -> Iterator[tuple[At, str, int]]:
        """Every key that stands twice in one mapping: its place, its text, and the line of the first one."""
        waiting, seen = [self.tree], set()
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
                if first is not key and first.start_mark.index >= node.start_mark.index:  # not from a merge
                    yield located(self._at, spot_of(key)), key.value, first.start_mark.line + 1


def documents(text: str, path: str, session: Session, loader: Any) -> list[Document]:
    """The documents in TEXT, the content of the file PATH (relative to the DAG folder), as the class LOADER reads them.

    Raises what PyYAML raises as an exception of the file (GF003, GF005), at its place.
    """
    whole = At(session, DocumentModule(session, path), None)
    made: Any = None
    found: list[Document] = []
    try:
        _measure(text, whole)
        made = loader(text)
        while made.check_node():
            node = made.get_node()
            start = located(whole, Spot(node.start_mark.line + 1, node.start_mark.column + 1))
            found.append(Document(made.construct_document(node), start, node))
    except yaml.MarkedYAMLError as problem:
        words = ", ".join(part for part in (problem.context, problem.problem) if part)
        _refuse(whole, f"yaml.{type(problem).__name__}", words, problem.problem_mark or problem.context_mark)
    except yaml.YAMLError as problem:
        _refuse(whole, "yaml.YAMLError", str(problem).partition("\n")[0], None)
    except (ValueError, TypeError, OverflowError) as problem:  # a date that is none, a key that cannot be one
        _refuse(whole, type(problem).__name__, str(problem), None)
    finally:
        if made is not None:
            made.dispose()
    return found


def located(at: At, spot: Spot) -> At:
    """SPOT in the file that AT is in."""
    return At(at.session, at.module, cast(Any, spot))


def spot_of(node: Any) -> Spot:
    """Where a node of PyYAML stands."""
    start, end = node.start_mark, node.end_mark
    return Spot(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _refuse(whole: At, kind: str, words: str, mark: Any) -> NoReturn:
    at = whole if mark is None else located(whole, Spot(mark.line + 1, mark.column + 1))
    fail(at, kind, words or "not valid YAML", code="GF003")


def _measure(text: str, whole: At) -> None:
    """Refuse what is nested too deeply, or grows beyond reason through aliases of aliases, before it is built."""
    count = 0
    sizes: dict[str, int] = {}
    begun: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
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
            fail(located(whole, Spot(mark.line + 1, mark.column + 1)), "ValueError", words, code="GF005")


def _inside(node: Any, word: Any) -> tuple[Spot, Any] | None:
    """The place of WORD in NODE, and the node that it leads to."""
    if isinstance(node, yaml.SequenceNode):
        if isinstance(word, int) and word < len(node.value):
            return spot_of(node.value[word]), node.value[word]
        return None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in reversed(node.value):
        if isinstance(key, yaml.ScalarNode) and key.value == str(word):
            return spot_of(key), value
    return None
