"""A list that was extended by what is not known: how long it is, and what stands behind, is not known either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goflow.parser.interpreter.values import Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

LIST = "import os\nu = os.popen('x').read().split()\nx = ['a', 'b']\nx.extend(u)\nx.append('z')\nonly = []\nonly += u\n"
CASES = {
    "its length": ("len(x)", Unknown),
    "what stands before": ("x[1]", "b"),
    "what stands behind": ("x[2]", Unknown),
    "from the end, up to it": ("x[-1]", "z"),
    "from the end, beyond it": ("x[-2]", Unknown),
    "a part": ("x[:2]", Unknown),
    "it is not empty": ("'yes' if x else 'no'", "yes"),
    "one of nothing else may be": ("'yes' if only else 'no'", Unknown),
    "what is in it for sure": ("'z' in x", True),
    "what may be in it": ("'q' in x", Unknown),
}


@pytest.mark.parametrize(("expression", "expected"), CASES.values(), ids=CASES)
def test_what_is_known_of_it(expression: str, expected: Any, tmp_path: Path) -> None:
    names, _ = evaluate_text(f"{LIST}result = {expression}", tmp_path)
    if expected is Unknown:
        assert isinstance(names["result"], Unknown)
    else:
        assert names["result"] == expected


def test_it_is_not_known_what_names_get_of_it(tmp_path: Path) -> None:
    names, _ = evaluate_text(f"{LIST}a, b = x", tmp_path)
    assert isinstance(names["a"], Unknown)


def test_a_list_that_one_arm_has_made_longer_is_as_unknown(tmp_path: Path) -> None:
    lines = "x = ['a']\nif u:\n    x.append('b')\nresult = len(x)\nfirst = x[0]"
    names, _ = evaluate_text(f"{LIST}{lines}", tmp_path)
    assert isinstance(names["result"], Unknown)
    assert names["first"] == "a"
