"""Kubernetes' quantities as numbers, and bytes as people say them.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re

_FORM = re.compile(r"([0-9.]+)(?:[eE]([0-9]+)|([numkKMGTPE]i?))?")
_STEPS = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
    "Ei": 2**60,
}


def number(quantity: object) -> float | None:
    """``500m`` as 0.5, ``4Gi`` as bytes; None for what is no quantity."""
    found = _FORM.fullmatch(str(quantity).strip())
    if found is None:
        return None
    digits, exponent, suffix = found.groups()
    try:
        return float(digits) * float(10 ** int(exponent or 0)) * (_STEPS[suffix] if suffix else 1.0)
    except (ValueError, OverflowError, KeyError):
        return None


def in_bytes(amount: float) -> str:
    """AMOUNT of bytes in words: ``300 MiB``, ``4 GiB``."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if amount >= size:
            return f"{amount / size:.3g} {unit}" if amount < 1000 * size else f"{amount / size:.0f} {unit}"
    return f"{amount:.0f} bytes"
