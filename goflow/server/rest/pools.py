"""Pools and how full they are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from goflow.domain.errors import AlreadyExistsError, NotFoundError
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import kept as told_kept
from goflow.server.rest.bulk import BulkBody, Hands, carry_out
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.masks import UpdateMask, masked
from goflow.server.rest.paging import Paging, conditions
from goflow.server.rest.teams import no_team
from goflow.store import Tx, pools
from goflow.store.installation import DEFAULT_POOL

router = APIRouter(tags=["Pool"])
BASE = "/api/v2/pools"
ONE = BASE + "/{pool_name:path}"
Slots = Annotated[int, Field(ge=-1, le=2**31 - 1)]


class PoolBody(BaseModel):
    """A pool; -1 slots: without bound."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=256)
    slots: Slots
    description: str | None = None
    include_deferred: bool = False
    team_name: Annotated[str | None, no_team] = None


class PatchPool(BaseModel):
    """What of a pool can be changed (PoolPatchBody)."""

    model_config = ConfigDict(extra="forbid")
    pool: str | None = None
    slots: Slots | None = None
    description: str | None = None
    include_deferred: bool | None = None
    team_name: Annotated[str | None, no_team] = None


class PoolQuery(Paging):
    """Pools by what they are called."""

    pool_name_pattern: str | None = None
    pool_name_prefix_pattern: str | None = None


@router.get(BASE)
def get_pools(
    query: Annotated[PoolQuery, Query()], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.PoolCollectionResponse)]:
    """Pools by name and how full they are."""
    with services.store.reading() as tx:
        found, total = pools.page(tx, conditions(query), query.page())
    return {"pools": [shapes.pool(row) for row in found], "total_entries": total}


@router.get(ONE)
def get_pool(
    pool_name: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.PoolResponse)]:
    """One pool."""
    with services.store.reading() as tx:
        return shapes.pool(pools.get(tx, pool_name))


@router.put("/goflow/v1/pools", status_code=201)
def set_pool(
    body: PoolBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.PoolResponse)]:
    """Set a pool, whether it is there or not."""
    with services.store.transaction() as tx:
        _set(tx, body, caller)
        return shapes.pool(pools.get(tx, body.name))


@router.post(BASE, status_code=201)
def post_pool(
    body: PoolBody, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.PoolResponse)]:
    """Make a pool. 409 when it is there."""
    with services.store.transaction() as tx:
        if pools.find(tx, body.name) is not None:
            raise AlreadyExistsError(f"pool {body.name}")
        _set(tx, body, caller)
        return shapes.pool(pools.get(tx, body.name))


def _set(tx: Tx, body: PoolBody, caller: str) -> None:
    there = pools.find(tx, body.name)
    deferred = body.include_deferred
    if there is not None and "include_deferred" not in body.model_fields_set:
        deferred = there.include_deferred
    pools.set_(tx, body.name, body.slots, description=body.description, include_deferred=deferred, who=caller)


@router.patch(BASE)
def bulk_pools(
    body: BulkBody[PoolBody], services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_kept.BulkResponse)]:
    """Make, change and delete many pools in one transaction."""
    with services.store.transaction() as tx:
        hands = Hands(
            things="pools",
            key=lambda entity: entity if isinstance(entity, str) else entity.name,
            present=lambda key: pools.find(tx, key) is not None,
            make=lambda entity: _set(tx, entity, caller),
            change=lambda entity, mask: _change(tx, entity.name, masked(entity, mask), mask, caller),
            remove=lambda key: pools.delete_(tx, key, who=caller),
        )
        return carry_out(body.actions, hands)


@router.patch(ONE)
def patch_pool(
    pool_name: str, body: PatchPool, services: ServicesDep, caller: CallerDep, update_mask: UpdateMask = None
) -> Annotated[shapes.Body, Is(told_kept.PoolResponse)]:
    """Change a pool; of the default pool only how large it is, and what it counts."""
    if body.pool and body.pool != pool_name:
        raise HTTPException(400, "Invalid body, pool name from request body doesn't match uri parameter")
    with services.store.transaction() as tx:
        _change(tx, pool_name, masked(body, update_mask), update_mask, caller)
        return shapes.pool(pools.get(tx, pool_name))


def _change(tx: Tx, name: str, given: dict[str, Any], mask: list[str] | None, caller: str) -> None:
    there = pools.get(tx, name)
    if name == DEFAULT_POOL and not (mask and {"slots", "include_deferred"}.issuperset(one.strip() for one in mask)):
        raise HTTPException(400, "Only slots and included_deferred can be modified on Default Pool")
    slots, deferred = given.get("slots"), given.get("include_deferred")
    pools.set_(
        tx,
        name,
        there.slots if slots is None else slots,
        include_deferred=there.include_deferred if deferred is None else deferred,
        who=caller,
    )
    if "description" in given:
        pools.describe(tx, name, given["description"])


@router.delete(ONE, status_code=204)
def delete_pool(pool_name: str, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a pool; ``default_pool`` stays."""
    with services.store.transaction() as tx:
        if not pools.delete_(tx, pool_name, who=caller):
            raise NotFoundError(f"pool {pool_name}")
