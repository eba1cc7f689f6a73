"""Whether something grows: by how much, over the last two thirds of a soak, and how much of that is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from benchmarks.plots import Panel
from benchmarks.soak.samples import Sample

WARM_UP = 1 / 3
"""The share of the time that is left out: connections open, caches fill."""
MOST_POINTS = 240
"""Samples that a slope is taken over, evenly chosen."""


@dataclass(frozen=True)
class Quantity:
    """What must not grow by more than SHARE of its median, or by LEAST where that is more."""

    key: str
    title: str
    share: float
    least: float

    def allowed(self, level: float) -> float:
        """By how much it may grow, where LEVEL is its median."""
        return max(self.share * level, self.least)


QUANTITIES = (
    Quantity("memory_mb", "memory of the daemon, MB (RSS)", 0.03, 2),
    Quantity("helpers_mb", "memory of its lasting helpers, MB (PSS)", 0.1, 10),
    Quantity("threads", "threads of the daemon", 0, 2),
    Quantity("descriptors", "file descriptors of the daemon", 0, 3),
    Quantity("connections", "connections to PostgreSQL", 0, 2),
    Quantity("rows", "rows in all tables", 0.05, 50),
    Quantity("files", "files in GoFlow's home", 0.05, 10),
)


@dataclass(frozen=True)
class Judged:
    """What was seen of a quantity: its median, by how much it grew over the time that counts, and how much it may."""

    quantity: Quantity
    level: float
    growth: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether it did not grow."""
        return self.growth <= self.allowed


def judge(samples: Sequence[Sample]) -> list[Judged]:
    """The verdict on each quantity that the samples have. Raises ValueError where no work was done to the end."""
    last = samples[-1]["hours"]
    counted = [sample for sample in samples if sample["hours"] >= last * WARM_UP]
    made = [sample["made"] for sample in counted]
    if made[-1] - made[len(made) // 2] < (made[len(made) // 2] - made[0]) / 2:
        raise ValueError("less and less work was done: it has come to a stop")
    found = []
    for quantity in QUANTITIES:
        if quantity.key in counted[0]:
            values = [sample[quantity.key] for sample in counted]
            growth = slope([sample["hours"] for sample in counted], values) * (last - counted[0]["hours"])
            level = median(values)
            found.append(Judged(quantity, level, growth, quantity.allowed(level)))
    return found


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The median of the slopes between all pairs of points (Theil and Sen's): single peaks do not move it."""
    step = -(-len(x) // MOST_POINTS)
    points = list(zip(x[::step], y[::step], strict=True))
    return median((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2))


def table(judged: Sequence[Judged]) -> str:
    """The verdict as a Markdown table."""
    lines = ["| | median | growth over the last two thirds | allowed | |", "|---|--:|--:|--:|---|"]
    for one in judged:
        word = "holds" if one.holds else "**grows**"
        lines.append(f"| {one.quantity.title} | {one.level:,.0f} | {one.growth:+,.1f} | {one.allowed:,.1f} | {word} |")
    return "\n".join(lines)


def panels(samples: Sequence[Sample]) -> list[Panel]:
    """A picture of each quantity."""
    hours = [sample["hours"] for sample in samples]
    return [
        Panel(quantity.title, hours, {"": [sample[quantity.key] for sample in samples]}, "hours")
        for quantity in QUANTITIES
        if quantity.key in samples[0]
    ]
