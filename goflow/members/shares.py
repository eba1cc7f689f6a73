"""Which of several has a key, by rendezvous hashing: the same for all who know the same names, and when one comes or
goes only what it gets or had changes hands. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection


def owner(key: str, names: Collection[str]) -> str | None:
    """Who of NAMES has KEY; None where there is nobody."""
    if len(names) == 1:
        return next(iter(names))
    return max(names, key=lambda name: _weight(name, key), default=None)


def _weight(name: str, key: str) -> bytes:
    return hashlib.blake2b(f"{name}/{key}".encode(), digest_size=8).digest()
