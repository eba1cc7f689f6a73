"""Putting what files gave in force: several in one transaction, and each by itself where that does not go."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.domain.written import WrittenDag
from goflow.importer.conditions import Conditions
from goflow.importer.messages import Parsed
from goflow.importer.settings import ImportSettings, ImportSummary
from goflow.importer.snapshot import ChangedMeanwhileError, Snapshot
from goflow.store import Store, Tx, dags, files, import_errors, recording
from goflow.store.rows import FileRecord

WHO = "importer"


@dataclass(slots=True)
class _Taken:
    """What one file of a batch comes to: its RECORD, what is wrong with it, and the READINGS of its DAGs."""

    record: FileRecord
    errors: list[Diagnostic]
    readings: list[recording.Reading]


@dataclass(slots=True)
class Taker:
    """Takes readings under the CONDITIONS of one scan. PRESENT: the files that count now. KNOWN is what is remembered
    of each of them, and is kept at that. MISSED: files that the scan before found listed and not there; VANISHED: those
    of this one."""

    store: Store
    settings: ImportSettings
    conditions: Conditions
    present: Collection[str]
    snapshot: Snapshot
    summary: ImportSummary
    known: dict[str, FileRecord]
    missed: Collection[str] = ()
    vanished: set[str] = field(default_factory=set)

    def take(self, batch: Sequence[Parsed]) -> None:
        """Put what BATCH says in force, and write down what is wrong with it, in one transaction.

        Raises ChangedMeanwhileError, with nothing changed, when the folder is not any more as a file was read.
        """
        for parsed in batch:
            self._look_again(parsed)
        folders = {parsed.path: self._keep_folder(parsed) for parsed in batch if self._takes_anything(parsed)}
        before = {parsed.path: self.known.get(parsed.path) for parsed in batch}
        try:
            taken, recorded = self._write(batch, folders)
        except BaseException:
            for path, record in before.items():
                if record is None:
                    self.known.pop(path, None)
                else:
                    self.known[path] = record
            raise
        self._sum_up(taken, recorded)

    def _look_again(self, parsed: Parsed) -> None:
        """Raise ChangedMeanwhileError for a fault that is none of the file's: it was read while somebody wrote it, or
        was gone when its turn came, as when a whole folder is swapped. Once: what is missed twice is told."""
        if parsed.crashed or not _file_errors(parsed.diagnostics):
            return
        path, read = parsed.path, parsed.closure.get(parsed.path)
        now = self.conditions.digester.digest(self.settings.root / path)
        if read is None and now is None and not os.path.lexists(self.settings.root / path):
            self.vanished.add(path)
            if path not in self.missed:
                raise ChangedMeanwhileError(path)
        if read is not None and now != read:
            raise ChangedMeanwhileError(path)

    def _write(
        self, batch: Sequence[Parsed], folders: Mapping[str, str]
    ) -> tuple[list[_Taken], list[recording.Recorded]]:
        with self.store.transaction() as tx:
            owners = dags.active_files(tx, {dag.dag_id for parsed in batch for dag in parsed.dags})
            taken = [self._judge(parsed, folders.get(parsed.path, ""), owners) for parsed in batch]
            readings = [reading for one in taken for reading in one.readings]
            recorded = recording.record_all(tx, readings, who=WHO, at=self.conditions.now)
            files.put_all(tx, [one.record for one in taken])
            import_errors.put_all(tx, {one.record.path: one.errors for one in taken}, who=WHO)
        return taken, recorded

    def _sum_up(self, taken: Sequence[_Taken], recorded: Sequence[recording.Recorded]) -> None:
        summary = self.summary
        summary.broken += [one.record.path for one in taken if one.errors]
        for one in recorded:
            dag_id = one.version.dag_id
            summary.new_dags += [dag_id] * one.new_dag
            summary.new_versions += [dag_id] * one.new_version
            summary.new_readings += [dag_id] * one.new_reading

    def _judge(self, parsed: Parsed, folder: str, owners: dict[str, str]) -> _Taken:
        """What is to be written down of a file. OWNERS: which file each DAG is taken from, those of the batch too."""
        before = self.known.get(parsed.path)
        findings = list(parsed.diagnostics)
        readings: list[recording.Reading] = []
        if _file_errors(findings):
            defines = before.dag_ids if before else ()
        else:
            defines = tuple(sorted(_defined(parsed)))
            bad = {finding.dag_id for finding in findings if finding.severity is Severity.ERROR}
            for dag in {dag.dag_id: dag for dag in parsed.dags}.values():
                owner = self._owner(dag.dag_id, parsed.path, owners)
                if owner is not None:
                    findings.append(_duplicate(dag, parsed.path, owner))
                elif dag.dag_id not in bad:
                    readings.append(self._reading(dag, parsed, folder))
                    owners[dag.dag_id] = parsed.path
        record = self.conditions.record_of(parsed, before, defines)
        self.known[parsed.path] = record
        return _Taken(record, [finding for finding in findings if finding.severity is Severity.ERROR], readings)

    def _owner(self, dag_id: str, path: str, owners: Mapping[str, str]) -> str | None:
        """Another file of the folder that defines the DAG and had it first; None: PATH may have it."""
        owner = owners.get(dag_id, path)
        if owner == path or owner not in self.present:
            return None
        record = self.known.get(owner)
        return owner if record is not None and dag_id in record.dag_ids else None

    def _takes_anything(self, parsed: Parsed) -> bool:
        return bool(parsed.dags) and not _file_errors(parsed.diagnostics)

    def _keep_folder(self, parsed: Parsed) -> str:
        """The digest of the folder as it is stored, if a version will need one; the empty text otherwise."""
        if not self.snapshot.is_stored:  # storing is what takes time: it is avoided where every version is there
            with self.store.reading() as tx:
                if all(recording.has_version(tx, dag.dag_id, parsed.file_hash) for dag in parsed.dags):
                    return ""
        if not self.snapshot.agrees_with(parsed.closure):
            raise ChangedMeanwhileError(parsed.path)
        return self.snapshot.store(self.store)

    def _reading(self, dag: WrittenDag, parsed: Parsed, folder: str) -> recording.Reading:
        return recording.Reading(
            dag=dag,
            file_hash=parsed.file_hash,
            folder_digest=folder,
            file_path=parsed.path,
            inputs=self._inputs(parsed),
            reader_version=self.conditions.reader,
            diagnostics=_findings_of(dag, parsed.diagnostics),
            namespace=self.settings.namespace,
            paused=not self.settings.unpaused_at_creation,
        )

    def _inputs(self, parsed: Parsed) -> dict[str, Json]:
        """What is recorded with the reading: what the file asked for, and where the kept folder has its import roots,
        in the order of ``sys.path`` behind the folder itself."""
        said = self.conditions.config.for_file(parsed.path).import_roots
        roots = [self.snapshot.name_of(Path(root)) for root in (*said, *self.settings.import_roots)]
        document = parsed.inputs.to_json()
        assert isinstance(document, dict)
        return {**document, "import_roots": [root for root in dict.fromkeys(roots) if root is not None]}


def contested(tx: Tx, records: Mapping[str, FileRecord], owners: Mapping[str, str]) -> set[str]:
    """Files of RECORDS that define a DAG which nobody has in force any more: they lost it to a file that has let go of
    it, or that is not among RECORDS. OWNERS: every active DAG, to its file."""
    out = set()
    for path, record in records.items():
        for dag_id in record.dag_ids:
            owner = owners.get(dag_id, "")
            if owner == path or (owner in records and dag_id in records[owner].dag_ids):
                continue
            if not _has_errors_of_its_own(tx, path, dag_id):
                out.add(path)
    return out


def _has_errors_of_its_own(tx: Tx, path: str, dag_id: str) -> bool:
    """Whether something else than another file keeps the DAG of PATH from being taken."""
    known = import_errors.get(tx, path)
    findings = known.diagnostics if known else ()
    return any(item.code != "GF007" and item.dag_id in {None, dag_id} for item in findings)


def _file_errors(findings: Collection[Diagnostic]) -> bool:
    return any(finding.severity is Severity.ERROR and finding.dag_id is None for finding in findings)


def _defined(parsed: Parsed) -> set[str]:
    """The ids of the DAGs that the file defines, those that are not in order too."""
    named = {finding.dag_id for finding in parsed.diagnostics if finding.severity is Severity.ERROR}
    return {dag.dag_id for dag in parsed.dags} | {dag_id for dag_id in named if dag_id is not None}


def _findings_of(dag: WrittenDag, findings: Collection[Diagnostic]) -> list[Diagnostic]:
    return [finding for finding in findings if finding.dag_id in {None, dag.dag_id}]


def _duplicate(dag: WrittenDag, path: str, owner: str) -> Diagnostic:
    words = f"the DAG id {dag.dag_id!r} is defined by {owner} already"
    hint = f"give one of the two another id; until then the DAG is the one of {owner}"
    return replace(Diagnostic("GF007", words, Span(path, dag.line), hint=hint), dag_id=dag.dag_id)
