"""A loop over what nobody knows, or for as long as nobody knows: none, one or many rounds may be run, and what is known
afterwards is so after each number of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.answers import Answers, answers

BODIES = {
    "a name": "v1 = 0\nLOOP:\n    v1 = 1\n",
    "a name that it had": "v1 = 1\nLOOP:\n    v1 = 1\n",
    "a name that is new": "LOOP:\n    v1 = 1\n",
    "a count": "v1 = 0\nLOOP:\n    v1 += 1\n",
    "a product": "v1 = 1\nLOOP:\n    v1 *= 2\n",
    "a sign": "v1 = 1\nLOOP:\n    v1 = -v1\n",
    "a text that grows": "v1 = ''\nLOOP:\n    v1 += 'x'\n",
    "a tuple that grows": "v1 = ()\nLOOP:\n    v1 += (1,)\n",
    "a list that grows": "v1 = []\nLOOP:\n    v1.append(1)\nv2 = len(v1)\n",
    "a list that grows in place": "v1 = v2 = []\nLOOP:\n    v1 += [1]\n",
    "a list that grows in front": "v1 = [5]\nLOOP:\n    v1.insert(0, 1)\nv2 = v1[0]\nv3 = v1[-1]\n",
    "a set": "v1 = set()\nLOOP:\n    v1.add(1)\nv2 = 1 in v1\n",
    "numbers in a dict": "v1 = {}\nv2 = 0\nLOOP:\n    v1[v2] = v2\n    v2 += 1\nv3 = v1.get(0)\nv4 = v1.get(2)\nv5 = 1 in v1\n",
    "a key": "v1 = {}\nLOOP:\n    v1['a'] = 1\nv2 = v1.get('a', 0)\nv3 = 'a' in v1\n",
    "a key that it had": "v1 = {'a': 0}\nLOOP:\n    v1['a'] += 1\n",
    "a key that goes": "v1 = {'a': 0}\nLOOP:\n    v1.pop('a', None)\nv2 = 'a' in v1\n",
    "setdefault": "v1 = {}\nLOOP:\n    v1.setdefault('a', []).append(1)\nv2 = v1.get('a')\n",
    "a default dict": "v1 = collections.defaultdict(list)\nLOOP:\n    v1['a'].append(1)\nv2 = v1['a']\n",
    "a counter": "v1 = collections.Counter()\nLOOP:\n    v1['a'] += 1\nv2 = v1['a']\n",
    "what comes round after two rounds": "v1 = v2 = 0\nLOOP:\n    v1 = v2\n    v2 = 1\n",
    "what comes round after three rounds": "v1 = v2 = v3 = 0\nLOOP:\n    v1 = v2\n    v2 = v3\n    v3 = 1\n",
    "lists that go round": "v1, v2, v3, v4 = [1], [2], [3], [4]\nx, y, z, w = v1, v2, v3, v4\nLOOP:\n    x, y, z, w = y, z, w, x\nx.append(9)\n",
    "equal lists that go round": "v1, v2, v3, v4 = [1], [1], [1], [1]\nx, y, z, w = v1, v2, v3, v4\nLOOP:\n    x, y, z, w = y, z, w, x\nx.append(9)\n",
    "two names that change places": "v1, v2 = 1, 2\nLOOP:\n    v1, v2 = v2, v1\n",
    "objects that go round": "class O: pass\na, b, c = O(), O(), O()\na.x = b.x = c.x = 1\nx, y, z = a, b, c\nLOOP:\n    x, y, z = y, z, x\nx.x = 2\nv1, v2, v3 = a.x, b.x, c.x\n",
    "functions that go round": "v1 = v2 = v3 = 0\ndef f():\n    global v1\n    v1 = 1\ndef g():\n    global v2\n    v2 = 1\ndef h():\n    global v3\n    v3 = 1\nx, y, z = f, g, h\nLOOP:\n    x, y, z = y, z, x\nx()\n",
    "an attribute": "class O: pass\no = O()\no.x = 0\nLOOP:\n    o.x += 1\nv1 = o.x\n",
    "an attribute of a class": "class O:\n    x = 0\nLOOP:\n    O.x += 1\nv1 = O.x\n",
    "an attribute that is new": "class O: pass\no = O()\nLOOP:\n    o.x = 1\nv1 = hasattr(o, 'x')\n",
    "a name that is deleted": "v1 = 1\nLOOP:\n    if 'v1' in globals():\n        del v1\n",
    "a flag that later rounds ask": "v1 = False\nv2 = 0\nLOOP:\n    if v1:\n        v2 = 1\n    v1 = True\n",
    "first and others": "v1 = []\nfirst = True\nLOOP:\n    if first:\n        v1.append('a')\n        first = False\n    else:\n        v1.append('b')\n        v2 = 1\n",
    "a list that later rounds ask": "v1 = []\nv2 = 0\nLOOP:\n    if len(v1) == 2:\n        v2 = 5\n    v1.append(1)\n",
    "what a later round finds in a dict": "v1 = {}\nv2 = 0\nLOOP:\n    v2 = v1.get('a', 7)\n    v1['a'] = 8\n",
    "what was before": "v2 = None\nv1 = []\nLOOP:\n    if v2 is not None:\n        v1.append((v2, 1))\n    v2 = 1\n",
    "a list of lists": "v1 = [[]]\nLOOP:\n    v1[-1].append(1)\n    v1.append([])\n",
    "a chain of objects": "class O:\n    next = None\nhead = cur = O()\nLOOP:\n    new = O()\n    cur.next = new\n    cur = new\nv1 = head.next is None\nv2 = head.next.next is None if head.next else 5\n",
    "a nested dict": "v1 = {}\nLOOP:\n    v1.setdefault('a', {}).setdefault('b', {})['c'] = len(v1)\n",
    "a nested loop": "v1 = 0\nLOOP:\n    for y in [1, 2]:\n        v1 += y\n",
    "a nested loop over nothing known": "v1 = 0\nv2 = 0\nLOOP:\n    v2 = v1\n    for y in u:\n        v1 += 1\n",
    "a stack": "v1 = [1, 2, 3]\nLOOP:\n    if v1:\n        v1.pop()\nv2 = len(v1)\n",
    "a stack that may be empty": "v1 = [1]\nLOOP:\n    v1.pop()\n",
    "a stack that is worked off": "v1 = [1, 2]\nv2 = 0\nLOOP:\n    while v1:\n        v2 += v1.pop()\n",
    "an iterator": "it = iter([1, 2, 3, 4])\nv1 = 0\nLOOP:\n    v1 = next(it, None)\nv2 = list(it)\n",
    "a count of itertools": "it = itertools.count()\nLOOP:\n    v1 = next(it)\nv2 = next(it)\n",
    "a generator": "def g():\n    yield 1\n    yield 2\n    yield 3\nit = g()\nLOOP:\n    v1 = next(it, 0)\nv2 = list(it)\n",
    "break": "v1 = 0\nLOOP:\n    v1 += 1\n    break\nelse:\n    v2 = 1\n",
    "a break after two": "v1 = 0\nLOOP:\n    v1 += 1\n    if v1 == 2:\n        break\nelse:\n    v2 = 1\n",
    "a break by chance": "v1 = v2 = 0\nLOOP:\n    if flag():\n        v3 = v1\n        break\n    v1 = v2\n    v2 = 1\nelse:\n    v4 = 1\n",
    "continue": "v1 = v2 = 0\nLOOP:\n    v1 += 1\n    if v1 == 2:\n        continue\n    v2 = v1\n",
    "a continue by chance": "v1 = v2 = 0\nLOOP:\n    v1 = v2\n    if flag():\n        continue\n    v2 = 1\n",
    "else": "v1 = 0\nLOOP:\n    pass\nelse:\n    v1 = 1\n",
    "else of what was counted": "v1 = 0\nLOOP:\n    v1 += 1\nelse:\n    v2 = v1\n",
    "return": "def f():\n    LOOP:\n        return 1\n    return 2\nv1 = f()\n",
    "a return of the second round": "def f():\n    n = 0\n    LOOP:\n        if n:\n            return n\n        n += 1\n    return 5\nv1 = f()\n",
    "a return of one list": "v1, v2, v3 = [1], [2], [3]\ndef f():\n    x, y, z = v1, v2, v3\n    LOOP:\n        if flag():\n            return x\n        x, y, z = y, z, x\n    return y\nf().append(1)\n",
    "raise": "v1 = 0\ntry:\n    LOOP:\n        v1 += 1\n        raise ValueError\nexcept ValueError:\n    v2 = 1\n",
    "a raise of the second round": "v1 = 0\ntry:\n    LOOP:\n        v1 += 1\n        if v1 == 2:\n            raise ValueError\nexcept ValueError:\n    v2 = v1\nelse:\n    v3 = 1\n",
    "what a handler counts": "v1 = 0\nLOOP:\n    try:\n        if flag():\n            raise ValueError\n    except ValueError:\n        v1 += 1\n",
    "finally": "v1 = v2 = 0\nLOOP:\n    try:\n        if flag():\n            break\n        v2 = v1\n    finally:\n        v1 += 1\n",
    "with": "v1 = 0\n@contextlib.contextmanager\ndef c():\n    global v1\n    v1 += 1\n    yield v1\nLOOP:\n    with c() as v2:\n        pass\n",
    "match": "v1 = 'a'\nLOOP:\n    match v1:\n        case 'a':\n            v1 = 'b'\n        case 'b':\n            v1 = 'c'\n",
    "a function that is defined": "def f(): return 1\nLOOP:\n    def f(): return 2\nv1 = f()\n",
    "a function that counts": "v1 = 0\ndef f():\n    global v1\n    v1 += 1\n    return v1\nLOOP:\n    v2 = f()\n",
    "a closure that counts": "def m():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n        return n\n    return f\nf = m()\nLOOP:\n    f()\nv1 = f()\n",
    "a closure over the round": "fs = []\nn = 0\nLOOP:\n    n += 1\n    fs.append(lambda: n)\nv1 = [f() for f in fs]\n",
    "a class that is defined": "class K:\n    x = 0\nLOOP:\n    class K(K):\n        x = K.x + 1\nv1 = K.x\n",
    "a default": "v1 = 0\ndef f(l=[]):\n    l.append(1)\n    return len(l)\nLOOP:\n    v1 = f()\nv2 = f()\n",
    "a name of the module": "v1 = 0\nLOOP:\n    globals()['v1'] += 1\n",
    "names of the module": "n = 0\nLOOP:\n    globals()[f'v{n}'] = n\n    n += 1\n",
    "an assignment in passing": "v1 = 0\nLOOP:\n    print(v2 := v1)\n    v1 = 1\n",
    "a comprehension": "v1 = []\nLOOP:\n    v1 = [x + 1 for x in v1] + [0]\n",
    "a slice": "v1 = [1, 2, 3]\nLOOP:\n    v1[:1] = []\n",
    "an item that is deleted": "v1 = [1, 2, 3, 4]\nLOOP:\n    del v1[0]\nv2 = v1[0]\n",
    "a list that is turned round": "v1 = [1, 2]\nLOOP:\n    v1.reverse()\n",
    "a list that is sorted": "v1 = [2, 1]\nLOOP:\n    v1.sort()\n",
    "a deque": "v1 = collections.deque([1, 2, 3])\nLOOP:\n    v1.rotate(1)\n",
    "a list that is copied": "v1 = [1]\nLOOP:\n    v1 = list(v1)\nv1.append(2)\n",
    "a list of the name before": "v1 = v2 = [1]\nLOOP:\n    v1 = [1]\nv1.append(2)\n",
    "an object of the file's class": "class B:\n    def __init__(self): self.n = 0\n    def add(self): self.n += 1; return self\nb = B()\nLOOP:\n    b.add()\nv1 = b.n\n",
    "a list of one object": "class B:\n    def __init__(self): self.l = []\nb = B()\nLOOP:\n    b.l.append(1)\nv1 = b.l\n",
    "a counter of the class": "class B:\n    n = 0\n    def __init__(self):\n        B.n += 1\n        self.i = B.n\nb = None\nLOOP:\n    b = B()\nv1 = B.n\nv2 = b and b.i\n",
    "assertions": "v1 = 0\nLOOP:\n    v1 += 1\n    assert v1 < 3\n",
    "a random stream": "r = random.Random(3)\nLOOP:\n    r.random()\nv1 = r.random()\n",
    "a dict that is merged": "v1 = {'a': 0}\nLOOP:\n    v1 |= {'a': v1['a'] + 1}\n",
    "two dicts that change places": "v1, v2 = {'a': 1}, {'a': 2}\nx, y = v1, v2\nLOOP:\n    x, y = y, x\n    x['a'] += 1\n",
    "a chain of names": "v1 = v2 = v3 = v4 = 1\nLOOP:\n    v1 = v2\n    v2 = v3\n    v3 = v4\n    v4 = 5\n",
    "a string of keys": "v1 = {'a': 'b', 'b': 'c', 'c': 'd'}\nv2 = 'a'\nLOOP:\n    v2 = v1.get(v2, v2)\n",
    "a state": "v1 = 'start'\nv2 = {'start': 'one', 'one': 'two', 'two': 'two'}\nv3 = 0\nLOOP:\n    v1 = v2[v1]\n    if v1 == 'two':\n        v3 = 1\n",
    "a partial call": "v1 = []\nf = functools.partial(v1.append, 1)\nLOOP:\n    f()\n",
    "a cached function": "v1 = 0\n@functools.lru_cache\ndef f(n):\n    global v1\n    v1 += 1\n    return v1\nLOOP:\n    v2 = f(1)\n",
    "a target that was known": "x = 5\nLOOP:\n    pass\nv1 = x\n",
    "a list that is handed over": "v1 = []\ndef f(l): l.append(1)\nLOOP:\n    f(v1)\n",
    "a property": "class O:\n    n = 0\n    @property\n    def p(self):\n        self.n += 1\n        return self.n\no = O()\nLOOP:\n    v1 = o.p\nv2 = o.n\n",
    "star": "v1 = []\nLOOP:\n    v1 = [*v1, 1]\n",
    "a tuple of lists": "v1 = ([], [])\nLOOP:\n    v1[0].append(1)\n    v1 = v1[::-1]\n",
}  # fmt: skip
PROGRAMS = {
    "lists of an iterator beside it": "v1, v2 = [1], [2]\nfor e, l in zip(u, iter([v1, v2])):\n    l.append(5)\n",
    "a generator expression that is run later": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\ng = (f(e) for e in u)\nv1 = 5\nv2 = list(g)\n",
    "a map that is run later": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\ng = map(f, u)\nv1 = 5\nv2 = list(g)\n",
    "a generator that is asked again": "g = (x for x in [1, 2, 3] if flag())\nv1 = next(g, 0)\nv2 = list(g)\n",
    "a filter that is asked again": "g = filter(flag, [1, 2, 3])\nv1 = next(g, 0)\nv2 = list(g)\n",
    "a map of a filter that is asked again": "g = map(str, filter(flag, [1, 2, 3]))\nv1 = next(g, 0)\nv2 = list(g)\n",
    "a generator of the file's that is asked again": "def g():\n    for x in [1, 2, 3]:\n        if flag():\n            yield x\nh = g()\nv1 = next(h, 0)\nv2 = list(h)\n",
    "a generator that a set is gone over in": "def g():\n    for x in {'a', 'b'}:\n        yield x\nv1 = sorted(g())\n",
    "what a generator changes that it was given": "v1 = []\ndef g(l):\n    for x in u:\n        l.append(x)\n        yield x\nv2 = list(g(v1))\n",
    "what a condition does before an error": "v1 = 0\ndef f():\n    global v1\n    v1 += 1\n    return flag()\ntry:\n    v2 = [1 / 0 for e in u if f()]\nexcept ZeroDivisionError:\n    v3 = 1\n",
    "objects that are made of it": "class O:\n    n = 0\n    def __init__(self, x):\n        O.n += 1\nv2 = len(list(map(O, u)))\nv1 = O.n\n",
    "a method that is handed over": "class O:\n    n = 0\n    def add(self, x):\n        self.n += 1\no = O()\nv2 = list(map(o.add, u))\nv1 = o.n\n",
    "one of two functions over it": "v1 = v2 = 0\ndef f(x):\n    global v1\n    v1 += 1\ndef g(x):\n    global v2\n    v2 += 1\nv3 = list(map(f if flag() else g, u))\n",
    "what is in it": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nv2 = 'b' in (f(e) for e in u)\n",
    "unpacked from a generator": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nv2, *v3 = [0, *(f(e) for e in u)]\n",
    "arguments from a generator": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nprint(*(f(e) for e in u))\n",
    "a generator that a function gets": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\ndef h(g):\n    for x in g:\n        pass\nh(f(e) for e in u)\n",
    "a count that goes on": "it = itertools.count()\nfor e in it:\n    if flag():\n        break\nv1 = e\nv2 = next(it)\n",
    "a cycle": "v1, v2, v3 = [1], [2], [3]\nfor e in itertools.cycle([v1, v2, v3]):\n    if flag():\n        break\ne.append(1)\n",
    "the same thing again and again": "v1 = 0\nfor e in itertools.repeat(5):\n    if flag():\n        break\n    v1 += e\nv2 = e\n",
    "a function of the file until it gives nothing": "n = 0\ndef f():\n    global n\n    n += 1\n    return n < 5 and n\nv1 = []\nfor e in iter(f, False):\n    v1.append(e)\nv2 = n\n",
    "the same, between whose calls it is changed": "q = [1, 2, 0]\nv1 = []\nfor e in iter(lambda: q.pop(), 1):\n    v1.append(e)\n    if e == 2:\n        q.append(7)\n",
    "the same, left by chance": "n = 0\ndef f():\n    global n\n    n += 1\n    return n\nfor e in iter(f, -1):\n    if flag():\n        break\nv1 = n\nv2 = f()\n",
    "the same, to the end of nobody knows what": "v1 = 0\ndef f():\n    global v1\n    v1 += 1\n    return flag()\nfor e in iter(f, True):\n    pass\nv2 = v1\n",
    "a list of it": "v1 = 0\ndef f():\n    global v1\n    v1 += 1\n    return more()\nv2 = list(iter(f, False))\n",
    "a generator over it": "v1 = 0\ndef g():\n    for e in u:\n        yield 1\n    yield 2\nv1 = list(g())\nv2 = next(g())\nv3 = sum(g())\n",
    "a generator that counts": "v1 = 0\ndef g():\n    global v1\n    for e in u:\n        v1 += 1\n        yield v1\nfor y in g():\n    v2 = y\n",
    "a generator for as long": "v1 = 0\ndef g():\n    global v1\n    while more():\n        v1 += 1\n        yield v1\nv2 = list(g())\n",
    "a generator of it": "v1 = 0\ndef g():\n    global v1\n    yield from u\n    v1 = 1\nv2 = list(g())\nv3 = [x for x in g()]\n",
    "what a comprehension does": "v1 = []\nv2 = [v1.append(1) for e in u]\nv3 = len(v1)\n",
    "what it does to the second source": "v1 = []\nv2 = [v1.append(1) for x in [1, 2] for e in u]\n",
    "what its condition does": "v1 = []\nv2 = [e for e in u if v1.append(1)]\n",
    "what it does before it is known no more": "v1 = []\nv2 = [v1.append(x) for x in [1, 2, 3] if flag()]\n",
    "what comes after such a condition": "v1 = []\nv2 = [x for x in [1, 2, 3] if flag() if v1.append(x)]\n",
    "a set of it": "v1 = []\nv2 = {v1.append(1) for e in u}\n",
    "a dict of it": "v1 = []\nv2 = {e: v1.append(1) for e in u}\n",
    "a name that it sets": "v1 = 0\nv2 = [v1 := 1 for e in u]\n",
    "a name that it counts": "v1 = 0\nv2 = [v1 := v1 + 1 for e in u]\n",
    "a function that it calls": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nv2 = [f(e) for e in u]\nv3 = len(v2)\n",
    "a generator expression": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nv2 = list(f(e) for e in u)\n",
    "a generator expression that is not run": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\ng = (f(e) for e in u)\n",
    "any": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return False\nv2 = any(f(e) for e in u)\n",
    "any of what is known, stopped": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return flag()\nv2 = any(f(e) for e in [1, 2, 3])\n",
    "all of what is known, stopped": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return flag()\nv2 = all(f(e) for e in [1, 2, 3])\n",
    "any of an iterator, stopped": "it = iter([1, 2, 3])\nv1 = any(flag(e) for e in it)\nv2 = list(it)\n",
    "next with a condition": "it = iter([1, 2, 3])\nv1 = next((e for e in it if flag()), 0)\nv2 = list(it)\n",
    "next of it": "v1 = next((1 for e in u), 0)\nv2 = next(iter(u), None)\n",
    "sum": "v1 = sum(1 for e in u)\nv2 = sum([1 for e in u])\nv3 = len([1 for e in u])\n",
    "zip": "it = iter([1, 2, 3, 4])\nv1 = list(zip(it, u))\nv2 = list(it)\n",
    "zip the other way": "it = iter([1, 2, 3, 4])\nv1 = list(zip(u, it))\nv2 = list(it)\n",
    "zip of lists that are changed": "v1 = [[1], [2], [3]]\nfor e, l in zip(u, v1):\n    l.append(5)\n",
    "enumerate": "v1 = [i for i, e in enumerate(u)]\nv2 = dict(enumerate(u))\n",
    "sorted": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nv2 = sorted(u, key=f)\n",
    "the largest": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nv2 = max(u, key=f, default=3)\nv3 = min(u, default=4)\n",
    "map": "v1 = []\nv2 = list(map(v1.append, u))\n",
    "map with a function": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nv2 = list(map(f, u))\n",
    "map over two": "v1 = []\nv2 = list(map(lambda a, b: v1.append(a), [1, 2, 3], u))\n",
    "filter": "v1 = []\nv2 = list(filter(v1.append, u))\n",
    "filter of what is known": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return flag()\nv2 = list(filter(f, [1, 2, 3]))\n",
    "reduce": "v1 = 0\ndef f(a, b):\n    global v1\n    v1 += 1\n    return b\nv2 = functools.reduce(f, u, 5)\n",
    "itertools": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return True\nv2 = list(itertools.takewhile(f, u))\n",
    "groupby": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return True\nv2 = [k for k, g in itertools.groupby(u, f)]\n",
    "takewhile of what is known": "it = iter([1, 2, 3])\nv1 = list(itertools.takewhile(flag, it))\nv2 = list(it)\n",
    "substitution": "v1 = 0\ndef f(m):\n    global v1\n    v1 += 1\n    return 'x'\nv2 = re.sub('.', f, ''.join(u))\n",
    "a list sorted by a function": "v1 = 0\ndef f(x):\n    global v1\n    v1 += 1\n    return x\nv2 = ['k']\nv2.extend(u)\nv2.sort(key=f)\n",
    "a dict from keys": "v1 = dict.fromkeys(u, 1)\nv2 = {**dict.fromkeys(u), 'k': 1}\nv3 = list(v2)\n",
    "a list in a dict from keys": "l = []\nd = dict.fromkeys(u, l)\nfor x in d.values():\n    x.append(1)\nv1 = l\n",
    "unpacking": "v1 = 1\nv2, *v3 = [1, *u]\n*v4, v5 = [*u, 1]\n",
    "extending": "v1 = [1]\nv1.extend(e for e in u)\nv1 += [e for e in u]\nv2 = v1[0]\nv3 = len(v1)\n",
    "updating": "v1 = {'a': 1, 'k': 2}\nv1.update({e: 5 for e in u})\nv2 = v1['a']\n",
    "updating with pairs": "v1 = {'a': 1, 'k': 2}\nv1.update((e, 5) for e in u)\nv2 = v1['a']\n",
    "counting": "v1 = collections.Counter(u)\nv2 = v1['a']\n",
    "a text": "v1 = ','.join(u)\nv2 = ','.join(f'{e}' for e in u)\nv3 = bool(v2)\n",
    "star arguments": "v1 = 0\ndef f(*a):\n    global v1\n    v1 += len(a)\nf(*u)\n",
    "star arguments of what is changed": "v1 = [1]\ndef f(*a):\n    for x in a:\n        x.append(2)\nf(*([v1] if u else []))\n",
    "lists in a list that is chosen from": "v1, v2 = [1], [2]\nfor l in [l for l in (v1, v2) if flag()]:\n    l.append(3)\n",
    "a nested loop over a row": "v1 = 0\nfor row in u:\n    for cell in row:\n        v1 += 1\n",
    "a loop in a loop that is left": "v1 = v2 = 0\nfor e in u:\n    for x in [1, 2, 3]:\n        if flag():\n            break\n        v1 = v2\n        v2 = x\n",
    "a loop over a list that grows": "q = [1]\nv1 = 0\nfor x in q:\n    v1 += 1\n    if x < 4 and flag():\n        q.append(x + 1)\n",
    "a queue that is worked off": "q = [1]\nv1 = []\nwhile q:\n    x = q.pop()\n    v1.append(x)\n    q.extend(u[:0])\n",
    "a queue that may grow": "q = [1]\nv1 = []\nn = 0\nwhile q and n < 5:\n    n += 1\n    x = q.pop()\n    v1.append(x)\n    if flag():\n        q.append(x + 1)\n",
}  # fmt: skip
LOOPS = {
    "for": "for e in u",
    "while": "while more()",
    "while with a name": "while e := more()",
    "for over pairs": "for i, e in enumerate(u)",
    "for after what is known": "for e in ['k', *u]",
    "for in an order": "for e in sorted(u)",
    "for over what a function gives": "for e in iter(more, False)",
    "for over an endless one": "for e in itertools.count():\n{indent}if flag():\n{indent}    break",
}


def with_loop(body: str, loop: str) -> str:
    """BODY with the head of the LOOP for ``LOOP``; what LOOP has below its head is indented as BODY is."""
    lines = []
    for line in body.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        head, colon, rest = loop.partition(":\n")
        lines.append(line.replace("LOOP:", f"{head}:"))
        if colon and "LOOP:" in line:
            lines += rest.replace("{indent}", f"{indent}    ").splitlines()
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def held() -> Iterator[Answers]:
    with answers() as found:
        yield found


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_is_known_is_so_after_any_number_of_rounds(held, body, loop):
    assert held.faults(with_loop(body, loop)) == []


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_what_is_known_is_so_whatever_is_gone_over(held, program):
    assert held.faults(program) == []
