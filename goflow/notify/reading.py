"""The text of ``alerts.yaml`` to an `AlertsConfig`, with line and column of whatever is wrong.

``${NAME}`` in any text is the environment variable of that name: so secrets need not stand in the file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from goflow.domain.alerts import AlertKind, AlertSeverity
from goflow.domain.diagnostics import Diagnostic
from goflow.domain.errors import did_you_mean
from goflow.notify.config import AlertsConfig, Channel, QuietHours, Rule, WatchdogConfig
from goflow.notify.keys import ALERTS, CHANNEL_TYPES, DAYS
from goflow.parser.yaml import nodes
from goflow.parser.yaml.nodes import Node, documents
from goflow.parser.yaml.shapes import INVALID, Given, Reader

NAME = "alerts.yaml"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def read_alerts(content: bytes, environment: Mapping[str, str]) -> tuple[AlertsConfig, list[Diagnostic]]:
    """What CONTENT says with the variables of ENVIRONMENT, and what is wrong with it: a rule or channel with something
    wrong is left out."""
    found, faults = documents(content, NAME)
    reader = Reader(NAME, diagnostics=faults)
    if len(found) > 1:
        reader.tell("GF402", found[1], "alerts.yaml is one document, and here a second begins")
    given = ALERTS.read(_filled(found[0], environment, reader), reader) if found else INVALID
    if not isinstance(given, Given):
        return AlertsConfig(), reader.diagnostics
    config = _config(given, reader)
    return config, sorted(reader.diagnostics, key=lambda finding: (finding.span.line, finding.span.column))


def _filled(node: Node, environment: Mapping[str, str], reader: Reader) -> Node:
    """NODE with the variables in its texts filled in; what is not set is told, where it stands."""
    where = {"line": node.line, "column": node.column, "end_line": node.end_line, "end_column": node.end_column}
    if isinstance(node, nodes.Sequence):
        return nodes.Sequence(**where, items=tuple(_filled(item, environment, reader) for item in node.items))
    if isinstance(node, nodes.Mapping):
        entries = tuple((key, _filled(value, environment, reader)) for key, value in node.entries)
        return nodes.Mapping(**where, entries=entries)
    assert isinstance(node, nodes.Scalar)
    if not isinstance(node.value, str) or not _VARIABLE.search(node.text):
        return node
    for name in _VARIABLE.findall(node.text):
        if name not in environment:
            reader.tell("GF008", node, f"the environment variable {name} is not set", "set it for the daemon")
    text = _VARIABLE.sub(lambda match: environment.get(match[1], ""), node.text)
    return nodes.Scalar(**where, value=text, text=text)


def _config(given: Given, reader: Reader) -> AlertsConfig:
    channels = {name: _channel(name, one, reader) for name, one in given.get("channels", {}).items()}
    known = {name: channel for name, channel in channels.items() if channel is not None}
    if "channels" in given.nodes and "channels" not in given.values:
        return AlertsConfig()  # which was told; that rules do not find them now is no news
    rules: list[Rule] = []
    for one in given.get("rules", ()):
        rule = _rule(one, channels, reader)
        if rule is not None and any(rule.name == other.name for other in rules):
            reader.tell("GF402", one.nodes["name"], f"there are two rules named {rule.name}")
        elif rule is not None:
            rules.append(rule)
    watchdog = given.get("watchdog")
    return AlertsConfig(
        rules=tuple(rules),
        channels=known,
        watchdog=_watchdog(watchdog) if watchdog is not None else None,
        missed_grace_s=given.get("missed_grace", 60.0),
        unhealthy_after_s=given.get("unhealthy_after", 60.0),
        keep_days=given.get("keep_days", 30),
    )


def _channel(name: str, given: Given, reader: Reader) -> Channel | None:
    chosen = [key for key in CHANNEL_TYPES if key in given.nodes]
    if len(chosen) != 1:
        words = f"the channel {name} needs one of {', '.join(CHANNEL_TYPES)}"
        reader.tell("GF403", given.node, words, "one name leads one way; a rule may name several")
        return None
    kind: Any = chosen[0]
    part = given.get(kind)
    if not isinstance(part, Given):
        return None
    urls = part.get("urls", ()) or tuple(url for url in (part.get("url"),) if url)
    if (kind == "email" and not part.get("to")) or (kind != "email" and not urls):
        return None  # which was told
    return Channel(
        name=name,
        type=kind,
        urls=tuple(urls),
        headers=part.get("headers", {}),
        secret=part.get("secret", ""),
        to=tuple(part.get("to", ())),
        cc=tuple(part.get("cc", ())),
        sender=part.get("from", ""),
        timeout_s=part.get("timeout", 30.0),
        resend_s=part.get("resend", 60.0),
    )


def _rule(given: Given, channels: Mapping[str, Channel | None], reader: Reader) -> Rule | None:
    if not all(name in given.values for name in ("name", "on", "channels")):
        return None  # which was told
    for name in given.get("channels"):
        if name not in channels:
            node = given.nodes["channels"]
            reader.tell("GF402", node, f"there is no channel {name}", did_you_mean(name, channels))
    severity = given.get("severity")
    quiet = given.get("quiet_hours")
    return Rule(
        name=given.get("name"),
        kinds=frozenset(AlertKind(kind) for kind in given.get("on")),
        channels=tuple(name for name in given.get("channels") if channels.get(name) is not None),
        dags=given.get("dags", ()),
        tags=given.get("tags", ()),
        namespaces=given.get("namespaces", ()),
        severity=None if severity is None else AlertSeverity(severity),
        group_by=given.get("group_by", ("dag_id",)),
        group_wait_s=given.get("group_wait", 10.0),
        repeat_interval_s=given.get("repeat_interval", 300.0),
        quiet_hours=None if quiet is None else _quiet_hours(quiet, reader),
    )


def _quiet_hours(given: Given, reader: Reader) -> QuietHours | None:
    if not all(name in given.values for name in ("from", "to")):
        return None
    zone = given.get("timezone", "UTC")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        reader.tell("GF402", given.nodes["timezone"], f"there is no time zone {zone!r}")
        return None
    days = given.get("days")
    return QuietHours(
        start=dt.time.fromisoformat(given.get("from")),
        end=dt.time.fromisoformat(given.get("to")),
        zone=zone,
        days=frozenset(range(7)) if days is None else frozenset(DAYS.index(day) for day in days),
        then=given.get("then", "hold"),
        unless=frozenset(AlertSeverity(word) for word in given.get("except", ())),
    )


def _watchdog(given: Given) -> WatchdogConfig | None:
    if not given.get("url"):
        return None
    return WatchdogConfig(
        url=given.get("url"),
        every_s=given.get("every", 60.0),
        method=given.get("method", "GET"),
        timeout_s=given.get("timeout", 10.0),
    )
