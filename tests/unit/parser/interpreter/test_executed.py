"""``exec`` of a text that is known leaves what Python leaves; of one that is not, nothing that it may have set is known."""

from __future__ import annotations

import pytest

from goflow.parser.interpreter.values import Raised, Unknown, first_unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

KNOWN = {
    "a name in a namespace": "ns = {}\nexec('N = 3', ns)\nresult = ns['N'], ns.get('M', 0)",
    "what the namespace had is seen": "ns = {'a': 1}\nexec('b = a + 1', ns)\nresult = ns['b']",
    "a namespace has the builtins, too": "ns = {}\nexec('', ns)\nresult = list(ns)",
    "a name of the module": "exec('GG = 5')\nresult = globals().get('GG', 0), GG",
    "a function, which sees its globals": "ns = {}\nexec('k = 2\\ndef f(x):\\n    return x * k\\n', ns)\nns['k'] = 5\nresult = ns['f'](3)",
    "globals and locals apart": "g, l = {'a': 1}, {}\nexec('b = a\\nglobal c\\nc = 2', g, l)\nresult = l, g['c'], 'b' in g",
    "what it sets in a function is lost": "a = 1\ndef f():\n    x = 4\n    exec('x = 5\\na = 6')\n    return x, a\nresult = f(), a",
    "a class body": "class C:\n    exec('x = 1')\nresult = C.x",
    "an import": "exec('import json')\nresult = json.dumps([1])",
    "a loop of texts": "for n in range(3):\n    exec(f'v{n} = {n}')\nresult = v0 + v1 + v2",
    "what it raises": "try:\n    exec('1 / 0')\nexcept ZeroDivisionError as problem:\n    result = str(problem)",
    "a text that is no Python": "try:\n    exec('a b')\nexcept SyntaxError:\n    result = 'no'",
}


@pytest.mark.parametrize("source", KNOWN.values(), ids=KNOWN.keys())
def test_a_known_text_is_run_as_python_runs_it(source, tmp_path):
    expected = {"__name__": "main_file"}
    exec(compile(source, "case", "exec", dont_inherit=True), expected)  # text of this file alone
    assert evaluate_text(source, tmp_path)[0]["result"] == expected["result"]


UNKNOWN = {
    "a key that the namespace had not": ("ns = {}\nexec(input(), ns)", "ns.get('X', [])"),
    "a key that it must have": ("ns = {}\nexec(input(), ns)", "ns['q']"),
    "a key that it had": ("ns = {'a': 1}\nexec(input(), ns)", "ns['a']"),
    "a name that is not defined": ("exec(input())", "q"),
    "a name asked for among the globals": ("exec(input())", "globals().get('q', 0)"),
    "a name that was set before": ("a = 1\nexec(input())", "a"),
    "a name that was set in the globals that it got": ("a = 1\nexec(input(), globals())", "a"),
}


@pytest.mark.parametrize(("source", "asked"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_after_an_unknown_text_names_are_not_known(source, asked, tmp_path):
    found = first_unknown(evaluate_text(f"{source}\nresult = {asked}\n", tmp_path)[0]["result"])
    assert isinstance(found, Unknown)


def test_what_is_set_after_it_is_known(tmp_path):
    source = "import json\nexec(input())\nns = {}\nexec(input(), ns)\nns['a'] = 1\nb = 2\nresult = ns['a'], b, json.dumps(1)\n"
    assert evaluate_text(source, tmp_path)[0]["result"] == (1, 2, "1")


def test_an_arm_that_executes_a_text_is_joined(tmp_path):
    source = "import random\nns = {'a': 1}\nif random.random():\n    exec('a = 2', ns)\nresult = ns['a']\n"
    assert isinstance(evaluate_text(source, tmp_path)[0]["result"], Unknown)


def test_what_goes_wrong_in_it_is_told_where_it_is_executed(tmp_path):
    with pytest.raises(Raised) as found:
        evaluate_text("x = 1\n\nexec('\\n\\n\\n\\n\\n1 / 0')\n", tmp_path)
    assert found.value.at.line == 3
