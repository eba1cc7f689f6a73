"""A program that asks what nobody can know, run by Python with each of several answers: what we know has to be so with all.

The reader knows nothing of the names that `unread_lib` gives. Python gets them as: `u`, a list of no, one, two or three
texts; `more()`, which is true as often; `flag()`, which answers by one of some patterns, and `things`, a list of some
lists.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.differential import OTHERS, RealPython, evaluated
from tests.fuzz.plain import UNKNOWN, differs

IMPORTS = "import collections, contextlib, functools, itertools, random, re\n"
OURS = f"{IMPORTS}from unread_lib import u, more, flag\n"
THEIRS = """
u = ["a", "b", "c"][:{count}]
_more = iter([True] * {count})
more = lambda: next(_more, False)
_flags = itertools.chain({flags}, itertools.cycle([True, False]))
flag = lambda *any: next(_flags)
"""
PATTERNS = ([False] * 4, [True] * 4, [False, True], [True, False], [False, False, True], [False] * 11, [])


class Answers:
    """Holds programs against Python."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._python = RealPython(1)

    def close(self) -> None:
        """End the process."""
        self._python.close()

    def faults(self, source: str) -> list[str]:
        """What we know of SOURCE and is not so with some answers; also that it ends otherwise with all of them."""
        names, error = evaluated(OURS + source, self._root)
        found: list[str] = []
        ends: set[str] = set()
        for count in range(4):
            for flags in PATTERNS if "flag" in source else PATTERNS[:1]:
                theirs = self._python.run(IMPORTS + THEIRS.format(count=count, flags=flags) + source)
                ends.add(theirs["error"].partition(":")[0])
                if theirs["error"]:
                    continue
                for name, value in theirs["names"].items():
                    told = (
                        differs(names[name], value)
                        if name in names
                        else ("" if error or OTHERS in names else "is not there")
                    )
                    if told:
                        found.append(f"{name}: {told} ({count}, {flags})")
                found += [
                    f"{name} is there" for name in names.keys() - theirs["names"].keys() if not _open(names[name])
                ]
        if error not in ends and not error.startswith(UNKNOWN):
            found.append(f"ends with {error or 'no error'} for {sorted(ends)}")
        return list(dict.fromkeys(found))


def _open(plain: object) -> bool:
    return isinstance(plain, list) and plain[:1] == [UNKNOWN]


@contextlib.contextmanager
def answers() -> Iterator[Answers]:
    """It, ended afterwards."""
    with TemporaryDirectory() as root:
        made = Answers(Path(root))
        try:
            yield made
        finally:
            made.close()
