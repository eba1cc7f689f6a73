"""What a deferred task waits for, and what came of it, in Airflow's words.

A task that defers itself (``TaskDeferred``) names a trigger by its class path and arguments, and the method that goes
on with the trigger's event. Arguments, results and payloads are JSON in the form in which tasks leave their results (a
map with ``__classname__``, ``__version__`` and ``__data__`` for what JSON has no word for).
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goflow.domain.canonical import Json

MOMENT_TRIGGERS = frozenset(
    {
        "airflow.providers.standard.triggers.temporal.DateTimeTrigger",
        "airflow.triggers.temporal.DateTimeTrigger",
    }
)
"""Triggers that wait for a moment and nothing else; ``TimeDeltaTrigger`` says that it is one of these. Nobody's code is
needed for them: the scheduler waits itself (decision 9)."""


class TriggerState(enum.StrEnum):
    """``waiting``: nothing has come of it. ``fired``: something has, and it is kept until the task's next end."""

    WAITING = "waiting"
    FIRED = "fired"


class FiredKind(enum.StrEnum):
    """What came of a trigger.

    ``event``: a payload, with which the task goes on. ``failure``: it raised or could not be made. ``timeout``: its
    time was up. ``success``, ``failed``, ``skipped``: it ends the task itself (``TaskSuccessEvent`` and its like).
    """

    EVENT = "event"
    FAILURE = "failure"
    TIMEOUT = "timeout"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


ENDING_KINDS = frozenset({FiredKind.SUCCESS, FiredKind.FAILED, FiredKind.SKIPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """What a task says when it defers itself.

    FROM_FOLDER: whether the trigger is made of code in the DAG folder, so that whoever runs it needs the folder as it
    was. ENCODING says whose form the arguments are in: ``goflow`` or ``airflow``. TIMEOUT_S: seconds from now.
    """

    classpath: str
    next_method: str
    kwargs: Mapping[str, Json] = field(default_factory=dict)
    next_kwargs: Mapping[str, Json] = field(default_factory=dict)
    timeout_s: float | None = None
    from_folder: bool = True
    encoding: str = "goflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What came of a trigger: PAYLOAD with an event, TRACEBACK (its lines) with a failure, XCOMS with an end."""

    kind: FiredKind
    payload: Json = None
    traceback: tuple[str, ...] = ()
    xcoms: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it is stored, and as a runner is told it."""
        return {
            "kind": self.kind.value,
            "payload": self.payload,
            "traceback": list(self.traceback),
            "xcoms": dict(self.xcoms),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Fired:
        """The inverse of `to_json`; what is not there is empty. Raises ValueError for a kind that there is not."""
        lines = told.get("traceback") or ()
        xcoms = told.get("xcoms") or {}
        if not isinstance(xcoms, Mapping):
            raise ValueError("xcoms of a trigger must be a map")
        return cls(
            kind=FiredKind(str(told.get("kind"))),
            payload=told.get("payload"),
            traceback=tuple(str(line) for line in lines) if isinstance(lines, list | tuple) else (str(lines),),
            xcoms=dict(xcoms),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A stored trigger. LAUNCH_ID is the launch that deferred the task, in whose name the trigger speaks.

    DUE_AT: the scheduler fires it at that moment, nobody runs it. RUNNER_ID holds it since its EPOCH-th claim.
    """

    id: int
    task_instance_id: int
    try_number: int
    launch_id: str
    classpath: str
    state: TriggerState
    from_folder: bool
    encoding: str
    next_method: str
    created_at: dt.datetime
    due_at: dt.datetime | None = None
    timeout_at: dt.datetime | None = None
    runner_id: str | None = None
    epoch: int = 0
    fired_at: dt.datetime | None = None


def moment_of(classpath: str, kwargs: Mapping[str, Json]) -> dt.datetime | None:
    """When a trigger that only waits for a moment fires; None for every other, and where the moment is not read."""
    if classpath not in MOMENT_TRIGGERS:
        return None
    packed = kwargs.get("moment")
    data = packed.get("__data__") if isinstance(packed, Mapping) else None
    seconds = data.get("timestamp") if isinstance(data, Mapping) else data
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def fired_by_moment(kwargs: Mapping[str, Json]) -> Fired:
    """What a trigger that waited for a moment gives: the moment (a pendulum one, as Airflow's), or the task's success
    with ``end_from_trigger``."""
    if kwargs.get("end_from_trigger"):
        return Fired(kind=FiredKind.SUCCESS)
    packed = kwargs.get("moment")
    payload = {**packed, "__classname__": "pendulum.datetime.DateTime"} if isinstance(packed, dict) else packed
    return Fired(kind=FiredKind.EVENT, payload=payload)
