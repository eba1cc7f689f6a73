"""The time that a reading may take also holds for what the body of a generator does, which has a thread of its own."""

import pytest

from goflow.parser.interpreter.session import BudgetError
from goflow.parser.libraries import jinja2_, texts
from goflow.parser.limits import time_limit
from tests.unit.parser.interpreter.evaluating import evaluate_text

PATTERN = "re.match('(a+)+$', 'a' * 40 + 'b')"
BODIES = {
    "a pattern": f"def g():\n    yield {PATTERN}\nlist(g())\n",
    "a pattern that its end comes to": f"def g():\n    yield 1\n    {PATTERN}\nfor x in g():\n    pass\n",
    "a pattern in a generator of a generator": (
        f"def inner():\n    yield {PATTERN}\ndef outer():\n    yield from inner()\nlist(outer())\n"
    ),
    "a template": (
        "from jinja2 import Template\ndef g():\n"
        "    yield Template('{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}').render()\n"
        "list(g())\n"
    ),
}


@pytest.mark.parametrize("source", BODIES.values(), ids=BODIES.keys())
def test_what_takes_too_long(source, tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "LONGEST_PATTERN_S", 0.05)
    monkeypatch.setattr(jinja2_, "LONGEST_RENDER_S", 0.05)
    with time_limit(20), pytest.raises(BudgetError, match=r"0\.05 s in a"):
        evaluate_text(f"import re\n{source}", tmp_path)


def test_a_pattern_that_ends_gives_what_it_finds(tmp_path):
    source = "import re\ndef g():\n    for word in ('a1', 'b2'):\n        yield re.sub('[0-9]', lambda m: '#', word)\nx = list(g())\n"
    assert evaluate_text(source, tmp_path)[0]["x"] == ["a#", "b#"]
    source = "import re\ndef g():\n    try:\n        yield re.compile('(')\n    except re.error:\n        yield 'no'\nx = list(g())\n"
    assert evaluate_text(source, tmp_path)[0]["x"] == ["no"]


@pytest.mark.parametrize(
    "source",
    [
        "def g():\n    yield re.match('a', 'a')\n",
        "def h():\n    yield re.match('a', 'a')\ndef g():\n    yield from h()\n",
    ],
)
def test_what_counts_no_steps(source, tmp_path, monkeypatch):
    def for_ever(found):
        while True:
            pass

    monkeypatch.setattr(texts, "wrapped", for_ever)
    with time_limit(0.1), pytest.raises(BudgetError, match="more than"):
        evaluate_text(f"import re\n{source}list(g())\n", tmp_path)
