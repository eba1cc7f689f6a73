"""What tasks ask people, as they tell it: in our words, or through Airflow's client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow_runner import wire
from starlette.requests import Request

from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.hitl import Answer, Question, User, check
from goflow.domain.runs import Launch
from goflow.server import task_bodies
from goflow.server.door import Answer as JsonAnswer
from goflow.server.door import Handler
from goflow.store import Store, Tx, hitl, launches, transitions

WHO = "task"


class AskingPeople:
    """The calls, over STORE; each is about the task instance of the launch that speaks."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def calls(self) -> list[tuple[str, str, Handler]]:
        """(path, method, handler), below Airflow's prefix."""
        path = "hitlDetails/{launch_id}"
        return [(path, "POST", self.ask), (path, "PATCH", self.answer), (path, "GET", self.show)]

    def ask(self, launch: Launch, request: Request, body: Any) -> Any:
        """Ask. Told again by the same launch, nothing changes."""
        question = _question(task_bodies.mapping(body))
        with self.store.transaction() as tx:
            _, instance = launches.with_task(tx, launch.id)
            transitions.ask_person(tx, instance, launch.id, question, who=WHO)
        if not request.url.path.startswith(wire.EXECUTION_PREFIX):
            return None
        told = {"ti_id": request.path_params["launch_id"], **question.to_json()}
        return JsonAnswer(told, 201)

    def answer(self, launch: Launch, request: Request, body: Any) -> Any:
        """The task itself answers, as it does when its time is up. Raises ConflictError where somebody has."""
        told = task_bodies.mapping(body)
        chosen = _texts(told, "chosen_options")
        params = dict(task_bodies.mapping(told.get("params_input") or {}, "params_input"))
        with self.store.transaction() as tx:
            _, instance = launches.with_task(tx, launch.id)
            detail = _asked(tx, launch)
            check(detail.question, chosen, params)
            given = Answer(at=tx.now(), chosen_options=chosen, params_input=params)
            transitions.answer_question(tx, instance, given, who=WHO)
            return response(_asked(tx, launch).answer)

    def show(self, launch: Launch, _: Request, __: object) -> Any:
        """What was answered. Raises NotFoundError where nothing was asked."""
        with self.store.reading() as tx:
            return response(_asked(tx, launch).answer)


def response(answer: Answer | None) -> dict[str, Any]:
    """``HITLDetailResponse`` of the Task Execution API."""
    if answer is None:
        nothing: dict[str, Any] = {
            "responded_by_user": None,
            "responded_at": None,
            "chosen_options": [],
            "params_input": {},
        }
        return {"response_received": False, **nothing}
    return {
        "response_received": True,
        "responded_by_user": None if answer.by is None else answer.by.to_json(),
        "responded_at": answer.at.isoformat(),
        "chosen_options": list(answer.chosen_options),
        "params_input": dict(answer.params_input),
    }


def _asked(tx: Tx, launch: Launch) -> hitl.HitlDetail:
    found = hitl.find(tx, launches.get(tx, launch.id).task_instance_id)
    if found is None:
        raise NotFoundError("a question of this task")
    return found


def _question(told: Mapping[str, Any]) -> Question:
    options = _texts(told, "options")
    if not options:
        raise InvalidRequestError("a question has at least one option")
    users = told.get("assigned_users") or []
    if not isinstance(users, list):
        raise InvalidRequestError("assigned_users must be a list")
    return Question(
        subject=task_bodies.text(told, "subject"),
        options=options,
        body=task_bodies.maybe_text(told, "body"),
        defaults=None if told.get("defaults") is None else _texts(told, "defaults"),
        multiple=told.get("multiple") is True,
        params=dict(task_bodies.mapping(told.get("params") or {}, "params")),
        assigned_users=tuple(User(id=task_bodies.text(u, "id"), name=task_bodies.text(u, "name")) for u in users),
    )


def _texts(told: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = told.get(name)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidRequestError(f"{name} must be a list of texts")
    return tuple(found)
