"""What only code of an author's own knows of a run by hand: its data interval, where a timetable class of theirs gives
it, and the moment that its partition's key stands for, where such a class or a mapper of theirs does.

The run is made at once, without them, and begins when that code has been asked (``infer_manual_data_interval``,
``resolve_partition_date``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.partitions import asks_for_date, dated_by
from goflow.domain.questions import QuestionKind, QuestionState, about_interval, about_partition_date
from goflow.domain.runs import DagRun
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec
from goflow.domain.state import RunType
from goflow.store import Tx, questions, runs, transitions


@dataclass(frozen=True)
class _Told:
    """Something that is asked for, in WORDS. LACKS: whether a run may have to wait for it; ABOUT and ASKED make the
    question, TAKE gives the run what was told."""

    kind: QuestionKind
    words: str
    lacks: Callable[[DagSpec, DagRun], bool]
    about: Callable[[int], str]
    asked: Callable[[DagSpec, DagRun], dict[str, Json]]
    take: Callable[[Tx, DagRun, Any], None]


def ask_for_dates(tx: Tx, spec: DagSpec, run: DagRun, *, who: str) -> None:
    """Have the code asked for what RUN lacks; its logical date stands for the moment of the order."""
    for one in _lacking(spec, run):
        _ask(tx, one, spec, run, who)


def lacks_dates(spec: DagSpec, run: DagRun) -> bool:
    """Whether RUN may have to wait for an answer."""
    return any(_lacking(spec, run))


def waits_for(spec: DagSpec, run: DagRun) -> str:
    """What RUN may have to wait for, in words; empty: for nothing."""
    return ", ".join(one.words for one in _lacking(spec, run))


def settle_dates(tx: Tx, spec: DagSpec, run: DagRun, now: dt.datetime, *, who: str) -> dt.datetime | bool:
    """Give RUN what was told: True when it has all, or was never to have it; False while an answer is still to come;
    else when to look again, since the code has failed and may be asked again then."""
    found = [_settle(tx, one, spec, run, now, who) for one in _lacking(spec, run)]
    again = [one for one in found if isinstance(one, dt.datetime)]
    return min(again) if again else all(found)


def check_interval(told: Any) -> list[str]:
    """What a helper has TOLD about an interval, as it is kept. Raises ValueError when it is nothing of the kind."""
    try:
        start, end = map(_moment, told)
    except TypeError as problem:
        raise ValueError(f"no interval: {problem}") from problem
    return [start.isoformat(), end.isoformat()]


def check_moment(told: Any) -> str | None:
    """What one has TOLD about a moment, or that there is none. Raises ValueError when it is nothing of the kind."""
    if told is None:
        return None
    if not isinstance(told, str):
        raise ValueError(f"no moment: {told!r}")
    return _moment(told).isoformat()


def _lacking(spec: DagSpec, run: DagRun) -> Iterator[_Told]:
    return (one for one in _ALL if one.lacks(spec, run))


def _ask(tx: Tx, one: _Told, spec: DagSpec, run: DagRun, who: str) -> None:
    place: dict[str, Any] = {"dag_id": run.dag_id, "reading_id": run.reading_id, "dag_run_id": run.id}
    transitions.ask_code(tx, one.about(run.id), one.kind, one.asked(spec, run), **place, who=who)


def _settle(tx: Tx, one: _Told, spec: DagSpec, run: DagRun, now: dt.datetime, who: str) -> dt.datetime | bool:
    question = questions.about(tx, one.about(run.id))
    if question is None:
        return True
    if question.state is QuestionState.ANSWERED and question.answer is not None:
        one.take(tx, run, question.answer["told"])
        return True
    if question.state is QuestionState.FAILED:
        if question.again_at > now:
            return question.again_at
        _ask(tx, one, spec, run, who)
    return False


def _lacks_interval(spec: DagSpec, run: DagRun) -> bool:
    is_dated = run.logical_date is not None and run.data_interval_start is None
    return _is_by_hand(run) and is_dated and asks_its_author(spec.schedule)


def _lacks_partition_date(spec: DagSpec, run: DagRun) -> bool:
    is_undated = run.partition_key is not None and run.partition_date is None
    return _is_by_hand(run) and is_undated and asks_for_date(spec.schedule)


def _is_by_hand(run: DagRun) -> bool:
    return run.run_type in {RunType.MANUAL, RunType.OPERATOR_TRIGGERED}


def _about_the_order(_: DagSpec, run: DagRun) -> dict[str, Json]:
    return {"run_after": (run.logical_date or run.run_after).astimezone(dt.UTC).isoformat()}


def _about_the_key(spec: DagSpec, run: DagRun) -> dict[str, Json]:
    return {"key": run.partition_key, "assets": dated_by(spec.schedule)}


def _take_interval(tx: Tx, run: DagRun, told: Any) -> None:
    start, end = map(_moment, told)
    runs.set_interval(tx, run.id, start, end)


def _take_partition_date(tx: Tx, run: DagRun, told: Any) -> None:
    if told is not None:
        runs.set_partition_date(tx, run.id, _moment(told))


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


_ALL = (
    _Told(QuestionKind.INTERVAL, "data interval", _lacks_interval, about_interval, _about_the_order, _take_interval),
    _Told(
        QuestionKind.PARTITION_DATE,
        "partition date",
        _lacks_partition_date,
        about_partition_date,
        _about_the_key,
        _take_partition_date,
    ),
)
KINDS = frozenset(one.kind for one in _ALL)
"""The questions whose answers runs by hand wait for."""
