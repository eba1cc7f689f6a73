"""That a launch is forbidden says nothing at first: an API server that has just started does not know its roles yet,
and refuses with 403 what it grants seconds later. A right that is missing is missing still a while later."""

from __future__ import annotations

import time
from collections.abc import Callable

from goflow.executor.backend import BackendAwayError, LaunchRefusedError
from goflow.store.cache import Cache

FORBIDDEN = "Forbidden"
SURE_AFTER_S = 20.0
"""Seconds for which a launch is tried again that is forbidden."""
AGAIN_S = 2.0
MOST_REMEMBERED = 10_000

Meaning = BackendAwayError | LaunchRefusedError


class Refusals:
    """Remembers since when launches are forbidden. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since: Cache[str, float] = Cache(MOST_REMEMBERED)

    def meaning(self, launch_id: str, why: Meaning) -> Meaning:
        """WHY the server does not make the launch's Job, in the light of what it has said of that before."""
        if not isinstance(why, LaunchRefusedError) or why.reason != FORBIDDEN:
            return why
        now, since = self._monotonic(), self._since.get(launch_id)
        if since is None:
            self._since.put(launch_id, now)
        if since is None or now - since < SURE_AFTER_S:
            return BackendAwayError(why.message, AGAIN_S, reason=FORBIDDEN, waits="launch")
        return why
