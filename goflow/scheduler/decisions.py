"""What planning decides, as values: the driver writes them down and carries them over into the book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from goflow.domain.canonical import Json
from goflow.domain.state import RunState, TaskState
from goflow.scheduler.book import Book, Cell


@dataclass(frozen=True, slots=True)
class Advance:
    """CELL goes to NEW. With NEW_ATTEMPT it is over without a container, in an attempt of its own.

    SKIPS: the tasks right below that it decided to skip, None where it decides no such thing. XCOMS: results it leaves.
    """

    cell: Cell
    new: TaskState
    reason: str = ""
    new_attempt: bool = False
    skips: tuple[str, ...] | None = None
    xcoms: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expand:
    """The mapped task gets exactly TOTAL (at least one) copies: the missing are made, those too many removed."""

    task_id: str
    total: int


@dataclass(frozen=True, slots=True)
class EndRun:
    """The run ends in STATE. ABOUT: the task instance that a callback is told of, where that is not the one that ended
    last (`goflow.domain.callbacks`)."""

    state: RunState
    reason: str
    about: int | None = None


Decision = Advance | Expand


class Facts(Protocol):
    """What planning asks beyond the book."""

    @property
    def now(self) -> dt.datetime:
        """The moment, the same for a whole batch."""

    def past_met(self, book: Book, task_id: str) -> bool:
        """Whether the run before allows TASK_ID to run (``depends_on_past``, ``wait_for_downstream``)."""

    def map_lengths(self, book: Book, task_id: str, key: str) -> Mapping[int, int | None]:
        """How long the results under KEY of a task that has ended are, by map index."""
