"""Tasks that ask a person (``HITLOperator`` and its kin of Airflow's standard provider): what is asked, what is
answered, and with which event the task goes on.

Such a task is deferred and waits for nobody's trigger: a person's answer fires it, or the clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from goflow_runner import wire

from goflow.domain.canonical import Json
from goflow.domain.errors import InvalidRequestError
from goflow.domain.triggers import Fired, FiredKind

HITL_TRIGGER = wire.HITL_TRIGGER
"""The class path under which such a task waits; no runner ever makes it."""
A_PERSON_DECIDES = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
"""``due_at`` of such a wait."""
NO_ANSWER = "The timeout has passed, and the response has not yet been received."


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who may answer, or has."""

    id: str
    name: str

    def to_json(self) -> dict[str, Json]:
        """As Airflow has it."""
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a task asks. PARAMS are fields of a form, each with ``value``, ``description`` and ``schema``.

    DEFAULTS are chosen when the time is up; None: the task fails then. ASSIGNED_USERS empty: anybody may answer.
    """

    subject: str
    options: Sequence[str]
    body: str | None = None
    defaults: Sequence[str] | None = None
    multiple: bool = False
    params: Mapping[str, Json] = field(default_factory=dict)
    assigned_users: Sequence[User] = ()

    def to_json(self) -> dict[str, Json]:
        """As both of Airflow's APIs give it."""
        return {
            "subject": self.subject,
            "options": list(self.options),
            "body": self.body,
            "defaults": None if self.defaults is None else list(self.defaults),
            "multiple": self.multiple,
            "params": dict(self.params),
            "assigned_users": [user.to_json() for user in self.assigned_users],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered, and when; BY None: nobody has, the time was up."""

    at: dt.datetime
    chosen_options: Sequence[str]
    params_input: Mapping[str, Json] = field(default_factory=dict)
    by: User | None = None


def check(question: Question, chosen: Sequence[str], params_input: Mapping[str, Json]) -> None:
    """Refuse an answer that the task would not take. Raises InvalidRequestError with Airflow's words."""
    unknown, allowed = sorted(set(chosen) - set(question.options)), sorted(question.options)
    if not chosen:
        raise InvalidRequestError("an answer has at least one option", hint=f"options: {', '.join(allowed)}")
    if unknown:
        raise InvalidRequestError(f"Invalid options {unknown}; allowed options are {allowed}.")
    if not question.multiple and len(chosen) > 1:
        raise InvalidRequestError("Multiple options chosen but this task accepts only a single option.")
    if question.params and params_input and set(question.params) != set(params_input):
        raise InvalidRequestError(f"params_input must have just: {', '.join(sorted(question.params))}")


def default_values(question: Question) -> dict[str, Json]:
    """The values of the form as nobody has touched it (``ParamsDict.dump``)."""
    return {
        name: told["value"] if isinstance(told, dict) and {"value", "schema", "description"} <= set(told) else told
        for name, told in question.params.items()
    }


def event_of(answer: Answer) -> Fired:
    """The event with which the task goes on (``HITLDetail.as_resume_event_payload``), in the form of results."""
    zone: Json = {"__classname__": "builtins.tuple", "__version__": 1, "__data__": list(_UTC)}
    moment: Json = {
        "__classname__": "datetime.datetime",
        "__version__": 2,
        "__data__": {"timestamp": answer.at.timestamp(), "tz": zone},
    }
    payload: dict[str, Json] = {
        "chosen_options": list(answer.chosen_options),
        "params_input": dict(answer.params_input),
        "responded_at": moment,
        "responded_by_user": None if answer.by is None else answer.by.to_json(),
        "timedout": answer.by is None,
    }
    return Fired(kind=FiredKind.EVENT, payload=payload)


_UTC: tuple[Json, ...] = ("UTC", "pendulum.tz.timezone.FixedTimezone", 1, True)
UNANSWERED = Fired(kind=FiredKind.EVENT, payload={"error": NO_ANSWER, "error_type": "timeout"})
"""The event of a task whose time is up and which has no defaults."""
