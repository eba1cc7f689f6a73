"""The evaluator against Python itself: each text is run by both, and both must leave the same values."""

from __future__ import annotations

import pytest

from tests.unit.parser.interpreter.evaluating import evaluate_text

CASES = {
    "arithmetic and comparison chains": "x = (1 + 2 * 3 ** 2 // 4 % 5, 1 < 2 < 3 != 4, -7 // 2, 7 / 2, ~5, 1 << 4 | 3)",
    "strings and their methods": "x = ['a-b'.upper().split('-'), 'x'.join(['1', '2']), '%s=%03d' % ('a', 5), 'abc'[::-1]]",
    "format with attributes, items and specs": "x = '{0[k]:>5}|{n!r}|{{}}'.format({'k': 'v'}, n='q')",
    "f-strings with nested specs, conversions and escapes": "w = 6\nv = 3.14159\nx = f'{v:{w}.2f}|{\"q\"!r}|{{}}\\n{w=}'",
    "containers unpacked into each other": "a, *b, (c, d) = [1, 2, 3, (4, 5)]\nx = [a, *b, c, d], {**{'k': 1}, 'l': 2}",
    "comprehensions with conditions and two sources": (
        "x = [(i, j) for i in range(4) if i % 2 for j in 'ab'], {k: v for k, v in zip('ab', [1, 2])}, {n % 2 for n in [1]}"
    ),
    "a loop with else, break and continue": (
        "x = []\nfor i in range(10):\n    if i == 2:\n        continue\n    if i == 5:\n        break\n    x.append(i)\n"
        "else:\n    x.append('else')\n"
    ),
    "while with else": "x = 0\nwhile x < 3:\n    x += 1\nelse:\n    x = x * 10\n",
    "closures and defaults": (
        "def outer(n, step=2):\n    def inner(m):\n        nonlocal n\n        n += m * step\n        return n\n"
        "    return inner\nf = outer(1)\nx = f(1), f(2), (lambda a, /, b, *c, d=4, **e: (a, b, c, d, e))(1, 2, 3, k=5)\n"
    ),
    "builtins are not to be changed": (
        "x = []\nfor kind in (dict, Exception, ValueError):\n    try:\n        kind.own = 1\n    except TypeError as e:\n"
        "        x.append(str(e))\n"
    ),
    "late binding of loop variables": "fs = [lambda: i for i in range(3)]\nx = [f() for f in fs]",
    "decorators with arguments and wraps": (
        "import functools\ndef times(n):\n    def deco(f):\n        @functools.wraps(f)\n        def run(*a, **k):\n"
        "            return [f(*a, **k)] * n\n        return run\n    return deco\n@times(2)\ndef hi(s):\n    'doc'\n"
        "    return s\nx = hi('a'), hi.__name__, hi.__doc__\n"
    ),
    "classes with inheritance, super and properties": (
        "class A:\n    kind = 'a'\n    def __init__(self, n):\n        self.n = n\n    @property\n    def twice(self):\n"
        "        return self.n * 2\n    @classmethod\n    def make(cls, n):\n        return cls(n)\n    @staticmethod\n"
        "    def one():\n        return 1\nclass B(A):\n    kind = 'b'\n    def __init__(self, n, m):\n"
        "        super().__init__(n)\n        self.m = m\n    def __add__(self, other):\n        return self.n + other.n\n"
        "b = B(2, 3)\nx = b.twice, b.kind, A.make(5).n, B.one(), b + b, isinstance(b, A), issubclass(A, B), hasattr(b, 'q')\n"
    ),
    "the method resolution order of a diamond": (
        "class A:\n    def f(self):\n        return ['A']\nclass B(A):\n    def f(self):\n        return ['B'] + super().f()\n"
        "class C(A):\n    def f(self):\n        return ['C'] + super().f()\nclass D(B, C):\n    def f(self):\n"
        "        return ['D'] + super().f()\nx = D().f()\n"
    ),
    "exceptions of the file, raised and caught": (
        "class Mine(ValueError):\n    pass\ndef f(n):\n    try:\n        if n:\n            raise Mine('bad', n)\n"
        "        return 'ok'\n    except (KeyError, ValueError) as e:\n        return type(e).__name__, e.args\n"
        "    finally:\n        log.append(n)\nlog = []\nx = f(0), f(1), log\n"
    ),
    "errors of operations as Python's own": (
        "x = []\nfor f in (lambda: {}['k'], lambda: [][1], lambda: int('q'), lambda: 1 / 0, lambda: None.a, lambda: y,\n"
        "          lambda: 1 + 'a', lambda: len(3), lambda: (lambda a: a)()):\n    try:\n        f()\n"
        "    except Exception as e:\n        x.append(type(e).__name__)\n"
    ),
    "generators, lazily and with a result": (
        "def g():\n    n = 0\n    while True:\n        yield n\n        n += 1\ndef h():\n    yield from [1, 2]\n"
        "i = g()\nx = [next(i), next(i), list(h()), sum(v for v in h())]\n"
    ),
    "context managers of both kinds": (
        "from contextlib import contextmanager\nlog = []\n@contextmanager\ndef m(n):\n    log.append(('in', n))\n"
        "    try:\n        yield n * 2\n    finally:\n        log.append(('out', n))\n"
        "class C:\n    def __enter__(self):\n        return 'c'\n    def __exit__(self, *e):\n        return e[0] is ValueError\n"
        "with m(1) as a, C() as c:\n    raise ValueError('gone')\nx = log, a, c\n"
    ),
    "match on values, sequences and mappings": (
        "def f(v):\n    match v:\n        case 1 | 2:\n            return 'small'\n        case [a, *rest]:\n"
        "            return a, rest\n        case {'k': inner}:\n            return inner\n        case str(s):\n"
        "            return s\n        case _:\n            return None\nx = [f(v) for v in (1, [1, 2, 3], {'k': 5}, 's', 2.5)]\n"
    ),
    "the walrus inside a comprehension": "x = [y for n in [1, 2, 3] if (y := n * n) > 1], y",
    "globals set by name": "for n in ('a', 'b'):\n    globals()[f'v_{n}'] = n\nx = v_a, v_b\n",
    "dataclass fields that are set after the init, shared by a base, or only passed on": (
        "from dataclasses import KW_ONLY, MISSING, InitVar, dataclass, field, fields\nfrom typing import ClassVar\n"
        "@dataclass\nclass A:\n    id: str = field(init=False)\n    kind: str\n    rows: list = field(default_factory=list)\n"
        "    every: ClassVar[list] = []\n    n: InitVar[int] = 2\n    _: KW_ONLY\n    mode: str = 'm'\n"
        "    def __post_init__(self, n):\n        self.id = f'{self.kind}-{n}'\n"
        "@dataclass(order=True)\nclass B(A):\n    mode: str = 'b'\n    extra: int = field(default=1, compare=False, repr=False)\n"
        "a, b = A('k', n=5, mode='z'), B('j', [1])\n"
        "x = a.id, b.id, repr(a), repr(b), a == A('k', [], 5, mode='z'), B('i') < b, [f.name for f in fields(B)]\n"
        "y = [f.default is MISSING for f in fields(A)], [f.default_factory is MISSING for f in fields(A)]\n"
    ),
    "a field that names itself once it has its place": (
        "from dataclasses import dataclass, field\ndef required():\n    def factory():\n        raise ValueError(f.name)\n"
        "    f = field(default_factory=factory)\n    return f\n@dataclass\nclass A:\n    a: str = 'a',\n    b: str = required()\n"
        "try:\n    A()\nexcept ValueError as e:\n    x = e.args, A(b=1).a\n"
    ),
    "what no dataclass takes": (
        "from dataclasses import dataclass, field\nx = []\ndef late():\n    @dataclass\n    class A:\n        a: int = 1\n"
        "        b: int\ndef shared():\n    @dataclass\n    class A:\n        a: list = []\n@dataclass(kw_only=True)\nclass K:\n"
        "    a: int = 1\n    b: int\nfor f in (late, shared, lambda: K(1), lambda: K(), lambda: K(b=1, c=2)):\n    try:\n"
        "        f()\n    except Exception as e:\n        x.append(type(e).__name__)\nx.append(K(b=2).a)\n"
    ),
    "classes that are made by name": (
        "made = []\nclass A:\n    def __init_subclass__(cls):\n        made.append(cls.__name__)\n"
        "B = type('B', (A,), {'n': 1, 'twice': lambda self: self.n * 2})\nx = made, B().twice(), issubclass(B, A)\n"
    ),
    "functions that only work on their arguments": (
        'import shlex, statistics, tomllib, unicodedata, uuid\nx = (shlex.quote("a b"), shlex.split(\'a "b c"\'),\n'
        "     statistics.mean([1, 2, 6]), str(uuid.uuid5(uuid.NAMESPACE_DNS, 'x')), unicodedata.normalize('NFKD', 'é'),\n"
        "     tomllib.loads('[a]\\nb = [1, \"c\"]'))\n"
    ),
    "dataclasses": (
        "from dataclasses import dataclass, field, asdict, replace\n@dataclass\nclass P:\n    a: int\n    b: str = 'b'\n"
        "    c: list = field(default_factory=list)\n    def __post_init__(self):\n        self.d = self.a + 1\n"
        "p = P(1)\nx = p.d, asdict(p), p == P(1), replace(p, a=5).a, repr(p)\n"
    ),
    "named tuples of both kinds": (
        "from collections import namedtuple\nfrom typing import NamedTuple\nA = namedtuple('A', 'x y')\n"
        "class B(NamedTuple):\n    p: int\n    q: str = 'q'\na, b = A(1, y=2), B(3)\nx = a.x, a[1], b.p, b.q, tuple(b)\n"
    ),
    "enums with a mixed-in text": (
        "from enum import Enum\nclass E(str, Enum):\n    A = 'a'\n    B = 'b'\n"
        "x = E.A == 'a', E('b') is E.B, [e.value for e in E], E['A'].name, 'a' in [E.A]\n"
    ),
    "datetime arithmetic": (
        "from datetime import datetime, timedelta\nd = datetime(2024, 2, 28) + timedelta(days=2, hours=1)\n"
        "x = d.isoformat(), d.strftime('%Y/%m'), (d - datetime(2024, 1, 1)).days, d.replace(day=5).day\n"
    ),
    "functions over iterables": (
        "import itertools, functools, operator\nx = (list(map(lambda a: a + 1, [1, 2])), list(filter(None, [0, 1])),\n"
        "     sorted(['b', 'A'], key=str.lower), max([3, 1], key=lambda v: -v), any([0, 1]), all([]), dict(a=1),\n"
        "     list(itertools.chain([1], [2])), functools.reduce(operator.add, [1, 2, 3]), list(reversed([1, 2])),\n"
        "     list(itertools.product('ab', [1])), list(enumerate('ab', 1)), functools.partial(int, base=2)('101'))\n"
    ),
    "json and regular expressions": (
        "import json, re\nx = json.loads(json.dumps({'a': [1, None, True]}, sort_keys=True)), re.sub(r'\\W+', '_', 'a b-c'),\\\n"
        "    re.match(r'(?P<n>\\d+)', '12x').group('n'), re.findall('a.', 'abac')\n"
    ),
    "defaultdict and Counter": (
        "from collections import defaultdict, Counter\nd = defaultdict(list)\nd['a'].append(1)\nx = dict(d), dict(Counter('aab'))\n"
    ),
    "star arguments and keyword-only parameters": (
        "def f(a, *args, k, **kw):\n    return a, args, k, kw\nx = f(*[1, 2], **{'k': 3}, z=4), f(1, k=2)\n"
    ),
    "deletions and slices": "l = list(range(6))\ndel l[0], l[-1]\nl[1:2] = ['a', 'b']\nx = l, l[::2]\n",
    "assigning through attributes and items": (
        "class O:\n    pass\no = O()\no.a = {}\no.a['k'] = [1]\no.a['k'] += [2]\nx = o.a, getattr(o, 'b', 7)\n"
    ),
    "type annotations are passed over": "def f(a: 'Nope', b: list[int] = []) -> 'Never':\n    c: Missing\n    return b\nx = f(1)\n",
    "string constants of many kinds": "x = 'a' 'b', r'\\n', b'\\x00', '''m\nl''', '\\u00e9', 1_000, 0xff, 1e3",
    "conditional imports of what is there": "try:\n    import json as j\nexcept ImportError:\n    j = None\nx = j.dumps(1)\n",
    "generator expressions and map are worked out when they are asked for": (
        "log = []\ndef see(v):\n    log.append(v)\n    return v\ng = (see(q) for q in [1, 2])\nm = map(see, [3, 4])\n"
        "log.append('made')\nx = next(g), next(m), list(g), log, list(zip(iter([1, 2, 3]), m))\n"
    ),
    "any and all stop as soon as they can": (
        "log = []\ndef see(v):\n    log.append(v)\n    return v\nx = any(see(q) > 1 for q in [1, 2, 3]), log\n"
    ),
    "a name that a function assigns is its own from the first line on": (
        "x = 'outer'\ndef f():\n    try:\n        return x\n    except UnboundLocalError:\n        return 'unbound'\n    x = 1\n"
        "x = f()\n"
    ),
    "a return in finally swallows what was raised": (
        "def f():\n    for i in range(3):\n        try:\n            1 / 0\n        finally:\n            return i\nx = f()\n"
    ),
    "the context and cause of exceptions": (
        "try:\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        raise ValueError('v')\nexcept ValueError as e:\n"
        "    x = type(e.__context__).__name__, e.__cause__, e.__suppress_context__, str(OSError(1, 'm'))\n"
    ),
    "a subclass's reflected operator goes first": (
        "class A:\n    def __and__(self, o): return 'A'\nclass B(A):\n    def __rand__(self, o): return 'B'\nx = A() & B(), A() & A()\n"
    ),
    "the opposite of a file's __eq__, and its hash in sets": (
        "class V:\n    def __init__(self, v): self.v = v\n    def __eq__(self, o): return self.v == o.v\n"
        "    def __hash__(self): return hash(self.v)\nx = V(1) != V(1), V(1) != V(2), len({V(1), V(1)}), {V(1): 'k'}[V(1)], V(2) in [V(2)]\n"
    ),
    "views of a dict, live": (
        "d = {'a': 1}\nk, v = d.keys(), d.values()\nd['b'] = 2\nx = list(k), len(v), sorted(k & {'b', 'c'}), ('b', 2) in d.items(), repr(k)\n"
    ),
    "descriptors with a setter": (
        "class D:\n    def __set_name__(self, o, n): self.n = '_' + n\n    def __get__(self, o, t=None): return getattr(o, self.n)\n"
        "    def __set__(self, o, v): setattr(o, self.n, v * 2)\nclass H:\n    a = D()\nh = H()\nh.a = 4\nx = h.a, h.__dict__\n"
    ),
    "match with rests, classes and guards": (
        "class P:\n    __match_args__ = ('a', 'b')\n    def __init__(self, a, b): self.a, self.b = a, b\ndef f(v):\n    match v:\n"
        "        case {'k': 1, **rest}: return rest\n        case P(0, b=q): return q\n        case [1, *_, z] if z > 2: return z\n"
        "        case int(n) | float(n): return n\n        case None: return 'none'\n        case _: return 'other'\n"
        "x = [f(v) for v in ({'k': 1, 'l': 2}, P(0, 5), P(1, 5), [1, 2, 3], (1, 2), 2.5, True, None, 'ab')]\n"
    ),
    "a generator that is left, sent to, thrown into and asked again": (
        "log = []\ndef g():\n    try:\n        got = yield 1\n        log.append(got)\n        yield 2\n    except ValueError as e:\n"
        "        yield str(e)\n    finally:\n        log.append('end')\ni = g()\nfor v in i:\n    break\ny = i.send('s'), i.throw(ValueError('t'))\n"
        "for v in g():\n    break\nx = list(i), log\n"
    ),
    "a deque and a ChainMap": (
        "import collections\nq = collections.deque([1, 2, 3], maxlen=3)\nq.append(4)\nq.rotate(1)\nr = q\nr += [5]\n"
        "m = collections.ChainMap({'a': 1}, {'a': 2, 'b': 3})\nm['c'] = 4\nx = list(q), q is r, repr(q), m['a'], m['b'], m.maps[0], sorted(m)\n"
    ),
    "itertools, lazily": (
        "import itertools\nx = [list(itertools.islice(itertools.count(2, 3), 3)), list(itertools.chain.from_iterable([[1], 'a'])),\n"
        "     [(k, list(g)) for k, g in itertools.groupby([1, 1, 2])], list(itertools.compress('abc', [1, 0, 1])),\n"
        "     list(itertools.takewhile(lambda n: n < 3, itertools.count())), list(itertools.accumulate([1, 2, 3], initial=5)),\n"
        "     list(itertools.starmap(pow, [(2, 3)])), next(itertools.cycle('ab')), list(itertools.zip_longest([1], [2, 3]))]\n"
    ),
    "caches, single dispatch and total ordering": (
        "import functools\nseen = []\n@functools.lru_cache\ndef f(n):\n    seen.append(n)\n    return n\n"
        "@functools.singledispatch\ndef g(a): return 'any'\n@g.register\ndef _(a: int): return 'int'\n"
        "@functools.total_ordering\nclass O:\n    def __init__(self, v): self.v = v\n    def __eq__(self, o): return self.v == o.v\n"
        "    def __lt__(self, o): return self.v < o.v\nx = f(1), f(1), seen, g(1), g('a'), O(1) <= O(1), O(2) > O(1), O(1) >= O(2)\n"
    ),
    "classes that derive from Python's own": (
        "class S(str):\n    def up(self): return self.upper()\nclass L(list):\n    def __init__(self, *a):\n        super().__init__(a)\n"
        "class D(dict):\n    def __missing__(self, k): return ('m', k)\n    def __getitem__(self, k): return super().__getitem__(k)\n"
        "s, l, d = S('ab'), L(1, 2), D(a=1)\nl.append(3)\nx = s.up(), s + 'x', len(l), l[1:], d['a'], 'a' in d, f'{s:>4}', {s: 1}['ab'], '-'.join([s])\n"
    ),
    "named tuples with methods": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    a: int\n    b: int = 2\n    def both(self): return self.a + self.b\n"
        "p = P(1)\nx = p.both(), p[1], tuple(p), p._asdict(), p._replace(a=5).both(), repr(p), p == (1, 2), [*p], len(p)\n"
    ),
    "the aliases, flags and texts of enums": (
        "import enum\nclass C(str, enum.Enum):\n    A = 'r'\n    B = 'g'\n    ALIAS = A\nclass F(enum.Flag):\n    X = enum.auto()\n    Y = enum.auto()\n    Z = X\n"
        "x = list(C.__members__), len(C), C.ALIAS is C.A, '%s' % C.A, f'{C.A:>4}', '-'.join([C.B]), F.Y.value, F.Z is F.X, C['ALIAS'].name\n"
    ),
    "copies that share what was shared": (
        "import copy\na = [[1]] * 2\nb = copy.deepcopy(a)\nb[0].append(2)\nx = a, b, b[0] is b[1]\n"
    ),
    "an iterator of the file's own": (
        "class It:\n    def __init__(self, n): self.n = n\n    def __iter__(self): return self\n    def __next__(self):\n"
        "        if not self.n: raise StopIteration\n        self.n -= 1\n        return self.n\nx = list(It(3)), sum(It(3)), [*It(1)], 1 in It(3)\n"
    ),
    "a frozen dataclass": (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass A:\n    n: int\ntry:\n    A(1).n = 2\nexcept AttributeError as e:\n"
        "    x = type(e).__name__, str(e), len({A(1), A(1)})\n"
    ),
    "rows of csv one by one, with their header and dialect": (
        "import csv\nr = csv.reader(['a,b', '1,2', '3,4'])\nhead = next(r)\nd = csv.DictReader(['a,b', '1,2'])\n"
        "x = head, list(r), list(r), d.fieldnames, list(d), list(csv.reader(['a\\tb'], 'excel-tab'))\n"
    ),
    "what is written into a file in memory": (
        "import io, json\nb = io.StringIO()\njson.dump([1, {'k': None}], b)\nb.write('x')\nx = b.getvalue()\n"
    ),
    "attributes of exceptions that are set": (
        "class E(OSError):\n    def __init__(self, filename): self.filename = filename\ne = SystemExit(1)\ne.code = 5\n"
        "x = E('f').filename, e.code, SystemExit(3).code, str(OSError(2, 'no', 'f')), OSError(2, 'no').strerror\n"
    ),
    "exceptions of libraries are not those that they derive from": (
        "import dataclasses, tomllib\nx = []\ntry:\n    ''.foo\nexcept dataclasses.FrozenInstanceError:\n    x.append(1)\n"
        "except AttributeError:\n    x.append(2)\nfor text in ('=', 3):\n    try:\n        int('x') if text == 3 else tomllib.loads(text)\n"
        "    except tomllib.TOMLDecodeError:\n        x.append(3)\n    except ValueError:\n        x.append(4)\n"
    ),
    "what is a dataclass": (
        "import dataclasses, enum\n@dataclasses.dataclass\nclass A: pass\nclass B(A): pass\nclass E(enum.Enum):\n    Y = 1\n"
        "x = [dataclasses.is_dataclass(v) for v in (A, B, B(), E, 1)]\n"
    ),
    "templates of string with paths in them": (
        "from pathlib import Path\nfrom string import Template\n"
        "x = Template('$d $$ ${l}').substitute({'d': 1}, d=Path('x'), l=[1]), Template('$d $q').safe_substitute({'d': Path('y')})\n"
    ),
    "enums that say themselves what auto gives, what is missing and what a member has": (
        "from enum import Enum, Flag, auto\nclass N(str, Enum):\n    def _generate_next_value_(name, start, count, last):\n"
        "        return f'{name}-{start}-{count}-{last}'\n    A = auto()\n    B = auto()\nclass M(Enum):\n    @staticmethod\n"
        "    def _generate_next_value_(name, *rest):\n        return name.lower()\nclass O(M):\n    A = auto()\n"
        "class S(str, Enum):\n    A = auto()\n    B = 7\nclass P(Enum):\n    X = 'a', 1\n    Y = 'b'\n"
        "    def __init__(self, label, n=0):\n        self.label = label\n        self.n = n\n    @classmethod\n"
        "    def _missing_(cls, value):\n        return cls.Y if value == 'q' else None\n"
        "try:\n    P('z')\nexcept ValueError as e:\n    y = str(e)\n"
        "x = [N.A.value, N.B.value, O.A.value, S.A.value, S.B.value, P.X.label, P.X.n, P.X.value, P.Y.n, P('q').name]\n"
    ),
    "percent formats of mappings": (
        "import collections\nx = '%s' % collections.Counter(a=1), '%(a)s' % {'a': [1]}, '%s' % {'a': 1}, '%r' % {}\n"
    ),
    "percent formats of objects, numbers and containers": (
        "class O:\n    def __str__(self): return 'str'\n    def __repr__(self): return 'repr'\nx = '%s|%r|%s|%5s' % (O(), O(), [O()], O()), '%s' % O()\n"
    ),
    "keys and items in no known order are reckoned with as sets are": (
        "d = {}\nfor k in {'a', 'b', 'c'}:\n    d[k] = 1\n"
        "x = [d.keys() & {'a'}, {'z'} | d.keys(), sorted(d.keys() - {'a'}), d.items() ^ {('a', 1)}]\n"
        "y = d.keys().isdisjoint({'z'}), 'a' in d.keys()\n"
    ),
    "the class of a function and of a builtin": (
        "def f(): pass\nx = f.__class__.__name__, (lambda: 0).__class__ is f.__class__, len.__class__.__name__\n"
    ),
    "modules of a class of the file's own": (
        "import types\nclass M(types.ModuleType):\n    def __getattr__(self, name): return name.upper()\n"
        "m = M('m', 'doc')\nm.__dict__.update({'a': 1})\nx = m.a, m.b, m.__name__, m.__doc__\n"
    ),
    "attributes that a class gives itself": (
        "class A:\n    v = w = 1\n    def __getattribute__(self, name):\n        if name == 'v': return 7\n"
        "        if name == 'u': raise AttributeError(name)\n        return object.__getattribute__(self, name)\n"
        "    def f(self): return self.v\nclass B(A):\n    def __getattribute__(self, name):\n"
        "        return super().__getattribute__(name)\n    def __getattr__(self, name): return 'else'\n"
        "x = [A().v, A().w, A().f(), B().v, B().u, B().nope, getattr(A(), 'u', 0), hasattr(A(), 'u')]\n"
    ),
}


@pytest.mark.parametrize("source", CASES.values(), ids=CASES.keys())
def test_leaves_what_python_leaves(source, tmp_path):
    expected: dict = {"__name__": "case"}
    exec(compile(source, "case", "exec", dont_inherit=True), expected)
    names, session = evaluate_text(source, tmp_path)
    assert names["x"] == expected["x"]
    assert names.get("y") == expected.get("y")
    assert not session.diagnostics
