"""Variables."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from goflow.domain.errors import AlreadyExistsError, NotFoundError
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import kept as told_kept
from goflow.server.rest.bulk import BulkBody, Hands, carry_out
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.masks import UpdateMask, masked
from goflow.server.rest.paging import Paging, conditions
from goflow.server.rest.teams import no_team
from goflow.store import Tx, variables
from goflow.store.rows import Variable

router = APIRouter(tags=["Variable"])
BASE = "/api/v2/variables"
ONE = BASE + "/{variable_key:path}"


class VariableBody(BaseModel):
    """A Variable; what is no text is kept as JSON."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(min_length=1, max_length=250)
    value: JsonValue
    description: str | None = None
    team_name: Annotated[str | None, no_team] = None

    @property
    def text(self) -> str:
        """The value as it is kept."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value, indent=2)


class VariableQuery(Paging):
    """Variables by what they are called."""

    variable_key_pattern: str | None = None
    variable_key_prefix_pattern: str | None = None


@router.get(BASE)
def get_variables(
    query: Annotated[VariableQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.VariableCollectionResponse)]:
    """Variables by name."""
    with services.store.reading() as tx:
        found, total = variables.page(tx, conditions(query), query.page())
        return {"variables": [_shape(tx, row) for row in found], "total_entries": total}


@router.get(ONE)
def get_variable(
    variable_key: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.VariableResponse)]:
    """One Variable."""
    with services.store.reading() as tx:
        return _shape(tx, variables.get(tx, variable_key))


@router.get("/goflow/v1/variables/{variable_key:path}")
def show_variable(
    variable_key: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.VariableResponse)]:
    """One Variable as tasks get it, also where its name says that it is secret."""
    with services.store.reading() as tx:
        found = variables.get(tx, variable_key)
        return {**_shape(tx, found), "value": found.value}


@router.put("/goflow/v1/variables", status_code=201)
def set_variable(
    body: VariableBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.VariableResponse)]:
    """Set a Variable, whether it is there or not."""
    with services.store.transaction() as tx:
        variables.set_(tx, body.key, body.text, body.description, who=caller)
        return _shape(tx, variables.get(tx, body.key))


@router.post(BASE, status_code=201)
def post_variable(
    body: VariableBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.VariableResponse)]:
    """Make a Variable. 409 when it is there."""
    with services.store.transaction() as tx:
        if variables.find(tx, body.key) is not None:
            raise AlreadyExistsError(f"Variable {body.key}")
        variables.set_(tx, body.key, body.text, body.description, who=caller)
        return _shape(tx, variables.get(tx, body.key))


@router.patch(BASE)
def bulk_variables(
    body: BulkBody[VariableBody], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.BulkResponse)]:
    """Make, change and delete many Variables in one transaction."""
    with services.store.transaction() as tx:
        hands = Hands(
            things="variables",
            key=lambda entity: entity if isinstance(entity, str) else entity.key,
            present=lambda key: variables.find(tx, key) is not None,
            make=lambda entity: variables.set_(tx, entity.key, entity.text, entity.description, who=caller),
            change=lambda entity, mask: _change(tx, entity, mask, caller),
            remove=lambda key: variables.delete_(tx, key, who=caller),
        )
        return carry_out(body.actions, hands)


@router.patch(ONE)
def patch_variable(
    variable_key: str,
    body: VariableBody,
    services: ServicesDep,
    caller: CallerDep,
    update_mask: UpdateMask = None,
) -> Annotated[shapes.Body, Is(told_kept.VariableResponse)]:
    """Change a Variable."""
    if body.key != variable_key:
        raise HTTPException(400, "Invalid body, key from request body doesn't match uri parameter")
    with services.store.transaction() as tx:
        _change(tx, body, update_mask, caller)
        return _shape(tx, variables.get(tx, variable_key))


def _change(tx: Tx, body: VariableBody, mask: list[str] | None, caller: str) -> None:
    if mask and "key" in mask:
        raise HTTPException(400, "Update not allowed: the following fields are immutable: {'key'}")
    there = variables.get(tx, body.key)
    given: dict[str, Any] = masked(body, mask)
    text = body.text if "value" in given else there.value
    variables.set_(tx, body.key, text, there.description, who=caller)
    if "description" in given:
        variables.describe(tx, body.key, body.description)


@router.delete(ONE, status_code=204)
def delete_variable(variable_key: str, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a Variable."""
    with services.store.transaction() as tx:
        if not variables.delete_(tx, variable_key, who=caller):
            raise NotFoundError(f"Variable {variable_key}")


def _shape(tx: Tx, row: Variable) -> shapes.Body:
    return shapes.variable(row, is_encrypted=tx.sealer.has_key)
