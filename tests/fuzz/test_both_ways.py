"""What may be the one thing or the other: both ways are followed, and after a change through what may be either nothing
that it may have changed stays known.

Two processes of Python answer `u` and `w` differently, for want of an order in a set of texts: what we know has to be
so in both.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.differential import Differential, differential

HEAD = """
import collections, contextlib, copy, dataclasses, functools, heapq, io, itertools, operator, random, types, urllib.parse
u = list({'a', 'b'})[0] == 'a'
w = list({'c', 'd'})[0] == 'c'
"""
WAYS = {
    "rounds in any order add to what a method reaches by its class": """
class Box:
    count = 0

    def __init__(self):
        for _ in {'a', 'b'}:
            Box.count += 1


Box()
Box()
v1 = Box.count
""",
    "rounds in any order add to a name by the module's dict": """
v1 = 0
for _ in {'a', 'b'}:
    globals()["v1"] += 1
""",
    "the one of two lists is added to": """
v1, v2 = [1], [2]
x = v1 if u else v2
x.append(3)
""",
    "one of two equal lists is added to": """
v1, v2 = [1], [1]
x = v1 if u else v2
x.append(3)
""",
    "a list is added to that a name may be": """
v1, v2 = [1], [1]
v3 = v1 if u else v2
v1.append(3)
""",
    "a list that either arm has bound is added to": """
v1, v2 = [1], [1]
if u:
    x = v1
else:
    x = v2
x.append(3)
""",
    "two names have what either arm has made": """
if u:
    v1 = v2 = [1]
else:
    v1 = v2 = [2]
v1.append(3)
v3 = v1 is v2
""",
    "two names are one in one arm alone": """
if u:
    v1 = v2 = [1]
else:
    v1 = [1]
    v2 = [1]
v1.append(3)
v3 = v1 is v2
""",
    "one of two dicts is set": """
v1, v2 = {'a': 1}, {'a': 2}
x = v1 if u else v2
x['a'] = 3
""",
    "a dict is set that a name may be": """
v1, v2 = {'a': 1}, {'a': 1}
v3 = v1 if u else v2
v2['a'] = 3
""",
    "a list in one of two dicts": """
v1, v2 = {'a': [1]}, {'a': [1]}
x = v1 if u else v2
x['a'].append(3)
""",
    "a list in a dict that a name may be": """
v1, v2 = {'a': [1]}, {'a': [1]}
v3 = v1 if u else v2
v1['a'].append(3)
""",
    "what was added to one of two lists is changed through the other name": """
v1, v2, v4 = [[0]], [[0]], [5]
v3 = v1 if u else v2
v1.append(v4)
if len(v3) > 1:
    v3[1].append(6)
v4
""",
    "whether it is one of the two": """
a, b = [1], [1]
x = a if u else b
v1 = x is a
""",
    "keys that two arms set in another order": """
d = {}
if u:
    d['a'] = 1
    d['b'] = 2
else:
    d['b'] = 2
    d['a'] = 1
v1 = list(d)
v2 = d
""",
    "one of two dicts in another order": """
d = {'a': 1, 'b': 2} if u else {'b': 2, 'a': 1}
v1 = list(d)
""",
    "one of two dicts that make what is missing": """
d = collections.defaultdict(list, a=[1]) if u else collections.defaultdict(list, a=[2])
v1 = d['x']
""",
    "one of two ordered dicts": """
v1 = collections.OrderedDict(a=1) if u else collections.OrderedDict(a=2)
""",
    "one of two counters": """
d = collections.Counter(a=1) if u else collections.Counter(a=2)
v1 = d['x']
""",
    "one of two addresses": """
v1 = urllib.parse.urlsplit('http://a/b') if u else urllib.parse.urlsplit('http://c/b')
v2 = v1.netloc
""",
    "one of two named tuples": """
P = collections.namedtuple('P', 'x')
v1 = P(1) if u else P(2)
v2 = v1.x
""",
    "one of two lists in any order": """
x = list({'a', 'b'}) if w else list({'a', 'b'})
v1 = x
v2 = x[0]
""",
    "a set that one arm adds to": """
v1 = {1}
if u:
    v1.add(2)
v2 = 2 in v1
v3 = len(v1)
""",
    "one of two sets": """
v1, v2 = {1}, {1}
x = v1 if u else v2
x.add(3)
""",
    "a list in a tuple that may be": """
v1 = [1]
t = (v1,) if u else None
if t:
    t[0].append(2)
""",
    "a list in one of two tuples": """
v1, v2 = [1], [1]
t = (v1,) if u else (v2,)
t[0].append(2)
""",
    "lists that are unpacked from one of two": """
v1, v2 = [[1]], [[2], [3]]
x = v1 if u else v2
for e in [*x]:
    e.append(5)
