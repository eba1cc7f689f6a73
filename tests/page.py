"""The web page, built for tests as `make ui` builds it: once, and again when its source has changed."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "ui"
STATIC = ROOT / "goflow" / "server" / "static"
LONGEST_S = 1800


def built_page() -> Path:
    """The folder of the built page. Raises AssertionError with what `make` said."""
    _make("ui")
    return STATIC


def checked_page() -> None:
    """Types, style and unit tests of the page. Raises AssertionError with what they said."""
    _make("check-ui")


def _make(target: str) -> None:
    with (ROOT / "ui" / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two tests that begin at once build it once
        done = subprocess.run(
            ["make", "--no-print-directory", target], cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S
        )
    assert done.returncode == 0, f"make {target}: it needs Node.js 20.19 or newer\n{done.stdout}{done.stderr}"[-8000:]
