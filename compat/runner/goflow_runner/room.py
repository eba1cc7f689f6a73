"""A disk that takes nothing more: what that looks like, and waiting until it takes something again."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""What a disk says that is full, or of which no more may be used, or that cannot be written to just now."""
AGAIN_S = 1.0


def when_there_is_room(
    write: Callable[[], None], patience_s: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """WRITE, again and again while there is no room for it, for up to PATIENCE_S seconds. Raises OSError."""
    until = time.monotonic() + patience_s
    while True:
        try:
            write()
            return
        except OSError as problem:
            if problem.errno not in NO_ROOM or time.monotonic() >= until:
                raise
        sleep(AGAIN_S)
