"""What the executor writes of launches that begin, and of those of which nothing is left: many at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.domain.kube_events import KubeEvent
from goflow.domain.runs import Launch, TaskInstance
from goflow.domain.state import LaunchState, TaskState
from goflow.executor.outcomes import begun, store_reports
from goflow.operators.plan import JobPlan
from goflow.store import Tx, launches, transitions
from goflow.store.transitions import LaunchChange, TaskChange

OVER = frozenset({LaunchState.ENDED, LaunchState.LOST})


@dataclass(frozen=True, slots=True)
class Created:
    """The Job of PLAN is there since AT, and with it the launches that were PLANNED. HOME: whose process it is, if it
    is one."""

    plan: JobPlan
    planned: Sequence[Launch]
    at: dt.datetime
    home: str | None = None
    instance: TaskInstance | None = None
    """Whose rendered fields and results PLAN tells, if it tells any."""


def created_all(tx: Tx, found: Sequence[Created]) -> list[bool]:
    """Store that Jobs are there; whether all launches of each were over and cleaned before."""
    store_reports(tx, [(one.instance, _told(one.plan)) for one in found if one.instance is not None])
    changes = [
        LaunchChange(
            launch.id,
            LaunchState.PLANNED,
            LaunchState.CREATED,
            at=one.at,
            columns={"job_name": one.plan.job_name, "namespace": one.plan.namespace, "home": one.home},
        )
        for one in found
        for launch in one.planned
    ]
    noted = transitions.advance_launches(tx, changes)
    others = [change.launch_id for change, done in zip(changes, noted, strict=True) if not done]
    now = launches.with_tasks(tx, others) if others else {}
    late = {launch_id for launch_id, (launch, _) in now.items() if launch.state is LaunchState.CLEANED}
    for one in found:
        for launch in one.planned:
            if launch.reason:
                launches.set_message(tx, launch.id, reason=None, message=None)
    return [all(launch.id in late for launch in one.planned) for one in found]


def _told(plan: JobPlan) -> Mapping[str, Any]:
    """What is known of a launch from its conversion alone, as a runner would report it."""
    results = [{"key": key, "value": value} for key, value in plan.results.items()]
    return {"rendered_fields": plan.rendered or None, "xcoms": results}


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Nothing is left of a launch but the EVENTS that are kept with it."""

    launch_id: str
    events: Sequence[KubeEvent] = ()


def cleaned_all(tx: Tx, found: Sequence[Cleaned]) -> list[bool]:
    """Store that nothing else is kept of those launches any more."""
    return transitions.advance_launches(
        tx,
        [
            LaunchChange(
                one.launch_id,
                OVER,
                LaunchState.CLEANED,
                columns={"kube_events": [event.as_json() for event in one.events]} if one.events else {},
            )
            for one in found
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A container that is not ours has begun: CLAIMANT runs LAUNCH. CALLS_BACK: its task wants to be told."""

    launch: Launch
    claimant: str
    who: str
    at: dt.datetime | None
    calls_back: bool


def begin_all(tx: Tx, begins: Sequence[Begin]) -> list[bool]:
    """Store that launches have begun, in a few statements; whether each was the first word of it."""
    claims = {begin.launch.id: begin.claimant for begin in begins}
    answers = transitions.claim_launches(tx, claims, moments={begin.launch.id: begin.at for begin in begins})
    claimed = [answers[begin.launch.id] is transitions.Claimed.CLAIMED for begin in begins]
    first = [begin for begin, is_first in zip(begins, claimed, strict=True) if is_first]
    changes = [
        TaskChange(begin.launch.task_instance_id, TaskState.QUEUED, TaskState.RUNNING, begin.at, begin.who)
        for begin in first
    ]
    if changes:
        transitions.apply(tx, changes)
    for begin in first:
        if begin.calls_back:
            begun(tx, begin.launch, begin.who)
    return claimed
