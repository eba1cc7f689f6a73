"""``X | Y`` of types is what Python makes of it, not one of the two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.parser.interpreter.evaluating import evaluate_text

CASES = [
    "isinstance('x', int | str)", "isinstance(1.5, int | str)", "isinstance(None, int | None)", "isinstance(1, None | int)",
    "isinstance('x', int | (float | str))", "isinstance(True, str | int)", "isinstance([1], dict | list)",
    "issubclass(bool, str | int)", "issubclass(str, bytes | int)", "str(int | str | None)", "len((int | str | int).__args__)",
    "[isinstance(v, int | str) for v in (1, 'a', 2.0, None)]",
]  # fmt: skip


@pytest.mark.parametrize("expression", CASES)
def test_as_python_has_it(expression: str, tmp_path: Path) -> None:
    names, _ = evaluate_text(f"result = {expression}", tmp_path)
    assert names["result"] == eval(expression)


def test_a_class_of_the_file_may_be_one_of_them(tmp_path: Path) -> None:
    names, _ = evaluate_text(
        "class A: ...\nclass B(A): ...\nresult = isinstance(B(), int | A), isinstance(1, A | str)", tmp_path
    )
    assert names["result"] == (True, False)
