"""What is seen during a soak: one line of JSON per look, so that it outlives the process that looks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

Sample = dict[str, float]
"""``hours`` since the beginning, and each quantity by its name."""


class Notebook:
    """The samples in a file."""

    def __init__(self, path: Path, about: Mapping[str, str | float]) -> None:
        """A new file at PATH, with ABOUT (how it was made) as its first line."""
        self._path = path
        path.write_text(json.dumps(dict(about)) + "\n")

    def add(self, sample: Mapping[str, float]) -> None:
        """One look more."""
        with self._path.open("a") as file:
            file.write(json.dumps(dict(sample)) + "\n")


def read(path: Path) -> tuple[dict[str, str | float], list[Sample]]:
    """What the notebook at PATH is about, and its samples."""
    lines = path.read_text().splitlines()
    return json.loads(lines[0]), list(_samples(lines[1:]))


def _samples(lines: list[str]) -> Iterator[Sample]:
    for line in lines:
        yield json.loads(line)
