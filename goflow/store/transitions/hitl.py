"""Asking a person and answering: each question is answered once, by compare-and-set, and the task goes on with it.

A task asks before it waits, so that the answer may come first: then it goes on as soon as it would wait.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from goflow.domain.errors import ConflictError, NotFoundError
from goflow.domain.hitl import HITL_TRIGGER, UNANSWERED, Answer, Question, default_values, event_of
from goflow.domain.runs import TaskInstance
from goflow.domain.triggers import Fired, TriggerState
from goflow.store import events, hitl, tasks
from goflow.store import triggers as stored
from goflow.store.columns import dumps
from goflow.store.hitl_tables import hitl_details, hitl_history
from goflow.store.tx import Tx

_h = hitl_details.c
_ASKED = select(hitl_details).where(_h.task_instance_id == bindparam("ti_id"))


def ask_person(tx: Tx, instance: TaskInstance, launch_id: str, question: Question, *, who: str) -> None:
    """The task instance asks a question, in place of what it has asked before, which becomes history; harmless when
    the same launch repeats it."""
    tasks.lock(tx, instance.id)
    before = tx.first(_ASKED, {"ti_id": instance.id})
    if before is not None and before.launch_id == launch_id:
        return
    row = {
        "task_instance_id": instance.id,
        "launch_id": launch_id,
        "subject": question.subject,
        "body": question.body,
        "options": dumps(list(question.options)),
        "defaults": None if question.defaults is None else dumps(list(question.defaults)),
        "multiple": question.multiple,
        "params": dumps(dict(question.params)),
        "assigned_users": dumps([user.to_json() for user in question.assigned_users]),
        "created_at": tx.now(),
        "responded_at": None,
        "responded_by": None,
        "chosen_options": None,
        "params_input": None,
    }
    if before is not None:
        tx.insert_new(hitl_history, [before._asdict()])
    tx.upsert(hitl_details, row)
    events.emit_of_task(tx, events.HITL_ASKED, instance, {"subject": question.subject}, who=who)


def answer_question(tx: Tx, instance: TaskInstance, answer: Answer, *, who: str) -> None:
    """Store the answer, and let the task go on if it waits. Raises NotFoundError where nothing is asked, ConflictError
    where somebody was faster."""
    tasks.lock(tx, instance.id)
    if hitl.find(tx, instance.id) is None:
        raise NotFoundError(f"a question of task {instance.task_id} in {instance.run_id}")
    if not _store(tx, instance, answer, who=who):
        raise ConflictError(f"the question of task {instance.task_id} in {instance.run_id}, which is answered already")
    resume_answered(tx, instance, who=who)


def resume_answered(tx: Tx, instance: TaskInstance, *, who: str) -> bool:
    """Let a task that waits for an answer go on if there is one; whether it does."""
    from goflow.store.transitions.triggers import fire_trigger

    trigger, detail = stored.of_task(tx, instance.id), hitl.find(tx, instance.id)
    if trigger is None or trigger.classpath != HITL_TRIGGER or trigger.state is not TriggerState.WAITING:
        return False
    if detail is None or detail.answer is None:
        return False
    return fire_trigger(tx, trigger.id, event_of(detail.answer), who=who)


def expire_question(tx: Tx, instance: TaskInstance, *, who: str) -> Fired:
    """The time of a question is up: what the task goes on with. Its defaults are the answer; without any it is told
    that there is none (``check_awaiting_input_timeouts``)."""
    detail = hitl.find(tx, instance.id)
    if detail is None:
        return UNANSWERED
    if detail.answer is None and detail.question.defaults is not None:
        values = default_values(detail.question)
        answer = Answer(at=tx.now(), chosen_options=detail.question.defaults, params_input=values)
        _store(tx, instance, answer, who=who)
        return event_of(answer)
    return UNANSWERED if detail.answer is None else event_of(detail.answer)


def _store(tx: Tx, instance: TaskInstance, answer: Answer, *, who: str) -> bool:
    values: dict[str, Any] = {
        "responded_at": answer.at,
        "responded_by": None if answer.by is None else dumps(answer.by.to_json()),
        "chosen_options": dumps(list(answer.chosen_options)),
        "params_input": dumps(dict(answer.params_input)),
    }
    unanswered = (_h.task_instance_id == instance.id, _h.responded_at.is_(None))
    if not tx.change(update(hitl_details).where(*unanswered).values(**values)):
        return False
    events.emit_of_task(tx, events.HITL_ANSWERED, instance, {"chosen": list(answer.chosen_options)}, who=who)
    return True
