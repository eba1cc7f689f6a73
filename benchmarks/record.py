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


def command(module: str, words: Sequence[str] | None = None) -> str:
    """How MODULE was called, with WORDS or with this process's own, as it measures the same again."""
    given = sys.argv[1:] if words is None else words
    return " ".join([f"python -m {module}", *(word for word in given if word != "--record")])


def write_down(backend: str, command: str, machine: str, table: str) -> None:
    """`record` them on the page itself."""
    PAGE.write_text(record(PAGE.read_text(), backend, command, machine, table))


def record(page: str, backend: str, command: str, machine: str, table: str) -> str:
    """PAGE with the section of BACKEND's figures (of a key of HEADINGS) replaced, or added at its end. Other sections
    stay as they are."""
    heading = HEADINGS[backend]
    section = f"{heading}\n\n`{command}` on {machine}:\n\n{table}\n"
    pattern = re.compile(rf"^{re.escape(heading)}\n.*?(?=^##|\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(page):
        return pattern.sub(lambda _: section + "\n", page, count=1).rstrip() + "\n"
    return f"{page.rstrip()}\n\n{section}"
