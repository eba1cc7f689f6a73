"""The watcher: one thread that turns events of the file system, and the passing of time, into hints."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
    FileSystemMovedEvent,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from goflow.service import ThreadService
from goflow.watcher.debounce import Debouncer
from goflow.watcher.places import Place, places

log = structlog.get_logger(__name__)

QUIET_S = 0.1
LONGEST_S = 2.0
_MOST_LOOKS = 5
_COMINGS: list[type[FileSystemEvent]] = [
    *(DirCreatedEvent, DirDeletedEvent, DirMovedEvent),
    *(FileCreatedEvent, FileDeletedEvent, FileMovedEvent),
]
"""What is asked of the kernel where names alone count."""
_CHANGES: list[type[FileSystemEvent]] = [*_COMINGS, FileClosedEvent, FileModifiedEvent]
"""The same where contents do. That a file was opened or read is no news, least of all when we did it, 2,000 times."""
_IGNORED = ("/.git/", "/__pycache__/")


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """Something may have changed: at PATHS, as the file system named them, or anywhere (RESCAN: time has passed)."""

    paths: frozenset[str] = frozenset()
    rescan: bool = False


class Watcher(ThreadService):
    """Watches the folders ROOTS and calls TELL with a hint, in a thread of its own, one at a time.

    RESCAN_INTERVAL_S: after so long without a rescan, a hint with ``rescan``; it is what sees changes on file systems
    that tell nothing (NFS), and what remains when the kernel allows no more watches. The first hint is a rescan, and
    comes at once. QUIET_S, LONGEST_S: see `Debouncer`.
    """

    def __init__(
        self,
        roots: Iterable[Path],
        tell: Callable[[SourceChanged], None],
        *,
        rescan_interval_s: float = 30.0,
        quiet_s: float = QUIET_S,
        longest_s: float = LONGEST_S,
    ) -> None:
        super().__init__("watcher")
        self._roots = tuple(roots)
        self._tell = tell
        self._rescan_interval_s = rescan_interval_s
        self._debounce = Debouncer(quiet_s, longest_s)
        self._guard = threading.Lock()
        self._seen: set[str] = set()
        self._gone: set[str] = set()
        self._observer: BaseObserver | None = None
        self._watches: dict[Place, ObservedWatch | None] = {}
        self.watching = threading.Event()
        """Set once the first watches are in place."""

    def run(self) -> None:
        """Wait and tell, until stopped."""
        self._refresh()
        self.watching.set()
        try:
            self._tell(SourceChanged(rescan=True))
            next_rescan = time.monotonic() + self._rescan_interval_s
            while not self.stopping.is_set():
                self.wake.wait(self._wait_s(next_rescan))
                self.wake.clear()
                now = time.monotonic()
                rescan = now >= next_rescan
                seen = self._take(now)
                if self.stopping.is_set() or not (seen or rescan):
                    continue
                if rescan:
                    next_rescan = now + self._rescan_interval_s
                self._refresh()
                self._tell(SourceChanged(seen, rescan=rescan))
        finally:
            self._close()

    def saw(self, path: str, *, gone: bool = False) -> None:
        """Something happened at PATH; GONE: what was there is not there any more. Any thread may say so."""
        with self._guard:
            self._seen.add(path)
            if gone:
                self._gone.add(path)
            self._debounce.saw(time.monotonic())
        self.wake.set()

    def _wait_s(self, next_rescan: float) -> float:
        now = time.monotonic()
        wait = max(0.0, next_rescan - now)
        with self._guard:
            return min(wait, self._debounce.wait_s(now)) if self._debounce.waiting else wait

    def _take(self, now: float) -> frozenset[str]:
        """What was seen, if it is time to tell."""
        with self._guard:
            if not self._debounce.waiting or self._debounce.wait_s(now) > 0:
                return frozenset()
            seen, self._seen = frozenset(self._seen), set()
            self._debounce.told()
            return seen

    def _refresh(self) -> None:
        """Watch what has to be watched now, and nothing else.

        Folders may come and go while the watches are put in place, so it is looked again until nothing has changed;
        whoever keeps changing them keeps sending events as well.
        """
        if self._observer is None or not self._observer.is_alive():
            self._close()
            self._observer = Observer()
            self._observer.start()
        self._forget_gone()
        for _ in range(_MOST_LOOKS):
            wanted = places(self._roots)
            if wanted == set(self._watches):
                return
            for place in set(self._watches) - wanted:
                watch = self._watches.pop(place)
                if watch is not None:
                    self._drop(self._observer, watch)
            for place in wanted - set(self._watches):
                self._watches[place] = self._add(self._observer, place)

    def _forget_gone(self) -> None:
        """Drop the watches of folders that went away, even if others, maybe of the same number, are there now."""
        with self._guard:
            gone, self._gone = self._gone, set()
        for place in [place for place in self._watches if place.path in gone]:
            watch = self._watches.pop(place)
            if watch is not None and self._observer is not None:
                self._drop(self._observer, watch)

    def _add(self, observer: BaseObserver, place: Place) -> ObservedWatch | None:
        """Begin to watch PLACE; where the kernel refuses, the rescan has to do."""
        if not os.path.isdir(place.path):
            return None
        try:
            handler = _Handler(self, place.names)
            kinds = _CHANGES if place.deep or place.has_files else _COMINGS
            return observer.schedule(handler, place.path, recursive=place.deep, event_filter=kinds)
        except OSError as problem:
            log.warning("cannot watch, rescans have to do", path=place.path, problem=str(problem))
            return None

    @staticmethod
    def _drop(observer: BaseObserver, watch: ObservedWatch) -> None:
        try:
            observer.unschedule(watch)
        except (KeyError, OSError) as problem:
            log.debug("a watch was gone already", path=watch.path, problem=str(problem))

    def _close(self) -> None:
        observer, self._observer, self._watches = self._observer, None, {}
        if observer is not None and observer.is_alive():
            observer.stop()
            observer.join(5)


class _Handler(FileSystemEventHandler):
    """Takes what changes something, of files with those names alone, if there are NAMES."""

    def __init__(self, watcher: Watcher, names: frozenset[str] | None) -> None:
        self._watcher = watcher
        self._names = names

    def on_any_event(self, event: FileSystemEvent) -> None:
        moved = isinstance(event, FileSystemMovedEvent)
        self._say(event.src_path, gone=moved or event.event_type == "deleted")
        if moved:
            self._say(event.dest_path)

    def _say(self, path: bytes | str, *, gone: bool = False) -> None:
        text = os.fsdecode(path)
        if not text or any(part in text for part in _IGNORED):
            return
        if self._names is None or os.path.basename(text) in self._names:
            self._watcher.saw(text, gone=gone)
