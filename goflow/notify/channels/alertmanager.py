"""Prometheus' Alertmanager: alerts by its API v2, told again while they last, and with their end when they are over.

The labels name the problem and not the run, so that what happens again is the same alert; the rest are annotations.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from goflow.domain.alerts import Alert, AlertMessage
from goflow.notify.channels import NotTakenError
from goflow.notify.channels.http import request
from goflow.notify.config import Channel

ALERT_NAMES = {
    "failed": "GoFlowRunFailed",
    "task_failed": "GoFlowTaskFailed",
    "retried": "GoFlowTaskRetried",
    "missed": "GoFlowRunMissed",
    "late": "GoFlowLate",
    "import_error": "GoFlowImportError",
    "unhealthy": "GoFlowUnhealthy",
    "test": "GoFlowTest",
}
PATH = "/api/v2/alerts"
LASTS = 3
"""An alert that is not told again counts as over after so many times `Channel.resend_s`: then GoFlow itself is gone."""
MOMENT_S = 300.0
"""Seconds for which something is told that is over as soon as it has happened."""


def send(channel: Channel, message: AlertMessage) -> None:
    """Tell of the alerts of MESSAGE, or of their end. Raises NotTakenError when no member of the cluster takes it."""
    told: Any = message.content
    now = dt.datetime.now(dt.UTC)
    post(channel, [alert_of(one, channel, str(told.get("installation", "")), now) for one in told["alerts"]])


def tell_again(channel: Channel, alerts: Sequence[Alert], installation: str, now: dt.datetime) -> None:
    """Tell that ALERTS last. Raises NotTakenError."""
    if alerts:
        post(channel, [alert_of({**one.to_json(), "status": "firing"}, channel, installation, now) for one in alerts])


def post(channel: Channel, alerts: Sequence[Mapping[str, Any]]) -> None:
    """Hand ALERTS to every member; one that takes them is enough, since members tell each other only of silences and
    of what was sent. Raises NotTakenError."""
    body = json.dumps(list(alerts)).encode()
    headers = {"Content-Type": "application/json", **channel.headers}
    problems: list[NotTakenError] = []
    for url in channel.urls:
        address = url.rstrip("/")
        try:
            request("POST", address if address.endswith(PATH) else address + PATH, body, headers, channel.timeout_s)
        except NotTakenError as problem:
            problems.append(problem)
    if len(problems) == len(channel.urls):
        raise problems[0]


def alert_of(alert: Mapping[str, Any], channel: Channel, installation: str, now: dt.datetime) -> dict[str, Any]:
    """An alert of a message in Alertmanager's form."""
    more = alert.get("labels") or {}
    given = {
        "alertname": ALERT_NAMES.get(str(alert["kind"]), "GoFlow"),
        "severity": alert["severity"],
        "installation": installation,
        "dag_id": alert.get("dag_id"),
        "task_id": alert.get("task_id"),
        "map_index": alert.get("map_index") if alert.get("map_index") not in (None, -1) else None,
        "dag_namespace": more.get("namespace"),
        "tags": ",".join(more.get("tags") or ()),
        "path": more.get("path"),
        "daemon": more.get("daemon"),
        "problem": alert["problem"],
    }
    notes = {"summary": alert["title"], "description": alert.get("text"), "run_id": alert.get("run_id")}
    return {
        "labels": {name: str(value) for name, value in given.items() if value not in (None, "")},
        "annotations": {name: str(value) for name, value in notes.items() if value},
        "startsAt": alert["at"],
        "endsAt": _end(alert, channel, now).isoformat(),
        **({"generatorURL": more["url"]} if more.get("url") else {}),
    }


def _end(alert: Mapping[str, Any], channel: Channel, now: dt.datetime) -> dt.datetime:
    """When it is over: by its own word, soon if it lasts only a moment, and else when nobody tells of it any more."""
    ended = alert.get("resolved_at")
    if alert.get("status") == "resolved":
        return now if ended is None else min(dt.datetime.fromisoformat(str(ended)), now)
    if ended is not None and ended == alert["at"]:
        return now + dt.timedelta(seconds=MOMENT_S)
    return now + dt.timedelta(seconds=LASTS * channel.resend_s)
