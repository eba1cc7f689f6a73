"""From an alert to messages: which rules take it up, which channels hear of it, when, and what recovers with it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from goflow.domain.alerts import SEVERITIES, Alert, AlertKind, MessageState, moment_in_words
from goflow.domain.canonical import Json
from goflow.notify.config import About, AlertsConfig, Rule
from goflow.store import Tx, transitions
from goflow.store import alerts as stored
from goflow.telemetry import metrics

MOMENTARY = frozenset({AlertKind.RETRIED, AlertKind.RECOVERED, AlertKind.EMAIL})
"""Kinds that are over as soon as they are told."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One channel that is to be told, in the message of GROUP, when it is DUE."""

    channel: str
    group: str
    due: dt.datetime


class Teller:
    """Writes alerts and their messages in TX, as CONFIG has it; WHO is what its events say."""

    def __init__(self, tx: Tx, config: AlertsConfig, *, who: str = "alerts") -> None:
        self.tx = tx
        self.config = config
        self.who = who
        self.now = tx.now()

    def wants(self, kind: AlertKind) -> bool:
        """Whether any rule is about KIND: what nobody asks for need not be worked out."""
        return kind in self.config.kinds

    def tell(self, alert: Alert, about: About | None) -> int | None:
        """Write ALERT down and have the channels told whose rules it fits; its id. None: it fits none, or was decided
        before."""
        rules = [rule for rule in self.config.rules if rule.has(alert.kind, about)]
        return self._tell(alert, rules) if rules else None

    def _tell(self, alert: Alert, rules: list[Rule], only: frozenset[str] | None = None) -> int | None:
        """The same for RULES that are chosen already; with ONLY no other channels hear of it."""
        severity = next((rule.severity for rule in rules if rule.severity), SEVERITIES[alert.kind])
        alert = replace(alert, severity=severity, rules=tuple(rule.name for rule in rules))
        ways, untold = self._ways(alert, rules, only)
        if untold:
            alert = replace(alert, labels={**alert.labels, "untold": untold})
        if alert.kind in MOMENTARY and alert.resolved_at is None:
            alert = replace(alert, resolved_at=alert.at)
        alert_id = transitions.raise_alert(self.tx, alert, who=self.who)
        if alert_id is None:
            return None
        metrics.ALERTS.labels(alert.kind.value).inc()
        for way in ways:
            group = way.group or f"alert/{alert_id}"
            transitions.put_into_message(self.tx, alert_id, way.channel, group, due_at=way.due)
        return alert_id

    def _ways(self, alert: Alert, rules: list[Rule], only: frozenset[str] | None) -> tuple[list[_Way], dict[str, Json]]:
        """Each channel once, by the first rule that names it; and channels that do not hear of it, with why."""
        ways: dict[str, _Way] = {}
        untold: dict[str, Json] = {}
        for rule in rules:
            for name in rule.channels:
                channel = self.config.channels.get(name)
                if channel is None or name in ways or (only is not None and name not in only):
                    continue
                if channel.type == "alertmanager":  # it groups, repeats and silences by itself
                    if alert.kind is not AlertKind.RECOVERED:
                        ways[name] = _Way(name, "", self.now)
                    continue
                why = self._why_not(alert, rule, name)
                if why:
                    untold[name] = why
                    continue
                untold.pop(name, None)
                ways[name] = self._way(alert, rule, name)
        return list(ways.values()), untold

    def _why_not(self, alert: Alert, rule: Rule, channel: str) -> str:
        """Why CHANNEL is not told, in words; empty: it is."""
        recovers = alert.kind is AlertKind.RECOVERED  # then what it recovers from was told
        last = None if recovers else stored.last_told(self.tx, channel, alert.kind, alert.problem)
        if last is not None and (alert.at - last).total_seconds() < rule.repeat_interval_s:
            return f"it was told the same at {last.isoformat(timespec='seconds')}"
        quiet = rule.quiet_hours
        if quiet and quiet.then == "drop" and alert.severity not in quiet.unless and quiet.end_after(self.now):
            return "quiet hours"
        return ""

    def _way(self, alert: Alert, rule: Rule, channel: str) -> _Way:
        due = self.now + dt.timedelta(seconds=rule.group_wait_s)
        quiet = rule.quiet_hours
        until = quiet.end_after(self.now) if quiet and alert.severity not in quiet.unless else None
        fields = {
            "rule": rule.name,
            "kind": alert.kind.value,
            "severity": alert.severity.value,
            "dag_id": alert.dag_id,
            "task_id": alert.task_id,
            "run_id": alert.run_id,
            "namespace": alert.labels.get("namespace"),
        }
        group = "|".join([rule.name, *(str(fields[name] or "") for name in rule.group_by), "held" if until else ""])
        return _Way(channel, group, max(due, until or due))

    # what is over

    def resolve(self, problem: str, at: dt.datetime, key: str, *, silently: bool = False) -> None:
        """PROBLEM is over at AT: who was told of it is told so, unless SILENTLY; Alertmanager in any case. KEY names
        the decision."""
        found = transitions.resolve_alerts(self.tx, problem, at=at, who=self.who)
        if not found:
            return
        messages = stored.messages_of(self.tx, [alert.id for alert in found])
        told = {
            message.channel
            for message in (message for some in messages.values() for message in some)
            if message.state is not MessageState.DROPPED
        }
        for name in sorted(told):
            channel = self.config.channels.get(name)
            if channel is not None and channel.type == "alertmanager":
                group = f"resolved/{found[0].id}"
                transitions.put_into_message(self.tx, found[0].id, name, group, due_at=self.now, resolved=True)
        names = {name for alert in found for name in alert.rules}
        rules = [rule for rule in self.config.rules if rule.name in names and AlertKind.RECOVERED in rule.kinds]
        if rules and not silently:
            self._tell(_recovered(found, at, key), rules, only=frozenset(told))


def _recovered(found: list[Alert], at: dt.datetime, key: str) -> Alert:
    first, last = found[0], found[-1]
    text = f"Since {moment_in_words(first.at)} it was: {last.title}"
    if len(found) > 1:
        text += f" ({len(found)} times)"
    return replace(
        last,
        id=0,
        key=f"recovered/{key}/{first.problem}",
        kind=AlertKind.RECOVERED,
        problem=first.problem,
        at=at,
        title=f"{_what(first)} has recovered",
        text=text,
        labels={
            **{name: value for name, value in last.labels.items() if name != "untold"},
            "recovered_from": first.kind.value,
            "since": first.at.isoformat(),
        },
        resolved_at=at,
    )


def _what(alert: Alert) -> str:
    if alert.task_id:
        return f"Task {alert.dag_id}.{alert.task_id}"
    if alert.dag_id:
        return f"DAG {alert.dag_id}"
    return str(alert.labels.get("path") or alert.labels.get("daemon") or alert.problem)
