"""The importer as a service: it scans when the watcher, the clock or a changed Variable says that there is a reason."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog

from goflow.domain.runs import Event
from goflow.importer.pool import ReaderPool
from goflow.importer.scan import Scanner
from goflow.importer.settings import ImportSettings, ImportSummary
from goflow.members.duties import Always, Duty
from goflow.service import ThreadService
from goflow.store import DatabaseBusyError, Store, events
from goflow.watcher import SourceChanged, Watcher

if TYPE_CHECKING:
    from goflow.importer.errands import Errands

log = structlog.get_logger(__name__)

_SETTLE_S = 0.5
_AFTER_FAILURE_S = 5.0
_INPUT_KINDS = frozenset(
    {
        *(events.VARIABLE_SET, events.VARIABLE_DELETED, events.CONNECTION_SET, events.CONNECTION_DELETED),
        *(events.JOB_FILE_SAVED, events.JOB_FILE_DELETED),
    }
)


class Importer(ThreadService):
    """Keeps STORE at what the folder of SETTINGS is. ``scanned`` is set after the first whole scan. Of several daemons
    the one imports that has the DUTY; two that do for a moment do no harm.

    READERS: reading processes of the same SETTINGS that have been begun already. ERRANDS: who has files run that are
    not run here; it is started and stopped with this service, and what it has done is taken by a scan.
    """

    def __init__(
        self,
        store: Store,
        settings: ImportSettings,
        readers: ReaderPool | None = None,
        errands: Errands | None = None,
        duty: Duty | None = None,
    ) -> None:
        super().__init__("importer")
        self.store = store
        self.settings = settings
        self.scanned = threading.Event()
        self.last = ImportSummary()
        """What the last scan did that did anything."""
        self.scans = 0
        self.files_read = 0
        self._scanner = Scanner(store, settings, readers, errands)
        self._errands = errands
        if errands is not None:
            errands.tell = self.scan_soon
        roots = [settings.root, *settings.import_roots]
        self._watcher = Watcher(roots, self._hint, rescan_interval_s=settings.rescan_interval_s)
        self._guard = threading.Lock()
        self._wanted = False
        self._thorough = False
        self._again_at: float | None = None
        self.duty: Duty = duty or Always()
        self.duty.watch(self._duty_changed)
        self._unsubscribe = store.subscribe(self._take_events)

    def start(self) -> None:
        """Begin to watch and to scan."""
        super().start()
        if self._errands is not None:
            self._errands.start()
        self._watcher.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End after the file that is being taken."""
        self._unsubscribe()
        self._watcher.stop(timeout_s)
        super().stop(timeout_s)
        if self._errands is not None:
            self._errands.stop(timeout_s)

    def status(self) -> dict[str, Any]:
        """How it fares, for the status page."""
        return {
            "scans": self.scans,
            "files": self.last.files,
            "files_read": self.files_read,
            "last_scan_seconds": round(self.last.seconds, 6),
            "broken": len(self.last.broken),
            "being_run": len(self.last.waiting),
            "reading_processes": self._scanner.pool.running,
            "leads": self.duty.leads,
        }

    def scan_soon(self, *, thorough: bool = False) -> None:
        """Ask for a scan; any thread may."""
        with self._guard:
            self._wanted = True
            self._thorough = self._thorough or thorough
        self.wake.set()

    def run(self) -> None:
        """Scan when there is a reason, until stopped."""
        try:
            while not self.stopping.is_set():
                self.wake.wait(self._wait_s())
                self.wake.clear()
                if not self.stopping.is_set():
                    self._turn()
        finally:
            self._scanner.close()

    def _turn(self) -> None:
        try:
            if self.duty.leads:
                self._work()
        except DatabaseBusyError as problem:  # which the store has told, where it is away
            log.debug("the scan failed and is tried again", problem=str(problem))
            self._again(_AFTER_FAILURE_S)
        except Exception:
            log.exception("the scan failed and is tried again")
            self._again(_AFTER_FAILURE_S)

    def _work(self) -> None:
        with self._guard:
            due = self._again_at is not None and time.monotonic() >= self._again_at
            wanted, thorough = self._wanted or due, self._thorough or due
            if wanted:
                self._wanted = self._thorough = False
                self._again_at = None
        if not wanted:
            self._scanner.pool.rest()  # nothing to do for a while: the reading processes end
            return
        self._take(self._scanner.scan(thorough=thorough, stopping=self._must_stop))

    def _take(self, summary: ImportSummary) -> None:
        self.scans += 1
        self.files_read += len(summary.read)
        self.last = summary
        if summary.unsettled:
            self._again(_SETTLE_S)
        if not self.stopping.is_set():
            self.scanned.set()
        if summary.read or summary.waiting or summary.removed or summary.deactivated:
            log.info(
                "scanned the DAG folder",
                files=summary.files,
                read=len(summary.read),
                broken=len(summary.broken),
                being_run=len(summary.waiting),
                new_versions=len(summary.new_versions),
                removed=len(summary.removed),
                deactivated=len(summary.deactivated),
                seconds=round(summary.seconds, 3),
            )

    def _again(self, seconds: float) -> None:
        with self._guard:
            self._again_at = time.monotonic() + seconds

    def _wait_s(self) -> float | None:
        with self._guard:
            if self._wanted:
                return 0.0
            waits = [self._again_at - time.monotonic()] if self._again_at is not None else []
        if self._scanner.pool.running:
            waits.append(self.settings.idle_s)
        return max(0.0, min(waits)) if waits else None

    def _hint(self, hint: SourceChanged) -> None:
        self.scan_soon(thorough=hint.rescan)

    def _take_events(self, happened: Sequence[Event]) -> None:
        if any(event.kind in _INPUT_KINDS for event in happened):
            self.scan_soon()

    def _must_stop(self) -> bool:
        return self.stopping.is_set() or not self.duty.leads

    def _duty_changed(self) -> None:
        if self.duty.leads:
            self.scan_soon(thorough=True)
        elif self._errands is not None and self.duty.is_lost:
            self._errands.forget()
