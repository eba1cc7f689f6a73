"""A message's content, from the alerts that it carries: written once, when it is closed, and sent as it is ever after.

Every channel makes its own form of the same: a title of one line, a text, and the alerts themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from goflow.domain.alerts import Alert, AlertKind, AlertSeverity, moment_in_words
from goflow.domain.canonical import Json
from goflow.notify.site import AlertSite

MOST_TOLD = 50
"""So many alerts of a message are told in its text; its JSON has all."""
_WORSE = list(AlertSeverity)
_KINDS = {
    AlertKind.FAILED: "failed",
    AlertKind.TASK_FAILED: "tasks failed",
    AlertKind.RETRIED: "tried again",
    AlertKind.MISSED: "missed",
    AlertKind.LATE: "late",
    AlertKind.RECOVERED: "recovered",
    AlertKind.IMPORT_ERROR: "import errors",
    AlertKind.UNHEALTHY: "unhealthy",
    AlertKind.EMAIL: "mails",
}


def content_of(parts: Sequence[tuple[Alert, bool]], site: AlertSite) -> dict[str, Json]:
    """What a message says that carries PARTS: alerts, each with whether it tells that it is over."""
    alerts = [alert for alert, _ in parts]
    worst = min((alert.severity for alert in alerts), key=_WORSE.index)
    return {
        "title": alerts[0].title if len(alerts) == 1 else _summary(alerts),
        "text": "\n\n".join(_paragraph(alert, with_title=len(alerts) > 1) for alert in alerts[:MOST_TOLD]).strip(),
        "severity": worst.value,
        "installation": site.installation,
        "alerts": [{**alert.to_json(), "status": "resolved" if over else "firing"} for alert, over in parts],
    }


def _summary(alerts: Sequence[Alert]) -> str:
    counts = Counter(alert.kind for alert in alerts)
    kinds = ", ".join(f"{counts[kind]} {words}" for kind, words in _KINDS.items() if counts[kind])
    dags = list(dict.fromkeys(alert.dag_id for alert in alerts if alert.dag_id))
    of = f" ({', '.join(dags[:3])}{', ...' if len(dags) > 3 else ''})" if dags else ""
    return f"{len(alerts)} alerts: {kinds}{of}"


def _paragraph(alert: Alert, *, with_title: bool) -> str:
    at = f"{alert.kind.value} at {moment_in_words(alert.at)}, {alert.severity.value}"
    url = alert.labels.get("url")
    lines = [alert.title if with_title else "", alert.text, at, str(url) if url else ""]
    return "\n".join(line for line in lines if line)
