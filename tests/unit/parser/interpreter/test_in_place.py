"""Functions of Python's library that change the list they are given leave it as Python would, or unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from goflow.parser.interpreter.values import Unknown
from tests.unit.parser.interpreter.evaluating import evaluate_text

PRELUDE = "import bisect, heapq, os, random\nunknown = os.popen('x').read()\n"
KNOWN = {
    "a heap": ("h = [3, 1, 2]; heapq.heapify(h); first = heapq.heappop(h); heapq.heappush(h, 0)", "(first, h)"),
    "the largest ones": ("x = heapq.nlargest(2, [1, 5, 3])", "x"),
    "a sorted list": ("x = [1, 5]; bisect.insort(x, 3)", "(x, bisect.bisect(x, 4))"),
    "a list of one, shuffled": ("x = ['a']; random.shuffle(x)", "x"),
}
UNKNOWN = {
    "a heap with something unknown in it": "x = [2, unknown, 1]; heapq.heapify(x)",
    "a shuffled list": "x = ['a', 'b']; random.shuffle(x)",
}


@pytest.mark.parametrize(("lines", "asked"), KNOWN.values(), ids=KNOWN)
def test_as_python_leaves_it(lines: str, asked: str, tmp_path: Path) -> None:
    names: dict[str, object] = {}
    exec(f"import bisect, heapq, random\n{lines}\nresult = {asked}", names)
    found, _ = evaluate_text(f"{PRELUDE}{lines}\nresult = {asked}", tmp_path)
    assert found["result"] == names["result"]


@pytest.mark.parametrize("lines", UNKNOWN.values(), ids=UNKNOWN)
def test_what_they_leave_is_not_known(lines: str, tmp_path: Path) -> None:
    found, _ = evaluate_text(f"{PRELUDE}{lines}", tmp_path)
    assert all(isinstance(item, Unknown) for item in found["x"])
    assert len(found["x"]) > 1
