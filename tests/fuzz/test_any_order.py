"""A loop over a set of texts: two processes of Python go over it in different orders, and what we know has to be so in
both, also where a round finds what other rounds have left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.differential import Differential, differential

HEAD = "import collections, contextlib, functools, itertools, random\nS = {'a', 'b', 'c'}\n"
TAIL = """
v7 = v1['a'] if 'v1' in globals() and isinstance(v1, dict) and 'a' in v1 else 0
v8 = v1['b'] if 'v1' in globals() and isinstance(v1, dict) and 'b' in v1 else 0
v9 = v2['a'] if 'v2' in globals() and isinstance(v2, dict) and 'a' in v2 else 0
"""
BODIES = {
    "reduce": "v1 = functools.reduce(lambda a, b: a + b, S)\n",
    "a sum of lists": "v1 = sum(([e] for e in S), [])\nv2 = sum(len(e) for e in S)\n",
    "a sum of lists that are kept": "v1 = sum([[e] for e in S], [])\n",
    "a sum of floats": "v1 = sum({'a': 0.1, 'b': 0.2, 'c': 0.3}[e] for e in S)\n",
    "takewhile": "v1 = list(itertools.takewhile(lambda e: e != 'b', S))\n",
    "yield from": "def g():\n    yield from S\nv1 = list(g())\nv2 = sorted(g())\n",
    "texts": "v1 = str(S)\nv2 = f'{S}'\nv3 = repr(list(S))\nv4 = tuple(S)\n",
    "unpacking": "v1, *v2 = S\nv3 = [*S]\n",
    "the first of a chain": "v1 = next(itertools.chain(S, [1]))\nv2 = list(itertools.islice(S, 1))\n",
    "a counter of it": "v1 = collections.Counter(S).most_common(1)\nv2 = list(collections.Counter(S))\n",
    "from keys": "v1 = list(dict.fromkeys(S))\nv2 = dict.fromkeys(S).popitem()\n",
    "the shortest": "v1 = min(S, key=len)\nv2 = max(S)\n",
    "a list of one's own element": "d = {}\nfor e in S:\n    d[e] = []\n    d[e].append(e)\nv1 = d['a']\n",
    "a join": "v1 = ','.join(S)\nv2 = ','.join(sorted(S))\n",
    "a nested method": "class O: pass\no = O()\no.l = []\nv1 = {}\nfor e in S:\n    o.l.append(e)\n    v1[e] = len(o.l)\n",
    "an alias in the loop": "d = {'k': []}\nv1 = {}\nfor e in S:\n    l = d['k']\n    l.append(e)\n    v1[e] = len(d['k'])\n",
    "two names of one": "d = {'k': []}\nl = d['k']\nv1 = {}\nfor e in S:\n    l.append(e)\n    v1[e] = len(d['k'])\n",
    "a while with a pop": "q = list('xyz')\nv1 = {}\nfor e in S:\n    while q:\n        v1[e] = q.pop()\n        break\n",
    "a lambda that is kept": "l = []\nf = lambda e: l.append(e) or len(l)\nv1 = {}\nfor e in S:\n    v1[e] = f(e)\n",
    "a method that is kept": "l = []\nadd = l.append\nv1 = {}\nfor e in S:\n    add(e)\n    v1[e] = len(l)\n",
    "a function in a dict": "n = [0]\ndef f():\n    n[0] += 1\n    return n[0]\nfs = {'f': f}\nv1 = {}\nfor e in S:\n    v1[e] = fs['f']()\n",
    "a function by another": "n = [0]\ndef f():\n    n[0] += 1\n    return n[0]\ndef g():\n    return f()\nv1 = {}\nfor e in S:\n    v1[e] = g()\n",
    "a class method": "class O:\n    n = 0\n    @classmethod\n    def f(cls):\n        cls.n += 1\n        return cls.n\nv1 = {}\nfor e in S:\n    v1[e] = O.f()\n",
    "a static counter": "class O:\n    n = 0\n    @staticmethod\n    def f():\n        O.n += 1\n        return O.n\nv1 = {}\nfor e in S:\n    v1[e] = O.f()\n",
    "a property": "class O:\n    n = 0\n    @property\n    def p(self):\n        self.n += 1\n        return self.n\no = O()\nv1 = {}\nfor e in S:\n    v1[e] = o.p\n",
    "an operator of its own": "class O:\n    n = 0\n    def __lshift__(self, e):\n        self.n += 1\n        return self.n\no = O()\nv1 = {}\nfor e in S:\n    v1[e] = o << e\n",
    "an object that is called": "class O:\n    n = 0\n    def __call__(self):\n        self.n += 1\n        return self.n\no = O()\nv1 = {}\nfor e in S:\n    v1[e] = o()\n",
    "a value under one key": "d = {}\nv1 = []\nfor e in S:\n    v1.append(d.get('l'))\n    d['l'] = e\n",
    "a value under one key, kept by name": "d = {}\nfor e in S:\n    if 'l' in d:\n        v1 = d['l']\n    d['l'] = e\n",
    "a value under a key that it had": "d = {'l': 0}\nv1 = {}\nfor e in S:\n    v1[e] = d['l']\n    d['l'] = e\n",
    "a number under one key": "d = {'n': 0}\nv1 = {}\nfor e in S:\n    v1[e] = d['n']\n    d['n'] += 1\n",
    "a sum under one key": "v1 = {'n': 0}\nfor e in S:\n    v1['n'] += 1\n",
    "a sum under one key by what it is": "v1 = {'n': 0}\nfor e in S:\n    v1['n'] += ord(e)\n",
    "a text under one key": "v1 = {'n': ''}\nfor e in S:\n    v1['n'] += e\n",
    "the length of a dict": "d = {}\nv1 = {}\nfor e in S:\n    v1[e] = len(d)\n    d[e] = 1\n",
    "what a dict has by then": "d = {}\nv1 = {}\nfor e in S:\n    v1[e] = 'a' in d\n    d[e] = 1\n",
    "the length of a list": "l = []\nv1 = {}\nfor e in S:\n    v1[e] = len(l)\n    l.append(e)\n",
    "the last of a list": "l = [0]\nv1 = {}\nfor e in S:\n    v1[e] = l[-1]\n    l.append(e)\n",
    "the first of a list": "l = []\nv1 = {}\nfor e in S:\n    l.append(e)\n    v1[e] = l[0]\n",
    "an item of a list": "l = [0]\nv1 = {}\nfor e in S:\n    v1[e] = l[0]\n    l[0] = e\n",
    "an item of a list at last": "v1 = [0]\nfor e in S:\n    v1[0] = e\n",
    "a copy of a list": "l = []\nv1 = {}\nfor e in S:\n    l.append(e)\n    v1[e] = list(l)\n",
    "a set": "s = set()\nv1 = {}\nfor e in S:\n    v1[e] = 'a' in s\n    s.add(e)\n",
    "the length of a set": "s = set()\nv1 = {}\nfor e in S:\n    v1[e] = len(s)\n    s.add(e)\n",
    "an attribute": "class O: pass\no = O()\no.x = 0\nv1 = {}\nfor e in S:\n    v1[e] = o.x\n    o.x = e\n",
    "an attribute at last": "class O: pass\no = O()\nfor e in S:\n    o.x = e\nv1 = o.x\n",
    "a count of an attribute": "class O: pass\no = O()\no.x = 0\nv1 = {}\nfor e in S:\n    o.x += 1\n    v1[e] = o.x\n",
    "an attribute of a class": "class O:\n    x = 0\nv1 = {}\nfor e in S:\n    v1[e] = O.x\n    O.x = e\n",
    "a count in a class": "class O:\n    n = 0\n    def __init__(self):\n        O.n += 1\n        self.i = O.n\nv1 = {}\nfor e in S:\n    v1[e] = O().i\n",
    "a stack": "l = [1, 2, 3]\nv1 = {}\nfor e in S:\n    v1[e] = l.pop()\n",
    "an iterator": "it = iter([1, 2, 3])\nv1 = {}\nfor e in S:\n    v1[e] = next(it)\n",
    "a count of itertools": "it = itertools.count()\nv1 = {}\nfor e in S:\n    v1[e] = next(it)\nv2 = next(it)\n",
    "a generator": "def g():\n    yield 1\n    yield 2\n    yield 3\nit = g()\nv1 = {}\nfor e in S:\n    v1[e] = next(it)\n",
    "a closure": "def m():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n        return n\n    return f\nf = m()\nv1 = {}\nfor e in S:\n    v1[e] = f()\n",
    "a name of the module by a function": "n = 0\ndef f():\n    global n\n    n += 1\n    return n\nv1 = {}\nfor e in S:\n    v1[e] = f()\n",
    "a default": "def f(l=[]):\n    l.append(1)\n    return len(l)\nv1 = {}\nfor e in S:\n    v1[e] = f()\n",
    "setdefault": "d = {}\nv1 = {}\nfor e in S:\n    v1[e] = d.setdefault('k', e)\n",
    "setdefault of lists": "d = {}\nfor e in S:\n    d.setdefault('k', []).append(e)\nv1 = d['k']\n",
    "a default dict of lists": "d = collections.defaultdict(list)\nfor e in S:\n    d['k'].append(e)\nv1 = d['k']\nv2 = sorted(d['k'])\n",
    "a default dict that counts": "d = collections.defaultdict(int)\nv1 = {}\nfor e in S:\n    d['k'] += 1\n    v1[e] = d['k']\n",
    "a counter": "d = collections.Counter()\nv1 = {}\nfor e in S:\n    d['k'] += 1\n    v1[e] = d['k']\n",
    "a chain of tasks": "l = []\nv1 = []\nfor e in S:\n    if l:\n        v1.append((l[-1], e))\n    l.append(e)\n",
    "the one before": "last = {}\nv1 = []\nfor e in S:\n    if last:\n        v1.append((last['x'], e))\n    last['x'] = e\n",
    "a nested dict": "d = {'a': {}}\nv1 = {}\nfor e in S:\n    v1[e] = d['a'].get('x')\n    d['a']['x'] = e\n",
    "a nested dict that is made": "d = {}\nv1 = {}\nfor e in S:\n    v1[e] = dict(d.get('k', {}))\n    d['k'] = {'e': e}\n",
    "a nested list": "d = {'a': []}\nv1 = {}\nfor e in S:\n    d['a'].append(e)\n    v1[e] = len(d['a'])\n",
    "a dict that is updated": "d = {}\nv1 = {}\nfor e in S:\n    v1[e] = d.get('k')\n    d.update(k=e)\n",
    "a dict that is merged": "v1 = {}\nfor e in S:\n    v1 |= {'k': e}\n",
    "a dict that is made anew": "v1 = {}\nfor e in S:\n    v1 = {**v1, e: len(v1)}\n",
    "a key that goes": "d = {'k': 1}\nv1 = {}\nfor e in S:\n    v1[e] = d.pop('k', None)\n",
    "a key that goes for one": "d = {'k': 1}\nv1 = {}\nfor e in S:\n    v1[e] = 'k' in d\n    if e == 'a':\n        del d['k']\n",
    "what one round does and others ask": "d = {}\nv1 = {}\nfor e in S:\n    if e == 'a':\n        d['x'] = 1\n    v1[e] = d.get('x', 0)\n",
    "a flag that one round sets": "l = []\nv1 = {}\nfor e in S:\n    if e == 'a':\n        l.append(1)\n    if l:\n        v1[e] = 1\n",
    "by a function that is given it": "d = {}\ndef f(d, e):\n    x = d.get('k')\n    d['k'] = e\n    return x\nv1 = {}\nfor e in S:\n    v1[e] = f(d, e)\n",
    "by a method": "class O:\n    def __init__(self): self.l = []\n    def add(self, e):\n        self.l.append(e)\n        return len(self.l)\no = O()\nv1 = {}\nfor e in S:\n    v1[e] = o.add(e)\n",
    "a comprehension": "d = {}\ndef f(e):\n    x = len(d)\n    d[e] = 1\n    return x\nv1 = {e: f(e) for e in S}\n",
    "a comprehension of lists": "d = {}\ndef f(e):\n    x = len(d)\n    d[e] = 1\n    return x\nv1 = sorted([(e, f(e)) for e in S])\n",
    "sorted by what is counted": "d = {}\ndef f(e):\n    d[e] = 1\n    return len(d)\nv1 = sorted(S, key=f)\n",
    "map": "d = {}\ndef f(e):\n    d[e] = 1\n    return len(d)\nv1 = dict(zip(S, map(f, S)))\n",
    "a map that is made a set": "d = {}\ndef f(e):\n    d[e] = 1\n    return (e, len(d))\nv1 = set(map(f, S))\n",
    "max by what is counted": "d = {}\ndef f(e):\n    d[e] = 1\n    return len(d)\nv1 = max(S, key=f)\n",
    "a sum of what is counted": "d = {}\ndef f(e):\n    d[e] = 1\n    return len(d) if e == 'a' else 0\nv1 = sum(f(e) for e in S)\n",
    "any with a stop": "l = []\ndef f(e):\n    l.append(e)\n    return e == 'a'\nv1 = any(f(e) for e in S)\nv2 = l\nv3 = len(l)\n",
    "a generator of the file's": "def g():\n    for e in S:\n        yield e\nv1 = list(g())\nv2 = sorted(g())\n",
    "a generator of the file's that counts": "def g():\n    n = 0\n    for e in S:\n        n += 1\n        yield e, n\nv1 = sorted(g())\n",
    "the next of a generator of the file's": "def g():\n    for e in S:\n        yield e\nv1 = next(g())\n",
    "a loop over a generator of the file's": "def g():\n    for e in S:\n        yield e\nd = {}\nv1 = {}\nfor e in g():\n    v1[e] = d.get('l')\n    d['l'] = e\n",
    "a loop over a list of it": "d = {}\nv1 = {}\nfor e in list(S):\n    v1[e] = d.get('l')\n    d['l'] = e\n",
    "enumerate": "v1 = {}\nfor i, e in enumerate(S):\n    v1[e] = i\n",
    "a loop in a loop": "d = {}\nv1 = {}\nfor x in [1, 2]:\n    for e in S:\n        v1[e, x] = d.get('l')\n        d['l'] = e\n",
    "a loop in it": "d = {'n': 0}\nv1 = {}\nfor e in S:\n    for x in [1, 2]:\n        d['n'] += 1\n    v1[e] = d['n']\n",
    "while in it": "q = [1, 2, 3, 4]\nv1 = {}\nfor e in S:\n    while q:\n        v1[e] = q.pop()\n        if len(q) % 2 == 0:\n            break\n",
    "a try in it": "l = [1]\nv1 = {}\nfor e in S:\n    try:\n        v1[e] = l.pop()\n    except IndexError:\n        v1[e] = 0\n",
    "a with in it": "n = []\n@contextlib.contextmanager\ndef c():\n    n.append(1)\n    yield len(n)\nv1 = {}\nfor e in S:\n    with c() as x:\n        v1[e] = x\n",
    "lists that change hands": "v1, v2, v3 = [], [], []\nq = [v1, v2, v3]\nfor e in S:\n    q[0].append(e)\n    q.append(q.pop(0))\n",
    "lists by their turn": "v1, v2, v3 = [], [], []\nd = {'l': v1}\nfor e in S:\n    d['l'].append(e)\n    d['l'] = v2 if d['l'] is v1 else v3\n",
    "objects in a list": "class O: pass\nl = []\nfor e in S:\n    o = O()\n    o.i = len(l)\n    o.e = e\n    l.append(o)\nv1 = {o.e: o.i for o in l}\n",
    "a partial call": "l = []\nf = functools.partial(l.append, 1)\nv1 = {}\nfor e in S:\n    f()\n    v1[e] = len(l)\n",
    "a cached function": "n = [0]\n@functools.lru_cache\ndef f(e):\n    n[0] += 1\n    return n[0]\nv1 = {}\nfor e in S:\n    v1[e] = f(e)\n",
    "globals": "for e in S:\n    globals()['v1'] = e\n",
    "globals that are asked": "v2 = {}\nfor e in S:\n    v2[e] = globals().get('v1')\n    globals()['v1'] = e\n",
    "setattr": "class O: pass\no = O()\nv1 = {}\nfor e in S:\n    v1[e] = getattr(o, 'x', None)\n    setattr(o, 'x', e)\n",
    "a deque": "q = collections.deque(maxlen=2)\nfor e in S:\n    q.append(e)\nv1 = list(q)\nv2 = sorted(q)\n",
    "an insert": "v1 = []\nfor e in S:\n    v1.insert(0, e)\nv2 = sorted(v1)\n",
    "a heap": "import heapq\nl = []\nv1 = {}\nfor e in S:\n    heapq.heappush(l, e)\n    v1[e] = l[0]\nv2 = l\n",
    "a text buffer": "import io\nb = io.StringIO()\nfor e in S:\n    b.write(e)\nv1 = b.getvalue()\n",
    "a random stream": "r = random.Random(1)\nv1 = {}\nfor e in S:\n    v1[e] = r.random()\n",
    "a dict that grows by its own length": "v1 = {}\nfor e in S:\n    v1[len(v1)] = 1\n",
    "a dict that grows by its own length to what it is": "v1 = {}\nfor e in S:\n    v1[len(v1)] = e\n",
    "numbers for names": "ids = {}\nfor e in S:\n    ids.setdefault(e, len(ids))\nv1 = ids\n",
    "what is read by name and written by key": "d = {}\nx = d\nv1 = {}\nfor e in S:\n    v1[e] = x.get('l')\n    d['l'] = e\n",
    "tuples that grow": "d = {'t': ()}\nfor e in S:\n    d['t'] += (e,)\nv1 = d['t']\nv2 = len(d['t'])\n",
    "a list in place": "d = {'t': []}\nfor e in S:\n    d['t'] += [e]\nv1 = d['t']\n",
    "an item that is added to": "v1 = [0]\nv2 = {}\nfor e in S:\n    v1[0] += 1\n    v2[e] = v1[0]\n",
    "a slice": "v1 = []\nfor e in S:\n    v1[len(v1):] = [e]\n",
    "del": "v1 = [1, 2, 3, 4]\nv2 = {}\nfor e in S:\n    v2[e] = v1[0]\n    del v1[0]\n",
    "remove": "v1 = ['a', 'b', 'c']\nv2 = {}\nfor e in S:\n    v1.remove(e)\n    v2[e] = len(v1)\n",
    "discard": "s = {'a', 'b', 'c'}\nv2 = {}\nfor e in S:\n    s.discard(e)\n    v2[e] = 'a' in s\n",
    "popitem": "d = {'x': 1, 'y': 2, 'z': 3}\nv1 = {}\nfor e in S:\n    v1[e] = d.popitem()\n",
    "reverse": "v1 = [1, 2]\nv2 = {}\nfor e in S:\n    v1.reverse()\n    v2[e] = v1[0]\n",
    "sort": "l = [3]\nv1 = {}\nfor e in S:\n    l.insert(0, ord(e))\n    l.sort()\n    v1[e] = len(l)\n",
}  # fmt: skip
KNOWN = {
    "what each round puts under its own key": ("d = {}\nfor e in S:\n    d[e] = [e]\nv1 = d['a']\n", "v1"),
    "what it looks up there again": ("d = {}\nfor e in S:\n    d[e] = []\n    d[e].append(e)\nv1 = d['a']\n", "v1"),
    "what they collect": ("l = []\nfor e in S:\n    l.append(e)\nv1 = sorted(l)\n", "v1"),
    "a sum": ("v1 = 0\nfor e in S:\n    v1 += 1\n", "v1"),
    "what functions give that change nothing": ("def f(e):\n    l = []\n    l.append(e)\n    return l\nd = {}\nfor e in S:\n    d[e] = f(e)\nv1 = d['a']\n", "v1"),
    "what functions make of copies under the name of something outside": ("k = {'z': 0}\ndef f(e):\n    k = dict(a=e)\n    k['b'] = 2\n    return k\nd = {}\nfor e in S:\n    d[e] = f(e)\nv1 = d['a']['b']\n", "v1"),
    "objects that a class makes": ("class O:\n    def __init__(self, e): self.e = e\nd = {}\nfor e in S:\n    d[e] = O(e)\nv1 = d['a'].e\n", "v1"),
    "comprehensions": ("v1 = sorted(x.upper() for x in S)\nv2 = {x: len(x) for x in S}['a']\n", "v1"),
}  # fmt: skip


@pytest.fixture(scope="module")
def held() -> Iterator[Differential]:
    with differential() as found:
        yield found


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_is_known_is_so_in_any_order(held, body):
    assert held.check(HEAD + body + TAIL).faults == []


@pytest.mark.parametrize(("body", "name"), KNOWN.values(), ids=KNOWN.keys())
def test_what_no_order_changes_stays_known(held, body, name):
    verdict = held.check(HEAD + body)
    assert (verdict.faults, verdict.unknown) == ([], 0)
