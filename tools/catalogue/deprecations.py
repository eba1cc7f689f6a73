"""Whether a class of operators is deprecated, and by what, read off its source: the decorator ``deprecated``, and
warnings that its constructor or its whole module gives without a condition."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import sys
import textwrap

_WARNINGS = re.compile(r"(Deprecation|PendingDeprecation|RemovedInAirflow\w*)Warning$|DeprecationWarning$")
_PATH = re.compile(r"\bairflow(?:\.\w+)+\.[A-Z]\w+")
_CLASS = re.compile(r"\b[A-Z]\w+(?:Operator|Sensor)\w*")


def deprecation_of(cls: type) -> dict[str, str] | None:
    """``{"instead": import path}`` of what is to be used in its place, ``{}`` where nothing is named; None: it is not
    deprecated."""
    words = _words(cls)
    if words is None:
        return None
    path = _PATH.search(words)
    if path:
        return {"instead": path[0]}
    for name in _CLASS.findall(words):
        if name != cls.__name__ and (found := _path_of(name, cls)):
            return {"instead": found}
    return {}


def _words(cls: type) -> str | None:
    """What is said about the deprecation, the empty text if nothing; None where CLS is not deprecated."""
    tree = _tree(cls)
    if tree is not None:
        for decorator in tree.decorator_list:
            if isinstance(decorator, ast.Call) and _last_name(decorator.func) == "deprecated":
                return _text(decorator)
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                for decorator in statement.decorator_list:
                    if isinstance(decorator, ast.Call) and _last_name(decorator.func) == "deprecated":
                        return _text(decorator)
                return _warned(statement.body)
    return _module_words(cls.__module__)


@functools.cache
def _module_words(module: str) -> str | None:
    try:
        body = ast.parse(inspect.getsource(sys.modules[module])).body
    except (OSError, SyntaxError, TypeError, KeyError):
        return None
    return _warned(body)


def _tree(cls: type) -> ast.ClassDef | None:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except (OSError, SyntaxError, TypeError, IndexError):
        return None
    return tree if isinstance(tree, ast.ClassDef) else None


def _warned(body: list[ast.stmt]) -> str | None:
    """The words of a deprecation warning that stands among these statements themselves."""
    for statement in body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and _last_name(call.func) == "warn":
            categories = [*call.args[1:], *(word.value for word in call.keywords if word.arg == "category")]
            if any(_WARNINGS.search(_last_name(category)) for category in categories):
                return _text(call)
    return None


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _text(call: ast.Call) -> str:
    """All text among the arguments, what names the replacement first."""
    named = {word.arg: word.value for word in call.keywords}
    parts = [named.pop("use_instead", None), *call.args, *named.values()]
    constants = (inner for part in parts if part is not None for inner in ast.walk(part))
    return " ".join(
        inner.value for inner in constants if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    )


def _path_of(name: str, cls: type) -> str | None:
    """The import path of the class NAME, as the module of CLS or its neighbours know it."""
    for base in cls.__mro__[1:]:
        if base.__name__ == name:
            return f"{base.__module__}.{name}"
    found = getattr(importlib.import_module(cls.__module__), name, None)
    return f"{found.__module__}.{name}" if inspect.isclass(found) else None
