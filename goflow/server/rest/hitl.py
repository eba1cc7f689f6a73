"""What tasks ask people, and answering it (Airflow's ``hitlDetails``)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.errors import NotFoundError
from goflow.domain.hitl import Answer, Question, User, check
from goflow.domain.runs import TaskInstance
from goflow.server.rest import shapes
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.store import Tx, hitl, launches, runs, tasks, transitions

router = APIRouter(tags=["Human in the loop"])
ONE = "/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{map_index}/hitlDetails"
_OF_A_TOKEN = "api:"  # noqa: S105 - what callers with a token of their own begin with


class AnswerBody(BaseModel):
    """What a person chooses and fills in."""

    model_config = ConfigDict(extra="forbid")
    chosen_options: list[str] = Field(min_length=1)
    params_input: dict[str, Any] = Field(default_factory=dict)


@router.get("/api/v2/dags/{dag_id}/dagRuns/{run_id}/hitlDetails")
def list_questions(
    dag_id: str,
    run_id: str,
    services: ServicesDep,
    caller: CallerDep,
    limit: int = Query(100, ge=1, le=1000),
    offset: int = Query(0, ge=0),
    task_id: str | None = None,
    response_received: bool | None = None,
) -> shapes.Body:
    """Questions of a run, or of all (``~``), the oldest first."""
    picked: dict[str, Any] = {
        "dag_id": None if dag_id == "~" else dag_id,
        "run_id": None if run_id == "~" else run_id,
        "task_id": task_id,
        "answered": response_received,
    }
    with services.store.reading() as tx:
        found = [_detail(tx, one) for one in hitl.list_(tx, limit=limit, offset=offset, **picked)]
        return {"hitl_details": found, "total_entries": hitl.count(tx, **picked)}


@router.get(ONE)
def show_question(
    dag_id: str, run_id: str, task_id: str, map_index: int, services: ServicesDep, caller: CallerDep
) -> shapes.Body:
    """What a task asks, and what was answered."""
    with services.store.reading() as tx:
        return _detail(tx, _asked(tx, _instance(tx, dag_id, run_id, task_id, map_index)))


@router.get(ONE + "/tries/{try_number}")
def show_question_of_try(
    dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int, services: ServicesDep, caller: CallerDep
) -> shapes.Body:
    """What a task has asked in one of its tries, and what was answered (HITLDetailHistory)."""
    with services.store.reading() as tx:
        instance = _instance(tx, dag_id, run_id, task_id, map_index)
        of_try = [one.id for one in launches.of_task(tx, instance.id) if one.try_number == try_number]
        found = hitl.of_launches(tx, instance.id, of_try)
        if found is None:
            raise NotFoundError(f"a question of try {try_number} of task {task_id}")
        attempt = next((one for one in tasks.attempts(tx, instance.id) if one.try_number == try_number), None)
        told = _detail(tx, found)
        told["task_instance"] |= {} if attempt is None else shapes.attempt(attempt)
        return told


@router.patch(ONE)
def answer_question(
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int,
    body: AnswerBody,
    services: ServicesDep,
    caller: CallerDep,
) -> shapes.Body:
    """Answer: the task goes on with it. 409 where somebody has, 403 where others are asked."""
    user = User(id=caller.removeprefix(_OF_A_TOKEN), name=caller.removeprefix(_OF_A_TOKEN))
    with services.store.transaction() as tx:
        instance = _instance(tx, dag_id, run_id, task_id, map_index)
        detail = _asked(tx, instance)
        if not _may_answer(detail.question, caller, user):
            asked = ", ".join(one.name for one in detail.question.assigned_users)
            raise HTTPException(403, f"{user.name} is not asked: this question is for {asked}")
        check(detail.question, body.chosen_options, body.params_input)
        answer = Answer(at=tx.now(), chosen_options=body.chosen_options, params_input=body.params_input, by=user)
        transitions.answer_question(tx, instance, answer, who=caller)
        return {
            "responded_by": user.to_json(),
            "responded_at": shapes.moment(answer.at),
            "chosen_options": list(answer.chosen_options),
            "params_input": dict(answer.params_input),
        }


def _may_answer(question: Question, caller: str, user: User) -> bool:
    """Whoever has a token of their own must be among those who are asked, if any are; the administrator may always."""
    asked = {name for one in question.assigned_users for name in (one.id, one.name)}
    return not asked or not caller.startswith(_OF_A_TOKEN) or user.id in asked


def _instance(tx: Tx, dag_id: str, run_id: str, task_id: str, map_index: int) -> TaskInstance:
    found = tasks.find(tx, runs.by_run_id(tx, dag_id, run_id).id, task_id, map_index)
    if found is None:
        raise NotFoundError(f"task {task_id} in {run_id} of DAG {dag_id}")
    return found


def _asked(tx: Tx, instance: TaskInstance) -> hitl.HitlDetail:
    found = hitl.find(tx, instance.id)
    if found is None:
        raise NotFoundError(f"a question of task {instance.task_id}", hint="goflow tasks questions lists what is asked")
    return found


def _detail(tx: Tx, one: hitl.HitlDetail) -> shapes.Body:
    """A question (HITLDetail)."""
    answer = one.answer
    return {
        "task_instance": shapes.task_instance(tasks.get(tx, one.task_instance_id), None),
        **one.question.to_json(),
        "created_at": shapes.moment(one.created_at),
        "response_received": answer is not None,
        "responded_by_user": None if answer is None or answer.by is None else answer.by.to_json(),
        "responded_at": None if answer is None else shapes.moment(answer.at),
        "chosen_options": None if answer is None else list(answer.chosen_options),
        "params_input": {} if answer is None else dict(answer.params_input),
    }
