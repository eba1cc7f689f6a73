"""The contract of a meter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from goflow.domain.usage import Sample


class RefusedError(Exception):
    """It may not be asked here, or is not there at all; WHY in words. It will stay so for a while."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Meter(Protocol):
    """Says what launches use."""

    source: str
    """What it asks: ``kubelet``, ``metrics-api`` or ``processes``."""

    def measure(self) -> Mapping[str, Sample]:
        """What each launch that runs has used, as far as that is known, by its id. Raises RefusedError."""
