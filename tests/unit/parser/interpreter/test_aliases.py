"""What is reached by a way that is not known may be any of several things: who changes it has changed each of them.

Functions that are handed to code that is not read may be run by it.
"""

from __future__ import annotations

import pytest

from goflow.parser.interpreter.values import Unknown, first_unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

START = """
import unread_lib as lib, collections
u = lib.key
class O: pass
o, p = O(), O()
o.v = p.v = 1
d = {'a': [1]}
a, b = [1], [1, 2]
n = 0
"""

NOT_KNOWN = {
    "a list that is one of two": ("x = a if u else b\nx.append(3)", "a"),
    "a list that a name may be": ("x = a\nif u:\n    x = b\nx.append(3)", "b"),
    "a list that is added to": ("x = a if u else b\nx += [3]", "a"),
    "a list that a function may return": ("def f(x):\n    if u:\n        return x\n    return []\nf(a).append(3)", "a"),
    "an object that is one of two": ("x = o if u else p\nx.v = 2", "o.v"),
    "a list under a key": ("d[u].append(2)", "d['a']"),
    "a list under a key that is asked for": ("d.get(u).append(2)", "d['a']"),
    "a list that may have to be made": ("d.setdefault(u, []).append(2)", "d['a']"),
    "a list that is taken out": ("e = {'b': b}\ne.pop(u).append(2)", "b"),
    "a list under a key of each round": ("for k in lib.keys:\n    d[k].append(2)", "d['a']"),
    "a list that a default makes": ("d = collections.defaultdict(list)\nd[u].append(2)", "d['b']"),
    "a number that is counted": ("c = collections.Counter()\nc[u] += 1", "c['b']"),
    "a dict in a list": ("l = [{}, {}]\nl[u]['x'] = 1", "l[0].get('x')"),
    "a list in a tuple": ("(a, b)[u].append(2)", "a"),
    "a list inside one of several": ("e = {'a': {'l': a}}\ne[u]['l'].append(2)", "a"),
    "one of two lists that is handed over": ("x = a if u else b\nlib.fill(x)", "b"),
    "the last of an undecided 'and'": ("x = u and a\nx.append(2)", "a"),
    "the last of an undecided 'or'": ("x = u or a\nx.append(2)", "a"),
    "what the last of an undecided 'and' does": ("u and a.append(2)", "a"),
    "what a lambda changes": ("lib.each(lambda x: a.append(x))", "a"),
    "what a function changes": ("def f(x): d['b'] = x\nlib.register(f)", "d.get('b')"),
    "an attribute that a function sets": ("def f(): o.v = 2\nlib.register(on=f)", "o.v"),
    "a name that a function sets": ("def f():\n    global n\n    n += 1\nlib.register(f)", "n"),
    "a name around that a function sets": ("def g():\n    m = 0\n    def f():\n        nonlocal m\n        m = 1\n    lib.register(f)\n    return m\nx = g()", "x"),
    "what a function changes that it calls": ("def g(): a.append(1)\ndef f(): g()\nlib.register([f])", "a"),
    "what it hands to one": ("def g(l): l.append(1)\ndef f(): g(a)\nlib.register(f)", "a"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "asked"), NOT_KNOWN.values(), ids=NOT_KNOWN.keys())
def test_what_may_have_been_changed_by_another_way_is_not_known(change, asked, tmp_path):
    names, _ = evaluate_text(f"{START}{change}\nfound = {asked}\n", tmp_path)
    assert isinstance(first_unknown(names["found"]), Unknown)


KNOWN = {
    "a list that is one of two and only asked": ("x = a if u else b\nx.index(1)\nlen(x)", "(a, b)", ([1], [1, 2])),
    "a list of which a new one is made": ("x = a if u else b\nx = x + [3]\nx.append(3)", "a", [1]),
    "a third list": ("c = [3]\nx = a if u else b\nx.append(3)", "c", [3]),
    "what a function has of its own": ("def f(x):\n    a = []\n    a.append(x)\nlib.register(f)", "a", [1]),
    "what a function only reads": ("lib.register(lambda x: a[0] + n)", "(a, n)", ([1], 0)),
    "what is set later": ("def f():\n    global n\n    n = 1\nlib.register(f)\nn = 2", "n", 2),
    "what an operator's function changes": ("lib.Operator(python_callable=lambda: a.append(1))", "a", [1]),
    "what a decorated function changes": ("@lib.task\ndef f(): a.append(1)", "a", [1]),
}  # fmt: skip


@pytest.mark.parametrize(("change", "asked", "expected"), KNOWN.values(), ids=KNOWN.keys())
def test_what_cannot_have_been_changed_stays_known(change, asked, expected, tmp_path):
    assert evaluate_text(f"{START}{change}\nfound = {asked}\n", tmp_path)[0]["found"] == expected
