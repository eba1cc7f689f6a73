"""What every log store is: the lines that it takes, what it gives back, and the errors that it raises.

All stores pass one suite of cases (``tests/conformance/logs``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from goflow.domain.errors import GoFlowError
from goflow.domain.runs import Launch, TaskInstance
from goflow.store.rows import LogRow


class LogStoreAwayError(GoFlowError):
    """The log store is away"""

    def __init__(self, detail: str = "", *, busy: bool = False, hint: str = "") -> None:
        """BUSY: it is there, and says that it is asked for too much."""
        super().__init__(detail, hint=hint)
        self.busy = busy


class LogRequestTooLargeError(GoFlowError):
    """The log store does not take so much at once"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The launch that a line is of, and whose launch that is."""

    launch_id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    try_number: int = 1
    namespace: str = ""
    job_name: str = ""

    @property
    def day(self) -> dt.date:
        """The day (UTC) on which the launch was decided, as its id has it: all its lines are kept under it, however
        often and whenever they are sent."""
        return day_of(self.launch_id)

    @classmethod
    def of(cls, launch: Launch, instance: TaskInstance) -> Source:
        """That of LAUNCH, which is INSTANCE's."""
        return cls(
            launch_id=launch.id,
            dag_id=instance.dag_id,
            run_id=instance.run_id,
            task_id=instance.task_id,
            map_index=instance.map_index,
            try_number=launch.try_number,
            namespace=launch.namespace,
            job_name=launch.job_name,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and where it is from."""

    source: Source
    row: LogRow


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that a store takes never, and why."""

    line: Line
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is searched for: lines with WORDS in them, one after the other and in either case, at most LIMIT, the newest
    first. SINCE and UNTIL are seconds since 1970."""

    words: str
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    since: float = 0.0
    until: float | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found; PARTIAL says in words what was not looked at."""

    lines: Sequence[Line]
    partial: str = ""


class LogStore(Protocol):
    """Keeps lines. All of it may be called from any thread, and raises LogStoreAwayError while it is not to be had."""

    name: str
    """For people and metrics: ``database``, ``elasticsearch``, ``objects``."""
    place: str
    """Where it is, without secrets."""
    linger_s: float
    """Seconds for which lines may wait for others to be sent with them."""

    def prepare(self) -> None:
        """Make what has to be there before the first line; harmless when repeated."""

    def write(self, lines: Sequence[Line]) -> Sequence[Refusal]:
        """Keep LINES for good; those that are there already stay as they are. Lines that it takes never are given
        back. Raises LogRequestTooLargeError, and what was taken of LINES then may be sent again."""

    def read(self, source: Source, *, after: int = 0, limit: int = 1000) -> list[LogRow]:
        """A launch's lines with a number above AFTER, in order, at most LIMIT."""

    def search(self, query: Query) -> Found:
        """Lines that were written a few seconds ago are found."""

    def expire(self, before: dt.date) -> list[str]:
        """Remove what is kept under days before that, whole; what that was, in words."""

    def close(self) -> None:
        """Give back what it has open; harmless when repeated."""


def day_of(launch_id: str) -> dt.date:
    """The day (UTC) that a launch's id begins with (`goflow.domain.runs.new_launch_id`). Raises ValueError."""
    return dt.datetime.fromtimestamp(int(launch_id[:12], 16) / 1000, dt.UTC).date()


def first_id_of(day: dt.date) -> str:
    """What is not above the id of any launch that was decided on DAY or later, and above all earlier ones."""
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    return f"{int(midnight.timestamp() * 1000):012x}"
