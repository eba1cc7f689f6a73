"""Runs that a timetable class of the author's own foretells: asked for ahead, kept in the store, never waited for.

A helper is asked (`goflow.domain.questions`) for the runs that come after the newest one, until one that is still to
come. They are a *plan*, which holds until runs have used it up, the DAG has a new version, or it was out of force for a
while (paused, or no daemon there): then the timetable is asked anew, as Airflow asks it whenever it has read the file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.questions import Question, QuestionKind, QuestionState, about_next_runs
from goflow.scheduler.timetables import Restriction, RunInfo
from goflow.store import Tx, questions, transitions
from goflow.store.rows import Dag

ASK_AGAIN = dt.timedelta(minutes=10)
"""How old a plan grows before its timetable is asked whether it still holds (also one that foretold no run at all)."""
FRESH = dt.timedelta(minutes=1)
"""What is not older need not be asked anew when a DAG comes into force; and a run that is due so soon stays planned."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """One run as the timetable foretold it, with the run id that it generates; None: it leaves that to Airflow."""

    info: RunInfo
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The RUNS that come next. OVER: no other follows them. None of both: the timetable has to be asked."""

    runs: tuple[Foretold, ...]
    over: bool

    @property
    def is_used_up(self) -> bool:
        """Whether there is nothing left of it to go by."""
        return not self.runs and not self.over

    def rest(self) -> Plan:
        """Without its first run."""
        return replace(self, runs=self.runs[1:])


class Foreseer:
    """Asks, and remembers what was told, in one transaction of the scheduler's."""

    def __init__(self, tx: Tx, dag: Dag, now: dt.datetime, *, who: str) -> None:
        self._tx = tx
        self._dag = dag
        self._now = now
        self._who = who
        self._question = questions.about(tx, about_next_runs(dag.dag_id))

    def plan(self, newest: RunInfo | None) -> Plan | None:
        """What comes after NEWEST, the newest run that there is by schedule; None while that is not known."""
        question = self._question
        if question is None or question.answer is None:
            return None
        if question.state is not QuestionState.ANSWERED and question.asked.get("anew"):
            return None
        answer: Mapping[str, Any] = question.answer
        if answer["reading"] != self._dag.reading_id:
            return None
        runs = [_foretold(told) for told in answer["told"]["runs"]]
        if answer["asked"]["newest"] == written(newest):
            return Plan(tuple(runs), bool(answer["told"]["over"]))
        places = [place for place, run in enumerate(runs) if run.info == newest]
        return Plan(tuple(runs[places[0] + 1 :]), bool(answer["told"]["over"])) if places else None

    def is_stale(self, plan: Plan) -> bool:
        """Whether PLAN is too old for a DAG that has come into force just now; one with a run for about this very
        moment is not: a daemon that is started again must not miss it."""
        question = self._question
        if question is None or question.is_open or self._now - (question.ended_at or question.asked_at) <= FRESH:
            return False
        return not plan.runs or abs(plan.runs[0].info.run_after - self._now) > FRESH

    def ask(
        self,
        last: RunInfo | None,
        newest: RunInfo | None,
        restriction: Restriction,
        most: int,
        *,
        anew: bool = False,
    ) -> dt.datetime | None:
        """Have the timetable asked for up to MOST runs after LAST; ANEW: what it has told before holds no longer.

        When to come back if it may not be asked yet, since it has failed; None: the answer will be heard of.
        """
        asked: dict[str, Json] = {
            "last": written(last),
            "newest": written(newest),
            "earliest": _iso(restriction.earliest),
            "latest": _iso(restriction.latest),
            "catchup": restriction.catchup,
            "most": most,
            "anew": anew,
        }
        question = self._question
        if question is not None and self._asks_for_the_same(question, asked):
            if question.is_open:
                return None
            if question.state is QuestionState.FAILED and question.again_at > self._now:
                return question.again_at
        transitions.ask_code(
            self._tx,
            about_next_runs(self._dag.dag_id),
            QuestionKind.NEXT_RUNS,
            asked,
            dag_id=self._dag.dag_id,
            reading_id=self._dag.reading_id or 0,
            who=self._who,
        )
        return None

    def again_at(self) -> dt.datetime:
        """When the timetable is asked whether its plan still holds."""
        question = self._question
        return self._now + ASK_AGAIN if question is None else (question.ended_at or self._now) + ASK_AGAIN

    def _asks_for_the_same(self, question: Question, asked: Mapping[str, Json]) -> bool:
        """Dates that move with the clock (``days_ago(1)``) make no other question, as long as it is open."""
        same = all(question.asked.get(name) == asked[name] for name in ("last", "newest"))
        return same and question.reading_id == self._dag.reading_id


def written(info: RunInfo | None) -> Json:
    """INFO as JSON: logical date, start, end and run after, and its partition if it has one."""
    return None if info is None else [*_parts(info), *_partition(info)]


def check_told(told: Any) -> Json:
    """What a helper has TOLD about runs, as it is kept. Raises ValueError when it is nothing of the kind."""
    try:
        runs: Sequence[Any] = told["runs"]
        found = [_foretold(run) for run in runs]
        rows = [[*_parts(run.info), run.run_id, *_partition(run.info)] for run in found]
        return {"runs": [*rows], "over": bool(told["over"])}
    except (KeyError, TypeError, IndexError, AttributeError) as problem:
        raise ValueError(f"no list of runs: {problem!r}") from problem


def _parts(info: RunInfo) -> list[Json]:
    return [_iso(at) for at in (info.logical_date, info.start, info.end, info.run_after)]


def _partition(info: RunInfo) -> list[Json]:
    """Key and moment of the run's partition; nothing where it has none."""
    return [] if info.partition_key is None else [info.partition_key, _iso(info.partition_date)]


def _foretold(told: Sequence[Any]) -> Foretold:
    logical_date, start, end, run_after, run_id, *partition = told
    at = _moment(run_after)
    if at is None:
        raise ValueError("a run has no moment after which it may begin")
    key, date = partition or (None, None)
    return Foretold(RunInfo(_moment(logical_date), _moment(start), _moment(end), at, key, _moment(date)), run_id)


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _iso(at: dt.datetime | None) -> str | None:
    return None if at is None else at.astimezone(dt.UTC).isoformat()
