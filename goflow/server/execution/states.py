"""How Airflow's supervisor tells the end of a task (the payloads of ``PATCH .../state``), as an `Outcome`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from goflow.domain.assets import AssetKey, NewAssetEvent
from goflow.domain.errors import InvalidRequestError
from goflow.domain.hitl import HITL_TRIGGER
from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.domain.triggers import Deferral
from goflow.server import task_bodies

RESCHEDULED = "Rescheduled"
"""Reason of a launch that ended with the wish to be started anew."""
_DURATION = TypeAdapter[dt.timedelta | None](dt.timedelta | None)
NO_WORDS = "the task failed; its log says why"
"""What there is to say of a failure, since Airflow's supervisor says no more; its runner may know the exception."""
LONGEST_REASON = 500
"""Characters of a retry's reason, as Airflow keeps them."""


def outcome_of(body: Mapping[str, Any], at: dt.datetime, *, told_to_stop: bool) -> Outcome:
    """BODY as an `Outcome`. Raises InvalidRequestError for a state that no supervisor may tell.

    ``up_for_retry`` says that the task failed and may be tried again; ``failed`` is what is left when it may not: there
    are no tries, or it said so itself (``AirflowFailException``). A task that was told to stop has not failed so.
    """
    state = task_bodies.text(body, "state")
    match state:
        case "success" | "skipped":
            told = _asset_events(body) if state == "success" else None
            return Outcome(state=TaskState(state), exit_code=0, asset_events=told, at=at)
        case "failed" | "up_for_retry":
            if told_to_stop:
                words = "the task was told to stop"
                return Outcome(state=TaskState.FAILED, reason="Terminated", message=words, called_back=True, at=at)
            delay = body.get("retry_delay_seconds")
            words = (task_bodies.maybe_text(body, "retry_reason") or "")[:LONGEST_REASON]
            return Outcome(
                state=TaskState.FAILED,
                reason="Exception",
                message=words or NO_WORDS,
                retry=state == "up_for_retry",
                retry_delay_s=None if delay is None else task_bodies.seconds(delay, "retry_delay_seconds"),
                called_back=True,  # Airflow's task process does that itself
                at=at,
            )
        case "up_for_reschedule":
            again = task_bodies.moment(task_bodies.text(body, "reschedule_date"), "reschedule_date")
            return Outcome(
                state=TaskState.UP_FOR_RESCHEDULE, reason=RESCHEDULED, reschedule_at=again, exit_code=0, at=at
            )
        case "deferred":
            return Outcome(state=TaskState.DEFERRED, deferral=_deferral(body), exit_code=0, at=at)
        case "awaiting_input":
            return Outcome(state=TaskState.DEFERRED, deferral=_waiting_for_a_person(body), exit_code=0, at=at)
    raise InvalidRequestError(f"a task cannot be told to be {state!r} here")


def _waiting_for_a_person(body: Mapping[str, Any]) -> Deferral:
    """What a task waits for that has asked a person (``TIAwaitingInputStatePayload``)."""
    return Deferral(
        classpath=HITL_TRIGGER,
        next_method=task_bodies.text(body, "next_method"),
        next_kwargs=dict(task_bodies.mapping(body.get("next_kwargs") or {}, "next_kwargs")),
        timeout_s=_duration(body.get("timeout"), "timeout"),
        from_folder=False,
        encoding="airflow",
    )


def _deferral(body: Mapping[str, Any]) -> Deferral:
    """What the task waits for (``TIDeferredStatePayload``); its arguments are in the form that the shim's have, too."""
    arguments = {name: body.get(name) or {} for name in ("trigger_kwargs", "next_kwargs")}
    for name, value in arguments.items():
        task_bodies.mapping(value, name)  # Airflow's client may encrypt them for its own triggerer
    return Deferral(
        classpath=task_bodies.text(body, "classpath"),
        next_method=task_bodies.text(body, "next_method"),
        kwargs=dict(arguments["trigger_kwargs"]),
        next_kwargs=dict(arguments["next_kwargs"]),
        timeout_s=_duration(body.get("trigger_timeout"), "trigger_timeout"),
        encoding="airflow",
    )


def _duration(told: Any, name: str) -> float | None:
    """Seconds of a duration in ISO 8601 (or a number)."""
    try:
        found = _DURATION.validate_python(told)
    except ValidationError:
        raise InvalidRequestError(f"{name} must be a duration") from None
    return None if found is None else found.total_seconds()


def _asset_events(body: Mapping[str, Any]) -> tuple[NewAssetEvent, ...]:
    """What the task has done to assets: an event for each of its outlets, with what it said of it.

    (``TaskInstance.register_asset_changes_in_db``: outlet_events name assets that the outlets are, or aliases' own;
    several aliases that tell the same of an asset make one event.)
    """
    told = [event for event in body.get("outlet_events") or () if isinstance(event, dict)]
    outlets = [one for one in body.get("task_outlets") or () if isinstance(one, dict)]
    found: list[NewAssetEvent] = []
    for outlet in outlets:
        if outlet.get("type") == "AssetAlias":
            continue
        mine = [event for event in told if not event.get("source_alias_name") and _is_of(event, outlet)]
        found += [_event(outlet, event) for event in mine or [{}]]
    aliases = {one.get("name") for one in outlets if one.get("type") == "AssetAlias"}
    grouped: dict[str, NewAssetEvent] = {}
    for event in told:
        alias = event.get("source_alias_name")
        if alias in aliases:
            one = _event(event.get("dest_asset_key") or {}, event)
            same = json.dumps([*one.asset, event.get("dest_asset_extra"), dict(one.extra)], sort_keys=True)
            before = grouped.get(same, one)
            grouped[same] = replace(before, aliases=(*before.aliases, str(alias)), partition_key=None)
    return (*found, *grouped.values())


def _event(asset: Mapping[str, Any], event: Mapping[str, Any]) -> NewAssetEvent:
    partition = event.get("partition_key")
    return NewAssetEvent(
        asset=AssetKey(str(asset.get("name") or ""), str(asset.get("uri") or "")),
        extra=dict(event.get("extra") or {}),
        partition_key=None if partition is None else str(partition),
    )


def _is_of(event: Mapping[str, Any], outlet: Mapping[str, Any]) -> bool:
    key = event.get("dest_asset_key") or {}
    return all(outlet.get(part) is None or outlet.get(part) == key.get(part) for part in ("name", "uri"))
