"""Questions to code of an author's own that the daemon never runs: a timetable class, a strategy of weights, what a
deadline counts from, or a partition mapper.

A question is kept until it is answered, and its answer with it; who answers is a trigger runner (decision 8).
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from goflow.domain.canonical import Json


class QuestionState(enum.StrEnum):
    """``waiting``: nobody has taken it. ``claimed``: a trigger runner has. ``answered``, ``failed``: the code has given
    an answer, or raised, or not answered in time; whoever wants to know may ask again."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    FAILED = "failed"


class QuestionKind(enum.StrEnum):
    """``next_runs``: of a DAG's timetable, which runs come next. ``interval``: of the same, which data interval a run
    by hand has. ``partition_date``: of the same, or of partition mappers, which moment the key of such a run stands
    for. ``weight``: of a task's strategy, how much one of its instances weighs. ``deadline``: of a reference of the
    author's own, from which moment a run's deadline counts. ``partition``: of a partition mapper, for the keys of which
    runs an event is."""

    NEXT_RUNS = "next_runs"
    INTERVAL = "interval"
    WEIGHT = "weight"
    DEADLINE = "deadline"
    PARTITION = "partition"
    PARTITION_DATE = "partition_date"


OPEN_QUESTIONS = frozenset({QuestionState.WAITING, QuestionState.CLAIMED})
FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, ASKED of the code of one reading; SUBJECT names what it is about, and there is one for each.

    EPOCH grows whenever it is asked anew or claimed, so that an answer to what was asked before is none. ANSWER is the
    last one that came: ``{"asked": ..., "reading": ..., "told": ...}``; PROBLEM says why the last asking gave none, and
    FAILURES counts those in a row.
    """

    id: int
    subject: str
    kind: QuestionKind
    dag_id: str
    reading_id: int
    dag_run_id: int | None
    asked: Mapping[str, Json]
    state: QuestionState
    epoch: int
    runner_id: str | None
    asked_at: dt.datetime
    ended_at: dt.datetime | None = None
    failures: int = 0
    answer: Mapping[str, Json] | None = None
    problem: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return self.state in OPEN_QUESTIONS

    @property
    def again_at(self) -> dt.datetime:
        """When it may be asked again after a failure: after pauses that grow, from ten seconds to ten minutes."""
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(max(0, self.failures - 1), 10))
        return (self.ended_at or self.asked_at) + dt.timedelta(seconds=pause)


def about_next_runs(dag_id: str) -> str:
    """The subject of the question which runs of a DAG come next."""
    return f"next_runs {dag_id}"


def about_deadline(dag_run_id: int, position: int) -> str:
    """The subject of the question what a run's deadline counts from, that at POSITION among its DAG's."""
    return f"deadline {dag_run_id} {position}"


def about_partition(event_id: int, dag_id: str) -> str:
    """The subject of the question for which keys of a DAG's runs an event of an asset is."""
    return f"partition {event_id} {dag_id}"


def event_of(question: Question) -> int:
    """The event that such a question is about."""
    return int(question.subject.split(" ", 2)[1])


def about_partition_date(dag_run_id: int) -> str:
    """The subject of the question which moment the partition's key of a run by hand stands for."""
    return f"partition_date {dag_run_id}"


def about_interval(dag_run_id: int) -> str:
    """The subject of the question which data interval a run by hand has."""
    return f"interval {dag_run_id}"
