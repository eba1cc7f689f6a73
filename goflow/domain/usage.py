"""What task attempts use: CPU seconds and memory, as the runner has accounted for it and as samples have shown it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_POINTS = 120
"""Points that a series keeps of one launch: a day's are a quarter of an hour apart then, and its text has some 3 kB."""
RUNNER = "runner"
"""The source of what the process that ran the task has accounted for itself (``getrusage``)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a launch had used at AT (seconds since 1970 UTC): CPU seconds since it began, and bytes of memory then."""

    at: float
    cpu_seconds: float
    memory_bytes: int


class Series:
    """Samples of one launch over time, thinned so that there are never more than `MOST_POINTS`.

    A point stands for what was measured since the one before it: the highest memory, and the CPU seconds at its end.
    STEP: seconds that points are apart at least; it doubles with each thinning. Not thread-safe.
    """

    def __init__(
        self, source: str = "", points: Iterable[Sample] = (), *, step: float = 0.0, lost: float = 0.0
    ) -> None:
        self.source = source
        self.points = list(points)
        self.step = step
        self._lost = lost
        """CPU seconds of containers that are gone: one that was started anew counts from nothing."""

    @property
    def cpu_seconds(self) -> float:
        """All CPU seconds up to the last sample."""
        return self.points[-1].cpu_seconds if self.points else 0.0

    @property
    def memory_bytes(self) -> int:
        """The highest memory of all samples."""
        return max((point.memory_bytes for point in self.points), default=0)

    def add(self, sample: Sample) -> bool:
        """Take SAMPLE in; false where it is no later than the last one (a kubelet tells one several times)."""
        last = self.points[-1] if self.points else None
        if last is not None and sample.at <= last.at:
            return False
        if last is not None and sample.cpu_seconds + self._lost < last.cpu_seconds - 1e-3:
            self._lost = last.cpu_seconds
        new = Sample(sample.at, sample.cpu_seconds + self._lost, sample.memory_bytes)
        if last is not None and len(self.points) > 1 and last.at - self.points[-2].at < self.step:
            self.points[-1] = _joined(last, new)
        else:
            self.points.append(new)
        if len(self.points) > MOST_POINTS:
            self._thin()
        return True

    def _thin(self) -> None:
        first, rest = self.points[0], self.points[1:]
        pairs = [_joined(*rest[index : index + 2]) for index in range(0, len(rest) - 1, 2)]
        apart = (self.points[-1].at - first.at) / (len(self.points) - 1)
        self.step = max(self.step, 1.8 * apart)  # a little less than two, since no clock is that even
        self.points = [first, *pairs, *rest[len(pairs) * 2 :]]

    def as_json(self) -> dict[str, Any]:
        """What `of_json` takes: moments as seconds since the first."""
        begin = round(self.points[0].at, 1) if self.points else 0.0
        return {
            "begin": begin,
            "step": round(self.step, 1),
            "lost": round(self._lost, 3),
            "points": [
                [round(point.at - begin, 1), round(point.cpu_seconds, 3), point.memory_bytes] for point in self.points
            ],
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any], source: str = "") -> Series:
        """The series that `as_json` gave."""
        points = [Sample(value["begin"] + after, cpu, int(memory)) for after, cpu, memory in value["points"]]
        return cls(source, points, step=value.get("step", 0.0), lost=value.get("lost", 0.0))


def _joined(one: Sample, other: Sample) -> Sample:
    return Sample(other.at, other.cpu_seconds, max(one.memory_bytes, other.memory_bytes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a launch has used, or the launches of an attempt together; None where nobody has measured it.

    CPU_SECONDS and MEMORY_BYTES (the peak) are the task's own processes' by the runner's account, and the container's
    (its working set) by the samples of SOURCE where there is no runner of ours. SAMPLED_BYTES: the highest that samples
    have shown, of the container with our runner in it. CACHED_BYTES: the highest that the container's cgroup has known,
    with the page cache, which is given back when memory gets scarce.
    """

    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    sampled_bytes: int | None = None
    cached_bytes: int | None = None
    source: str | None = None

    @property
    def needed_bytes(self) -> int | None:
        """What the container has to have at least, as far as was seen: the higher of both accounts."""
        return max((seen for seen in (self.memory_bytes, self.sampled_bytes) if seen is not None), default=None)


def of_launch(told: Mapping[str, float], seen: Usage | None) -> Usage:
    """What a launch has used, as its runner TOLD it (`goflow_runner.wire.OutcomeInfo`) and as samples have SEEN it."""
    seen = seen or Usage()
    cached = told.get("container_memory_bytes")
    if "cpu_seconds" not in told:
        return Usage(
            cpu_seconds=seen.cpu_seconds,
            memory_bytes=seen.sampled_bytes,
            sampled_bytes=seen.sampled_bytes,
            source=seen.source,
        )
    memory = max(told.get("max_rss_bytes", 0.0), told.get("memory_bytes", 0.0))
    return Usage(
        cpu_seconds=told["cpu_seconds"],
        memory_bytes=int(memory) or None,
        sampled_bytes=seen.sampled_bytes,
        cached_bytes=None if cached is None else int(cached),
        source=RUNNER,
    )


def together(parts: Iterable[Usage]) -> Usage:
    """What the launches of one attempt have used: CPU seconds add up, of memory the highest counts."""
    found = list(parts)

    def most(name: str) -> int | None:
        return max((value for part in found if (value := getattr(part, name)) is not None), default=None)

    cpu = [part.cpu_seconds for part in found if part.cpu_seconds is not None]
    return Usage(
        cpu_seconds=round(sum(cpu), 6) if cpu else None,
        memory_bytes=most("memory_bytes"),
        sampled_bytes=most("sampled_bytes"),
        cached_bytes=most("cached_bytes"),
        source=next((part.source for part in found if part.source), None),
    )
