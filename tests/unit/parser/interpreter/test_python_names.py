"""What a star brings from Python's own library is known by name, modelled or not: another name is no name."""

import sys

import pytest

from goflow.parser.interpreter.python_names import starred_names
from goflow.parser.interpreter.values import Raised, Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text


@pytest.mark.parametrize("module", ["tokenize", "os", "typing", "math", "xml.etree.ElementTree"])
def test_a_name_that_no_star_brings_is_undefined(module, tmp_path):
    with pytest.raises(Raised) as told:
        evaluate_text(f"from {module} import *\nx = no_such_name\n", tmp_path)
    assert told.value.type_name == "NameError"


@pytest.mark.parametrize("line", ["x = TokenInfo", "x = generate_tokens(f)[0]"])
def test_a_name_that_is_not_modelled_is_unknown(line, tmp_path):
    names, _ = evaluate_text(f"f = None\nfrom tokenize import *\n{line}\n", tmp_path)
    assert isinstance(names["x"], Unknown)


def test_a_name_that_is_modelled_is_what_it_is(tmp_path):
    assert evaluate_text("from math import *\nx = floor(2.5)\n", tmp_path)[0]["x"] == 2


def test_a_module_of_somebody_else_may_bring_any(tmp_path):
    assert isinstance(evaluate_text("from unread_lib import *\nx = anything\n", tmp_path)[0]["x"], Unknown)


def test_every_module_of_this_python_is_there():
    missing = {name for name in sys.stdlib_module_names if not name.startswith("_") and starred_names(name) is None}
    assert missing <= {
        "antigravity",
        "idlelib",
        "this",
        "turtledemo",
        "nturl2path",
        "sre_compile",
        "sre_constants",
        "sre_parse",
        "test",
    }
