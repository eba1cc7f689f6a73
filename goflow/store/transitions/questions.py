"""Asking code of an author's own something, claiming the question, and its answer: each with its event.

A question is asked in the transaction that needs the answer. Answering one is harmless to repeat, unlike calling a
callback: one whose runner is gone is claimed by another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from goflow.domain.canonical import Json
from goflow.domain.questions import Question, QuestionKind, QuestionState
from goflow.store import events, runs
from goflow.store import questions as stored
from goflow.store.columns import dumps
from goflow.store.tables import OPEN_QUESTIONS, questions, where
from goflow.store.transitions.claims import Claims
from goflow.store.transitions.partitions import keep_as_told
from goflow.store.tx import Tx

_S = QuestionState
_q = questions.c
_FREE = select(_q.id).where(where(OPEN_QUESTIONS), _q.runner_id.is_(None)).order_by(_q.id).limit(bindparam("most"))
_CLAIM = (
    update(questions)
    .where(_q.id == bindparam("key"), where(OPEN_QUESTIONS), _q.runner_id.is_(None))
    .values(
        state=_S.CLAIMED.value,
        runner_id=bindparam("runner", type_=_q.runner_id.type),
        epoch=_q.epoch + 1,
    )
)
_CLAIMS = Claims(_FREE, _CLAIM)
_AGAIN = (
    update(questions)
    .where(_q.id == bindparam("key"), _q.epoch == bindparam("known"))
    .values(
        state=_S.WAITING.value,
        runner_id=None,
        epoch=_q.epoch + 1,
        reading_id=bindparam("reading", type_=_q.reading_id.type),
        asked=bindparam("words", type_=_q.asked.type),
        asked_at=bindparam("at", type_=_q.asked_at.type),
        ended_at=None,
    )
)
_ENDED: dict[str, Any] = {"runner_id": None, "ended_at": bindparam("at", type_=_q.ended_at.type)}
_CLAIMED = (_q.id == bindparam("key"), _q.state == _S.CLAIMED.value, _q.epoch == bindparam("known"))
_ANSWER = (
    update(questions)
    .where(*_CLAIMED)
    .values(
        state=_S.ANSWERED.value,
        failures=0,
        problem=None,
        answer=bindparam("told", type_=_q.answer.type),
        **_ENDED,
    )
)
_FAILED: dict[str, Any] = {
    "state": _S.FAILED.value,
    "failures": _q.failures + 1,
    "problem": bindparam("told", type_=_q.problem.type),
    **_ENDED,
}
_FAIL = update(questions).where(*_CLAIMED).values(**_FAILED)
_GIVE_UP = (
    update(questions)
    .where(_q.id == bindparam("key"), where(OPEN_QUESTIONS), _q.epoch == bindparam("known"))
    .values(epoch=_q.epoch + 1, **_FAILED)
)
_FORGET = delete(questions).where(_q.id == bindparam("key"))


def ask_code(
    tx: Tx,
    subject: str,
    kind: QuestionKind,
    asked: Mapping[str, Json],
    *,
    dag_id: str,
    reading_id: int,
    dag_run_id: int | None = None,
    who: str,
) -> bool:
    """Have the code of a reading asked, in place of what was asked about SUBJECT before; false where the very same
    is being asked already. The last answer stays until there is another."""
    known = stored.about(tx, subject)
    words, at = dumps(dict(asked)), tx.now()
    if known is None:
        row = {
            "subject": subject,
            "kind": kind.value,
            "dag_id": dag_id,
            "reading_id": reading_id,
            "dag_run_id": dag_run_id,
            "asked": words,
            "state": _S.WAITING.value,
            "epoch": 0,
            "asked_at": at,
            "failures": 0,
        }
        if tx.insert_or_none(questions, row) is None:
            return False
    else:
        if known.is_open and (known.reading_id, dumps(dict(known.asked))) == (reading_id, words):
            return False
        params = {"key": known.id, "known": known.epoch, "reading": reading_id, "words": words, "at": at}
        if not tx.change(_AGAIN, params):
            return False
    _say(tx, events.QUESTION_ASKED, stored.about(tx, subject), who=who)
    return True


def claim_questions(tx: Tx, runner_id: str, most: int) -> list[int]:
    """Let a runner answer up to MOST questions that none has, the oldest first; which ones."""
    return _CLAIMS.claim(tx, runner_id, most)


def store_answer(
    tx: Tx, question_id: int, epoch: int, *, told: Json = None, problem: str | None = None, who: str
) -> Question | None:
    """Store what was TOLD to a question, or the PROBLEM that kept it from being answered; the question as it is now.

    None when that was stored already, or it was asked anew or is another runner's by now (EPOCH).
    """
    question = stored.find(tx, question_id)
    if question is None:
        return None
    at = tx.now()
    params: dict[str, Any] = {"key": question_id, "known": epoch, "at": at}
    if problem is None:
        answer = {"asked": dict(question.asked), "reading": question.reading_id, "told": told}
        changed = tx.change(_ANSWER, {**params, "told": dumps(answer)})
    else:
        changed = tx.change(_FAIL, {**params, "told": problem})
    if not changed:
        return None
    if problem is None and question.kind is QuestionKind.DEADLINE:
        from goflow.store.transitions.deadlines import set_answered_deadline

        set_answered_deadline(tx, question, told if isinstance(told, str) else None)
    ended = stored.find(tx, question_id)
    more: dict[str, Json] = {}
    if question.kind is QuestionKind.PARTITION:  # what was told is kept with the event, and the question done with
        more["partitions"] = [*keep_as_told(tx, question, told, problem)]
        tx.change(_FORGET, {"key": question_id})
    _say(tx, events.QUESTION_ANSWERED if problem is None else events.QUESTION_FAILED, ended, who=who, **more)
    return ended


def give_up_question(tx: Tx, question: Question, problem: str, *, who: str) -> bool:
    """Whoever asked waits no longer: the question has failed with PROBLEM, and an answer comes too late from now on.
    False when it has ended already."""
    params = {"key": question.id, "known": question.epoch, "told": problem, "at": tx.now()}
    if not tx.change(_GIVE_UP, params):
        return False
    _say(tx, events.QUESTION_FAILED, stored.find(tx, question.id), who=who)
    return True


def _say(tx: Tx, kind: str, question: Question | None, *, who: str, **more: Json) -> None:
    if question is None:
        return
    run = None if question.dag_run_id is None else runs.get(tx, question.dag_run_id)
    data: dict[str, Any] = {"subject": question.subject, "kind": question.kind.value, **more}
    if kind == events.QUESTION_FAILED:
        data["problem"] = question.problem
    events.emit(tx, kind, dag_id=question.dag_id, run_id=None if run is None else run.run_id, who=who, data=data)
