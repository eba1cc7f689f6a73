"""Alerts: what people are told of, what each is about, and the messages that carry them."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from goflow.domain.canonical import Json


class AlertKind(enum.StrEnum):
    """What has happened: a run FAILED, a task failed for good or is RETRIED, a run that was due has not begun
    (MISSED), a deadline or SLA is over (LATE), the same is well again (RECOVERED), a file cannot be taken
    (IMPORT_ERROR), a daemon is not well (UNHEALTHY). EMAIL: a task's own file asks for a mail about it."""

    FAILED = "failed"
    TASK_FAILED = "task_failed"
    RETRIED = "retried"
    MISSED = "missed"
    LATE = "late"
    RECOVERED = "recovered"
    IMPORT_ERROR = "import_error"
    UNHEALTHY = "unhealthy"
    EMAIL = "email"


RULE_KINDS = tuple(kind for kind in AlertKind if kind is not AlertKind.EMAIL)
"""What rules may be about."""


class AlertSeverity(enum.StrEnum):
    """How bad, in the words that Prometheus' rules have."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


SEVERITIES: Mapping[AlertKind, AlertSeverity] = {
    AlertKind.FAILED: AlertSeverity.CRITICAL,
    AlertKind.TASK_FAILED: AlertSeverity.CRITICAL,
    AlertKind.RETRIED: AlertSeverity.INFO,
    AlertKind.MISSED: AlertSeverity.CRITICAL,
    AlertKind.LATE: AlertSeverity.WARNING,
    AlertKind.RECOVERED: AlertSeverity.INFO,
    AlertKind.IMPORT_ERROR: AlertSeverity.WARNING,
    AlertKind.UNHEALTHY: AlertSeverity.CRITICAL,
    AlertKind.EMAIL: AlertSeverity.INFO,
}
"""What each kind has unless a rule says otherwise."""


class MessageState(enum.StrEnum):
    """COLLECTING: more alerts may join it until it is due. SENDING: closed, and sent until the receiver has taken it.
    DELIVERED: it has. FAILED: given up. DROPPED: nobody was to be told (quiet hours), or the channel is gone."""

    COLLECTING = "collecting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


MESSAGE_TRANSITIONS: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.COLLECTING: frozenset({MessageState.SENDING, MessageState.DROPPED}),
    MessageState.SENDING: frozenset({MessageState.DELIVERED, MessageState.FAILED, MessageState.DROPPED}),
    MessageState.DELIVERED: frozenset(),
    MessageState.FAILED: frozenset(),
    MessageState.DROPPED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that happened. KEY names the decision, so that none is made twice; PROBLEM names what is wrong, the
    same each time that it happens again, and is what recovers. RULES are the names of the rules that took it up."""

    key: str
    kind: AlertKind
    problem: str
    severity: AlertSeverity
    at: dt.datetime
    title: str
    text: str = ""
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None
    labels: Mapping[str, Json] = field(default_factory=dict)
    """More that receivers may sort by: ``path``, ``daemon``, ``namespace``, ``tags`` ..."""
    rules: tuple[str, ...] = ()
    resolved_at: dt.datetime | None = None
    id: int = 0

    def to_json(self) -> dict[str, Json]:
        """The alert as webhooks and REST give it."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "severity": self.severity.value,
            "at": self.at.isoformat(),
            "problem": self.problem,
            "title": self.title,
            "text": self.text,
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "task_id": self.task_id,
            "map_index": self.map_index,
            "try_number": self.try_number,
            "labels": dict(self.labels),
            "rules": list(self.rules),
            "resolved_at": None if self.resolved_at is None else self.resolved_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessage:
    """What one channel is sent: alerts of one group. KEY is the idempotency key, the same at every attempt. CONTENT is
    written when the message is closed and does not change after that; ERROR is why the last attempt was in vain."""

    id: int
    key: str
    channel: str
    group_key: str
    state: MessageState
    created_at: dt.datetime
    due_at: dt.datetime
    attempts: int = 0
    content: Mapping[str, Json] = field(default_factory=dict)
    error: str | None = None
    ended_at: dt.datetime | None = None


MOST_POINTS_NAMED = 10
"""So many moments are named in a message."""


@dataclass(frozen=True, slots=True)
class MissedRuns:
    """Runs of a DAG that were due at POINTS, the first first, and WHY they did not begin."""

    dag_id: str
    points: tuple[dt.datetime, ...]
    why: str

    @property
    def title(self) -> str:
        """In one line."""
        if len(self.points) == 1:
            return f"DAG {self.dag_id} was missed: a run was due at {moment_in_words(self.points[0])} and did not begin"
        return f"DAG {self.dag_id} was missed: {len(self.points)} runs were due and did not begin"

    @property
    def text(self) -> str:
        """Which, and why."""
        named = [moment_in_words(point) for point in self.points[:MOST_POINTS_NAMED]]
        if len(self.points) > MOST_POINTS_NAMED:
            named.append(f"and {len(self.points) - MOST_POINTS_NAMED} more")
        return "\n".join([f"Due: {', '.join(named)}", self.why])


def moment_in_words(moment: dt.datetime) -> str:
    """MOMENT as alerts tell it, to the second."""
    return moment.isoformat(sep=" ", timespec="seconds")
