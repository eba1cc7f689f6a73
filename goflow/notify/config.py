"""What ``alerts.yaml`` says: rules, channels, quiet hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from goflow.domain.alerts import AlertKind, AlertSeverity
from goflow.domain.patterns import allows

ChannelType = Literal["email", "apprise", "webhook", "alertmanager"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From START to END by the clocks of ZONE, on the DAYS (0: Monday) on which it begins; an END before START is the
    next morning's. Alerts of the severities in EXCEPT are told all the same; others are held until the end, or dropped.
    """

    start: dt.time
    end: dt.time
    zone: str
    days: frozenset[int] = frozenset(range(7))
    then: Literal["hold", "drop"] = "hold"
    unless: frozenset[AlertSeverity] = frozenset()

    def end_after(self, at: dt.datetime) -> dt.datetime | None:
        """When the quiet that AT lies in is over, in UTC; None: AT lies in none."""
        zone = ZoneInfo(self.zone)
        today = at.astimezone(zone).date()
        for day in (today - dt.timedelta(days=1), today):
            until = day if self.end > self.start else day + dt.timedelta(days=1)
            begin = dt.datetime.combine(day, self.start, zone).astimezone(dt.UTC)
            end = dt.datetime.combine(until, self.end, zone).astimezone(dt.UTC)
            if day.weekday() in self.days and begin <= at < end:
                return end
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whom to tell of what. Empty patterns match everything; KINDS are what it is about, CHANNELS who is told.

    GROUP_BY are what alerts must share to come in one message, GROUP_WAIT_S the seconds for which more of them are
    waited for, REPEAT_INTERVAL_S those for which the same problem is not told again.
    """

    name: str
    kinds: frozenset[AlertKind]
    channels: tuple[str, ...]
    dags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    severity: AlertSeverity | None = None
    group_by: tuple[str, ...] = ("dag_id",)
    group_wait_s: float = 10.0
    repeat_interval_s: float = 300.0
    quiet_hours: QuietHours | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether it is for some DAGs only."""
        return bool(self.dags or self.tags or self.namespaces)

    def has(self, kind: AlertKind, about: About | None) -> bool:
        """Whether it is about KIND, and about the DAG (None: what happened belongs to no DAG)."""
        if kind not in self.kinds:
            return False
        if about is None:
            return not self.is_narrow
        return (
            allows(self.dags or None, about.dag_id)
            and (not self.tags or any(allows(self.tags, tag) for tag in about.tags))
            and allows(self.namespaces or None, about.namespace)
        )


@dataclass(frozen=True, slots=True)
class About:
    """The DAG that something is about, as rules ask for it."""

    dag_id: str
    tags: tuple[str, ...] = ()
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way to people. URLS are where to; what they hold may be a secret and is not shown.

    email: TO, CC and SENDER, through the daemon's mail server. webhook: SECRET signs. alertmanager: what is wrong is
    told again every RESEND_S seconds, as Alertmanager wants it.
    """

    name: str
    type: ChannelType
    urls: tuple[str, ...] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    sender: str = ""
    timeout_s: float = 30.0
    resend_s: float = 60.0

    @property
    def target(self) -> str:
        """Where to, in words that are safe to show."""
        if self.type == "email":
            return ", ".join((*self.to, *self.cc))
        return ", ".join(safe_url(url) for url in self.urls)


def safe_url(url: str) -> str:
    """URL without whatever may be a secret in it: its scheme, and of http its host."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"http", "https"}:
        return f"{scheme}://..."
    host = rest.split("/", 1)[0].rpartition("@")[2]
    return f"{scheme}://{host}/..." if "/" in rest else f"{scheme}://{host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogConfig:
    """The dead-man's switch: URL is asked every EVERY_S seconds while the daemon is well."""

    url: str = field(repr=False)
    every_s: float = 60.0
    method: Literal["GET", "POST"] = "GET"
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsConfig:
    """All that ``alerts.yaml`` says. MISSED_GRACE_S: seconds after which a run that has not begun counts as missed.
    UNHEALTHY_AFTER_S: seconds for which something has to be wrong with a daemon. KEEP_DAYS: how long alerts are kept
    that are over."""

    rules: tuple[Rule, ...] = ()
    channels: Mapping[str, Channel] = field(default_factory=dict)
    watchdog: WatchdogConfig | None = None
    missed_grace_s: float = 60.0
    unhealthy_after_s: float = 60.0
    keep_days: int = 30

    @property
    def kinds(self) -> frozenset[AlertKind]:
        """What any rule is about."""
        return frozenset[AlertKind]().union(*(rule.kinds for rule in self.rules))