""",
    "lists that another list is extended by": """
v1, v2 = [[1]], [[2], [3]]
x = v1 if u else v2
y = []
y.extend(x)
y[0].append(5)
""",
    "a list under a key that one arm sets": """
v1 = [1]
d = {}
if u:
    d['k'] = v1
if 'k' in d:
    d['k'].append(2)
""",
    "the same with get": """
v1 = [1]
d = {}
if u:
    d['k'] = v1
d.get('k', []).append(2)
""",
    "a list under one of two keys": """
v1 = [1]
d = {'x': []}
d['x' if u else 'y'] = v1
d['x'].append(2)
""",
    "a list under a key that may be": """
v1 = [1]
d = {}
d['x' if u else 'y'] = v1
if 'x' in d:
    d['x'].append(2)
""",
    "a list that is put into one of two places": """
v1, v2, v3 = [1], [2], [3]
l = [v1, v2]
l[0 if u else 1] = v3
l[0].append(9)
""",
    "a list that one arm adds to the end": """
v1 = [1]
l = [[0]]
if u:
    l.append(v1)
l[-1].append(4)
""",
    "the same in a loop": """
v1 = [1]
l = [[0]]
if u:
    l.append(v1)
for e in l:
    e.append(4)
""",
    "a list that is taken from one of two places": """
v1, v2 = [1], [2]
l = [v1, v2]
l.pop(0 if u else 1).append(3)
""",
    "a list that is left": """
v1, v2 = [1], [2]
l = [v1, v2]
l.pop(0 if u else 1)
l[0].append(3)
""",
    "a method of one of two objects whose name data have, too": """
class O:
    def __init__(self): self.n = 0
    def get(self): self.n += 1
o, p = O(), O()
x = o if u else p
x.get()
v1, v2 = o.n, p.n
""",
    "a list of one of two objects": """
class O:
    def __init__(self): self.n = []
o, p = O(), O()
x = o if u else p
x.n.append(1)
v1, v2 = o.n, p.n
""",
    "one of two functions": """
v1 = []
def g(): v1.append(1)
def h(): pass
f = g if u else h
f()
""",
    "one of two functions that sets a name": """
v1 = 0
def g():
    global v1
    v1 += 1
def h(): pass
f = g if u else h
f()
""",
    "one of the functions in a dict": """
v1 = []
def g(): v1.append(1)
def h(): pass
f = {'a': g, 'b': h}['a' if u else 'b']
f()
""",
    "a method of one of two lists": """
v1 = []
v2 = []
f = v1.append if u else v2.append
f(3)
""",
    "a method of one of two objects": """
class O:
    def __init__(self): self.n = 0
    def inc(self): self.n += 1
o, p = O(), O()
f = o.inc if u else p.inc
f()
v1, v2 = o.n, p.n
""",
    "setattr of one of two objects": """
class O: pass
o, p = O(), O()
o.x = p.x = 1
x = o if u else p
setattr(x, 'x', 2)
v1, v2 = o.x, p.x
""",
    "vars of one of two objects": """
class O: pass
o, p = O(), O()
o.x = p.x = 1
x = o if u else p
vars(x)['x'] = 2
v1, v2 = o.x, p.x
""",
    "heappush on one of two lists": """
v1, v2 = [1], [2, 3]
x = v1 if u else v2
heapq.heappush(x, 0)
""",
    "heappush on one of two lists of one length": """
v1, v2 = [1], [2]
x = v1 if u else v2
heapq.heappush(x, 0)
""",
    "shuffling one of two lists": """
v1, v2 = [1, 2, 3, 4, 5, 6], [2]
x = v1 if u else v2
random.Random(3).shuffle(x)
""",
    "a method through its class": """
v1, v2 = [1], [2, 3]
x = v1 if u else v2
list.append(x, 0)
""",
    "setitem of one of two lists": """
v1, v2 = [1], [2, 3]
x = v1 if u else v2
operator.setitem(x, 0, 5)
""",
    "the next of one of two iterators": """
a, b = iter([1, 2]), iter([3, 4])
x = a if u else b
next(x)
v1, v2 = list(a), list(b)
""",
    "a loop over one of two iterators": """
a, b = iter([1, 2]), iter([3, 4])
x = a if u else b
for y in x: pass
v1, v2 = list(a), list(b)
""",
    "the next of one of two generators": """
def g():
    yield 1
    yield 2
a, b = g(), g()
x = a if u else b
next(x)
v1, v2 = list(a), list(b)
""",
    "a function gets one of two lists": """
v1, v2 = [1], [2, 3]
x = v1 if u else v2
def f(l): l.append(1)
f(x)
""",
    "an object keeps one of two lists": """
v1, v2 = [1], [2, 3]
x = v1 if u else v2
class O:
    def __init__(self, l): self.l = l
