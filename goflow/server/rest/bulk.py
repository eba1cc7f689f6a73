"""Changes of many things in one request: create, update and delete, each with what it shall do where a thing is there,
or is not (Airflow's ``BulkBody``)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.errors import GoFlowError
from goflow.server.rest.status import status_of

T = TypeVar("T")


class _Action(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BulkCreate(_Action, Generic[T]):
    """Make ENTITIES; where one is there: fail, leave it, or set it anew."""

    action: Literal["create"]
    entities: list[T]
    action_on_existence: Literal["fail", "skip", "overwrite"] = "fail"


class BulkUpdate(_Action, Generic[T]):
    """Change ENTITIES; UPDATE_MASK: only those fields. Where one is not there: fail, or pass it over."""

    action: Literal["update"]
    entities: list[T]
    update_mask: list[str] | None = None
    action_on_non_existence: Literal["fail", "skip"] = "fail"


class BulkDelete(_Action, Generic[T]):
    """Delete ENTITIES, named or as a whole."""

    action: Literal["delete"]
    entities: list[str | T]
    action_on_non_existence: Literal["fail", "skip"] = "fail"


class BulkBody(_Action, Generic[T]):
    """Several actions, carried out in their order."""

    actions: list[Annotated[BulkCreate[T] | BulkUpdate[T] | BulkDelete[T], Field(discriminator="action")]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """How one kind of thing is changed. KEY names an entity (or what a deletion names it by); PRESENT: whether there is
    one; MAKE, CHANGE (with a mask) and REMOVE may raise GoFlowError or HTTPException. MAKE None: not by this way.
    NAMES: what is told of an entity when it is done."""

    things: str
    key: Callable[[Any], Hashable]
    present: Callable[[Any], bool]
    make: Callable[[Any], object] | None
    change: Callable[[Any, list[str] | None], object]
    remove: Callable[[Any], object]
    names: Callable[[Any], Sequence[str]] = lambda key: [str(key)]


def carry_out(actions: Sequence[Any], hands: Hands) -> dict[str, Any]:
    """Do it, and tell for each kind of action what worked and what did not (BulkResponse)."""
    results: dict[str, dict[str, list[Any]] | None] = {"create": None, "update": None, "delete": None}
    for action in actions:
        result = results[action.action] = results[action.action] or {"success": [], "errors": []}
        entities = {}
        for entity in action.entities:
            with _told_in(result):
                entities[hands.key(entity)] = entity
        with _told_in(result):
            _one(action, entities, hands, result["success"])
    return results


@contextlib.contextmanager
def _told_in(result: dict[str, list[Any]]) -> Iterator[None]:
    """What goes wrong is one of the errors of RESULT, and the rest goes on."""
    try:
        yield
    except HTTPException as problem:
        result["errors"].append({"error": str(problem.detail), "status_code": problem.status_code})
    except GoFlowError as problem:
        result["errors"].append({"error": str(problem), "status_code": status_of(problem)})


def _one(action: Any, entities: Mapping[Any, Any], hands: Hands, done: list[str]) -> None:
    there = {key for key in entities if hands.present(key)}
    if action.action == "create":
        if hands.make is None:
            raise HTTPException(405, f"{hands.things} bulk create is not supported")
        if action.action_on_existence == "fail" and there:
            raise HTTPException(409, f"The {hands.things} with these keys: {_told(there)} already exist.")
        wanted = [key for key in entities if key not in there or action.action_on_existence == "overwrite"]
    else:
        missing = entities.keys() - there
        if action.action_on_non_existence == "fail" and missing:
            raise HTTPException(404, f"The {hands.things} with these keys: {_told(missing)} were not found.")
        wanted = [key for key in entities if key in there]
    for key in wanted:
        if action.action == "create" and hands.make is not None:
            hands.make(entities[key])
        elif action.action == "update":
            hands.change(entities[key], action.update_mask)
        else:
            hands.remove(key)
        done.extend(hands.names(key))


def _told(keys: set[Any]) -> str:
    return str(sorted(keys, key=str))
