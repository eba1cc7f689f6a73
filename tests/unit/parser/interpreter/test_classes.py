"""Classes against Python itself: how they are made, and what every object has from ``object`` and its kin."""

from __future__ import annotations

import pytest

from goflow.parser.interpreter.values import Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

CASES = {
    "attributes set and deleted past what the class says": (
        "class A:\n    def __init__(self, n):\n        object.__setattr__(self, 'n', n)\n        object.__setattr__(self, 'm', 1)\n"
        "    def __setattr__(self, name, value):\n        raise AttributeError(name)\n    def __delattr__(self, name):\n"
        "        object.__delattr__(self, name + name)\n    def __getattr__(self, name):\n"
        "        return object.__getattribute__(self, 'n') if name == 'z' else 'other'\n"
        "a = A(3)\nobject.__setattr__(a, 'nn', 2)\ndel a.n\nx = a.n, a.m, a.z, a.q, sorted(vars(a))\n"
    ),
    "what a frozen dataclass sets after its init": (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass A:\n    n: int\n    twice: int = 0\n"
        "    def __post_init__(self):\n        object.__setattr__(self, 'twice', self.n * 2)\n"
        "x = A(2).twice, A(3) == A(3)\ntry:\n    del A(2).n\nexcept AttributeError as e:\n    y = type(e).__name__\n"
    ),
    "object.__setattr__ goes through properties and slots": (
        "class A:\n    __slots__ = ('n', '_m')\n    @property\n    def m(self): return self._m\n    @m.setter\n"
        "    def m(self, v): object.__setattr__(self, '_m', v + 1)\na = A()\nobject.__setattr__(a, 'n', 1)\n"
        "object.__setattr__(a, 'm', 2)\nx = a.n, a.m\n"
    ),
    "objects that object, str and dict make": (
        "class A:\n    one = None\n    def __new__(cls, *a):\n        if cls.one is None:\n            cls.one = object.__new__(cls)\n"
        "            cls.one.n = a\n        return cls.one\nclass S(str):\n    def __new__(cls, v): return str.__new__(cls, v.upper())\n"
        "class D(dict):\n    def __init__(self, *a, **k):\n        dict.__init__(self, *a, **k)\n        self.n = len(self)\n"
        "    def __setitem__(self, k, v): dict.__setitem__(self, k, v * 2)\n"
        "d = D(a=1)\nd['b'] = 2\nx = A(1) is A(2), A(3).n, S('q'), S('q') + 'r', d, d.n, dict.__getitem__(d, 'b')\n"
    ),
    "methods of Python's own called through their classes": (
        "d, l, s = {}, [1], {1}\ndict.__setitem__(d, 'k', 1)\ndict.update(d, j=2)\nlist.append(l, 2)\nlist.__iadd__\nset.add(s, 2)\n"
        "dict.setdefault(d, 'm', []).append(3)\nlist.__setitem__(l, 0, 5)\ndict.__delitem__(d, 'j')\n"
        "x = d, l, s, str.upper('a'), str.__len__('ab'), list.__contains__(l, 5), int.__add__(1, 2), dict.get(d, 'z', 0),\\\n"
        "    sorted(['b', 'A'], key=str.lower), str.__eq__('a', 'a'), list.__getitem__(l, 1)\n"
    ),
    "operators of Python's own that cannot take the other one": (
        "x = [(1).__add__('ab'), 'ab'.__eq__(1), (1).__eq__('a'), [1].__lt__(2), (1).__lt__(2), 'a'.__add__('b'), (1.5).__add__(1),\n"
        "     {}.__eq__([]), (1).__radd__(2), (True).__and__(False), 'a'.__ne__('b'), (1).__sub__(1.5)]\n"
    ),
    "super reaches object": (
        "class A:\n    def __setattr__(self, n, v): super().__setattr__(n, v + 1)\n    def __eq__(self, other): return super().__eq__(other)\n"
        "    def __getattribute__(self, n): return super().__getattribute__(n)\n    def __hash__(self): return 1\n"
        "a = A()\na.n = 1\nx = a.n, a == a, a == 3, a != A()\n"
    ),
    "a registry that a metaclass fills": (
        "class Reg(type):\n    items = []\n    def __init__(cls, name, bases, ns):\n        super().__init__(name, bases, ns)\n"
        "        if bases:\n            Reg.items.append(cls)\nclass Base(metaclass=Reg):\n    tid = 'base'\n"
        "    def up(self): return self.tid.upper()\nclass A(Base):\n    tid = 'a'\n    def up(self): return super().up() + '!'\n"
        "class B(A): tid = 'b'\nx = [(c.__name__, c.tid, c().up(), c.__module__) for c in Reg.items], len(Base.items)\n"
    ),
    "a metaclass that changes what it makes": (
        "class Meta(type):\n    def __new__(mcs, name, bases, ns, prefix=''):\n        ns = dict(ns)\n        ns['label'] = prefix + name.lower()\n"
        "        ns['keys'] = sorted(k for k in ns if not k.startswith('__'))\n        cls = super().__new__(mcs, name, bases, ns)\n"
        "        cls.more = cls.__qualname__\n        return cls\n    def __init__(cls, name, bases, ns, **kw):\n"
        "        super().__init__(name, bases, ns)\n        cls.inits = getattr(cls, 'inits', 0) + 1\n    def shout(cls): return cls.label + '!'\n"
        "    @property\n    def size(cls): return len(cls.keys)\n"
        "class A(metaclass=Meta, prefix='p-'):\n    n = 1\n    def me(self): return __class__.__name__\nclass B(A):\n    def me(self): return super().me() + 'B'\n"
        "C = Meta('C', (A,), {'m': 2})\n"
        "x = A.label, A.keys, A.more, A.inits, B.inits, B.label, B().me(), A.shout(), B.size, C.label, C.m, C().me(), type(A) is Meta, isinstance(B, Meta), hasattr(A(), 'shout'), A.__class__.__name__\n"
    ),
    "singletons by the __call__ of a metaclass": (
        "class Single(type):\n    _all = {}\n    def __call__(cls, *args, **kwargs):\n        if cls not in cls._all:\n"
        "            cls._all[cls] = super().__call__(*args, **kwargs)\n        return cls._all[cls]\n"
        "class A(metaclass=Single):\n    def __init__(self, n=0): self.n = n\nclass B(A): pass\n"
        "class Other(type):\n    def __call__(cls, *a):\n        made = type.__call__(cls, *a)\n        made.seen = True\n        return made\n"
        "class C(metaclass=Other): pass\n"
        "x = A(1) is A(2), A().n, B(5).n, B() is A(), C().seen, C() is C()\n"
    ),
    "a metaclass over abc": (
        "import abc\nclass Meta(abc.ABCMeta):\n    names = []\n    def __new__(mcls, name, bases, ns, **kw):\n"
        "        cls = abc.ABCMeta.__new__(mcls, name, bases, ns, **kw)\n        mcls.names.append(name)\n        return cls\n"
        "class A(metaclass=Meta):\n    @abc.abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self): return 1\n"
        "class P(metaclass=abc.ABCMeta):\n    @abc.abstractmethod\n    def g(self): ...\n"
        "x = [Meta.names, B().f()]\nfor c in (A, P):\n    try:\n        c()\n    except TypeError as e:\n        x.append(str(e)[:40])\n"
        "try:\n    class Q(A, metaclass=type('M', (type,), {})): pass\nexcept TypeError as e:\n    x.append(str(e)[:19])\n"
    ),
    "what a metaclass says of its classes": (
        "class Meta(type):\n    def __iter__(cls): return iter(cls.rows)\n    def __len__(cls): return len(cls.rows)\n"
        "    def __getitem__(cls, k): return cls.rows[k]\n    def __contains__(cls, v): return v in cls.rows\n"
        "    def __getattr__(cls, n): return 'no ' + n\n    def __instancecheck__(cls, v): return v == 5\n"
        "    def __setattr__(cls, n, v): super().__setattr__(n, v * 2)\n    def __repr__(cls): return 'R'\n    def __add__(cls, o): return o\n"
        "class A(metaclass=Meta):\n    rows = ['a', 'b']\nA.n = 2\n"
        "x = list(A), len(A), A[1], 'b' in A, A.q, isinstance(5, A), A.n, repr(A), str(A), A + 3, getattr(A, 'z', 0)\n"
    ),
    "enums with a metaclass of their own": (
        "import enum\nclass Meta(enum.EnumMeta):\n    def __contains__(cls, v): return v in [m.value for m in cls]\n"
        "class E(enum.Enum, metaclass=Meta):\n    A = 1\n    B = 2\nx = 1 in E, 5 in E, [m.name for m in E], len(E), E(2).name, isinstance(E, enum.EnumMeta)\n"
    ),
}