O(x).l.append(1)
""",
    "deleting from one of two lists": """
v1, v2 = [1], [2, 3]
x = v1 if u else v2
del x[0]
""",
    "a part of one of two lists": """
v1, v2 = [1], [2, 3]
x = v1 if u else v2
x[:] = []
""",
    "one of two lists is added to in place": """
v1, v2 = [1], [2]
x = v1 if u else v2
x += [5]
""",
    "one of two dicts is merged into": """
v1, v2 = {'a': 1}, {'a': 2}
x = v1 if u else v2
x |= {'b': 5}
""",
    "a loop over a set that the first round returns from": """
d = {'a': [1], 'b': [2]}
def f():
    for k in {'a', 'b'}:
        return d[k]
f().append(3)
v1 = d
""",
    "a loop over a set that the first round ends": """
d = {'a': [1], 'b': [2]}
for k in {'a', 'b'}:
    x = d[k]
    break
x.append(3)
v1 = d
""",
    "a loop over a set that changes what it comes to first": """
d = {'a': [1], 'b': [2]}
for k in {'a', 'b'}:
    d[k].append(2)
    break
v1 = d
""",
    "what the first round returns": """
def f():
    for k in {'a', 'b'}:
        return k
v1 = f()
""",
    "how many rounds come before one": """
n = 0
for k in {'a', 'b'}:
    n += 1
    if k == 'a':
        break
v1 = n
""",
    "what the last round has bound": """
d = {'a': [1], 'b': [2]}
for k in {'a', 'b'}:
    x = d[k]
x.append(3)
v1 = d
""",
    "a loop over a set that one round raises in": """
v2 = []
try:
    for k in {'a', 'b'}:
        v2.append(1)
        if k == 'a': raise ValueError(k)
except ValueError:
    pass
""",
    "a loop over a set that each round raises in": """
v2 = 0
try:
    for k in {'a', 'b'}:
        v2 = k
        raise ValueError(k)
except ValueError as e:
    v1 = str(e)
""",
    "the first of a set": """
d = {'a': [1], 'b': [2]}
d[next(iter({'a', 'b'}))].append(1)
v1 = d
""",
    "lists in the order of a set": """
l = [[1], [2]]
m = {'a': l[0], 'b': l[1]}
x = [m[k] for k in {'a', 'b'}]
x[0].append(4)
v1 = l
""",
    "one of a set of objects": """
class O: pass
o, p = O(), O()
o.v = p.v = 1
s = {o, p}
s.pop().v = 2
v1, v2 = o.v, p.v
""",
    "a list that is bound in passing": """
v1, v2 = [1], [1]
(x := v1 if u else v2).append(3)
""",
    "an __exit__ that nobody knows the answer of": """
v1 = 0
class C:
    def __enter__(self): return self
    def __exit__(self, *a): return u
try:
    with C():
        raise ValueError
    v1 = 1
except ValueError:
    v1 = 2
v2 = v1
""",
    "the same without an exception": """
class C:
    def __enter__(self): return self
    def __exit__(self, *a): return u
with C():
    v1 = 1
v2 = v1
""",
    "an __exit__ that one arm raises in": """
v1 = 0
class C:
    def __enter__(self): return self
    def __exit__(self, *a):
        if u: raise KeyError(1)
        return True
try:
    with C():
        raise ValueError
    v1 = 1
except KeyError:
    v1 = 2
v2 = v1
""",
    "the same, and nothing else is raised": """
v1 = 0
class C:
    def __enter__(self): return self
    def __exit__(self, *a):
        if u: raise KeyError(1)
try:
    with C():
        pass
    v1 = 1
except KeyError:
    v1 = 2
v2 = v1
""",
    "an __exit__ that one arm returns from": """
v1 = 0
class C:
    def __enter__(self): return self
    def __exit__(self, *a):
        if u: return True
try:
    with C():
        raise ValueError
    v1 = 1
except ValueError:
    v1 = 2
v2 = v1
""",
    "a generator that one arm raises in again": """
v1 = 0
@contextlib.contextmanager
def c():
    try:
        yield
    except ValueError:
        if u: raise
try:
    with c():
        raise ValueError
    v1 = 1
except ValueError:
    v1 = 2
v2 = v1
""",
    "a loop that one arm leaves": """
n = 0
while True:
    n += 1
    if u: break
    break
v1 = n
""",
    "a loop that works off a list": """
q = [1]
v1 = []
while q:
    x = q.pop()
    if u:
        v1.append(x)
""",
    "the first of two that is true": """
v1, v2 = {}, {}
x = (u and v1) or v2
x['a'] = 1
""",
    "a function that returns one of two": """
v1, v2 = [1], [2]
def f():
    if u:
        return v1
    return v2
