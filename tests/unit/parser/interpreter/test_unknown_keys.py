"""A key that is not known may be any: what it may have replaced is not known; what is set after it is."""

from __future__ import annotations

import pytest

from goflow.parser.interpreter.values import Unknown, first_unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

START = "import unread_lib as lib, collections\nu = lib.key\nd = {'a': 1}\n"

NOT_KNOWN = {
    "a literal": ("d = {'a': 1, u: 2}", "d['a']"),
    "a key of which a part is not known": ("d = {'a': 1, f'{u}x': 2}", "d.get('a')"),
    "a tuple of which a part is not known": ("d = {('a', 1): 1, (u, 1): 2}", "d[('a', 1)]"),
    "a tuple that may be there": ("d = {(u, 1): 2}", "d.get(('a', 1), 0)"),
    "a tuple that may have been set by another": ("d = {(u, 1): 2}\nd[('a', 1)] = 3", "d[(u, 1)]"),
    "an assignment": ("d[u] = 2", "d['a']"),
    "an assignment to a tuple": ("d[('a', 1)] = 1\nd[(u, 1)] = 2", "d[('a', 1)]"),
    "a tuple that is deleted": ("d[('a', 1)] = 1\ndel d[('a', u)]", "d.get(('a', 1))"),
    "update": ("d.update({u: 2})", "d['a']"),
    "update with pairs": ("d.update([(u, 2)])", "d['a']"),
    "update in place": ("d |= {u: 2}", "d['a']"),
    "the sum of two": ("d = d | {u: 2}", "d['a']"),
    "** in a literal": ("d = {**d, **{u: 2}}", "d['a']"),
    "** of keywords nobody knows": ("def f(**kw): return {'a': 1, **kw}\nd = f(b=2, **lib.more)", "d['a']"),
    "a comprehension": ("d = {k: i for i, k in enumerate(['a', u])}", "d['a']"),
    "dict of pairs": ("d = dict([('a', 1), (u, 2)])", "d['a']"),
    "dict of two lists": ("d = dict(zip(['a', u], [1, 2]))", "d['a']"),
    "an ordered dict": ("d = collections.OrderedDict([('a', 1), (u, 2)])", "d['a']"),
    "a chain": ("d = collections.ChainMap({u: 2}, d)", "d['a']"),
    "a chain that is asked": ("d = collections.ChainMap({u: 2}, d)", "d.get('a', 0)"),
    "an attribute that is set": ("class C: pass\no = C()\no.a = 1\nsetattr(o, u, 2)", "o.a"),
    "an attribute that is set and that nothing had": ("class C: pass\no = C()\nsetattr(o, u, 2)", "o.a"),
    "an attribute's dict": ("class C: pass\no = C()\no.a = 1\nvars(o).update({u: 2})", "o.a"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "asked"), NOT_KNOWN.values(), ids=NOT_KNOWN.keys())
def test_what_an_unknown_key_may_have_replaced_is_not_known(change, asked, tmp_path):
    names, _ = evaluate_text(f"{START}{change}\nfound = {asked}\n", tmp_path)
    assert isinstance(first_unknown(names["found"]), Unknown)


KNOWN = {
    "what is set later in the literal": ("d = {u: 2, 'a': 1}", "d['a']", 1),
    "what is set later in a comprehension": ("d = {k: i for i, k in enumerate([u, 'a'])}", "d['a']", 1),
    "what was set later and is merged into another": ("d[u] = 2\nd['a'] = 3\nd = {'a': 1, **d}", "d['a']", 3),
    "what has the same value by any key": ("d = {k: 1 for k in ['a', u]}", "d['a']", 1),
    "what is there already for setdefault": ("d.setdefault(u, 2)", "d['a']", 1),
    "other names of the module": ("globals()[u] = 2\nglobals().update({u: 2})", "d['a']", 1),
    "the one that was merged in": ("d = d.copy()\ne = {**d}\ne.update({u: 2})", "d['a']", 1),
    "a sum with keywords": ("d = {u: 2} | {'a': 1}", "d['a']", 1),
}  # fmt: skip


@pytest.mark.parametrize(("change", "asked", "expected"), KNOWN.values(), ids=KNOWN.keys())
def test_what_no_unknown_key_can_have_replaced_stays_known(change, asked, expected, tmp_path):
    assert evaluate_text(f"{START}{change}\nfound = {asked}\n", tmp_path)[0]["found"] == expected
