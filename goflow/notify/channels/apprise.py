"""Whatever apprise reaches: Slack, Teams, PagerDuty, ntfy, Telegram and a hundred more, by URL.

It runs in a process of its own for each message: apprise loads all of its services at once, and some of them wait
without end. So the daemon's memory stays what it is, and its patience is ours. URLs, which hold secrets, go in through
standard input and are no arguments that others could see.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from goflow.domain.alerts import AlertMessage
from goflow.notify.channels import NotTakenError
from goflow.notify.config import Channel, safe_url

TYPES = {"critical": "failure", "warning": "warning", "info": "info"}
_MAIN = "from goflow.notify.channels.apprise import main; main()"


def send(channel: Channel, message: AlertMessage) -> None:
    """Hand MESSAGE to apprise for every URL. Raises NotTakenError when one of them has not taken it."""
    content = message.content
    kinds = {one.get("kind") for one in _alerts(message)}
    order = {
        "urls": list(channel.urls),
        "title": content["title"],
        "body": content["text"],
        "type": "success" if kinds == {"recovered"} else TYPES.get(str(content["severity"]), "info"),
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", _MAIN],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=channel.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotTakenError(f"{channel.target}: no answer in {channel.timeout_s:.0f} s") from None
    if done.returncode:
        words = done.stdout.strip()
        for url in channel.urls:
            words = words.replace(url, safe_url(url))
        raise NotTakenError(f"{channel.target}: {words[-300:] or 'apprise has not told why'}")


def _alerts(message: AlertMessage) -> list[dict[str, Any]]:
    found: Any = message.content["alerts"]
    return list(found)


def main() -> None:
    """What the process does: read the order, notify, tell why not; exit 1 where anything was not taken."""
    import logging

    import apprise  # type: ignore[import-untyped,unused-ignore]

    order = json.load(sys.stdin)
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s")
    wanted = apprise.Apprise()
    added = [wanted.add(url) for url in order["urls"]]
    if not all(added):
        print("apprise does not know one of the URLs")
        sys.exit(1)
    kind = apprise.NotifyType(order["type"])
    sys.exit(0 if wanted.notify(title=order["title"], body=order["body"], notify_type=kind) else 1)
