"""The data interval of a run by hand, where only a timetable class of the author's own knows it.

The run is made at once, without one, and begins when the class has been asked (``infer_manual_data_interval``).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from goflow.domain.questions import QuestionKind, QuestionState, about_interval
from goflow.domain.runs import DagRun
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import DagSpec
from goflow.domain.state import RunType
from goflow.store import Tx, questions, runs, transitions


def ask_for_interval(tx: Tx, run: DagRun, *, who: str) -> None:
    """Have the timetable asked for the data interval of RUN; its logical date stands for the moment of the order."""
    transitions.ask_code(
        tx,
        about_interval(run.id),
        QuestionKind.INTERVAL,
        {"run_after": (run.logical_date or run.run_after).astimezone(dt.UTC).isoformat()},
        dag_id=run.dag_id,
        reading_id=run.reading_id,
        dag_run_id=run.id,
        who=who,
    )


def lacks_interval(spec: DagSpec, run: DagRun) -> bool:
    """Whether RUN may have to wait for its data interval."""
    by_hand = run.run_type in {RunType.MANUAL, RunType.OPERATOR_TRIGGERED} and run.logical_date is not None
    return by_hand and run.data_interval_start is None and asks_its_author(spec.schedule)


def settle_interval(tx: Tx, run: DagRun, now: dt.datetime, *, who: str) -> dt.datetime | bool:
    """Give RUN the interval that was told: True when it has it, or was never to have one; False while the answer is
    still to come; else when to look again, since the timetable has failed and may be asked again then."""
    question = questions.about(tx, about_interval(run.id))
    if question is None:
        return True
    if question.state is QuestionState.ANSWERED and question.answer is not None:
        told: Any = question.answer["told"]
        start, end = (dt.datetime.fromisoformat(text).astimezone(dt.UTC) for text in told)
        runs.set_interval(tx, run.id, start, end)
        return True
    if question.state is QuestionState.FAILED:
        if question.again_at > now:
            return question.again_at
        ask_for_interval(tx, run, who=who)
    return False


def check_told(told: Any) -> list[str]:
    """What a helper has TOLD about an interval, as it is kept. Raises ValueError when it is nothing of the kind."""
    try:
        start, end = (dt.datetime.fromisoformat(text).astimezone(dt.UTC) for text in told)
    except TypeError as problem:
        raise ValueError(f"no interval: {problem}") from problem
    return [start.isoformat(), end.isoformat()]
