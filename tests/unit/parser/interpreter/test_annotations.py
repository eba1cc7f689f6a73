"""Annotations against Python itself: each text is run by both, and leaves the same values."""

from __future__ import annotations

import sys
import types

import pytest

from goflow.parser.interpreter.values import Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

HEAD = "import datetime as dt, typing, dataclasses, functools\nfrom typing import List, get_type_hints\n"
CASES = {
    "of a class and its bases": (
        "class A:\n    a: int\n    b: 'B' = None\n    c: dt.date = dt.date(2024, 1, 1)\n    g: None = None\nclass B(A):\n    h: float = 1\n"
        "h = get_type_hints(B)\nx = list(h), h['a'] is int, h['b'] is B, h['c'] is dt.date, h['g'] is type(None), h['h'] is float"
    ),
    "of a function": (
        "def f(p: int, q: 'str', *r: bool, s: float = 1, t=2, **u) -> bytes: ...\n@functools.wraps(f)\ndef g(*a): ...\n"
        "x = {k: v.__name__ for k, v in get_type_hints(f).items()}, list(get_type_hints(g)), get_type_hints(lambda: 1)"
    ),
    "a union": "def f(a: int | None): ...\nh = get_type_hints(f)['a']\nx = str(h), isinstance(None, h), isinstance('a', h)",
    "by their names alone": "class A:\n    a: int\n    b: List[str]\n    c = 1\nx = list(A.__annotations__), A.__annotations__['a'] is int, 'c' in A.__annotations__",
    "as a text": "class A:\n    a: 'Nowhere'\nx = A.__annotations__",
    "of an object": "class A:\n    a: int = 1\nclass B(A): pass\nx = list(B().__annotations__), A().__annotations__['a'] is int",
    "in a metaclass's namespace": (
        "class M(type):\n    def __new__(mcs, name, bases, namespace):\n        made = super().__new__(mcs, name, bases, namespace)\n"
        "        made.fields = list(namespace.get('__annotations__', {}))\n        return made\nclass A(metaclass=M):\n    a: int = 1\n"
        "    b: 'str' = ''\nx = A.fields, A().a, A.__annotations__['a'] is int"
    ),
    "of no annotations": "class A: pass\nx = get_type_hints(A), A.__annotations__",
    "that are not there": "def f(a: 'Nowhere'): ...\ntry:\n    get_type_hints(f)\nexcept NameError as e:\n    x = str(e)",
    "a dataclass's objects in another's as a dict": (
        "class P:\n    a: int = 1\n@dataclasses.dataclass\nclass D:\n    p: object\nclass S(D): pass\nd = D(p=S(1))\n"
        "x = dataclasses.asdict(d), dataclasses.is_dataclass(dataclasses.asdict(D(P()))['p'])"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_annotations_are_what_python_has(name, tmp_path, monkeypatch):
    module = types.ModuleType("main_file")
    monkeypatch.setitem(sys.modules, "main_file", module)  # where names in annotations are looked for
    expected = module.__dict__
    exec(compile(HEAD + CASES[name], "main_file.py", "exec", dont_inherit=True), expected)  # text of this file alone
    names, _ = evaluate_text(HEAD + CASES[name], tmp_path)
    assert names["x"] == expected["x"]


UNKNOWN = {
    "a type with arguments": "class A:\n    a: List[int]\nx = get_type_hints(A)['a']",
    "a type under another name, which may have arguments": "T = list[int]\nclass A:\n    a: T\nx = get_type_hints(A)['a']",
    "a text under the future's import": "from __future__ import annotations\nclass A:\n    a: int\nx = A.__annotations__['a']",
    "the type in a metaclass's namespace": (
        "class M(type):\n    def __new__(mcs, name, bases, namespace):\n        made = super().__new__(mcs, name, bases, namespace)\n"
        "        made.first = namespace['__annotations__']['a'] is int\n        return made\nclass A(metaclass=M):\n    a: int = 1\nx = A.first"
    ),
    "the type in the dict of a class": "class A:\n    a: int = 1\nx = A.__dict__['__annotations__']['a'] is int",
    "of a class that is not the file's own": "x = get_type_hints(dt.unheard)",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_kept_is_unknown(name, tmp_path):
    source = UNKNOWN[name] if name.startswith("a text") else HEAD + UNKNOWN[name]
    names, _ = evaluate_text(source, tmp_path)
    assert isinstance(names["x"], Unknown)
