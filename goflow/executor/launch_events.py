"""What is known of Kubernetes' events about launches: warnings, which are heard anyhow, and all of them where they are
asked for. Asking is bounded: the API server looks through every event of a namespace for those of one object (9,000 of
them take it 70 ms).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from goflow.domain.kube_events import KubeEvent, merged
from goflow.domain.runs import Launch
from goflow.executor.heard import Heard
from goflow.executor.kube_events import events_of
from goflow.kube.api import KubeApi

SHARE = 0.05
"""Seconds of each second that may be spent with asking for what is to be kept."""
AT_ONCE_S = 2.0
"""Seconds that may be spent with it at once, when nothing was asked for before."""


class LaunchEvents:
    """The events of launches whose Jobs are in NAMESPACES. Thread-safe. NOW gives seconds that never go back."""

    def __init__(self, api: KubeApi, namespaces: Sequence[str], *, now: Callable[[], float] = time.monotonic) -> None:
        self.heard = Heard(api, namespaces)
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._left_s = AT_ONCE_S
        self._counted_at = now()

    def start(self) -> None:
        """Begin to hear of warnings."""
        self.heard.start()

    def stop(self) -> None:
        """End."""
        self.heard.stop()

    def warnings(self, launch: Launch) -> list[KubeEvent]:
        """What was heard of LAUNCH."""
        return self.heard.of(launch)

    def now(self, launch: Launch) -> list[KubeEvent]:
        """All that the API server has about LAUNCH, and what was heard. Raises KubeError."""
        return merged(self.heard.of(launch), events_of(self._api, launch))

    def in_time(self, launch: Launch) -> list[KubeEvent]:
        """The same, unless asking has taken too long of late: then what was heard. Raises KubeError."""
        begun = self._now()
        with self._lock:
            self._left_s = min(AT_ONCE_S, self._left_s + (begun - self._counted_at) * SHARE)
            self._counted_at = begun
            if self._left_s <= 0:
                return self.warnings(launch)
        try:
            return self.now(launch)
        finally:
            with self._lock:
                self._left_s -= self._now() - begun

    def forget(self, launch: Launch) -> None:
        """Nobody will ask for those of LAUNCH any more."""
        self.heard.forget(launch)
