"""Room on the disk where the local backend keeps its launches: whether there is any, and what had none to begin with.

An attempt makes its own `process` file before anything else, and one that finds no room for it soon ends: nothing of it
has begun. Nobody is told, since that would need room as well. So the launches that were asked for are remembered until
that file is there, and those that have none although there is room again are begun anew. Whoever makes that file first
has the launch, so an attempt that comes late all the same ends at once.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from goflow_runner.room import NO_ROOM

from goflow.executor.backend import BackendAwayError
from goflow.store.absence import DISK

REASON = "NoRoom"
"""The reason of a launch that waits for it."""
UNSURE_S = 3.0
"""Seconds after which a launch that was asked for should have begun. That is far less than an attempt waits for room
(`goflow_runner.local.ROOM_PATIENCE_S`), so that one which ends for want of it has been missed here before."""
PROBE = b"\0" * 8192
"""A launch needs hardly more to begin."""


class Room:
    """What there is below FOLDER, which is the backend's own. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self.why: str | None = None
        """Why nothing can be written; None: it can, as far as anybody knows."""
        self._folder = folder
        self._missed_at = float("-inf")
        """When there was none the last time."""

    @contextlib.contextmanager
    def needed(self) -> Iterator[None]:
        """Raises BackendAwayError for a call in the block that had no room: it can be made again."""
        try:
            yield
        except OSError as problem:
            if problem.errno not in NO_ROOM:
                raise
            raise BackendAwayError(self._missing(problem), reason=REASON, what=DISK) from problem

    def look(self, *, is_doubtful: bool = False) -> bool:
        """Whether there is any, where it is wanted (IS_DOUBTFUL), is known to be missing or seems to be: else there is,
        without a look."""
        if self.why is None and not is_doubtful and not self._seems_full():
            return True
        probe = self._folder / f".room.{os.getpid()}.{threading.get_ident()}"
        try:
            try:
                probe.write_bytes(PROBE)
            finally:
                probe.unlink(missing_ok=True)
        except OSError as problem:
            if problem.errno in NO_ROOM:
                self._missing(problem)
                return False
        self.why = None
        return True

    def was_missing_since(self, moment: float) -> bool:
        """Whether there was none for what was asked for at that MOMENT, as ``time.monotonic`` counts, and there is some
        for so long that whoever still waits for it has found it."""
        return moment <= self._missed_at < time.monotonic() - UNSURE_S

    def _missing(self, problem: OSError) -> str:
        why = f"{problem.strerror} (below {self._folder})"
        self._missed_at, self.why = time.monotonic(), why
        return why

    def _seems_full(self) -> bool:
        """A hint that costs nothing: root may have room that is left to it alone."""
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < len(PROBE) or (found.f_files > 0 and not found.f_favail)


class Asked:
    """Launches that the zygote was asked for and that have not begun, as far as is known, and when that was. ROOM is
    what they need. Thread-safe."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._since: dict[str, float] = {}
        self._found_at = float("-inf")

    def found(self, launch_ids: Iterable[str]) -> None:
        """Those were asked for by another daemon, with whom its zygote has gone: they begin at once, or never."""
        self._found_at = time.monotonic()
        self._since.update(dict.fromkeys(launch_ids, self._found_at))

    def note(self, launch_ids: Iterable[str]) -> None:
        """The zygote is about to be asked for those."""
        self._since.update(dict.fromkeys(launch_ids, time.monotonic()))

    def forget(self, launch_id: str) -> None:
        """It has begun, or is gone."""
        self._since.pop(launch_id, None)

    def to_begin_anew(self) -> list[str]:
        """Those that had no room to begin, or nobody to begin them, once there is room. What has had both and does not
        begin is not among them: that is for its time-out, which says what is wrong."""
        now = time.monotonic()
        late = [(launch_id, since) for launch_id, since in list(self._since.items()) if now - since > UNSURE_S]
        if not self._room.look(is_doubtful=bool(late)):
            return []
        return [
            launch_id for launch_id, since in late if since <= self._found_at or self._room.was_missing_since(since)
        ]
