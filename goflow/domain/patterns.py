"""Shell patterns over names, as `goflow.yaml` has them for Variables and Connections."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def allows(patterns: Sequence[str] | None, name: str) -> bool:
    """Whether one of PATTERNS has NAME; None: nothing is said, so every name is allowed."""
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)
