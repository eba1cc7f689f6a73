"""Alerts: what is wrong now, what was told to whom, the rules in force, and channels with a test of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from goflow.domain.alerts import AlertKind
from goflow.notify.desk import AlertDesk
from goflow.server.rest import shapes
from goflow.server.rest.answers import Is
from goflow.server.rest.answers import own as told_own
from goflow.server.rest.context import CallerDep, Services, ServicesDep

router = APIRouter(prefix="/goflow/v1/alerts", tags=["Alert"])


def _desk(services: Services) -> AlertDesk:
    if services.alerts is None:
        raise HTTPException(503, "alerts are not looked after here")
    return services.alerts


@router.get("")
def list_alerts(services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_own.Alerts)]:
    """What is wrong now, the oldest first, each with the messages that told it."""
    found = _desk(services).active()
    return {"alerts": found, "total_entries": len(found)}


@router.get("/history")
def alert_history(
    services: ServicesDep,
    caller: CallerDep,
    limit: int = Query(100, ge=1, le=1000),
    before: int | None = Query(None, ge=0, description="only alerts with a lower id"),
    dag_id: str | None = None,
    kind: AlertKind | None = None,
) -> Annotated[shapes.Body, Is(told_own.Alerts)]:
    """Alerts and what became of their messages, the newest first."""
    found = _desk(services).history(limit=limit, before=before, dag_id=dag_id, kind=kind)
    return {"alerts": found, "total_entries": len(found)}


@router.get("/rules")
def alert_rules(services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_own.AlertRules)]:
    """The rules in force, and what keeps the file as it is now from being taken."""
    return _desk(services).rules()


@router.get("/channels")
def alert_channels(services: ServicesDep, caller: CallerDep) -> Annotated[shapes.Body, Is(told_own.AlertChannels)]:
    """Channels without their secrets: what waits for each, and how its last message ended."""
    found = _desk(services).channels()
    return {"channels": found, "total_entries": len(found)}


@router.post("/{alert_id}/resolve")
def resolve_alert(
    alert_id: int, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_own.Alert)]:
    """Say that what an alert told is over, where nothing that GoFlow sees will ever say so."""
    return _desk(services).resolve(alert_id, who=caller)


@router.post("/channels/{name}/test")
def check_channel(
    name: str, services: ServicesDep, caller: CallerDep
) -> Annotated[shapes.Body, Is(told_own.TestedChannel)]:
    """Send a message through a channel now; 400 with the receiver's words where that does not take it."""
    return _desk(services).test(name, who=caller)