f().append(3)
""",
    "the same from a loop": """
v1, v2 = [1], [2]
def f():
    for i in range(3):
        if u:
            return v1
    return v2
f().append(3)
""",
    "a list that either case has bound": """
v1, v2 = [1], [2]
match u:
    case True:
        x = v1
    case _:
        x = v2
x.append(3)
""",
    "a list that a handler has bound": """
v1, v2 = [1], [2]
try:
    if u: raise ValueError
    x = v1
except ValueError:
    x = v2
x.append(3)
""",
    "one of two lists in a list": """
v1, v2 = [1], [2]
x = [v1 if u else v2]
x[0].append(3)
""",
    "lists that a comprehension may take": """
v1 = [[1], [2]]
x = [a for a in v1 if u]
for a in x:
    a.append(1)
""",
    "lists that a filter may take": """
v1 = [[1], [2]]
x = list(filter(lambda a: u, v1))
for a in x:
    a.append(1)
""",
    "a list under a key of a comprehension": """
v1 = [1]
d = {('a' if u else 'b'): v1}
d['a' if u else 'b'].append(2)
""",
    "the largest of two lists": """
v1, v2 = [1], [2]
x = max([v1, v2], key=lambda l: l[0] if u else -l[0])
x.append(1)
""",
    "the first of two lists": """
v1, v2 = [1], [2]
x = sorted([v1, v2], key=lambda l: l[0] if u else -l[0])
x[0].append(1)
""",
    "an attribute by one of two names": """
class O: pass
o = O()
o.a, o.b = [1], [2]
getattr(o, 'a' if u else 'b').append(3)
v1, v2 = o.a, o.b
""",
    "the same set": """
class O: pass
o = O()
o.a, o.b = [1], [2]
setattr(o, 'a' if u else 'b', 3)
v1, v2 = o.a, o.b
""",
    "one of two names": """
v1, v2 = [1], [2]
globals()['v1' if u else 'v2'].append(3)
""",
    "one of two lists as a default": """
v1, v2 = [1], [2]
x = v1 if u else v2
def f(l=x): l.append(1)
f()
""",
    "a list that a name had before": """
v1, v2 = [1], [2]
x = v1
if u:
    x = v2
v1.append(5)
v3 = x
""",
    "one of two lists is sorted": """
v1, v2 = [2, 1], [4, 3]
x = v1 if u else v2
x.sort()
v3 = v1 + v2
""",
    "one of two deques": """
v1, v2 = collections.deque([1]), collections.deque([1])
x = v1 if u else v2
x.append(2)
""",
    "one of two pairs": """
v1, v2, v3, v4 = [1], [2], [3], [4]
x, y = (v1, v2) if u else (v3, v4)
x.append(5)
""",
    "a pair or the pair turned round": """
v1, v2 = [1], [2]
x, y = (v1, v2) if u else (v2, v1)
x.append(5)
v3, v4 = x, y
""",
    "a list of one of two classes": """
class K:
    l = [1]
class M:
    l = [1]
x = K if u else M
x.l.append(2)
v1, v2 = K.l, M.l
""",
    "an attribute of one of two classes": """
class K:
    l = 1
class M:
    l = 1
x = K if u else M
x.l = 2
v1, v2 = K.l, M.l
""",
    "one of two namespaces": """
a, b = types.SimpleNamespace(x=1), types.SimpleNamespace(x=1)
x = a if u else b
x.x = 2
v1, v2 = a.x, b.x
""",
    "one of two records": """
@dataclasses.dataclass
class D:
    x: int
a, b = D(1), D(1)
x = a if u else b
x.x = 2
v1, v2 = a.x, b.x
""",
    "one of two partial calls": """
v1, v2 = [], []
f = functools.partial(v1.append, 1) if u else functools.partial(v2.append, 1)
f()
""",
    "one of two files in memory": """
a, b = io.StringIO(), io.StringIO()
x = a if u else b
x.write('a')
v1, v2 = a.getvalue(), b.getvalue()
""",
    "one of two closures": """
def mk():
    n = 0
    def inc():
        nonlocal n
        n += 1
        return n
    return inc
a, b = mk(), mk()
(a if u else b)()
v1, v2 = a(), b()
""",
}


@pytest.fixture(scope="module")
def held() -> Iterator[Differential]:
    with differential() as found:
        yield found


def test_the_two_processes_go_different_ways(held):
    answers = [{name: python.run(f"{HEAD}v1 = {name}\n")["names"]["v1"] for name in "uw"} for python in held.pythons]
    assert answers[0]["u"] != answers[1]["u"]


@pytest.mark.parametrize("program", WAYS.values(), ids=WAYS.keys())
def test_what_is_known_is_so_in_both(held, program):
    assert held.check(HEAD + program).faults == []
