#!/usr/bin/env python3
"""Write the names that ``from MODULE import *`` brings from each module of Python's own library.

    .venv/bin/python tools/python_names.py

They come from the stubs that mypy carries (typeshed), all of their versions and platforms together, and from the module
itself: where it has no ``__all__``, what it imports is among its names.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "goflow" / "parser" / "interpreter" / "facts" / "python_names.txt"
NOT_IMPORTED = ("antigravity", "idlelib", "lib2to3", "this", "turtle", "tkinter", "__main__", "test")


def text_of() -> str:
    """A line per module: ``module|name name``."""
    found = importlib.util.find_spec("mypy")
    assert found is not None
    assert found.origin is not None
    root = Path(found.origin).parent / "typeshed" / "stdlib"
    lines = []
    for path in sorted(root.rglob("*.pyi")):
        name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        if name not in {"__future__", "__main__", "_typeshed"} and not name.startswith("_typeshed."):
            lines.append(f"{name}|{' '.join(sorted(names_of(name, ast.parse(path.read_text('utf-8')))))}\n")
    return "".join(sorted(lines))


def names_of(name: str, stub: ast.Module) -> set[str]:
    """What a star brings from the module NAME."""
    found = {word for statement in ast.walk(stub) for word in _listed(statement)}
    if not found:
        found = {word for word in _defined(stub.body) if not word.startswith("_")}
    top = name.partition(".")[0]
    if top not in NOT_IMPORTED and top in sys.stdlib_module_names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                module = importlib.import_module(name)
            except ImportError:  # of another version or platform
                return found
        found |= set(getattr(module, "__all__", ())) or {word for word in vars(module) if not word.startswith("_")}
    return found


def _listed(statement: ast.AST) -> Iterator[str]:
    """The texts in ``__all__ = [...]`` and ``__all__ += [...]``."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.value


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (item.asname or item.name.partition(".")[0] for item in names if item.name != "*")
            case ast.If(body=inner, orelse=other):
                yield from _defined([*inner, *other])


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text_of(), "utf-8")
