"""What follows from what a task's last attempts have used, for whoever sizes it: pure functions.

A hint is given where the figures are far from what the task asks for, so that the ordinary ups and downs of a task give
none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.domain import quantities
from goflow.domain.quantities import in_bytes

FEWEST = 3
"""Attempts that have to be measured before anything is said of too much."""
SPARE = 2.0
"""More than so many times what was ever used is too much."""
SMALL_BYTES, SMALL_CPU = 128 << 20, 0.25
"""What is too much by less than this is not worth a word (bytes, CPUs)."""
NEAR = 0.9
"""From this part of a limit on it is near."""
SHORTEST_S = 10.0
"""Seconds from which on what an attempt has used of the processor says something about how much of it it needs."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What the container of a task asks for and is limited to: CPUs and bytes; None: nothing is said."""

    cpu_request: float | None = None
    cpu_limit: float | None = None
    memory_request: float | None = None
    memory_limit: float | None = None

    @classmethod
    def of(cls, resources: Mapping[str, Any]) -> Resources:
        """Those that stand in a container's ``resources``. Without a request the limit is what is asked for."""
        requests, limits = (resources.get(name) or {} for name in ("requests", "limits"))

        def ask(name: str) -> tuple[float | None, float | None]:
            limit = quantities.number(limits[name]) if name in limits else None
            return quantities.number(requests[name]) if name in requests else limit, limit

        (cpu, cpu_limit), (memory, memory_limit) = ask("cpu"), ask("memory")
        return cls(cpu, cpu_limit, memory, memory_limit)


@dataclass(frozen=True, slots=True)
class Measured:
    """One attempt: MEMORY_BYTES is its peak, OUT_OF_MEMORY whether it was killed for that; None: not measured."""

    memory_bytes: int | None
    cpu_seconds: float | None
    run_seconds: float | None
    out_of_memory: bool = False

    @property
    def cpus(self) -> float | None:
        """CPUs that it has used on average; None where it was too short to tell."""
        if self.cpu_seconds is None or self.run_seconds is None or self.run_seconds < SHORTEST_S:
            return None
        return self.cpu_seconds / self.run_seconds


@dataclass(frozen=True, slots=True)
class Hint:
    """KIND for machines, WORDS for people."""

    kind: str
    words: str


def hints(asked: Resources, attempts: Sequence[Measured]) -> list[Hint]:
    """What is to be said of a task that asks for ASKED, after those attempts."""
    found = [*_of_memory(asked, attempts), *_of_cpu(asked, attempts)]
    killed = sum(attempt.out_of_memory for attempt in attempts)
    if killed:
        limit = f" of {in_bytes(asked.memory_limit)}" if asked.memory_limit else ""
        words = f"{killed} of the last {len(attempts)} attempts were killed at the memory limit{limit}"
        found.insert(0, Hint("out_of_memory", words))
    return found


def _of_memory(asked: Resources, attempts: Sequence[Measured]) -> list[Hint]:
    peaks = [attempt.memory_bytes for attempt in attempts if attempt.memory_bytes is not None]
    if not peaks:
        return []
    peak, request, limit = max(peaks), asked.memory_request, asked.memory_limit
    over = _over(len(peaks))
    if request and len(peaks) >= FEWEST and request > SPARE * peak and request - peak > SMALL_BYTES:
        return [
            Hint("memory_request_high", f"asks for {in_bytes(request)}, never used more than {in_bytes(peak)}{over}")
        ]
    if limit and peak >= NEAR * limit:
        return [Hint("memory_limit_near", f"used {in_bytes(peak)} of its limit of {in_bytes(limit)}{over}")]
    if request and peak > request and request != limit:
        words = f"asks for {in_bytes(request)} and used {in_bytes(peak)}{over}: a node that runs short evicts it first"
        return [Hint("memory_request_low", words)]
    return []


def _of_cpu(asked: Resources, attempts: Sequence[Measured]) -> list[Hint]:
    used = [cpus for attempt in attempts if (cpus := attempt.cpus) is not None]
    if not used:
        return []
    most, request, limit = max(used), asked.cpu_request, asked.cpu_limit
    over = _over(len(used))
    if request and len(used) >= FEWEST and request > SPARE * most and request - most > SMALL_CPU:
        return [Hint("cpu_request_high", f"asks for {_cpus(request)}, used {_cpus(most)} at most on average{over}")]
    if limit and most >= NEAR * limit:
        words = f"used {_cpus(most)} on average of its limit of {_cpus(limit)}{over}: it may be held back"
        return [Hint("cpu_limit_near", words)]
    return []


def _over(count: int) -> str:
    return f" (last {count} attempts)" if count > 1 else " (last attempt)"


def _cpus(amount: float) -> str:
    return f"{amount:.2g} CPU" if amount <= 1 else f"{amount:.2g} CPUs"
