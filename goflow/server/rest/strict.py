"""Values that Python's JSON has and nobody else's, as those can show them who ask REST."""

from __future__ import annotations

import math
from typing import Any


def strict(value: Any) -> Any:
    """VALUE with ``NaN`` and ``Infinity`` as text, and halves of surrogate pairs as U+FFFD.

    Results and rendered fields may hold them: a task gets them back as they were, a browser would refuse the answer.
    """
    if isinstance(value, dict):
        return {strict(key): strict(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [strict(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
