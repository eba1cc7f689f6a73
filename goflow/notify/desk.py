"""What people ask of alerts: what is wrong now, what was told to whom, the rules in force, and a test of a channel."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from goflow.domain.alerts import Alert, AlertKind, AlertMessage, MessageState
from goflow.domain.canonical import Json
from goflow.domain.errors import InvalidRequestError, NotFoundError, did_you_mean
from goflow.notify import mails
from goflow.notify.channels import NotTakenError
from goflow.notify.config import Channel, QuietHours, Rule
from goflow.notify.delivery import Postman
from goflow.notify.living import LivingConfig
from goflow.notify.site import AlertSite
from goflow.notify.telling import Teller
from goflow.store import Store, Tx, events
from goflow.store import alerts as stored

Body = dict[str, Any]


class AlertDesk:
    """Answers over STORE and CONFIG; SITE is what messages say of this installation."""

    def __init__(self, store: Store, config: LivingConfig, site: AlertSite) -> None:
        self.store = store
        self.config = config
        self.site = site

    def active(self) -> list[Body]:
        """What is wrong now, the oldest first."""
        with self.store.reading() as tx:
            return self._bodies(tx, stored.open_(tx))

    def history(
        self,
        *,
        limit: int = 100,
        before: int | None = None,
        dag_id: str | None = None,
        kind: AlertKind | None = None,
    ) -> list[Body]:
        """Alerts and what became of their messages, the newest first."""
        with self.store.reading() as tx:
            return self._bodies(tx, stored.list_(tx, limit=limit, before=before, dag_id=dag_id, kind=kind))

    def rules(self) -> Body:
        """The rules in force, and what is wrong with the file."""
        self.config.look()
        return {
            "file": str(self.config.path),
            "in_force_since": _moment(self.config.in_force_since),
            "rules": [_rule(rule) for rule in self.config.config.rules],
            "diagnostics": [finding.to_json() for finding in self.config.diagnostics],
        }

    def channels(self) -> list[Body]:
        """The channels, how many messages wait for each, and how the last one ended."""
        self.config.look()
        known = [(one.name, one.type, one.target) for one in self.config.config.channels.values()]
        server = Postman(self.store, self.site).mail_server()
        known.append((mails.CHANNEL, "email", f"as tasks ask for, through {server.host or 'no mail server'}"))
        with self.store.reading() as tx:
            waiting = stored.waiting(tx)
            found = []
            for name, kind, target in known:
                last = stored.last_ended(tx, name)
                found.append(
                    {
                        "name": name,
                        "type": kind,
                        "target": target,
                        "waiting": waiting.get(name, 0),
                        "last_state": None if last is None else last.state.value,
                        "last_at": None if last is None else _moment(last.ended_at),
                        "error": stored.trouble(tx, name),
                    }
                )
        return found

    def test(self, name: str, *, who: str) -> Body:
        """Send a message through the channel NAME now. Raises NotFoundError; InvalidRequestError with the receiver's
        words when it does not take it."""
        self.config.look()
        channel = self.config.config.channels.get(name)
        if channel is None:
            raise NotFoundError(f"channel {name}", hint=did_you_mean(name, self.config.config.channels))
        message = self._test_message(channel, who)
        try:
            Postman(self.store, self.site).hand_over(channel, message)
        except NotTakenError as problem:
            self._say(channel, who, problem.detail)
            raise InvalidRequestError(problem.detail, hint="nothing else was changed; mend it and test again") from None
        self._say(channel, who, None)
        return {"channel": name, "type": channel.type, "target": channel.target, "key": message.key}

    def resolve(self, alert_id: int, *, who: str) -> Body:
        """A person's word that what an alert told is over: no recovery is told, but to Alertmanager its end. Raises
        NotFoundError."""
        self.config.look()
        with self.store.transaction() as tx:
            alert = stored.find(tx, alert_id)
            if alert is None:
                raise NotFoundError(f"alert {alert_id}")
            Teller(tx, self.config.config, who=who).resolve(alert.problem, tx.now(), f"{who}/{alert_id}", silently=True)
            found = stored.find(tx, alert_id)
            assert found is not None
            return self._bodies(tx, [found])[0]

    def _test_message(self, channel: Channel, who: str) -> AlertMessage:
        now = self.store.clock.now()
        key = f"test-{uuid.uuid4().hex}"
        told: dict[str, Json] = {
            "kind": "test",
            "severity": "info",
            "problem": "test",
            "title": "GoFlow's test message",
            "text": "",
            "at": now.isoformat(),
            "resolved_at": now.isoformat(),
            "labels": {},
            "status": "firing",
        }
        content: dict[str, Json] = {
            "title": "GoFlow's test message",
            "text": f"The channel {channel.name} works. {who} has tested it.",
            "severity": "info",
            "installation": self.site.installation,
            "alerts": [told],
        }
        return AlertMessage(
            id=0,
            key=key,
            channel=channel.name,
            group_key="test",
            state=MessageState.SENDING,
            created_at=now,
            due_at=now,
            content=content,
        )

    def _say(self, channel: Channel, who: str, error: str | None) -> None:
        with self.store.transaction() as tx:
            events.emit(tx, events.ALERT_TESTED, who=who, data={"channel": channel.name, "error": error})

    def _bodies(self, tx: Tx, alerts: list[Alert]) -> list[Body]:
        messages = stored.messages_of(tx, [alert.id for alert in alerts])
        return [
            {**alert.to_json(), "messages": [_message(one) for one in messages.get(alert.id, ())]} for alert in alerts
        ]


def _message(message: AlertMessage) -> Body:
    return {
        "key": message.key,
        "channel": message.channel,
        "state": message.state.value,
        "due_at": _moment(message.due_at),
        "attempts": message.attempts,
        "ended_at": _moment(message.ended_at),
        "error": message.error,
    }


def _rule(rule: Rule) -> Body:
    values = dataclasses.asdict(rule)
    quiet = rule.quiet_hours
    return {
        **{name: list(value) if isinstance(value, tuple) else value for name, value in values.items()},
        "kinds": sorted(kind.value for kind in rule.kinds),
        "severity": None if rule.severity is None else rule.severity.value,
        "quiet_hours": None if quiet is None else _quiet_hours(quiet),
    }


def _quiet_hours(quiet: QuietHours) -> Body:
    return {
        "from": quiet.start.isoformat("minutes"),
        "to": quiet.end.isoformat("minutes"),
        "timezone": quiet.zone,
        "days": sorted(quiet.days),
        "then": quiet.then,
        "except": sorted(severity.value for severity in quiet.unless),
    }


def _moment(value: Any) -> str | None:
    return None if value is None else value.isoformat()
