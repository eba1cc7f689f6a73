"""The dead-man's switch: somebody outside is told again and again that the daemon is well, and raises the alarm when it
is told so no more. Nothing inside can tell that the daemon itself is gone."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from goflow.notify.alerter import Health
from goflow.notify.channels import NotTakenError
from goflow.notify.config import WatchdogConfig, safe_url
from goflow.notify.living import LivingConfig
from goflow.service import ThreadService
from goflow.telemetry import metrics

log = structlog.get_logger(__name__)

LOOK_S = 5.0
"""That often it is looked whether there is a watchdog at all."""

Ask = Callable[[WatchdogConfig], None]


def ask(watchdog: WatchdogConfig) -> None:
    """One request. Raises NotTakenError."""
    from goflow.notify.channels.http import request

    body = b"" if watchdog.method == "POST" else None
    request(watchdog.method, watchdog.url, body, {}, watchdog.timeout_s)


class Watchdog(ThreadService):
    """Tells the watchdog of CONFIG that this daemon is well, while HEALTH finds nothing wrong. Every daemon does so."""

    def __init__(self, config: LivingConfig, health: Health, *, ask: Ask = ask) -> None:
        super().__init__("watchdog")
        self.config = config
        self._health = health
        self._ask = ask
        self._was_well = True

    def run(self) -> None:
        """Again and again until stopped."""
        while not self.stopping.is_set():
            self.tell()
            watchdog = self.config.config.watchdog
            self.stopping.wait(LOOK_S if watchdog is None else watchdog.every_s)

    def tell(self) -> bool:
        """Tell it once; whether it was told."""
        watchdog = self.config.config.watchdog
        if watchdog is None:
            return False
        wrong = self._health()
        if wrong:
            if self._was_well:
                log.warning("the watchdog is not told that all is well", why="; ".join(wrong.values()))
            self._was_well = False
            metrics.WATCHDOG_PINGS.labels("withheld").inc()
            return False
        self._was_well = True
        try:
            self._ask(watchdog)
        except NotTakenError as problem:
            metrics.WATCHDOG_PINGS.labels("failed").inc()
            log.warning("the watchdog does not answer", url=safe_url(watchdog.url), problem=problem.detail)
            return False
        metrics.WATCHDOG_PINGS.labels("told").inc()
        return True
