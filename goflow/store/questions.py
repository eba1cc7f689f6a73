"""Questions to authors' own code: reading them. Asking, claiming and answering: see `transitions`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select

from goflow.domain.questions import OPEN_QUESTIONS as OPEN
from goflow.domain.questions import Question, QuestionKind, QuestionState
from goflow.store.columns import loads
from goflow.store.tables import OPEN_QUESTIONS, questions, where
from goflow.store.tx import Tx

_q = questions.c
_GET = select(questions).where(_q.id == bindparam("question_id"))
_ABOUT = select(questions).where(_q.subject == bindparam("subject"))
_OF_RUN = select(questions).where(_q.dag_run_id == bindparam("run")).order_by(_q.id)
_HELD = select(questions).where(where(OPEN_QUESTIONS), _q.runner_id == bindparam("runner")).order_by(_q.id)
LONG = dt.timedelta(minutes=1)
_PROBLEMS = (
    select(questions)
    .where(
        _q.dag_id == bindparam("dag"),
        or_(
            _q.problem.is_not(None),
            and_(
                _q.state.in_([state.value for state in OPEN]), _q.asked_at < bindparam("before", type_=_q.asked_at.type)
            ),
        ),
    )
    .order_by(_q.id)
)
_OPEN = select(func.count()).select_from(questions).where(where(OPEN_QUESTIONS))
_UNHELD = _OPEN.where(_q.runner_id.is_(None))


def find(tx: Tx, question_id: int) -> Question | None:
    """The question of that id, or None."""
    row = tx.first(_GET, {"question_id": question_id})
    return None if row is None else _question(row)


def about(tx: Tx, subject: str) -> Question | None:
    """The question about SUBJECT; None when it was never asked."""
    row = tx.first(_ABOUT, {"subject": subject})
    return None if row is None else _question(row)


def of_run(tx: Tx, dag_run_id: int) -> list[Question]:
    """What was asked for a run, in order."""
    return [_question(row) for row in tx.rows(_OF_RUN, {"run": dag_run_id})]


def held_by(tx: Tx, runner_id: str) -> list[Question]:
    """What a runner has claimed and not answered."""
    return [_question(row) for row in tx.rows(_HELD, {"runner": runner_id})]


def problems(tx: Tx, dag_id: str) -> list[Question]:
    """Questions of a DAG whose last asking has failed, in order, also while they are being asked again; and those that
    nobody has answered for `LONG`, of a partition mapper only the first: there is one for each event."""
    found: list[Question] = []
    for row in tx.rows(_PROBLEMS, {"dag": dag_id, "before": tx.now() - LONG}):
        question = _question(row)
        if question.kind is not QuestionKind.PARTITION or all(one.kind is not question.kind for one in found):
            found.append(question)
    return found


def count_open(tx: Tx, *, unheld: bool = False) -> int:
    """How many wait for their answer; with UNHELD those that no runner has."""
    return int(tx.value(_UNHELD if unheld else _OPEN))


def _question(row: Row[Any]) -> Question:
    values = row._asdict()
    values["kind"] = QuestionKind(values["kind"])
    values["state"] = QuestionState(values["state"])
    values["asked"] = loads(values["asked"])
    values["answer"] = loads(values["answer"], None)
    return Question(**values)
