"""Figures that were measured, in docs/benchmarks.md."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEADINGS = {
    "local": "### Local backend",
    "kubernetes": "### On the test cluster",
    "scale": "### Scale, with a simulated cluster",
    "kwok": "### Scale, with the real API server and simulated nodes",
    "kwok-apart": "### Scale, the cluster with a processor of its own",
    "size": "### Size, as a person sees it",
    "soak virtual": "### Soak: twelve hours by a clock that is turned",
    "soak real": "### Soak: an hour of real time",
}
_MEASURED = re.compile(r"^`python -m [^`]+` on ", re.MULTILINE)
"""What a section's figures begin with."""


def command(module: str, words: Sequence[str] | None = None) -> str:
    """How MODULE was called, with WORDS or with this process's own, as it measures the same again."""
    given = sys.argv[1:] if words is None else words
    return " ".join([f"python -m {module}", *(word for word in given if word != "--record")])


def write_down(backend: str, command: str, machine: str, table: str) -> None:
    """`record` them on the page itself."""
    PAGE.write_text(record(PAGE.read_text(), backend, command, machine, table))
    print(f"{PAGE.name} has these figures now. The words above them stay: do they still hold?", file=sys.stderr)


def record(page: str, backend: str, command: str, machine: str, table: str) -> str:
    """PAGE with the section of BACKEND's figures (of a key of HEADINGS) replaced, or added at its end. What somebody
    has written above the command that measured the figures of before stays, as other sections do."""
    heading = HEADINGS[backend]
    pattern = re.compile(rf"^{re.escape(heading)}\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
    there = pattern.search(page)
    words, *figures = _MEASURED.split(there[1], maxsplit=1) if there else [""]
    above = f"{words.strip()}\n\n" if figures and words.strip() else ""
    section = f"{heading}\n\n{above}`{command}` on {machine}:\n\n{table}\n"
    if there:
        return pattern.sub(lambda _: section + "\n", page, count=1).rstrip() + "\n"
    return f"{page.rstrip()}\n\n{section}"
