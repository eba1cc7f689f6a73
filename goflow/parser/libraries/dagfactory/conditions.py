"""Schedules that wait for datasets, written as text: ``(one & two) | three`` over names or URIs.

The rules are those of ``evaluate_condition_with_datasets`` and ``process_file_with_datasets`` in dag-factory's
``dagbuilder.py``, and of its ``parsers.py``.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from goflow.parser.interpreter.operations import binary
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.values import At, Unknown, raised
from goflow.parser.libraries.airflow.assets import asset_class
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.dagfactory.documents import load

_NAME = re.compile(r"\b[a-zA-Z_][a-zA-Z0-9_]*\b")
_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[a-zA-Z0-9\-_/\.]+")
_SIGNS: dict[type[ast.operator], str] = {ast.BitAnd: "&", ast.BitOr: "|"}


def dataset(uri: Any, at: At) -> Any:
    """``Asset(uri)``, which is ``Dataset(uri)`` in Airflow 2."""
    return asset_class(at.session, "Dataset").call([uri], {}, at)


def condition_of(words: Any, at: At, file: Any = None) -> Any:
    """What WORDS (a text, or a list of names that all count) wait for; FILE: the YAML file that gives their URIs."""
    if isinstance(words, list):
        words = " & ".join(str(word) for word in words)
    if isinstance(words, Unknown) or not isinstance(words, str):
        return words if isinstance(words, Unknown) else raised(at, "TypeError", "datasets are a text or a list")
    known: dict[str, Any] = {}
    for uri in _NAME.findall(words) + _URI.findall(words):
        name = re.sub(r"\W|^(?=\d)", "_", uri)
        words = words.replace(uri, name)
        known[name] = uri
    if file is not None:
        known = {name: uri for name, uri in uris_of(file, at).items() if name in known}
    made: dict[str, Any] = {}
    return _Evaluation(known, made, at).of(words)


class _Evaluation:
    def __init__(self, known: dict[str, Any], made: dict[str, Any], at: At) -> None:
        self.known, self.made, self.at = known, made, at

    def of(self, words: str) -> Any:
        try:
            return self._visit(ast.parse(words, mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            fail(self.at, "SyntaxError", f"{words!r} is no condition over datasets: {problem}", code="GF406")

    def _visit(self, node: ast.expr) -> Any:
        if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
            return binary(_SIGNS[type(node.op)], self._visit(node.left), self._visit(node.right), self.at)
        if isinstance(node, ast.Name):
            if node.id not in self.known:
                fail(self.at, "NameError", f"Undefined variable: {node.id}", code="GF406")
            if node.id not in self.made:
                self.made[node.id] = dataset(self.known[node.id], self.at)
            return self.made[node.id]
        if isinstance(node, ast.Constant):
            return node.value
        raise ValueError(f"Unsupported syntax: {type(node).__name__}")


def uris_of(file: Any, at: At) -> dict[str, Any]:
    """The datasets that the YAML file FILE lists under ``datasets``: their URIs by name."""
    if not isinstance(file, str):
        raised(at, "TypeError", f"a path is expected, not '{type_name(file)}'")
    loader = at.session.loader
    real = loader.real(file)
    found = load(loader.read_text(real, at), loader.shown(real), at, expand=False).value
    listed = found.get("datasets", []) if isinstance(found, dict) else []
    return {one["name"]: one["uri"] for one in listed if isinstance(one, dict) and "name" in one and "uri" in one}
