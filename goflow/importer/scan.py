"""One scan of the folder: what changed is read and taken, what is gone is deactivated."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import structlog

from goflow.domain.diagnostics import Severity
from goflow.domain.spec import Dialect
from goflow.importer.conditions import Conditions, current_inputs
from goflow.importer.desk import Desk
from goflow.importer.digests import Digester, reader_version
from goflow.importer.kept import KeptFiles
from goflow.importer.messages import Parsed, Setup
from goflow.importer.pool import ReaderPool
from goflow.importer.settings import ImportSettings, ImportSummary
from goflow.importer.snapshot import ChangedMeanwhileError, Snapshot
from goflow.importer.taking import WHO, Taker, contested
from goflow.parser.folder import CONFIG_NAME, FolderConfig, Survey, survey
from goflow.store import Store, dags, files, import_errors
from goflow.store.rows import FileRecord
from goflow.telemetry import metrics

if TYPE_CHECKING:
    from goflow.importer.errands import Errands

log = structlog.get_logger(__name__)

_MOST_LEFT = 50_000
"""Objects that may be left behind during a scan before they are looked at: looking through ten thousand files makes so
many, nearly none of which go in circles."""


class Scanner:
    """Scans the folder of SETTINGS into STORE, as often as it is asked, from one thread at a time."""

    def __init__(
        self,
        store: Store,
        settings: ImportSettings,
        readers: ReaderPool | None = None,
        errands: Errands | None = None,
    ) -> None:
        """READERS: reading processes of the same SETTINGS that have been begun already. ERRANDS: who has files run
        that are not run here."""
        self.store = store
        self.settings = settings
        self.desk = Desk(errands)
        self.pool = readers or ReaderPool(settings)
        self.digester = Digester()
        self.reader = reader_version(settings)
        self.kept = KeptFiles(settings.root)
        self._remembered = files.Remembered()
        self._inferred: Dialect | None = None
        self._vanished: frozenset[str] = frozenset()

    def scan(self, *, thorough: bool = True, stopping: Callable[[], bool] = lambda: False) -> ImportSummary:
        """Bring the store up to what the folder is now. What was done is in force a few files at a time, so that a
        scan may be killed anywhere and the next one goes on from there.

        THOROUGH: believe nothing of what the digests of the last scan were. STOPPING is asked between these.
        """
        with _collecting_less():
            return self._scan(thorough=thorough, stopping=stopping)

    def _scan(self, *, thorough: bool, stopping: Callable[[], bool]) -> ImportSummary:
        begun = time.perf_counter()
        summary = ImportSummary()
        if thorough:
            self.digester.forget()
        else:  # somebody has seen a change, so there will be something to read
            self.pool.warm(1)
        found = self._survey()
        self.digester.believe(found.statuses)
        with self.store.reading() as tx:
            inputs = current_inputs(tx, self.settings.environment, self.settings.secret_environment)
            records = self._remembered.all_(tx, thorough=thorough)
            self.kept.look(tx)
        self.digester.give(self.kept.full())
        config, present = found.config, self._present(found)
        summary.files = len(present)
        now = self.store.clock.now()
        conditions = Conditions(self.settings.root, config, inputs, found.dialect, self.reader, self.digester, now)
        self._tell_config(config)
        changed = conditions.changed(present, records)
        there = frozenset(present)
        known = {path: record for path, record in records.items() if path in there}
        self.desk.open({*changed, *(self._contested(known) if self.desk.is_busy else ())})
        setup = self._setup(conditions, found.inferred)
        taker = Taker(
            self.store, self.settings, conditions, there, self._snapshot(config), summary, known, self._vanished
        )
        self._read(setup, changed, taker, stopping)
        self.digester.doubt()
        again: set[str] = set()
        while not stopping():
            with self.store.reading() as tx:
                owners = dags.active_files(tx)
                freed = sorted(contested(tx, known, owners) - again)
            if not freed:
                self._let_go(records, known, taker.present, owners, summary)
                break
            self._read(setup, freed, taker, stopping)
            again.update(freed)
        self._vanished = frozenset(taker.vanished)
        summary.seconds = time.perf_counter() - begun
        metrics.SCAN_SECONDS.observe(summary.seconds)
        metrics.LAST_SCAN.set_to_current_time()
        return summary

    def close(self) -> None:
        """End the reading processes."""
        self.pool.close()

    def _read(self, setup: Setup, paths: Sequence[str], taker: Taker, stopping: Callable[[], bool]) -> None:
        """Read PATHS and take what they say, as many at once as have been read meanwhile."""
        summary = taker.summary

        def look_at_folder() -> None:  # most readings want it kept as it is now
            taker.snapshot.look()
            self.digester.doubt()

        for together in self.pool.read_together(setup, paths, look_at_folder):
            if stopping():
                return
            batch = [found for parsed in together if (found := self.desk.pass_on(parsed)) is not None]
            summary.waiting += sorted({parsed.path for parsed in together} - {parsed.path for parsed in batch})
            for parsed in batch:
                summary.read.append(parsed.path)
                summary.parse_seconds += parsed.seconds
                metrics.FILES_READ.inc()
                metrics.FILE_READ_SECONDS.observe(parsed.seconds)
            if batch:
                self._take(taker, batch)
            self.desk.close(parsed.path for parsed in batch)

    def _take(self, taker: Taker, batch: Sequence[Parsed]) -> None:
        """Take what was read; one by one where together does not go, so that no file costs the others."""
        try:
            taker.take(batch)
        except Exception as problem:
            if len(batch) > 1:
                for parsed in batch:
                    self._take(taker, [parsed])
                return
            taker.summary.unsettled.append(batch[0].path)
            if isinstance(problem, ChangedMeanwhileError):
                self.digester.forget()
                taker.snapshot = self._snapshot(taker.conditions.config)
            else:  # a file's own trouble is a diagnostic; this is ours
                log.exception("a file could not be taken", path=batch[0].path)

    def _contested(self, known: Mapping[str, FileRecord]) -> set[str]:
        with self.store.reading() as tx:
            return contested(tx, known, dags.active_files(tx))

    def _let_go(
        self,
        remembered: Collection[str],
        known: Mapping[str, FileRecord],
        present: Collection[str],
        owners: Mapping[str, str],
        summary: ImportSummary,
    ) -> None:
        """Forget the files of REMEMBERED that are gone, and deactivate DAGs that no file defines any more; history
        stays. OWNERS: every active DAG, to the file that it comes from."""
        with self.store.reading() as tx:
            broken = import_errors.paths(tx)
        if not _gone((*remembered, *broken), present) and not _orphans(owners, known, present):
            return
        with self.store.transaction() as tx:
            gone = _gone((*files.paths(tx), *import_errors.paths(tx)), present)
            orphans = _orphans(dags.active_files(tx), known, present)
            for path in gone:
                files.delete_(tx, path)
                import_errors.clear(tx, path, who=WHO)
            summary.removed += gone
            summary.deactivated += dags.deactivate(tx, orphans, who=WHO, reason="no file defines it any more")

    def _tell_config(self, config: FolderConfig) -> None:
        """What is wrong with ``goflow.yaml`` itself is an import error of that file."""
        errors = [finding for finding in config.diagnostics if finding.severity is Severity.ERROR]
        with self.store.reading() as tx:
            known = import_errors.get(tx, CONFIG_NAME)
        if (list(known.diagnostics) if known else []) == errors:
            return
        with self.store.transaction() as tx:
            if errors:
                import_errors.put(tx, CONFIG_NAME, errors, who=WHO)
            else:
                import_errors.clear(tx, CONFIG_NAME, who=WHO)

    def _present(self, found: Survey) -> Sequence[str]:
        """The files that count: those that are FOUND in the folder, and those of the database."""
        if self.settings.only is not None:
            return sorted(self.settings.only)
        kept = self.kept.contents
        return [*(path for path in found.paths if path not in kept), *kept] if kept else found.paths

    def _survey(self) -> Survey:
        """What files there are and which Airflow they are for; told to the log when that changes."""
        found = survey(self.settings.root, self.settings.dialect, self.settings.import_roots)
        if found.inferred and found.dialect is not self._inferred:
            log.info("the files of the folder tell which Airflow they are for", dialect=found.dialect, why=found.why)
        self._inferred = found.dialect if found.inferred else None
        return found

    def _setup(self, conditions: Conditions, inferred: bool) -> Setup:
        settings = self.settings
        return Setup(
            root=settings.root,
            import_roots=settings.import_roots,
            parse_path=settings.parse_path,
            dialect=conditions.dialect,
            inferred=inferred,
            safe_mode=settings.safe_mode,
            environment=settings.environment,
            runs_files=settings.runs_files,
            inputs=conditions.inputs,
            answers=self.desk.answers,
            kept=self.kept.contents,
        )

    def _snapshot(self, config: FolderConfig) -> Snapshot:
        said = [config.settings, *(rule.settings for rule in config.rules)]
        roots = [*self.settings.import_roots, *(self.settings.root / Path(r) for s in said for r in s.import_roots)]
        return Snapshot(self.settings.root, roots, self.settings.parse_path, self.digester, self.kept.contents)


@contextmanager
def _collecting_less() -> Iterator[None]:
    """Python looks less often for what was left behind."""
    before = gc.get_threshold()
    gc.set_threshold(_MOST_LEFT, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _gone(paths: Iterable[str], present: Collection[str]) -> list[str]:
    """Those of PATHS that are not PRESENT any more."""
    absent = set(paths).difference(present, [CONFIG_NAME])
    return sorted(path for path in absent if not _is_hidden(path, present))


def _orphans(owners: Mapping[str, str], known: Mapping[str, FileRecord], present: Collection[str]) -> list[str]:
    """Active DAGs that no present file defines."""
    orphans = []
    for dag_id, path in owners.items():
        is_here = path in present
        if (is_here and path in known and dag_id not in known[path].dag_ids) or (
            not is_here and not _is_hidden(path, present)
        ):
            orphans.append(dag_id)
    return orphans


def _is_hidden(path: str, present: Collection[str]) -> bool:
    """Whether a folder above PATH cannot be looked into: nobody knows that what lies there is gone."""
    return any(parent.as_posix() in present for parent in PurePosixPath(path).parents)


def import_folder_once(store: Store, settings: ImportSettings, readers: ReaderPool | None = None) -> ImportSummary:
    """Scan the folder of SETTINGS into STORE once, synchronously, and end the reading processes (READERS: see
    `Scanner`). What is wrong with files is in the store's import errors; raises only what the database raises."""
    scanner = Scanner(store, settings, readers)
    try:
        summary = scanner.scan()
        if summary.unsettled:
            again = scanner.scan()
            again.seconds += summary.seconds
            again.read = [*summary.read, *again.read]
            return again
        return summary
    finally:
        scanner.close()
