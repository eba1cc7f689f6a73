"""Putting what one file gave in force: in one transaction, whatever happens to other files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.domain.spec import DagSpec
from goflow.importer.conditions import Conditions
from goflow.importer.messages import Parsed
from goflow.importer.settings import ImportSettings, ImportSummary
from goflow.importer.snapshot import ChangedMeanwhileError, Snapshot
from goflow.store import Store, Tx, dags, files, import_errors, recording
from goflow.store.rows import FileRecord

WHO = "importer"


@dataclass(slots=True)
class Taker:
    """Takes readings under the CONDITIONS of one scan. PRESENT: the files that count now."""

    store: Store
    settings: ImportSettings
    conditions: Conditions
    present: Collection[str]
    snapshot: Snapshot
    summary: ImportSummary

    def take(self, parsed: Parsed) -> FileRecord:
        """Put what PARSED says in force, and write down what is wrong with it. What is remembered of the file then.

        Raises ChangedMeanwhileError, with nothing changed, when the folder is not any more as it was read.
        """
        folder = self._keep_folder(parsed) if self._takes_anything(parsed) else ""
        with self.store.transaction() as tx:
            before = files.get(tx, parsed.path)
            findings = list(parsed.diagnostics)
            if _file_errors(findings):
                defines = before.dag_ids if before else ()
            else:
                defines = tuple(sorted(_defined(parsed)))
                findings += self._take_dags(tx, parsed, folder)
            record = self.conditions.record_of(parsed, before, defines)
            files.put(tx, record)
            errors = [finding for finding in findings if finding.severity is Severity.ERROR]
            if errors:
                import_errors.put(tx, parsed.path, errors, who=WHO)
                self.summary.broken.append(parsed.path)
            else:
                import_errors.clear(tx, parsed.path, who=WHO)
        return record

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

    def _take_dags(self, tx: Tx, parsed: Parsed, folder: str) -> list[Diagnostic]:
        """Record those DAGs of the file that are in order and its own; what is wrong with the others beside what the
        file's diagnostics say already."""
        bad = {finding.dag_id for finding in parsed.diagnostics if finding.severity is Severity.ERROR}
        found = []
        for dag in {dag.dag_id: dag for dag in parsed.dags}.values():
            owner = self._owner(tx, dag.dag_id, parsed.path)
            if owner is not None:
                found.append(_duplicate(dag, parsed.path, owner))
            elif dag.dag_id not in bad:
                self._record(tx, dag, parsed, folder)
        return found

    def _owner(self, tx: Tx, dag_id: str, path: str) -> str | None:
        """Another file of the folder that defines the DAG and had it first; None: PATH may have it."""
        dag = dags.find(tx, dag_id)
        if dag is None or not dag.is_active or dag.file_path == path or dag.file_path not in self.present:
            return None
        record = files.get(tx, dag.file_path)
        return dag.file_path if record is not None and dag_id in record.dag_ids else None

    def _record(self, tx: Tx, dag: DagSpec, parsed: Parsed, folder: str) -> None:
        reading = recording.Reading(
            spec=dag,
            written=parsed.written.get(dag.dag_id) or dag.written(),
            file_hash=parsed.file_hash,
            folder_digest=folder,
            file_path=parsed.path,
            inputs=self._inputs(parsed),
            reader_version=self.conditions.reader,
            diagnostics=_findings_of(dag, parsed.diagnostics),
            namespace=self.settings.namespace,
            paused=not self.settings.unpaused_at_creation,
        )
        recorded = recording.record(tx, reading, who=WHO, at=self.conditions.now)
        if recorded.new_dag:
            self.summary.new_dags.append(dag.dag_id)
        if recorded.new_version:
            self.summary.new_versions.append(dag.dag_id)
        if recorded.new_reading:
            self.summary.new_readings.append(dag.dag_id)

    def _inputs(self, parsed: Parsed) -> dict[str, Json]:
        """What is recorded with the reading: what the file asked for, and where the kept folder has its import roots,
        in the order of ``sys.path`` behind the folder itself."""
        said = self.conditions.config.for_file(parsed.path).import_roots
        roots = [self.snapshot.name_of(Path(root)) for root in (*said, *self.settings.import_roots)]
        document = parsed.inputs.to_json()
        assert isinstance(document, dict)
        return {**document, "import_roots": [root for root in dict.fromkeys(roots) if root is not None]}


def contested(tx: Tx, records: Mapping[str, FileRecord]) -> set[str]:
    """Files of RECORDS that define a DAG which nobody has in force any more: they lost it to a file that has let go of
    it, or that is not among RECORDS."""
    owners = dags.active_files(tx)
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


def _findings_of(dag: DagSpec, findings: Collection[Diagnostic]) -> list[Diagnostic]:
    return [finding for finding in findings if finding.dag_id in {None, dag.dag_id}]


def _duplicate(dag: DagSpec, path: str, owner: str) -> Diagnostic:
    words = f"the DAG id {dag.dag_id!r} is defined by {owner} already"
    hint = f"give one of the two another id; until then the DAG is the one of {owner}"
    return replace(Diagnostic("GF007", words, Span(path, dag.line), hint=hint), dag_id=dag.dag_id)
