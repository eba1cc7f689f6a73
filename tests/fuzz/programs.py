"""Random programs: pure, sure to end, and of every statement that a DAG file's top level is made of.

A program is a list of pieces that each stand alone but for the names that those before have made, so that a program
that shows a defect is made small by leaving pieces out.
"""

from __future__ import annotations

import random
import textwrap
import warnings
from collections.abc import Callable

from tests.fuzz.expressions import KEYS, Expressions

HEAD = (
    "import base64, bisect, collections, copy, dataclasses, datetime, enum, functools, hashlib, heapq, html, itertools\n"
    "import json, math, operator, os, pathlib, re, statistics, string, textwrap, typing, urllib.parse, contextlib, abc\n"
)
GUARDED = "try:\n{body}\nexcept Exception as problem:\n    {name} = ('raised', type(problem).__name__)\n"


class Programs(Expressions):
    """Makes the pieces of one program."""

    def program(self, pieces: int) -> list[str]:
        """The texts of PIECES pieces."""
        makers: list[Callable[[], str]] = [
            self.simple, self.simple, self.simple, self.simple, self.in_place, self.unpacking, self.loop, self.while_loop, self.branch, self.function,
            self.function, self.closures, self.class_, self.class_, self.generator, self.tries, self.match, self.context, self.comprehension,
            self.scopes, self.mutation, self.dataclass, self.enums, self.operators, self.decorator, self.container, self.lazily, self.raising,
        ]  # fmt: skip
        found: list[str] = []
        while len(found) < pieces:
            piece = self.chance.choice(makers)()
            if compiles(piece):  # an assignment expression may have got to where none may stand
                found.append(piece)
        return found

    def guarded(self, body: str, name: str, kind: str = "") -> str:
        """BODY, which defines NAME; where it raises, NAME is what it raised."""
        if kind:
            body += f"\n{name} = ({name})"
        return GUARDED.format(body=textwrap.indent(body, "    "), name=name)

    def simple(self) -> str:
        """An assignment."""
        kind = self.chance.choice(
            ("int", "str", "list", "dict", "float", "bool", "tuple", "set", "bytes", "strings", "date", "str")
        )
        value = self.of(kind, 3)
        name = self.new()
        if self.chance.random() < 0.6:  # known to be of the kind from now on
            self.names.setdefault(kind, []).append(name)
            fallback = {
                "int": "0",
                "str": "''",
                "list": "[]",
                "dict": "{}",
                "float": "0.0",
                "bool": "False",
                "tuple": "()",
                "set": "set()",
            }
            rest = fallback.get(kind, self.of(kind, 0))
            return f"try:\n    {name} = {value}\nexcept Exception:\n    {name} = {rest}\n"
        return self.guarded(f"{name} = {value}", name)

    def in_place(self) -> str:
        """``SIGN=`` on names, items and attributes that something else refers to, too."""
        name, other = self.new(), self.new()
        kind, signs = self.chance.choice(
            [
                ("list", ["+", "*"]),
                ("int", ["+", "-", "*", "//", "**", "<<", "|"]),
                ("str", ["+", "*"]),
                ("dict", ["|"]),
                ("set", ["|", "&", "-", "^"]),
                ("tuple", ["+"]),
                ("float", ["/", "-"]),
            ]
        )
        right = (
            self.small()
            if self.chance.random() < 0.3
            else self.of("list" if kind == "list" and self.chance.random() < 0.5 else kind, 1)
        )
        start, sign = self.of(kind, 1), self.chance.choice(signs)
        if sign in {"**", "<<", "*"}:
            right = self.pick("2", "0", "-1")
        form = self.pick(
            f"{name} = {start}\n{other} = {name}\n{name} {sign}= {right}",
            f"{name} = {{'k': {start}}}\n{other} = {name}['k']\n{name}['k'] {sign}= {right}",
            f"class {name}: x = {start}\n{other} = {name}()\n{other}.x {sign}= {right}\n{name}, {other} = {name}.x, {other}.x",
            f"{other} = [{start}]\n{name} = ({other},)\n{name}[0][0] {sign}= {right}",
        )
        return self.guarded(form + f"\n{name} = ({name}, {other})", name)

    def unpacking(self) -> str:
        """Targets of every shape."""
        name, a, b, c = self.new(), self.new(), self.new(), self.new()
        source = self.of(self.chance.choice(("list", "tuple", "str", "strings", "dict", "list")), 2)
        shape = self.pick(
            f"{a}, {b} = {source}\n{name} = {a}, {b}",
            f"{a}, *{b} = {source}\n{name} = {a}, {b}",
            f"*{a}, {b}, {c} = {source}\n{name} = {a}, {b}, {c}",
            f"({a}, {b}), {c} = ({source})[:2], {self.any(0)}\n{name} = {a}, {b}, {c}",
            f"[{a}, *{b}, {c}] = {source}\n{name} = [{a}, {b}, {c}]",
            f"{a} = {b} = {source}\n{name} = {a} is {b}",
            f"{a}, {b} = {self.any(0)}, {self.any(0)}\n{a}, {b} = {b}, {a}\n{name} = {a}, {b}",
            f"{a} = [0] * 3\n{b} = 0\n{b}, {a}[{b}] = 1, 5\n{name} = {a}",
            f"{a} = {source}\n{name} = print(*{a}), [*{a}], {{*{a}}} if len({a}) < 2 else 0",
        )
        return self.guarded(shape, name)

    def loop(self) -> str:
        """``for`` with ``break``, ``continue`` and ``else``."""
        name, i = self.new(), self.new()
        source = self.of(self.chance.choice(("list", "strings", "dict", "tuple", "str")), 1)
        target, use = self.pick((i), f"{i}, {i}x") if False else i, i
        if self.chance.random() < 0.3:
            source, target, use = f"enumerate({source}, {self.small()})", f"{i}, {i}x", f"({i}, {i}x)"
        inner = self.pick(
            f"{name}.append({use})",
            f"if {i} == {self.any(0)}: continue\n{name}.append({use})",
            f"if len({name}) > 2: break\n{name}.append({use})",
            f"{name} += [{use}]",
            f"for {i}y in {self.of('list', 0)}:\n    if {i}y == 2: break\n    {name}.append({i}y)\nelse:\n    {name}.append('inner')",
        )
        tail = self.pick("", f"else:\n    {name}.append('else')\n", f"{name}.append({i})\n")
        text = (
            f"{name} = []\ntry:\n"
            + textwrap.indent(f"for {target} in {source}:\n{textwrap.indent(inner, '    ')}\n{tail}", "    ")
            + f"\nexcept Exception as problem:\n    {name}.append(type(problem).__name__)\n"
        )
        self.names.setdefault("list", []).append(name)
        return text

    def while_loop(self) -> str:
        """``while``."""
        name, i = self.new(), self.new()
        return f"{name}, {i} = [], {self.chance.randint(0, 9)}\nwhile {i} {self.pick('> 0', '!= 3 and ' + i + ' > -9', '> 5')}:\n    {i} {self.pick('-= 1', '-= 2', '-= 3')}\n    if {i} == {self.chance.randint(0, 5)}: {self.pick('break', 'continue')}\n    {name}.append({i})\n    if len({name}) > 30: break\nelse:\n    {name}.append('else')\n"

    def branch(self) -> str:
        """``if``, ``elif``, ``else``."""
        name = self.new()
        return self.guarded(
            f"if {self.of('bool', 2)}:\n    {name} = {self.any(1)}\nelif {self.any(1)}:\n    {name} = {self.any(1)}\nelse:\n    {name} = {self.any(1)}",
            name,
        )

    def parameters(self) -> str:
        """A parameter list with the names a and b in it."""
        return self.pick(
            "a, b=2",
            "a=1, *b",
            "a=3, /, b=4",
            "a=1, *, b=2",
            "*a, **b",
            "a, b=[]",
            "a, b={}",
            "a=(), *, b, **c",
            "a, b, c=4, *d, e=5, **f",
        )

    def arguments(self) -> str:
        """An argument list."""
        return self.pick(
            lambda: self.any(0),
            lambda: f"{self.any(0)}, {self.any(0)}",
            lambda: f"a={self.any(0)}",
            lambda: f"{self.any(0)}, b={self.any(0)}",
            lambda: f"*{self.of('list', 0)}",
            lambda: f"**{self.of('dict', 0)}",
            "",
            lambda: f"*({self.any(0)},), **{{'b': {self.any(0)}}}",
            lambda: f"{self.any(0)}, *{self.of('strings', 0)}, b={self.any(0)}",
        )

    def function(self) -> str:
        """A function and calls of it."""
        name, f = self.new(), self.new()
        body = self.pick(
            "return a, b",
            "b_ = b\nif isinstance(b, list): b.append(a)\nif isinstance(b, dict): b['n'] = len(b)\nreturn a, copy.copy(b_)",
            "try:\n    return a\nfinally:\n    log.append(b)",
            f"for q in {self.of('list', 0)}:\n    if q == 2:\n        return q, a\n    try:\n        if q: continue\n    finally:\n        log.append(q)\nreturn b",
            f"if not a: return\nreturn [{f}(0)] if a is True else b",
            f"x = {self.any(1)}\ndef inner(y=x): return (x, y, a)\nx = 5\nreturn inner()",
            "return sorted(locals())",
            "del a\nreturn b if b else a",
            f"return {f}.__name__, {f}.__doc__, b",
            "return a if b else b or a",
            "with contextlib.suppress(ZeroDivisionError, TypeError):\n    return a / b\nreturn 'suppressed'",
            "global glob\nglob = a\nreturn glob",
        )
        text = f"log = []\ndef {f}({self.parameters()}):\n    'doc {f}'\n{textwrap.indent(body, '    ')}\n{name} = []\n"
        for _ in range(3):
            text += f"try: {name}.append({f}({self.arguments()}))\nexcept Exception as problem: {name}.append(type(problem).__name__)\n"
        return text + f"{name}.append(log)\n"

    def closures(self) -> str:
        """Late binding, ``nonlocal``, defaults that are made once."""
        name, f = self.new(), self.new()
        return self.guarded(self.pick(
            lambda: f"{f} = [lambda: i for i in {self.of('list', 0)}]\n{name} = [g() for g in {f}]", lambda: f"{f} = [lambda i=i: i for i in {self.of('list', 0)}]\n{name} = [g() for g in {f}]", lambda: f"{f} = []\nfor i in {self.of('list', 0)}:\n    def g(x, i_=i): return (x, i_, i)\n    {f}.append(g)\n{name} = [g(1) for g in {f}]",
            lambda: f"def {f}(n):\n    def up(by={self.small()}):\n        nonlocal n\n        n += by\n        return n\n    def get(): return n\n    return up, get\nu, g = {f}({self.of('int', 0)})\n{name} = [u(), u(2), g()]", lambda: f"def {f}(x, seen=[]):\n    seen.append(x)\n    return seen\n{name} = [{f}(1), {f}(2), {f}(3, [])]",
            lambda: f"{f} = functools.partial({self.pick('lambda *a, **k: (a, k)', 'max', 'dict')}, {self.pick('1', '')})\n{name} = {f}({self.pick('2, 3', 'b=2', '')})", lambda: f"compose = lambda *fs: functools.reduce(lambda p, q: lambda x: q(p(x)), fs)\n{name} = compose({self.pick('str, len', 'abs, str', 'lambda x: x + 1, lambda x: x * 2')})({self.of('int', 1)})",
            lambda: f"def {f}():\n    x = 'local'\n    class C:\n        x = 'class'\n        y = [x for _ in range(1)]\n        def get(self): return x\n    return C.x, C.y, C().get()\n{name} = {f}()", lambda: f"x = 'outer'\ndef {f}():\n    try:\n        return x\n    except NameError as e:\n        return 'unbound'\n    {self.pick('x = 1', 'y = 1', 'del x', 'for x in []: pass')}\n{name} = {f}()",
        ), name)  # fmt: skip

    def class_(self) -> str:
        """Classes that inherit, with every kind of attribute."""
        name, a, b = self.new(), self.new(), self.new()
        x, y = self.any(0), self.any(0)
        body = self.pick(
            f"class {a}:\n    k = {x}\n    def __init__(self, n={y}): self.n = n\n    @property\n    def p(self): return (self.n, self.k)\n    @p.setter\n    def p(self, v): self.n = v\n    @classmethod\n    def make(cls, *a): return cls(*a)\n    @staticmethod\n    def st(v): return v\nclass {b}({a}):\n    k = {self.any(0)}\n    def __init__(self, *a, **kw):\n        super().__init__(*a, **kw)\n        self.m = 1\n    def __repr__(self): return f'{{type(self).__name__}}({{self.n!r}})'\no = {b}.make({x})\no.p = {y}\n{name} = [o.p, {b}.st(2), o.k, {a}.k, repr(o), str(o), vars(o), {a}().p, isinstance(o, {a}), {b}.__mro__[1].__name__, {b}.__name__, o.__class__.__name__, getattr(o, 'zz', 5), f'{{o}}']",
            f"class A: \n    def f(self): return ['A']\nclass B(A):\n    def f(self): return ['B'] + super().f()\nclass C(A):\n    def f(self): return ['C', {x}] + super().f()\nclass D({self.pick('B, C', 'C, B')}):\n    def f(self): return ['D'] + {self.pick('super().f()', 'super(D, self).f()', 'B.f(self)')}\n{name} = [D().f(), [k.__name__ for k in D.__mro__], D.__bases__[0].__name__]",
            f"class R:\n    made = []\n    def __init_subclass__(cls, /, tag={x}, **kw):\n        super().__init_subclass__(**kw)\n        cls.made.append((cls.__name__, tag))\nclass S(R, tag={y}): pass\nclass T(S): pass\n{name} = R.made, S.made is R.made",
            f"class D:\n    def __set_name__(self, owner, n): self.n = '_' + n\n    def __get__(self, o, t=None): return self if o is None else getattr(o, self.n, 'none')\n    def __set__(self, o, v): setattr(o, self.n, (v, {x}))\nclass H:\n    a = D()\n    b = D()\no = H()\no.a = {y}\n{name} = [o.a, o.b, vars(o), H.a.n]",
            f"class M(type):\n    def __new__(m, n, bases, ns, **kw):\n        ns['extra'] = (n, {x})\n        return super().__new__(m, n, bases, ns)\n    def __call__(cls, *a):\n        o = super().__call__(*a)\n        o.called = True\n        return o\nclass W(metaclass=M):\n    pass\n{name} = [W.extra, W().called, type(W).__name__]",
            f"class G:\n    def __init__(self): self.d = {{}}\n    def __getattr__(self, n): return ('missing', n)\n    def __getitem__(self, k): return (k, {x})\n    def __setitem__(self, k, v): self.d[k] = v\n    def __delitem__(self, k): del self.d[k]\n    def __contains__(self, k): return k in self.d\n    def __len__(self): return len(self.d)\n    def __iter__(self): return iter(self.d)\n    def __call__(self, *a, **k): return (a, k)\n    def __bool__(self): return {self.pick('True', 'False', 'bool(self.d)')}\ng = G()\ng[1] = {y}\ng['z'] = 2\ndel g[1]\n{name} = [g.foo, g[1:2], 'z' in g, len(g), list(g), g(1, k=2), bool(g), not g, g[1, 2], g[...]]",
            f"class S(str):\n    def up(self): return self.upper()\nclass L(list):\n    def first(self): return self[0] if self else {x}\nclass Di(dict):\n    def __missing__(self, k): return ('m', k)\ns, l, d = S('abc'), L([1, 2]), Di(a=1)\nl.append(3)\n{name} = [s.up(), s + 'x', s == 'abc', len(s), l.first(), l[1:], d['zz'], d['a'], isinstance(d, dict), s.replace('a', 'b'), sorted(l, reverse=True), L().first(), 'a' in d, d.get('q'), {{**d}}, f'{{s:>5}}', [*l], {{s: 1}}['abc'], json.dumps([d, l, s])]",
            f"class E(Exception):\n    def __init__(self, code, *a):\n        super().__init__(*a)\n        self.code = code\n    {self.pick('', 'def __str__(self): return repr(self.code)')}\nclass F(E, ValueError): pass\ntry:\n    raise F({x}, 'words', 2)\nexcept ValueError as e:\n    {name} = [type(e).__name__, e.args, e.code, str(e), repr(e), isinstance(e, E)]",
            f"class V:\n    __slots__ = ('a', '_b')\n    count = 0\n    def __init__(self, a):\n        self.a = a\n        V.count += 1\n        self._b = self.__hidden()\n    def __hidden(self): return 'h'\n    def __eq__(self, o): return isinstance(o, V) and self.a == o.a\n    def __lt__(self, o): return self.a < o.a\n    def __hash__(self): return hash(self.a)\n    def __repr__(self): return f'V{{self.a}}'\nvs = [V(3), V(1), V(2)]\n{name} = [sorted(vs), min(vs), max(vs), V(1) == V(1), V(1) != V(2), V(1) in vs, vs.index(V(2)), len({{V(1), V(1)}}), V.count, {{V(1): 'x'}}[V(1)], vs[0]._b, V(1) == {x}]",
            f"class P(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\n    @property\n    @abc.abstractmethod\n    def g(self): ...\nclass Q(P):\n    def f(self): return {x}\n    g = {y}\nq = Q()\n{name} = [q.f(), q.g]\nP()",
            f"class T:\n    def __enter__(self): return self\n    def __exit__(self, t, v, tb):\n        self.saw = t and t.__name__\n        return {self.pick('True', 'False')}\nt = T()\ntry:\n    with t as u:\n        1 / 0\nexcept ZeroDivisionError: pass\n{name} = [t.saw, t is u]",
            f"class N:\n    x = {x}\n    y = x\n    for z in range(3): pass\n    if True:\n        def f(self): return __class__.__name__\n    f2 = lambda self: self.x\n    class In:\n        w = 1\n{name} = [N.y, N.z, N().f(), N().f2(), N.In.w, N.In.__qualname__, N.f.__qualname__, sorted(k for k in vars(N) if k[0] != '_')]",
            f"class C1:\n    x = []\n    y = {self.of('int', 0)}\na, b = C1(), C1()\na.x.append(1)\na.y += 1\ndel a.y\nsetattr(b, 'y', {y})\n{name} = [a.x is b.x, C1.y, a.y, b.y, a.__dict__, hasattr(a, 'nope')]\ndelattr(a, 'y')",
            f"K = type('K', (), {{'a': {x}, 'm': lambda self: self.a}})\n{name} = [K().m(), K.__name__, K.a]",
            f"class Pt(typing.NamedTuple):\n    x: int\n    y: int = {self.of('int', 0)}\n    def total(self): return self.x + self.y\nPu = collections.namedtuple('Pu', 'a b', defaults=[{x}])\np = Pt(3)\n{name} = [p, p.x, p[1], p.total(), p._replace(x=9), p._asdict(), Pt._fields, tuple(p), p == (3, p.y), Pu(1), Pu(b=2, a=1)._asdict(), repr(Pu(1, 2)), Pu._fields, [*p], Pu._make([5, 6]), len(p), isinstance(p, tuple), Pt(1, 2) < Pt(2, 1)]",
        )  # fmt: skip
        return self.guarded(body, name)

    def generator(self) -> str:
        """Generators: pausing, sending, delegating, given up."""
        name, g = self.new(), self.new()
        return self.guarded(self.pick(
            f"def {g}(n):\n    for i in range(n):\n        got = yield i\n        if got: log.append(got)\n    return 'done'\nlog = []\nit = {g}(3)\n{name} = [next(it), it.send('x'), list(it), log, next(it, 'end')]", f"def {g}():\n    r = yield from sub()\n    yield ('r', r)\ndef sub():\n    yield 1\n    return {self.any(0)}\n{name} = list({g}())",
            f"log = []\ndef {g}():\n    try:\n        yield 1\n        yield 2\n    finally:\n        log.append('closed')\nfor q in {g}():\n    break\ni = {g}()\nnext(i)\ni.close()\n{name} = log", f"def {g}(x):\n    while x:\n        yield x\n        x -= 1\n{name} = [sum({g}(4)), max({g}(3)), sorted({g}(3)), dict(zip({g}(2), 'ab')), [*{g}(2)], 2 in {g}(3), tuple({g}(0)), list(zip({g}(3), {g}(2)))]",
            f"def {g}():\n    try:\n        yield 1\n    except ValueError as e:\n        yield str(e)\ni = {g}()\nnext(i)\n{name} = i.throw(ValueError({self.of('str', 0)}))", f"{g} = (p * 2 for p in {self.of('list', 0)})\n{name} = [next({g}, None), list({g}), list({g})]", f"def fib():\n    a, b = 0, 1\n    while True:\n        yield a\n        a, b = b, a + b\n{name} = list(itertools.islice(fib(), {self.chance.randint(0, 12)})), next(x for x in fib() if x > 20)",
            f"class It:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n    def __next__(self):\n        if self.n <= 0: raise StopIteration\n        self.n -= 1\n        return self.n\ni = It(4)\n{name} = [next(i), list(i), list(i), sum(It(3)), [*It(2)], 1 in It(3), dict(enumerate(It(2)))]", f"a = iter({self.of('list', 1)})\n{name} = [list(zip(a, a)), next(a, 'none'), iter(a) is a]",
            f"def {g}(n):\n    if n > 1:\n        yield from {g}(n - 1)\n    yield n\n{name} = list({g}(5)), {g}.__name__, type({g}(1)).__name__", f"def {g}():\n    x = yield\n    while x is not None:\n        x = yield x * 2\ni = {g}()\nnext(i)\n{name} = [i.send(2), i.send({self.of('int', 0)})]\ni.send(None)",
        ), name)  # fmt: skip

    def tries(self) -> str:
        """``try`` in all its ways out."""
        name, f = self.new(), self.new()
        bad = self.pick(
            "1 / 0",
            "[][0]",
            "{}['k']",
            "int('q')",
            "None.x",
            "undefined",
            "raise KeyError(1, 2)",
            "'a' + 1",
            "pass",
            "assert False, 'no'",
            f"int({self.of('str', 0)})",
            "next(iter([]))",
            "'x'.index('y')",
            "(1).foo",
            "[1].remove(2)",
            "{}.pop('z')",
            "raise ValueError",
            "raise TypeError('t') from ValueError('v')",
            "len(5)",
            "float('x')",
            "a, b = 1, 2, 3",
            "f = lambda: 0; f(1)",
            "''.join([1])",
            "dict([1])",
            "set([[]])",
            "'%d' % 'x'",
            "'{}'.format()",
            "'{a}'.format()",
            "datetime.datetime(2024, 13, 1)",
            "json.loads('{')",
            "[].pop()",
            "bytes([300])",
            "'é'.encode('ascii')",
            "b'\\xff'.decode()",
            "chr(-1)",
            "{[]: 1}",
            "(1, 2)[3]",
            "'abc'[10]",
            "math.sqrt(-1)",
            "range(0, 1, 0)",
            "2 ** -1 // 0",
            "1 << -1",
            "next([])",
            "int([])",
            "exec",
            "object().x",
            "raise Exception('m', 1)",
            "re.compile('(')",
            "iter(3)",
            "[1, 2].index(3)",
            "1 < 'a'",
            "sorted([1, 'a'])",
            "max([])",
            "max(1)",
            "sum(['a'])",
            "isinstance(1, 1)",
            "'a' * 'b'",
            "-'a'",
            "divmod(1, 0)",
            "0 ** -1",
            "round('a')",
            "abs('a')",
            "ord('ab')",
            "hash([])",
            "pass",
            "zip([1], [1, 2], strict=True).__next__",
            "list(zip([1], [1, 2], strict=True))",
        )
        kinds = self.pick(
            "Exception",
            "(KeyError, IndexError)",
            "ZeroDivisionError",
            "LookupError",
            "ArithmeticError",
            "ValueError",
            "(TypeError, AttributeError, NameError)",
            "AssertionError",
            "OSError",
        )
        if self.chance.random() < 0.25:
            return f"try:\n    {bad}\n    {name} = 'fine'\nexcept Exception as e:\n    {name} = [type(e).__name__, len(e.args), [k.__name__ for k in type(e).__mro__]]\n"
        return f"log = []\ndef {f}():\n    for i in range(2):\n        try:\n            log.append('try')\n            {bad}\n            {self.pick('return 1', 'pass', 'continue', 'break')}\n        except {kinds} as e:\n            log.append(type(e).__name__)\n            {self.pick('return 2', 'raise', 'pass', 'continue', 'break', 'raise RuntimeError(5) from e')}\n        else:\n            log.append('else')\n        finally:\n            log.append('finally')\n            {self.pick('pass', 'pass', 'pass', 'return 3', 'log.append(i)', 'if i: break')}\n    return 4\ntry:\n    {name} = {f}()\nexcept Exception as e:\n    {name} = type(e).__name__, type(e.__cause__).__name__, type(e.__context__).__name__\n{name} = ({name}, log)\n"

    def match(self) -> str:
        """``match``."""
        name, f = self.new(), self.new()
        cases = [
            "case 0 | 1: return 'small'",
            "case -1: return 'minus'",
            "case [x]: return ('one', x)",
            "case [x, y, *rest]: return ('many', x, y, rest)",
            "case {'a': v, **rest}: return ('a', v, rest)",
            "case {'b': int(n)}: return ('b', n)",
            "case str() as s if len(s) > 3: return ('long', s)",
            "case str(s): return ('str', s)",
            "case int(n) if n > 5: return ('int', n)",
            "case bool(): return 'bool'",
            "case None: return 'none'",
            "case float(): return 'float'",
            "case (1, (2 | 3) as q): return ('pair', q)",
            "case {}: return 'map'",
            "case []: return 'empty'",
            "case P(x=0, y=z): return ('P0', z)",
            "case P(a, b): return ('P', a, b)",
            "case 'a' | 'b': return 'ab'",
            "case P.kind: return 'kind'",
            "case [_, _, *_]: return 'two'",
            "case (int() | float()) as n: return ('num', n)",
            "case True: return 'true'",
            "case tuple(): return 'tuple'",
        ]
        chosen = "\n        ".join(self.chance.sample(cases, 6))
        return f"class P:\n    __match_args__ = ('x', 'y')\n    kind = 'k1'\n    def __init__(self, x, y): self.x, self.y = x, y\ndef {f}(v):\n    match v:\n        {chosen}\n        case _: return 'other'\n{name} = []\nfor q in [P(0, 1), P(2, 3), 0, True, None, (1, 3), 'k1', {self.any(0)}, {self.any(0)}, {self.any(0)}, {self.any(0)}, {{'a': 1, 'c': 2}}, {{'b': 3}}]:\n    {name}.append({f}(q))\n"

    def context(self) -> str:
        """``with``."""
        name = self.new()
        return self.guarded(
            f"log = []\n@contextlib.contextmanager\ndef m(n):\n    log.append(('in', n))\n    try:\n        yield n\n    except {self.pick('KeyError', 'ValueError', 'ZeroDivisionError')}:\n        log.append('caught')\n    finally:\n        log.append(('out', n))\n{name} = log\nwith m(1) as a, m({self.any(0)}) as b:\n    log.append((a, b))\n    {self.pick('1 / 0', 'pass', 'raise KeyError(1)', '[][1]')}\nlog.append('after')\nwith contextlib.ExitStack() as st:\n    st.enter_context(m(5))\n    st.callback(log.append, 'cb')\nwith contextlib.nullcontext(3) as z: log.append(z)",
            name,
        )

    def comprehension(self) -> str:
        """Scopes of comprehensions."""
        name, x = self.new(), self.new()
        return self.guarded(
            self.pick(
                f"{x} = 'kept'\n{name} = [[{x} for {x} in {self.of('list', 0)}], {x}]",
                f"{name} = [(i, j) for i in range(3) for j in range(i) if i + j != {self.small()}]",
                f"{name} = [[{x} := i, i * 2] for i in {self.of('list', 0)}], {x}",
                f"{name} = {{k: [v for v in vs if v] for k, vs in {{'a': {self.of('list', 0)}, 'b': {self.of('strings', 0)}}}.items()}}",
                f"{name} = [y for {x} in {self.of('list', 1)} if (y := {x} + 1) > {self.small()}]",
                f"{name} = [f(2) for f in [lambda v: v + n for n in range(3)]]",
                f"{name} = any((hit := n) > 1 for n in {self.of('list', 0)}), globals().get('hit', 'never')",
                f"rows = [{self.of('list', 0)}, {self.of('list', 0)}]\n{name} = [[row[i] for row in rows] for i in range(2)]",
                f"{name} = sorted({{a % 3 for a in {self.of('list', 1)}}}), [*map(str, (b for b in 'ab'))]",
                f"{name} = [a for a, *b in ['xyz', 'q']], [b for a, *b in ['xyz', 'q']]",
            ),
            name,
        )

    def scopes(self) -> str:
        """``global``, ``del``, ``globals()``, shadowed builtins."""
        name, f = self.new(), self.new()
        return self.guarded(
            self.pick(
                f"{name} = 1\ndef {f}():\n    global {name}\n    {name} = ({name}, {self.any(0)})\n{f}()",
                f"globals()['{name}'] = {self.any(1)}",
                f"{f} = 5\ndel {f}\ntry:\n    {f}\nexcept NameError: {name} = 'gone'",
                f"def {f}():\n    len = lambda q: 'mine'\n    return len([])\n{name} = {f}(), len([])",
                f"{name} = '{f}' in globals(), '__name__' in globals(), __name__ == '__main__'",
                f"for {f} in range(2): pass\n{name} = {f}",
                f"try:\n    1 / 0\nexcept Exception as {f}: pass\ntry: {name} = {f}\nexcept NameError: {name} = 'unbound'",
                f"def {f}(a, b=1): return sorted(locals().items())\n{name} = {f}(2)",
                f"x_, y_ = 1, 2\ndef {f}():\n    x_ = 3\n    def g():\n        nonlocal x_\n        x_ = 4\n        return y_\n    g()\n    return x_\n{name} = {f}(), x_",
            ),
            name,
        )

    def mutation(self) -> str:
        """What methods change in place, seen through another name."""
        name, b = self.new(), self.new()
        li = self.pick(
            lambda: f"append({self.any(0)})",
            lambda: f"extend({self.of('list', 0)})",
            lambda: f"insert({self.small()}, {self.any(0)})",
            lambda: f"pop({self.pick('', self.small())})",
            lambda: f"remove({self.of('int', 0)})",
            "reverse()",
            lambda: f"sort({self.pick('', 'reverse=True', 'key=str', 'key=lambda q: -q')})",
            "clear()",
            lambda: f"__setitem__(slice(0, 1), {self.of('list', 0)})",
            lambda: f"extend({self.of('str', 0)})",
        )
        di = self.pick(
            lambda: f"update({self.of('dict', 0)})",
            lambda: f"update(a={self.any(0)})",
            lambda: f"setdefault({self.pick(*KEYS)}, []).append(1)",
            lambda: f"setdefault({self.pick(*KEYS)}, 7)",
            lambda: f"pop({self.pick(*KEYS)}{self.pick('', ', 3')})",
            "popitem()",
            "clear()",
            lambda: f"update([('q', {self.any(0)})])",
            lambda: f"move_to_end({self.pick(*KEYS)})",
            lambda: f"update({self.of('strings', 0)})",
            lambda: f"subtract({self.of('strings', 0)})",
        )
        se = self.pick(
            lambda: f"add({self.any(0)})",
            lambda: f"discard({self.any(0)})",
            lambda: f"update({self.of('list', 0)})",
            lambda: f"remove({self.of('int', 0)})",
            lambda: f"difference_update({self.of('list', 0)})",
            lambda: f"intersection_update({self.of('list', 0)})",
            lambda: f"symmetric_difference_update({self.of('list', 0)})",
        )
        dq = self.pick(
            "appendleft(5)",
            "popleft()",
            "rotate(1)",
            "extendleft([7, 8])",
            "append(9)",
            "pop()",
            "rotate(-2)",
            "maxlen",
        )
        kind = self.chance.choice(["list", "list", "dict", "dict", "set", "deque", "items", "Counter"])
        if kind == "items":
            return self.guarded(
                f"{name} = {self.of('list', 1)}\n{b} = {name}\n"
                + self.pick(
                    f"{name}[{self._slice()}] = {self.of('list', 0)}",
                    f"del {name}[{self._slice()}]",
                    f"{name}[{self.small()}] = {self.any(0)}",
                    f"del {name}[{self.small()}]",
                )
                + f"\n{name} = {name}, {b} is {name}",
                name,
            )
        start = {
            "deque": f"collections.deque({self.of('list', 0)}, {self.pick('None', '3')})",
            "Counter": f"collections.Counter({self.of('strings', 0)})",
        }.get(kind) or self.of(kind, 1)
        method = {"list": li, "dict": di, "set": se, "deque": dq, "Counter": di}[kind]
        return self.guarded(
            f"{b} = {start}\nr = {b}\ntry: got = {b}.{method}\nexcept Exception as e: got = type(e).__name__\n{name} = [got, {'sorted(r, key=repr)' if kind == 'set' else 'r'}, len(r)]",
            name,
        )

    def dataclass(self) -> str:
        """Dataclasses."""
        name = self.new()
        options = self.pick("", "(frozen=True)", "(order=True)", "(eq=False)", "(kw_only=True)")
        return self.guarded(
            f"@dataclasses.dataclass{options}\nclass A:\n    x: int\n    y: str = {self.of('str', 0)}\n    z: list = dataclasses.field(default_factory=list)\n    w: typing.ClassVar[int] = 3\n    h: int = dataclasses.field(default=4, {self.pick('repr=False', 'compare=False', 'init=False')})\n    {self.pick('', 'def __post_init__(self): self.z.append(self.x)', 'def twice(self): return self.x * 2')}\nclass_ = A\na, b = A({self.pick('x=1', 'x=' + self.of('int', 0) + ', y=' + repr('q'), '1', '2, ' + repr('s'))}), A(x=2)\n{name} = [repr(a), a == b, a == A(x=a.x, y=a.y), dataclasses.asdict(a), dataclasses.astuple(b), [f.name for f in dataclasses.fields(A)], dataclasses.replace(b, x=9).x, a.z is b.z, A.w, dataclasses.is_dataclass(A), a.h]\n"
            + self.pick(
                "a.x = 5",
                f"{name}.append(a < b)",
                f"{name}.append(hash(a) == hash(A(x=a.x)))",
                f"@dataclasses.dataclass\nclass B(A):\n    q: float = 1.5\n{name}.append(repr(B(x=3)))",
                f"{name}.append(sorted([b, a], key=lambda o: o.x)[0].x)",
                "A()",
                "A(1, 2, 3, 4, 5, 6)",
            ),
            name,
        )

    def enums(self) -> str:
        """Enums."""
        name = self.new()
        base = self.pick("enum.Enum", "str, enum.Enum", "enum.IntEnum", "enum.StrEnum", "int, enum.Enum", "enum.Flag")
        values = (
            ("'red'", "'green'")
            if "str" in base.lower() or (base == "enum.Enum" and self.chance.random() < 0.5)
            else self.chance.choice([("1", "2"), ("enum.auto()", "enum.auto()")])
        )
        uses = [
            "C.A.name",
            "C.A.value",
            "str(C.A)",
            "f'{C.A}'",
            "repr(C.A)",
            "[c.name for c in C]",
            "C['B'].value",
            "C(C.B.value) is C.B",
            "C.A == C.A.value",
            "C.A is C.A",
            "list(C.__members__)",
            "len(C)",
            "C.A in C",
            "isinstance(C.A, C)",
            "'%s' % C.A",
            "C.ALIAS is C.A",
            "C.A != C.B",
            "{C.A: 1}[C.A]",
            "type(C.A).__name__",
            "C.__name__",
            "hash(C.A) == hash(C.A)",
            "json.dumps([C.A])",
            "C.A.up()",
            "'-'.join([C.A])",
            "C.A + C.A",
            "C.A < C.B",
            "C('nope')",
            "C['nope']",
            "sorted(C)[0].name",
            "C.A.value in ('red', 1)",
            "C.A in ('red', 1)",
            "'{}'.format(C.B)",
            "C.A | C.B",
            "bool(C.A)",
            "f'{C.A:>8}'",
            "dict(C.__members__) == {c.name: c for c in C} ",
        ]
        lines = "".join(
            f"\ntry: {name}.append({use})\nexcept Exception as e: {name}.append(type(e).__name__)"
            for use in self.chance.sample(uses, 7)
        )
        return self.guarded(
            f"class C({base}):\n    A = {values[0]}\n    B = {values[1]}\n    ALIAS = A\n    def up(self): return self.name.lower()\n    {self.pick('', 'def __str__(self): return ' + repr('mine'), '@classmethod' + chr(10) + '    def get(cls): return cls.B', '@property' + chr(10) + '    def prop(self): return (self.value,)')}\n{name} = []{lines}",
            name,
        )

    def operators(self) -> str:
        """Operators of the file's own classes."""
        name = self.new()
        sign, dunder = self.chance.choice(
            [
                ("+", "add"),
                ("-", "sub"),
                ("*", "mul"),
                ("/", "truediv"),
                (">>", "rshift"),
                ("@", "matmul"),
                ("|", "or"),
                ("%", "mod"),
                ("**", "pow"),
                ("&", "and"),
            ]
        )
        return self.guarded(
            f"class A:\n    def __init__(self, v): self.v = v\n    def __{dunder}__(self, o):\n        if isinstance(o, {self.pick('str', 'int', 'A')}): return NotImplemented\n        return ('{dunder}', self.v, getattr(o, 'v', o))\n    {self.pick('pass', f'def __r{dunder}__(self, o): return (' + repr('r') + ', o)', f'def __i{dunder}__(self, o): self.v = (self.v, o); return self')}\nclass B(A):\n    {self.pick('pass', f'def __r{dunder}__(self, o): return (' + repr('Br') + ', self.v)')}\n{name} = []\nfor l, r in [(A(1), A(2)), (A(1), 3), (3, A(1)), (A(1), B(2)), (B(1), A(2)), ('x', A(1)), (A(1), 'x'), ([1], A(2))]:\n    try: {name}.append(l {sign} r)\n    except TypeError as e: {name}.append('TypeError')\na = b = A(5)\na {sign}= {self.pick('2', '[3]')}\n{name}.append((a is b, b.v))",
            name,
        )

    def decorator(self) -> str:
        """Decorators: plain, with arguments, of classes, stacked, caches."""
        name, f = self.new(), self.new()
        return self.guarded(self.pick(
            f"calls = []\ndef deco(n):\n    def wrap(fn):\n        @functools.wraps(fn)\n        def run(*a, **k):\n            calls.append((n, a, k))\n            return fn(*a, **k)\n        return run\n    return wrap\n@deco(1)\n@deco({self.any(0)})\ndef {f}(x, y=2):\n    'Doc.'\n    return x, y\n{name} = [{f}(1), {f}(2, y=3), {f}.__name__, {f}.__doc__, calls, {f}.__wrapped__.__name__]",
            f"@functools.{self.pick('cache', 'lru_cache(maxsize=None)', 'lru_cache')}\ndef {f}(n):\n    seen.append(n)\n    return n if n < 2 else {f}(n - 1) + {f}(n - 2)\nseen = []\n{name} = [{f}(8), {f}(8), seen]", f"reg = {{}}\ndef register(cls):\n    reg[cls.__name__] = cls\n    cls.tag = len(reg)\n    return cls\n@register\nclass {f}: x = {self.any(0)}\n{name} = [sorted(reg), {f}.tag, {f}.x]",
            f"class Deco:\n    def __init__(self, fn): self.fn, self.n = fn, 0\n    def __call__(self, *a):\n        self.n += 1\n        return self.fn(*a), self.n\n@Deco\ndef {f}(*a): return a\n{name} = [{f}(1), {f}(2, 3), {f}.n]", f"class Q:\n    n = 0\n    @functools.cached_property\n    def v(self):\n        Q.n += 1\n        return {self.any(0)}\nq = Q()\n{name} = [q.v, q.v, Q.n, 'v' in vars(q)]",
            f"@functools.total_ordering\nclass O:\n    def __init__(self, v): self.v = v\n    def __eq__(self, o): return self.v == o.v\n    def __lt__(self, o): return self.v < o.v\n{name} = [O(1) <= O(2), O(3) > O(2), O(1) >= O(1), sorted([O(2), O(1)])[0].v, max(O(1), O(4)).v]", f"@functools.singledispatch\ndef {f}(a): return 'any'\n@{f}.register\ndef _(a: int): return 'int'\n@{f}.register(str)\ndef _(a): return 'str'\n{name} = [{f}(1), {f}('x'), {f}([]), {f}(True)]", f"def {f}(fn): return {self.any(0)}\n@{f}\ndef g(): pass\n{name} = g",
        ), name)  # fmt: skip

    def container(self) -> str:
        """``collections`` and their own ways."""
        name = self.new()
        return self.guarded(self.pick(
            f"d = collections.defaultdict(list)\nfor i, w in enumerate({self.of('strings', 1)}): d[w].append(i)\n{name} = [dict(d), repr(d), len(d), 'zz' in d, d['zz'], 'zz' in d, d.get('yy'), sorted(d.items())]", f"c = collections.Counter({self.of('str', 1)})\nc.update('aab')\n{name} = [c['a'], c['none'], c.most_common(2), sum(c.values()), sorted(c.elements())[:4], repr(c), c.total(), +c == c, dict(c - collections.Counter('a'))]",
            f"q = collections.deque({self.of('list', 0)}, {self.pick('maxlen=3', 'None')})\nq.append(1)\nq.appendleft(2)\nq.rotate(1)\nq.extendleft([8, 9])\n{name} = [list(q), repr(q), q[0], len(q), q.popleft(), q.maxlen, 9 in q, q.count(1), q == collections.deque([1]), list(reversed(q)), type(q).__name__, q.copy() == q, isinstance(q, list)]",
            f"a, b = {self.of('dict', 0)}, {self.of('dict', 0)}\nm = collections.ChainMap(a, b)\nm['new'] = 1\nb['late'] = 2\n{name} = [m.get('a'), list(m), dict(m), a, 'late' in m, len(m), m.maps[1] is b, m.new_child({{'a': 9}})['a'], repr(m), m.parents.get('b')]", f"o = collections.OrderedDict([('b', 1), ('a', 2), ('c', 3)])\no.move_to_end('b'{self.pick('', ', last=False')})\n{name} = [list(o), o.popitem({self.pick('', 'last=False')}), o == {{'a': 2, 'c': 3}}, o == collections.OrderedDict(a=2, c=3), list(reversed(o)), type(o).__name__]",
            f"d = {self.of('dict', 1)}\nk, v, i = d.keys(), d.values(), d.items()\nd['late'] = 1\n{name} = [list(k), len(v), 'late' in k, ('late', 1) in i, repr(k), sorted(k & {{'a', 'late'}}), type(i).__name__, list(reversed(d)), k == set(d), isinstance(d, collections.abc.Mapping) if hasattr(collections, 'abc') else 0]", f"d = {{1: 'a', True: 'b', 1.0: 'c', '1': 'd', None: 'e', (1, 2): 'f', 0: 'z', False: 'y'}}\n{name} = [d, list(d), d[1], len(d)]",
            f"d = {self.of('dict', 1)}\nfor key in list(d):\n    if d[key] == 1: del d[key]\n{name} = d\nfor key in d:\n    d['x' + key] = 1\n    if len(d) > 9: break", f"l = {self.of('list', 0)}\nfor q in l:\n    if len(l) < 8: l.append(q)\n{name} = l, [l.remove(q) for q in l[:2]]", f"a = [[]] * 3\na[0].append({self.any(0)})\nb = [[] for _ in range(2)]\nb[0].append(1)\nc = a.copy()\nc.append(1)\nd = copy.deepcopy(a)\nd[0].append(5)\n{name} = [a, b, c, d, d[0] is d[1], a[0] is c[0]]", f"a = {{'x': [1, {{'y': (2, [3])}}]}}\nb = copy.deepcopy(a)\nb['x'][1]['y'][1].append(4)\nc = copy.copy(a)\nc['x'].append(5)\n{name} = [a, b, c]",
            f"h = {self.of('list', 1)}\nheapq.heapify(h)\nheapq.heappush(h, {self.of('int', 0)})\n{name} = [heapq.heappop(h), heapq.nlargest(2, h)]", f"{name} = [os.path.splitext('a/b.tar.gz'), os.path.split('/x/y'), os.path.join('a', '/b', 'c'), str(pathlib.PurePosixPath('/a', 'b') / '../c'), pathlib.PurePosixPath('a/b') == pathlib.PurePosixPath('a//b'), pathlib.PurePosixPath('/a/b/c').relative_to('/a').as_posix(), pathlib.PurePosixPath('x.py').stem, [p.as_posix() for p in pathlib.PurePosixPath('/a/b').parents]]",
            f"{name} = [json.loads('{{\"a\": [1, 2.5, null, true], \"b\": {{}}}}'), json.dumps({{'b': 1, 'a': (1, None), 3: 'é', True: 1.0}}{self.pick('', ', sort_keys=False', ', indent=1', ', ensure_ascii=False')}), json.dumps(float('nan')), json.loads('1e3'), json.dumps({self.any(1)}, default=repr)]", f"r = range({self.small()}, {self.small()}, {self.pick('1', '2', '-1')})\n{name} = [list(r), len(r), r[0:2], repr(r), 3 in r, r == range(0), list(reversed(r)), r.start, sum(r), r.index(1)]",
            f"m = re.{self.pick('match', 'search')}(r'(?P<a>[a-z]+)-?(?P<b>\\d+)?', {self.pick(repr('abc-12'), repr('xy'), self.of('str', 0))})\n{name} = [m.groups(), m.groupdict(), m.group(1), m['a'], m.start(), m.span('a'), m.end(), m.group('a', 'b'), bool(m), m.string, m.expand(r'\\1!'), m.groups('zz'), m.lastgroup, m.re.pattern]", f"p = re.compile(r'(\\w)(\\d)?')\n{name} = [p.findall({self.of('str', 1)}), p.sub(lambda m: m[1].upper() + (m[2] or ''), 'a1b'), p.split('a1-b2'), [m.group() for m in p.finditer('x1y')], p.pattern, p.groups, p.subn('', 'ab1'), re.escape('a.b'), re.split('[,;]', 'a,b;c', maxsplit=1), p.fullmatch('a1') is not None]",
        ), name)  # fmt: skip

    def lazily(self) -> str:
        """What is worked out only when it is asked for."""
        name = self.new()
        return self.guarded(
            "log = []\ndef see(v):\n    log.append(v)\n    return v\n"
            + self.pick(
                f"m = map(see, {self.of('list', 0)})\nlog.append('made')\nnext(m, None)\n{name} = log, list(m)",
                f"g = (see(q) for q in {self.of('list', 0)})\nlog.append('made')\n{name} = next(g, 'none'), log",
                f"src = [1, 2]\ng = (q for q in src)\nm, z, e, f = map(str, src), zip(src, 'abcd'), enumerate(src), filter(None, src)\nsrc.append(3)\n{name} = list(g), list(m), list(z), list(e), list(f), list(f)",
                f"{name} = any(see(q) > 1 for q in [1, 2, 3]), all(see(q) < 2 for q in [1, 2, 3]), log",
                f"{name} = see(0) and see(1) or see(2), log, see(1) < see(0) < see(5)",
                f"it = iter([1, 2, 3, 4])\n{name} = [next(it), list(zip(it, it)), list(it)]\nz = zip(see('ab'), itertools.count())\n{name}.append(list(z))",
                f"n = 1\ng = (q * n for q in [1, 2])\nn = 10\n{name} = list(g)",
                f"a, b = itertools.tee({self.of('list', 0)})\n{name} = [next(a, 0), list(b), list(a)]",
                f"it = itertools.chain.from_iterable([[1], (2, 3), 'x'])\n{name} = [next(it), list(it), list(itertools.zip_longest([1], [2, 3], fillvalue='-')), list(itertools.product('ab', repeat=2)), next(itertools.dropwhile(see, [0, 1]), 'none'), log]",
                f"z = zip([1, 2], [3, 4])\n{name} = [list(z), list(z), dict(zip('ab', itertools.repeat(0))), list(zip(*[[1, 2], [3, 4]])), next(iter({{}}), None), next(filter(lambda q: q > 1, itertools.count()))]",
            ),
            name,
        )

    def raising(self) -> str:
        """Exceptions: chains, notes, groups, what is said of them."""
        name = self.new()
        return self.guarded(
            self.pick(
                f"try:\n    try:\n        {self.pick('1 / 0', '[][0]', '{}[1]')}\n    except Exception as e:\n        raise ValueError({self.any(0)}) {self.pick('from e', '', 'from None')}\nexcept ValueError as e:\n    {name} = [str(e), repr(e), e.args, type(e.__cause__).__name__, type(e.__context__).__name__, e.__suppress_context__]",
                f"try: raise ExceptionGroup('g', [ValueError(1), KeyError('k')])\nexcept* ValueError as eg: {name} = ['v', len(eg.exceptions)]\nexcept* KeyError: {name}.append('k')",
                f"e = {self.pick('KeyError', 'ValueError', 'Exception', 'LookupError')}({self.pick('', self.any(0), '1, 2')})\n{name} = [str(e), repr(e), e.args, bool(e), isinstance(e, LookupError)]",
                f"try: int({self.pick(repr('x'), '[]')})\nexcept (ValueError, TypeError) as e: {name} = type(e).__name__, {self.pick('str(e)', 'e.args', '1')}",
                f"def f():\n    raise LookupError\ntry: f()\nexcept KeyError: {name} = 'key'\nexcept LookupError as e: {name} = ['lookup', str(e), e.args]",
                f"try:\n    {{}}['k']\nexcept KeyError as e: {name} = [str(e), e.args[0], repr(e), f'{{e}}']",
                f"try:\n    assert {self.of('bool', 1)}, {self.any(0)}\n    {name} = 'held'\nexcept AssertionError as e: {name} = e.args",
                f"try: raise SystemExit(3)\nexcept BaseException as e: {name} = [type(e).__name__, e.args, e.code]",
            ),
            name,
        )


def compiles(text: str) -> bool:
    """Whether TEXT is Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "piece", "exec")
    except SyntaxError:
        return False
    return True


def program(seed: int, pieces: int = 12) -> list[str]:
    """The program that SEED stands for."""
    return Programs(random.Random(seed)).program(pieces)
