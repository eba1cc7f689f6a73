"""What code that is not read may have changed is not known afterwards; what it cannot or does not change stays known."""

from __future__ import annotations

import pytest

from goflow.parser.interpreter.values import Unknown, first_unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

START = """
import unread_lib as lib, json, boto3, requests, time, random
from unread_lib import merger, extend, Thing, Operator
class O:
    kind = 'a'
    def __init__(self): self.x = 1
    def text(self): return 'text'
d = {'retries': 1, 'tasks': ['a']}
l = ['a']
s = {1}
o = O()
"""

CHANGED = {
    "a value of a dict": ("merger.merge(d, {'retries': 9})", "d['retries']"),
    "a key that a dict had not": ("merger.merge(d, {})", "d.get('more', 0)"),
    "a list inside a dict": ("t = d['tasks']\nlib.merge(d)", "t"),
    "what a dict's list has in a loop": ("lib.merge(d)", "[x for x in d['tasks']]"),
    "a list": ("lib.extend(l)", "len(l)"),
    "a list given to a function that is imported by its name": ("extend(l)", "l[0]"),
    "a list by keyword": ("lib.fill(into=l)", "l"),
    "a list by **": ("lib.fill(**{'into': l})", "l"),
    "a list beside arguments that are not known": ("lib.fill(l, *lib.more)", "l"),
    "a list inside a tuple": ("lib.fill((1, l))", "len(l)"),
    "a set": ("lib.fill(s)", "2 in s"),
    "an attribute of an object": ("lib.mutate(o)", "o.x"),
    "an attribute that the object's class has": ("lib.mutate(o)", "o.kind"),
    "an attribute that nothing had": ("lib.mutate(o)", "o.new"),
    "a dict that an object holds": ("o.d = d\nlib.mutate(o)", "d['retries']"),
    "a value whose result is used": ("z = lib.merged(d)", "d['retries']"),
    "what a method of an unread object gets": ("Thing().fill(l)", "l"),
    "a list in one arm": ("if lib.flag:\n    lib.fill(l)", "l"),
    "a function of the file's own that may be either": ("f = (lambda x: x.append(1)) if lib.flag else len\nf(l)", "l"),
    "what an object of a class keeps and is told to change": ("t = Thing(l)\nt.add('b')", "l"),
    "what such an object has as an attribute": ("t = Thing(items=l)\nt.items.append('b')", "l"),
    "what is under a key of such an object": ("t = Thing(d)\nt['retries'] = 2", "d['retries']"),
    "a list whose object is handed on": ("t = Thing(l)\nlib.fill(t)", "l"),
    "what a method changes that is handed over": ("class A:\n    def add(self): self.x = 2\na = A()\na.x = 1\nlib.register(a.add)", "a.x"),
    "what a method of a list is handed over for": ("lib.each(l.append)", "l"),
    "what it may have given back": ("z = lib.f(d)\nd['retries'] = 2\nz['retries'] = 3", "d['retries']"),
    "what it may have given back by keyword": ("z = lib.f(x=l)\nl[:] = ['b']\nz.append('c')", "l"),
    "what may be in what it gave back": ("z = lib.f((l, 1))\nl[:] = ['b']\nz[0].append('c')", "l"),
    "what a method may have given back": ("z = lib.data.get('a', d)\nz['retries'] = 3", "d['retries']"),
    "an object that it may have given back": ("z = lib.f(o)\no.x = 2\nz.x = 3", "o.x"),
    "an object that it may have given back and a method changes": ("z = lib.f(o)\no.x = 2\nz.go()", "o.x"),
    "what it may have given back, in place": ("z = lib.f(l)\nl[:] = ['b']\nz += ['c']", "l"),
    "what a loop finds in what it may have given back": ("z = lib.f([l])\nl[:] = ['b']\nfor x in z:\n    x.append('c')", "l"),
    "a name among the globals": ("lib.fill(globals())", "never_set"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "asked"), CHANGED.values(), ids=CHANGED.keys())
def test_what_unread_code_may_have_changed_is_not_known(call, asked, tmp_path):
    found = first_unknown(evaluate_text(f"{START}{call}\nfound = {asked}\n", tmp_path)[0]["found"])
    assert isinstance(found, Unknown)


KEPT = {
    "what an object keeps that is only asked": ("t = Thing(l)\nt.get('a')\nt.name = 'b'", "l", ["a"]),
    "what a method does not change that is handed over": ("class A:\n    def get(self): return self.x\na = A()\na.x = 1\nlib.register(a.get)", "a.x", 1),
    "texts, numbers and tuples of them": ("n = (1, 'a')\nlib.fill(n, 'a', 1)", "n", (1, "a")),
    "what a client of a service gets": ("requests.post('u', json=d)\nboto3.client('s3').put(d)", "d['retries']", 1),
    "what Python's own functions get": ("json.dumps(d)\nprint(d)\nlen(d)\ntime.sleep(l)", "d['retries']", 1),
    "what a class gets that is called": ("Operator(task_id='a', params=d)", "d['retries']", 1),
    "what a method of an operator gets": ("Operator.partial(task_id='a', params=d).expand(x=l)", "(d['retries'], l)", (1, ["a"])),
    "what a method of data gets": ("lib.data.get('a', d)\nlib.text.format(l)\nlib.data.append(l)", "(d['retries'], l)", (1, ["a"])),
    "what a model could not decide on": ("sorted(l, key=lambda x: lib.weight)\n[x for x in zip(l, lib.x)]", "l", ["a"]),
    "what Python's own give back": ("z = json.loads(json.dumps(d))\nz['retries'] = 2", "d['retries']", 1),
    "methods of an object": ("lib.mutate(o)", "o.text()", "text"),
    "what was set after it": ("lib.merge(d)\nd['retries'] = 2", "d['retries']", 2),
    "another list": ("k = list(l)\nlib.fill(k)", "l", ["a"]),
}  # fmt: skip


@pytest.mark.parametrize(("call", "asked", "expected"), KEPT.values(), ids=KEPT.keys())
def test_what_it_does_not_change_stays_known(call, asked, expected, tmp_path):
    assert evaluate_text(f"{START}{call}\nfound = {asked}\n", tmp_path)[0]["found"] == expected


def test_the_reason_names_the_call_and_the_library(tmp_path):
    found = evaluate_text(f"{START}merger.merge(d)\nlib.other(d['tasks'])\nfound = d['retries']\n", tmp_path)[0][
        "found"
    ]
    assert found.reason == "what merge(...) makes of its arguments: unread_lib.merger, which is not read"
