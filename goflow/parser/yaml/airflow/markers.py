"""The values of a task's ``with``: literal unless a marker says otherwise (``$t``, ``$x``, ``$f``, ``$const``).

``Value`` and its kin in Airflow's ``yaml_importer/models.py``, ``_lower`` and ``_field_markers`` in its ``builder.py``.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from typing import Any

from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.values import Raised
from goflow.parser.libraries.airflow.opaque import opaque_class
from goflow.parser.libraries.airflow.xcom_args import RETURN_KEY, xcom_of
from goflow.parser.yaml.airflow.grammar import Task, Teller
from goflow.parser.yaml.located import Path

XCOM, TEMPLATE, FILE, CONST = "xcom", "template", "file", "const"
KEYS = {"$x": XCOM, "$xcom": XCOM, "$t": TEMPLATE, "$template": TEMPLATE, "$f": FILE, "$file": FILE, "$const": CONST}
LITERAL = opaque_class("airflow.sdk.definitions._internal.templater.LiteralValue")


def marker_of(value: Any) -> tuple[str, str] | None:
    """The kind of marker that VALUE is, and its key; None for a literal."""
    if isinstance(value, dict) and len(value) == 1:
        (key,) = value
        if isinstance(key, str) and key in KEYS:
            return KEYS[key], key
    return None


def check(value: Any, teller: Teller, path: Path) -> None:
    """Tell what is wrong with the markers in VALUE, which stands at PATH of a task."""
    found = marker_of(value)
    if found is not None:
        _check_marker(*found, value[found[1]], teller, (*path, found[1]))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                teller.tell("GF402", (*path, key), f"a key has to be text, not {key!r}")
            elif key.startswith("$"):
                words = f"{key!r} is no marker here: keys with a $ are reserved"
                teller.tell("GF401", (*path, key), words, "a marker stands alone in its mapping: $t, $x, $f, $const")
            else:
                check(inner, teller, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            check(inner, teller, (*path, index))
    elif not isinstance(value, str | int | float | bool | dt.date | None):
        teller.tell("GF402", path, f"a value of the type {type_name(value)} cannot be written here")


def _check_marker(kind: str, key: str, inner: Any, teller: Teller, path: Path) -> None:
    if kind == XCOM:
        if isinstance(inner, dict):
            for name, part in inner.items():
                if name not in {"task", "key"}:
                    teller.tell("GF401", (*path, name), f"there is no key {name!r} in {key}", "known: task, key")
                elif not isinstance(part, str) and (name == "task" or part is not None):
                    teller.tell("GF402", (*path, name), f"{name} of {key} has to be text")
            if "task" not in inner:
                teller.tell("GF403", path, f"{key} wants a task")
        elif not isinstance(inner, str):
            teller.tell("GF402", path, f"{key} wants a task's id, or a mapping with task and key")
    elif kind == TEMPLATE:
        nested = marker_of(inner)
        if nested is not None and nested[0] == FILE:
            _check_marker(*nested, inner[nested[1]], teller, (*path, nested[1]))
        elif not isinstance(inner, str):
            teller.tell("GF402", path, f"{key} wants a text, or a file by $f")
    elif kind == FILE:
        nested = marker_of(inner)
        if nested is not None and nested[0] == TEMPLATE:
            teller.tell("GF407", path, "a templated filename ($f around $t) is not in the format yet")
        elif not isinstance(inner, str):
            teller.tell("GF402", path, f"{key} wants the path of a file beside this one")


def upstreams(value: Any) -> Iterator[str]:
    """The tasks whose XComs VALUE takes."""
    found = marker_of(value)
    if found is not None:
        inner = value[found[1]]
        if found[0] == XCOM:
            yield inner if isinstance(inner, str) else inner["task"]
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from upstreams(part)


def kinds_in(value: Any) -> set[str]:
    """The kinds of the markers in VALUE."""
    found = marker_of(value)
    if found is not None:
        return {found[0]}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {kind for part in parts for kind in kinds_in(part)}


class Lowering:
    """Makes arguments of values. MADE are the tasks that are there; RENDERED: their field is rendered at run time, so
    that what is literal in it has to be kept from being rendered."""

    def __init__(self, task: Task, made: dict[str, Any], read: Callable[[str, Path], Any], *, rendered: bool) -> None:
        self.task, self.made, self.read, self.rendered = task, made, read, rendered

    def argument(self, value: Any, path: Path) -> Any:
        """The argument that VALUE at PATH of the task is."""
        found = marker_of(value)
        if found is None:
            if isinstance(value, dict):
                return {key: self.argument(inner, (*path, key)) for key, inner in value.items()}
            if isinstance(value, list):
                return [self.argument(inner, (*path, index)) for index, inner in enumerate(value)]
            return self._kept(value, path)
        kind, key = found
        inner = value[key]
        if kind == XCOM:
            target = {"task": inner} if isinstance(inner, str) else inner
            at = self.task.at((*path, key))
            return xcom_of(self.made[target["task"]], at, target.get("key") or RETURN_KEY)
        if kind == TEMPLATE:
            return inner if isinstance(inner, str) else self.read(next(iter(inner.values())), (*path, key))
        return self._kept(self.read(inner, (*path, key)) if kind == FILE else inner, path)

    def _kept(self, value: Any, path: Path) -> Any:
        return LITERAL.call([value], {}, self.task.at(path)) if self.rendered else value


def read_beside(name: str, task: Task, path: Path) -> Any:
    """The text of the file NAME beside the document, which may not lead out of its folder."""
    at = task.at(path)
    loader = at.session.loader
    folder = (at.session.root / at.module.path).parent
    file = folder / name
    if os.path.isabs(name) or not os.path.realpath(file).startswith(f"{os.path.realpath(folder)}{os.sep}"):
        task.teller.tell("GF402", path, f"{name!r} is outside the document's own folder")
        return ""
    try:
        return loader.read_text(file, at)
    except Raised as problem:
        task.teller.tell("GF402", path, f"{name!r} cannot be read: {problem.message}")
        return ""