@pytest.mark.parametrize("source", CASES.values(), ids=CASES.keys())
def test_leaves_what_python_leaves(source, tmp_path):
    expected: dict = {"__name__": "main_file"}
    exec(compile(source, "case", "exec", dont_inherit=True), expected)
    names, session = evaluate_text(source, tmp_path)
    assert names["x"] == expected["x"]
    assert names.get("y") == expected.get("y")
    assert not session.diagnostics


@pytest.mark.parametrize(
    "source",
    [
        "class Meta(type):\n    @classmethod\n    def __prepare__(mcs, *a): return {}\nclass A(metaclass=Meta): pass\nx = A",
        "import unheard_of\nclass A(metaclass=unheard_of.Meta): pass\nx = A().y",
        "class Meta(type):\n    def __new__(mcs, name, bases, ns): return type.__new__(mcs, u, bases, ns)\nclass A(metaclass=Meta): pass\nx = A",
    ],
)
def test_a_metaclass_that_cannot_be_followed_makes_an_unknown_class(source, tmp_path):
    names, _ = evaluate_text("import random\nu = random.random()\n" + source, tmp_path)
    assert isinstance(names["x"], Unknown)


def test_import_by_a_function_gives_the_package_or_the_module(tmp_path):
    (tmp_path / "pack" / "deep").mkdir(parents=True)
    (tmp_path / "pack" / "deep" / "mod.py").write_text("NAME = 'n'\n")
    source = (
        "x = [__import__('pack.deep.mod').deep.mod.NAME, __import__('pack.deep.mod', fromlist=['NAME']).NAME,\n"
        "     __import__('pack.deep', fromlist=['mod']).mod.NAME, __import__('pack.deep.mod', {}, {}, ['NAME'], 0).NAME]\n"
    )
    names, _ = evaluate_text(source, tmp_path)
    assert names["x"] == ["n"] * 4


def test_an_attribute_that_nobody_knows_may_be_any(tmp_path):
    source = "import random\nclass A:\n    def __init__(self): self.n = 1\na, b = A(), A()\nsetattr(a, str(random.random()), 2)\nx, y = a.n, b.n\n"
    names, _ = evaluate_text(source, tmp_path)
    assert isinstance(names["x"], Unknown)
    assert names["y"] == 1
