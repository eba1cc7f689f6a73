"""Memory of a whole installation: every process that belongs to it, whoever its parent is now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from benchmarks.often import often

MEGABYTE = 1_000_000.0
INTERVAL_S = 0.5


@dataclass(frozen=True)
class Sample:
    """Sums over all processes: PSS counts a page that n of them share n-th, RSS counts it in each."""

    pss_mb: float
    rss_mb: float
    processes: int


@dataclass(frozen=True)
class Installation:
    """The processes below ROOTS, and all whose environment says NAME=VALUE (tasks may leave their parent)."""

    roots: tuple[int, ...]
    name: str
    value: str

    def processes(self) -> Iterable[psutil.Process]:
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            try:
                if process.pid in self.roots or process.environ().get(self.name) == self.value:
                    found[process.pid] = process
                    found.update({child.pid: child for child in process.children(recursive=True)})
            except psutil.Error:
                continue  # ended meanwhile
        return found.values()

    def sample(self) -> Sample:
        pss = rss = count = 0
        for process in self.processes():
            try:
                info = process.memory_full_info()
            except psutil.Error:
                continue
            pss, rss, count = pss + info.pss, rss + info.rss, count + 1
        return Sample(pss / MEGABYTE, rss / MEGABYTE, count)


def own_sample() -> Sample:
    """Of this process alone."""
    info = psutil.Process().memory_full_info()
    return Sample(info.pss / MEGABYTE, info.rss / MEGABYTE, 1)


@dataclass
class Watch:
    """The samples that were taken while something ran."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def most_pss_mb(self) -> float:
        return max(sample.pss_mb for sample in self.samples)

    @property
    def most_rss_mb(self) -> float:
        return max(sample.rss_mb for sample in self.samples)


@contextmanager
def watching(sample: Callable[[], Sample]) -> Iterator[Watch]:
    """Take a SAMPLE every half second as long as the block runs."""
    watch = Watch([sample()])
    with often(lambda: watch.samples.append(sample()), INTERVAL_S):
        yield watch
