"""Loops that only something unknown ends: they are read to their end, and what any number of rounds may leave is unknown."""

import pytest

from goflow.parser.interpreter.session import BudgetError
from goflow.parser.interpreter.values import Unknown, first_unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

START = "import unread_lib as lib\nx = 1\n"

NOT_KNOWN = {
    "what is counted": "x = 0\nwhile True:\n    x += 1\n    if lib.done():\n        break\n",
    "what is collected": "x = []\nwhile True:\n    n = lib.next()\n    if n is None:\n        break\n    x.append(n)\n",
    "what is returned from it": "def f():\n    while True:\n        n = lib.next()\n        if n:\n            return n\nx = f()\n",
    "what comes round after many rounds": (
        "x = a = b = c = d = e = f = g = h = i = j = 1\nwhile True:\n    x = a\n    a = b\n    b = c\n    c = d\n    d = e\n    e = f\n"
        "    f = g\n    g = h\n    h = i\n    i = j\n    j = 5\n    if lib.done():\n        break\n"
    ),
    "an attribute": "class O: pass\no = O()\no.x = 0\nwhile True:\n    o.x += 1\n    if lib.done():\n        break\nx = o.x\n",
    "keys of a dict": "x = {}\nn = 0\nwhile True:\n    n += 1\n    x[n] = n\n    if lib.done():\n        break\nx = len(x)\n",
}  # fmt: skip


@pytest.mark.parametrize("source", NOT_KNOWN.values(), ids=NOT_KNOWN.keys())
def test_what_rounds_leave_differently_is_not_known(source, tmp_path):
    assert isinstance(first_unknown(evaluate_text(START + source, tmp_path)[0]["x"]), Unknown)


KNOWN = {
    "what no round changes": "while True:\n    if lib.done():\n        break\n",
    "what each round leaves": "while True:\n    y = 5\n    if lib.done():\n        break\nx = 1 if y == 5 else 2\n",
    "what the loop is left with through a handler": (
        "try:\n    while True:\n        if lib.done():\n            raise ValueError\nexcept ValueError:\n    x = 1\n"
    ),
}


@pytest.mark.parametrize("source", KNOWN.values(), ids=KNOWN.keys())
def test_what_no_round_changes_stays_known(source, tmp_path):
    assert evaluate_text(START + source, tmp_path)[0]["x"] == 1


def test_a_loop_that_nothing_ends_uses_its_budget(tmp_path):
    with pytest.raises(BudgetError):
        evaluate_text("while True:\n    pass\n", tmp_path)
