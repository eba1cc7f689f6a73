"""Which names each module of Python's own library has to give, be it modelled or not.

``facts/python_names.txt`` has a line per module, ``module|name name``, which ``tools/python_names.py`` writes: what
``from module import *`` brings in any of the versions and on any of the platforms that typeshed knows.
"""

from __future__ import annotations

import functools
from importlib.resources import files


def starred_names(module: str) -> tuple[str, ...] | None:
    """The names that a star may bring from MODULE; None where it is none of Python's own."""
    return _table().get(module)


@functools.cache
def _table() -> dict[str, tuple[str, ...]]:
    lines = (files(__package__) / "facts" / "python_names.txt").read_text("utf-8").splitlines()
    return {module: tuple(names.split()) for module, _, names in (line.partition("|") for line in lines)}
