"""``import`` and ``from ... import``."""

from __future__ import annotations

from typing import Any

import libcst as cst

from goflow.parser.interpreter.bodies import Exit
from goflow.parser.interpreter.modules import LibraryModule, ModuleValue
from goflow.parser.interpreter.python_names import starred_names
from goflow.parser.interpreter.scopes import MISSING, Frame
from goflow.parser.interpreter.values import At, Raised, Unknown, Value, raised


def dotted(node: cst.CSTNode) -> str:
    """``a.b.c`` of a Name or an Attribute."""
    if isinstance(node, cst.Name):
        return node.value
    assert isinstance(node, cst.Attribute)
    return f"{dotted(node.value)}.{node.attr.value}"


def imported(node: cst.CSTNode) -> list[str]:
    """The top-level modules that an import statement names; none for other statements and relative imports."""
    if isinstance(node, cst.Import):
        return [dotted(alias.name).partition(".")[0] for alias in node.names]
    if isinstance(node, cst.ImportFrom) and node.module is not None and not node.relative:
        return [dotted(node.module).partition(".")[0]]
    return []


def import_modules(frame: Frame, node: cst.Import) -> Exit | None:
    """``import a.b as c``."""
    at = frame.at(node)
    loader = frame.session.loader
    for alias in node.names:
        name = dotted(alias.name)
        words = name.split(".")
        for end in range(1, len(words) + 1):
            module = loader.load(".".join(words[:end]), at)
        if alias.asname is not None:
            assert isinstance(alias.asname.name, cst.Name)
            frame.assign(alias.asname.name.value, module)
        else:
            frame.assign(words[0], loader.load(words[0], at))
    return None


def import_from(frame: Frame, node: cst.ImportFrom) -> Exit | None:
    """``from a.b import c as d``, ``from . import x``, ``from a import *``."""
    at = frame.at(node)
    name = _absolute_name(frame, node, at)
    words = name.split(".")
    loader = frame.session.loader
    module: Value = loader.load(words[0], at)
    for end in range(2, len(words) + 1):
        module = loader.load(".".join(words[:end]), at)
    if isinstance(node.names, cst.ImportStar):
        _import_star(frame, module, at)
        return None
    for alias in node.names:
        assert isinstance(alias.name, cst.Name)
        value = import_name(module, alias.name.value, at)
        target = alias.asname.name if alias.asname is not None else alias.name
        assert isinstance(target, cst.Name)
        frame.assign(target.value, value)
    return None


def import_name(module: Value, name: str, at: At) -> Any:
    """``from MODULE import NAME``. Raises ImportError when it is not there for sure."""
    if isinstance(module, ModuleValue):
        found = module.names.get(name, MISSING)
        if found is not MISSING:
            return found
        inner = at.session.loader.find(f"{module.name}.{name}", at)
        if inner is not None:
            return inner
        own = module.names.get("__getattr__")
        if isinstance(own, Value):
            return own.call([name], {}, at)
        if module.starred is not None:
            return module.starred
        raised(at, "ImportError", f"cannot import name '{name}' from '{module.name}'")
    try:
        if not at.session.loader.is_absent(f"{getattr(module, 'name', '?')}.{name}"):
            return module.get_attribute(name, at)
    except Raised as problem:
        if not problem.is_a("AttributeError"):
            raise
    return raised(at, "ImportError", f"cannot import name '{name}' from '{getattr(module, 'name', '?')}'")


def _absolute_name(frame: Frame, node: cst.ImportFrom, at: At) -> str:
    written = dotted(node.module) if node.module is not None else ""
    if not node.relative:
        return written
    package = frame.module.package
    if not package:
        raised(at, "ImportError", "attempted relative import with no known parent package")
    words = package.split(".")
    up = len(node.relative) - 1
    if up >= len(words):
        raised(at, "ImportError", "attempted relative import beyond top-level package")
    base = words[: len(words) - up]
    return ".".join([*base, *([written] if written else [])])


def _import_star(frame: Frame, module: Value, at: At) -> None:
    """Everything public in MODULE; of a module that is not read, or not in full, names that are not known."""
    named = None if isinstance(module, ModuleValue) else starred_names(getattr(module, "name", ""))
    known_in_full = isinstance(module, ModuleValue) or (
        isinstance(module, LibraryModule) and module.otherwise is not None
    )
    if not known_in_full and named is None:
        frame.module.starred = Unknown(f"what is in {getattr(module, 'name', 'a module')}, which is not read", at)
    elif isinstance(module, ModuleValue) and module.starred is not None:
        frame.module.starred = module.starred
    names = [*(named or ()), *(_public_names(module) if isinstance(module, ModuleValue | LibraryModule) else ())]
    for name in names:
        if isinstance(name, str):
            try:
                frame.assign(name, import_name(module, name, at))
            except Raised:
                if isinstance(module, ModuleValue):  # others have more names than the module in this version
                    raise


def _public_names(module: ModuleValue | LibraryModule) -> list[Any]:
    listed = module.names.get("__all__")
    return (
        list(listed)
        if isinstance(listed, list | tuple)
        else [name for name in module.names if not name.startswith("_")]
    )
