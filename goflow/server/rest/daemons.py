"""The daemons of this database, and giving up what one of them has begun whose home is lost."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from goflow.executor import lost_homes
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.context import CallerDep, ServicesDep

router = APIRouter(tags=["Daemon"])


@router.get("/goflow/v1/daemons")
def list_daemons(services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_own.Daemons)]:
    """The daemons that share the database, and those that are gone and have begun tasks that are not over. A daemon
    that is alone with SQLite is in no list."""
    with services.store.reading() as tx:
        found = lost_homes.all_(tx)
    return {"daemons": [_daemon(one) for one in found], "total_entries": len(found)}


def _daemon(one: lost_homes.KnownDaemon) -> shapes.Body:
    row = one.row
    return {
        "id": one.id,
        "name": None if row is None else row.name,
        "version": None if row is None else row.version,
        "since": None if row is None else shapes.moment(row.started_at),
        "state": one.state,
        "tasks": one.tasks,
    }


@router.post("/goflow/v1/daemons/{daemon_id}/forget")
def forget_daemon(
    daemon_id: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_own.ForgottenDaemon)]:
    """End the tasks that a daemon had begun as processes of its machine, which is lost: their attempts are made anew
    elsewhere and cost no retry. Refused while that daemon is there."""
    return {"daemon": daemon_id, "tasks": lost_homes.forget(services.store, daemon_id, who=caller)}
