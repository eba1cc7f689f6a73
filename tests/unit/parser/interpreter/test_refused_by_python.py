"""Files that Python's parser takes and its compiler refuses, as far as what is refused is run."""

from __future__ import annotations

import pytest

from goflow.parser.interpreter.values import Raised
from tests.unit.parser.interpreter.evaluating import evaluate_text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("return 1", "'return' outside function"),
        ("class C:\n    if 1:\n        return 1", "'return' outside function"),
        ("if 1:\n    break", "'break' outside loop"),
        ("def f():\n    continue\nf()", "'continue' outside loop"),
        ("def f(a, *, a=1): pass", "duplicate argument 'a' in function definition"),
    ],
)
def test_it_is_the_files_own_error(source, said, tmp_path):
    with pytest.raises(SyntaxError):
        compile(source, "f.py", "exec")
    with pytest.raises(Raised, match="SyntaxError") as caught:
        evaluate_text(source, tmp_path)
    assert said in caught.value.message
