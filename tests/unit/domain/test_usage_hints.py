"""Hints for the size of a task, from what its attempts have used."""

from __future__ import annotations

from typing import Any

import pytest

from goflow.domain.quantities import in_bytes, number
from goflow.domain.usage_hints import Measured, Resources, hints

MI, GI = 1 << 20, 1 << 30


def asks(**said: str) -> Resources:
    """``requests_memory="4Gi"`` and the like."""
    resources: dict[str, Any] = {"requests": {}, "limits": {}}
    for name, quantity in said.items():
        kind, what = name.split("_")
        resources[kind][what] = quantity
    return Resources.of(resources)


def used(*memory: int | None, cpu: float | None = None, ran: float = 100.0, killed: int = 0) -> list[Measured]:
    return [Measured(one, cpu, ran, out_of_memory=place < killed) for place, one in enumerate(memory)]


CASES = {
    "far too much memory": (
        asks(requests_memory="4Gi"),
        used(300 * MI, 200 * MI, 100 * MI),
        [("memory_request_high", "asks for 4 GiB, never used more than 300 MiB (last 3 attempts)")],
    ),
    "a limit without a request is a request": (
        asks(limits_memory="4Gi"), used(300 * MI, 1, 1), ["memory_request_high"],
    ),
    "too few attempts say nothing of too much": (asks(requests_memory="4Gi"), used(300 * MI, 1), []),
    "what nobody has measured is no attempt": (asks(requests_memory="4Gi"), used(300 * MI, None, None), []),
    "a little too much is not worth a word": (asks(requests_memory="200Mi"), used(80 * MI, 80 * MI, 80 * MI), []),
    "just right": (asks(requests_memory="1Gi", limits_memory="2Gi"), used(*[700 * MI] * 3), []),
    "near its limit": (
        asks(requests_memory="1Gi", limits_memory="1Gi"),
        used(950 * MI),
        [("memory_limit_near", "used 950 MiB of its limit of 1 GiB (last attempt)")],
    ),
    "more than it asks for": (
        asks(requests_memory="256Mi", limits_memory="4Gi"),
        used(GI, GI),
        [("memory_request_low",
          "asks for 256 MiB and used 1 GiB (last 2 attempts): a node that runs short evicts it first")],
    ),
    "killed for its memory": (
        asks(limits_memory="512Mi"),
        used(512 * MI, 200 * MI, killed=1),
        [("out_of_memory", "1 of the last 2 attempts were killed at the memory limit of 512 MiB"), "memory_limit_near"],
    ),
    "far too much processor": (
        asks(requests_cpu="2"),
        used(None, None, None, cpu=10.0),
        [("cpu_request_high", "asks for 2 CPUs, used 0.1 CPU at most on average (last 3 attempts)")],
    ),
    "short attempts say nothing of the processor": (asks(requests_cpu="2"), used(1, 1, 1, cpu=0.1, ran=5.0), []),
    "held back": (
        asks(limits_cpu="500m"),
        used(None, cpu=49.0),
        [("cpu_limit_near",
          "used 0.49 CPU on average of its limit of 0.5 CPU (last attempt): it may be held back")],
    ),
    "nothing is asked for": (asks(), used(GI, GI, GI, cpu=100.0), []),
    "nothing has run": (asks(requests_memory="4Gi"), [], []),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "attempts", "expected"), CASES.values(), ids=CASES.keys())
def test_hints(asked: Resources, attempts: list[Measured], expected: list[Any]) -> None:
    found = hints(asked, attempts)
    assert [hint.kind for hint in found] == [one if isinstance(one, str) else one[0] for one in expected]
    for hint, one in zip(found, expected, strict=True):
        assert isinstance(one, str) or hint.words == one[1]


QUANTITIES = [
    ("500m", 0.5), ("2", 2.0), (2, 2.0), (0.25, 0.25), ("1Gi", 2**30), ("1G", 1e9), ("128974848", 128974848.0), ("1e3", 1000.0),
    ("100n", 1e-7), ("1.5Gi", 1.5 * 2**30), ("", None), ("much", None), ("1Gib", None), ("81920Ki", 80 * 2**20), ("1ki", None), ("1K", None), ("1ni", None), ("1..2", None), (None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), QUANTITIES)
def test_quantities(text: object, expected: float | None) -> None:
    assert number(text) == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (300 * MI, "300 MiB"), (4 * GI, "4 GiB"), (1.25 * GI, "1.25 GiB"),
     (1010 * MI, "1010 MiB"), (123 * MI + 400_000, "123 MiB")],
)  # fmt: skip
def test_bytes_in_words(amount: float, words: str) -> None:
    assert in_bytes(amount) == words
