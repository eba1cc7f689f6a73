"""What tasks ask people, and answering it (Airflow's ``hitlDetails``)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.errors import NotFoundError
from goflow.domain.hitl import Answer, Question, User, check
from goflow.domain.runs import TaskInstance
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import tasks as told_tasks
from goflow.server.rest.bodies import Told
from goflow.server.rest.context import AskedByDep, CallerDep, ServicesDep
from goflow.server.rest.paging import Bound, Number, Paging, PathNumber, conditions, is_, task_states
from goflow.server.signin.callers import Caller
from goflow.store import Tx, hitl, launches, runs, tasks, transitions
from goflow.store.listing import Condition, Op

router = APIRouter(tags=["Human in the loop"])
ONE = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails"


class AnswerBody(BaseModel):
    """What a person chooses and fills in."""

    model_config = ConfigDict(extra="forbid")
    chosen_options: list[str] = Field(min_length=1)
    params_input: dict[str, Any] = Field(default_factory=dict)


class QuestionQuery(Paging):
    """Questions by all that Airflow's list knows."""

    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    task_id: str | None = None
    task_id_pattern: str | None = None
    task_id_prefix_pattern: str | None = None
    map_index: Number | None = None
    state: list[str] = Field(default_factory=list)
    response_received: bool | None = None
    responded_by_user_id: list[str] = Field(default_factory=list)
    responded_by_user_name: list[str] = Field(default_factory=list)
    subject_search: str | None = None
    body_search: str | None = None
    created_at_gte: Bound = None
    created_at_gt: Bound = None
    created_at_lte: Bound = None
    created_at_lt: Bound = None

    def conditions(self) -> list[Condition]:
        """As the store takes them."""
        found = conditions(self, besides=("state", "subject_search", "body_search"))
        if self.state:
            found.append(is_("state", *task_states(self.state)))
        searched = (("subject", self.subject_search), ("body", self.body_search))
        return found + [Condition(field, Op.CONTAINS, text) for field, text in searched if text]


@router.get("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails")
def get_hitl_details(
    dag_id: str,
    dag_run_id: str,
    query: Annotated[QuestionQuery, Query()],
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[shapes.Body, Is(told_tasks.HITLDetailCollection)]:
    """Questions of a run, or of all (``~``), the oldest first unless another order is asked for."""
    wanted = query.conditions()
    wanted += [is_(field, value) for field, value in (("dag_id", dag_id), ("run_id", dag_run_id)) if value != "~"]
    with services.store.reading() as tx:
        rows, total = hitl.page(tx, wanted, query.page())
        told = Told(tx)
        return {"hitl_details": [_detail(told, one) for one in rows], "total_entries": total}


@router.get(ONE)
def get_hitl_detail(
    dag_id: str, dag_run_id: str, task_id: str, map_index: PathNumber, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_tasks.HITLDetail)]:
    """What a task asks, and what was answered."""
    with services.store.reading() as tx:
        return _detail(Told(tx), _asked(tx, _instance(tx, dag_id, dag_run_id, task_id, map_index)))


@router.get(ONE + "/tries/{try_number}")
def get_hitl_detail_try_detail(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: PathNumber,
    try_number: PathNumber,
    services: ServicesDep,
    caller: CallerDep,
) -> Annotated[shapes.Body, Is(told_tasks.HITLDetailHistory)]:
    """What a task has asked in one of its tries, and what was answered (HITLDetailHistory)."""
    with services.store.reading() as tx:
        instance = _instance(tx, dag_id, dag_run_id, task_id, map_index)
        of_try = [one.id for one in launches.of_task(tx, instance.id) if one.try_number == try_number]
        found = hitl.of_launches(tx, instance.id, of_try)
        if found is None:
            raise NotFoundError(f"a question of try {try_number} of task {task_id}")
        attempt = next((one for one in tasks.attempts(tx, instance.id) if one.try_number == try_number), None)
        told = _detail(Told(tx), found)
        if attempt is not None:
            (whole,) = tasks.whole(tx, [instance.id])
            told["task_instance"] = Told(tx).tried(whole, attempt)
        return told


@router.patch(ONE)
def update_hitl_detail(
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: PathNumber,
    body: AnswerBody,
    services: ServicesDep,
    caller: AskedByDep,
) -> Annotated[shapes.Body, Is(told_tasks.HITLDetailResponse)]:
    """Answer: the task goes on with it. 409 where somebody has, 403 where others are asked."""
    user = User(id=caller.name or caller.who, name=caller.name or caller.who)
    with services.store.transaction() as tx:
        instance = _instance(tx, dag_id, dag_run_id, task_id, map_index)
        detail = _asked(tx, instance)
        if not _may_answer(detail.question, caller, user):
            asked = ", ".join(one.name for one in detail.question.assigned_users)
            raise HTTPException(403, f"{user.name} is not asked: this question is for {asked}")
        check(detail.question, body.chosen_options, body.params_input)
        answer = Answer(at=tx.now(), chosen_options=body.chosen_options, params_input=body.params_input, by=user)
        transitions.answer_question(tx, instance, answer, who=caller.who)
        return {
            "responded_by": user.to_json(),
            "responded_at": shapes.moment(answer.at),
            "chosen_options": list(answer.chosen_options),
            "params_input": dict(answer.params_input),
        }


def _may_answer(question: Question, caller: Caller, user: User) -> bool:
    """Whoever has a name here must be among those who are asked, if any are; the token of the settings may always."""
    asked = {name for one in question.assigned_users for name in (one.id, one.name)}
    return not asked or not caller.name or user.id in asked


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


def _detail(told: Told, one: hitl.HitlDetail) -> shapes.Body:
    """A question (HITLDetail)."""
    answer = one.answer
    (whole,) = tasks.whole(told.tx, [one.task_instance_id])
    asked = one.question.to_json()
    return {
        "task_instance": told.task(whole),
        **asked,
        "params": {name: _param(value) for name, value in one.question.params.items()},
        "created_at": shapes.moment(one.created_at),
        "response_received": answer is not None,
        "responded_by_user": None if answer is None or answer.by is None else answer.by.to_json(),
        "responded_at": None if answer is None else shapes.moment(answer.at),
        "chosen_options": None if answer is None else list(answer.chosen_options),
        "params_input": {} if answer is None else dict(answer.params_input),
    }


def _param(value: Any) -> Any:
    """A param as Airflow's page has it for its form."""
    if isinstance(value, dict) and {"value", "schema", "description"} <= value.keys():
        return value
    return {"value": value, "description": None, "schema": {}}
