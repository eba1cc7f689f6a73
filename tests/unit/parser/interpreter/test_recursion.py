"""Functions that call themselves where it is not known whether they do."""

import pytest

from goflow.parser.interpreter.values import Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

START = "import random\nu = random.random()\n"

WALKS = {
    "a tree of which nothing is known": (
        "def size(node):\n    if node.leaf:\n        return 1\n    if node.pair:\n"
        "        return size(node.left) + size(node.right)\n    return max(size(child) for child in [node.a, node.b])\n"
        "x = size(u)\n"
    ),
    "two functions that call each other": (
        "def odd(n):\n    if n.zero:\n        return False\n    return even(n.less) or even(n.other)\n"
        "def even(n):\n    if n.zero:\n        return True\n    return odd(n.less) or odd(n.other)\nx = even(u)\n"
    ),
    "what is collected in lists of its own": (
        "def kinds(node):\n    found = []\n    for part in [node.a, node.b]:\n        if part:\n"
        "            found += kinds(part)\n    return found\nx = len(kinds(u))\n"
    ),
    "inside an arm that is not decided": (
        "def size(node):\n    if node.leaf:\n        return 1\n    return size(node.left) + size(node.right)\n"
        "if u:\n    x = size(u)\nelse:\n    x = 1\n"
    ),
    "in a loop that is not known to begin": (
        "def size(node):\n    total = 1\n    for child in node.children:\n        total += size(child) + size(child)\n"
        "    return total\nx = size(u)\n"
    ),
    "a method": (
        "class Walker:\n    def size(self, node):\n        if node.leaf:\n            return 1\n"
        "        return self.size(node.left) + self.size(node.right)\nx = Walker().size(u)\n"
    ),
}


@pytest.mark.parametrize("source", WALKS.values(), ids=WALKS.keys())
def test_a_recursion_that_nothing_known_ends(source, tmp_path):
    names, session = evaluate_text(f"{START}{source}y = 2\n", tmp_path)
    assert isinstance(names["x"], Unknown)
    assert names["y"] == 2
    assert session.budget.most_steps - session.budget.steps_left < 5000


KEPT = {
    "a tree that is known is walked to its end": (
        "def names(tree):\n    found = [tree['name']]\n    if u:\n        pass\n"
        "    for child in tree['children']:\n        if u:\n            SEEN.append(child['name'])\n"
        "        found += names(child)\n    return found\nSEEN = []\n"
        "tree = {'name': 'a', 'children': [{'name': 'b', 'children': [{'name': 'c', 'children': []}]}]}\n"
        "x = names(tree)\n",
        ["a", "b", "c"],
    ),
    "what counts down ends": (
        "def count(n):\n    if n == 0:\n        return 0\n    if u:\n        return count(n - 1)\n"
        "    return count(n - 1)\nx = count(5)\n",
        0,
    ),
}


@pytest.mark.parametrize(("source", "expected"), KEPT.values(), ids=KEPT.keys())
def test_a_recursion_that_ends(source, expected, tmp_path):
    names, _ = evaluate_text(f"{START}{source}", tmp_path)
    assert names["x"] == expected


CHANGED = {
    "a list that each call adds to": "def f():\n    seen.append(1)\n    if len(seen) < 20:\n        if u:\n            f()\nseen = []\nf()\nx = len(seen)\n",
    "a list that each call adds to at its end": (
        "def f():\n    if u:\n        f()\n    seen.append(1)\nseen = []\nf()\nx = len(seen)\n"
    ),
    "the same inside an arm": (
        "def f():\n    if u:\n        f()\n    seen.append(1)\nseen = []\nif u:\n    f()\n    x = len(seen)\nelse:\n    x = 1\n"
    ),
    "a number that each call makes larger": (
        "n = 0\ndef f():\n    global n\n    n += 1\n    if n < 20 and u:\n        f()\nf()\nx = n\n"
    ),
    "an end that depends on the number": (
        "n = 0\nx = 1\ndef f():\n    global n, x\n    if n == 3:\n        x = 2\n        return\n"
        "    n += 1\n    if u:\n        f()\nf()\n"
    ),
    "a variable of the function around it": (
        "def outer():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n        if u and n < 4:\n            f()\n"
        "    f()\n    return n\nx = outer()\n"
    ),
    "an iterator": (
        "it = iter([1, 2, 3])\ndef f():\n    global last\n    last = next(it, 0)\n    if last and u:\n        f()\nf()\nx = last\n"
    ),
}


@pytest.mark.parametrize("source", CHANGED.values(), ids=CHANGED.keys())
def test_a_recursion_that_leaves_something(source, tmp_path):
    names, _ = evaluate_text(f"{START}{source}", tmp_path)
    assert isinstance(names["x"], Unknown)


MADE = {
    "lists that both arms fill": ("if u:\n    x = []\n    x.append(1)\nelse:\n    x = []\n    x.append(1)\n", [1]),
    "dicts that both arms fill": ("if u:\n    x = {}\n    x['a'] = 1\nelse:\n    x = {}\n    x['a'] = 1\n", {"a": 1}),
    "a list in a list": ("if u:\n    x = [[]]\n    x[0].append(1)\nelse:\n    x = [[]]\n    x[0].append(1)\n", [[1]]),
    "a list that one arm fills differently": (
        "if u:\n    x = []\n    x.append(1)\nelse:\n    x = []\n    x.append(2)\n",
        [Unknown],
    ),
    "a list of an arm whose other one raises": (
        "try:\n    if u:\n        x = []\n        if u:\n            raise ValueError\n        x.append(1)\n    else:\n"
        "        x = [1]\nexcept ValueError:\n    pass\nx = list(x) == [1]\n",
        Unknown,
    ),
}


@pytest.mark.parametrize(("source", "expected"), MADE.values(), ids=MADE.keys())
def test_what_an_arm_itself_has_made(source, expected, tmp_path):
    found = evaluate_text(f"{START}{source}", tmp_path)[0]["x"]
    if expected is Unknown:
        assert isinstance(found, Unknown)
    else:
        assert _shown(found) == expected


def _shown(value):
    return [Unknown if isinstance(inner, Unknown) else inner for inner in value] if isinstance(value, list) else value
