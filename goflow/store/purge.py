"""Purging the history: archive, delete, and let the others work in between.

Each step is a short transaction, after which at least as much time is left to the daemons as it took. A step's rows are
in the archive, on the disk, before they are deleted: killed in between, the next purge archives them once more.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from goflow.store import cleaning, dags, unused
from goflow.store.cleaning import Old
from goflow.store.engine import Store
from goflow.store.tx import Tx
from goflow.store.unused import Unused

STEP_S = 0.1
"""What a step should take: longer ones are followed by smaller ones, quicker ones by larger ones."""
LONGEST_PAUSE_S = 1.0
FIRST_RUNS, MOST_RUNS = 20, 1000
EVENTS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Found:
    """What may go: runs with their task instances, and events; LAST_EVENT is the number of the last of these. UNUSED is
    what nothing needs already, at most a few hundred of each kind; the runs leave more of it."""

    runs: tuple[int, ...]
    tasks: int
    events: int
    last_event: int
    unused: Unused = field(default_factory=Unused)

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing that may go."""
        return not (self.runs or self.events or any(dataclasses.astuple(self.unused)))


class Archive:
    """A file of gzipped JSON lines in FOLDER: a run with all its rows each (``{"dag_run": ...}``), or an event
    (``{"event": ...}``)."""

    def __init__(self, folder: Path, name: str) -> None:
        """Begin NAME in FOLDER, readable by its owner alone. Raises OSError; FileExistsError where it is there."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / name
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: IO[bytes] = os.fdopen(descriptor, "wb")
        self._zip = gzip.GzipFile(fileobj=self._file, mode="wb", mtime=0)

    def write(self, documents: Sequence[dict[str, Any]]) -> None:
        """Add DOCUMENTS; they are on the disk afterwards."""
        for document in documents:
            self._zip.write(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        self._zip.flush()
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """It is whole."""
        self._zip.close()
        self._file.close()


def look(store: Store, old: Old, *, with_events: bool = True) -> Found:
    """What a purge would delete: runs alone where OLD has no moment. Raises NotFoundError for a DAG that there never
    was."""
    with store.reading() as tx:
        for dag_id in old.dag_ids or ():
            dags.get(tx, dag_id)
        runs = cleaning.old_runs(tx, old)
        tasks = cleaning.tasks_in(tx, runs)
        if old.before is None:
            return Found(tuple(runs), tasks, 0, 0)
        last, count = cleaning.old_events(tx, old.before) if with_events else (0, 0)
        asset_events = len(unused.old_asset_events(tx, old)) if old.dag_ids is None else 0
        misses = len(unused.old_misses(tx, old))
        beside = Unused(versions=len(unused.old_versions(tx, old)), asset_events=asset_events, sla_misses=misses)
    return Found(tuple(runs), tasks, count, last, beside)


def purge(
    store: Store,
    old: Old,
    found: Found,
    archive: Archive | None,
    *,
    who: str,
    told: Callable[[int, int], None] = lambda runs, events: None,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[int, int]:
    """Delete what was FOUND, by way of ARCHIVE; how many runs and events that were. TOLD hears of both on the way.

    Raises OSError where the archive cannot be written: then nothing of that step is deleted.
    """
    gone = events = 0
    left, at_once = list(found.runs), FIRST_RUNS
    while left:
        part, left = left[:at_once], left[at_once:]
        began = time.monotonic()
        if archive is not None:
            with store.reading() as tx:
                documents = list(cleaning.documents(tx, part))
            archive.write(documents)
        with store.transaction() as tx:
            gone += cleaning.remove_runs(tx, part, old, who=who)
        at_once = _next(at_once, time.monotonic() - began)
        told(gone, events)
        pause(min(time.monotonic() - began, LONGEST_PAUSE_S))
    while found.last_event and old.before is not None:
        began = time.monotonic()
        with store.reading() as tx:
            rows = cleaning.oldest_events(tx, found.last_event, old.before, EVENTS_AT_ONCE)
        if not rows:
            break
        if archive is not None:
            archive.write([{"event": row} for row in rows])
        with store.transaction() as tx:  # none but these: another purge may be at work, and readers go on
            events += cleaning.remove_events(tx, [row["seq"] for row in rows])
        told(gone, events)
        pause(min(time.monotonic() - began, LONGEST_PAUSE_S))
    return gone, events


def purge_unused(
    store: Store, old: Old, archive: Archive | None, *, pause: Callable[[float], None] = time.sleep
) -> Unused:
    """Delete what nothing needs any more when old runs are gone, by way of ARCHIVE (but for the files of folders). With
    DAGs named, only versions and missed SLAs of these; nothing where OLD has no moment, since all of it goes by its
    age. Raises OSError as `purge` does."""
    if old.before is None:
        return Unused()

    def all_of(
        look: Callable[[Tx, Old], list[Any]],
        tell: Callable[[Tx, list[Any]], list[dict[str, Any]]],
        remove: Callable[[Tx, list[Any]], int],
    ) -> int:
        gone = 0
        while True:
            began = time.monotonic()
            with store.reading() as tx:
                found = look(tx, old)
                documents = tell(tx, found) if archive is not None else []
            if archive is not None and documents:
                archive.write(documents)
            with store.transaction() as tx:
                removed = remove(tx, found) if found else 0
            gone += removed
            if not removed:
                return gone
            pause(min(time.monotonic() - began, LONGEST_PAUSE_S))

    versions = all_of(unused.old_versions, unused.version_documents, unused.remove_versions)
    misses = all_of(unused.old_misses, unused.miss_documents, unused.remove_misses)
    if old.dag_ids is not None:
        return Unused(versions=versions, sla_misses=misses)
    asset_events = all_of(unused.old_asset_events, unused.asset_event_documents, unused.remove_asset_events)
    with store.transaction() as tx:
        folders = unused.remove_folders(tx, old)
    return Unused(versions, folders, asset_events, misses)


def _next(at_once: int, seconds: float) -> int:
    if seconds > 2 * STEP_S:
        return max(1, at_once // 2)
    return min(MOST_RUNS, at_once * 2) if seconds < STEP_S / 2 else at_once
