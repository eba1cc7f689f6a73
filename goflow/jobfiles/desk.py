"""Reading, saving and deleting: one way for files in the DAG folder and for those in the database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from goflow.domain.canonical import digest_bytes
from goflow.domain.diagnostics import Diagnostic, Span
from goflow.domain.errors import AlreadyExistsError, ConflictError, InvalidRequestError, NotFoundError
from goflow.jobfiles import folder
from goflow.jobfiles.checking import Checked, check
from goflow.store import Store, Tx, dags, job_files
from goflow.store.job_files import Place

SavesIn = Literal["auto", "folder", "database"]


class BrokenFileError(InvalidRequestError):
    """The file has errors, and is not saved"""

    def __init__(self, found: list[Diagnostic]) -> None:
        self.found = found
        first = found[0]
        super().__init__(f"line {first.span.line}: {first.message}" if first.span.line else first.message)


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file as it is now. LOCKED: why it cannot be changed here; None: it can."""

    path: str
    place: Place
    content: bytes
    locked: str | None = None

    @property
    def digest(self) -> str:
        """The sha256 of the content: what a change has to name."""
        return digest_bytes(self.content)


class JobFileDesk:
    """Files below ROOT, the DAG folder, and in STORE. Every write is an event with who made it.

    A file of the folder is written within the transaction of its event: a daemon that dies between the two leaves a
    file that nobody is named for, and the importer reads it as any other.
    """

    def __init__(self, store: Store, root: Path, saves_in: SavesIn = "auto") -> None:
        self.store = store
        self.root = root
        self.saves_in = saves_in

    def locked(self) -> str | None:
        """Why files of the folder are not written here; None: they are."""
        if self.saves_in == "database":
            return "new files are saved in the database here (the setting save_jobs_in)"
        return folder.writable(self.root) if self.saves_in == "auto" else None

    @property
    def place(self) -> Place:
        """Where new files go."""
        return "folder" if self.locked() is None else "database"

    def read(self, path: str) -> JobFile:
        """The native DAG file PATH. Raises NotFoundError, also for files of other kinds; InvalidRequestError."""
        from goflow.parser.yaml import Kind, kind_of

        with self.store.reading() as tx:
            content = self._content(tx, path)
        place = job_files.place_of(path)
        if content is None or (place == "folder" and kind_of(content) is not Kind.NATIVE):
            raise NotFoundError(f"native DAG file {path}")
        return JobFile(path, place, content, self.locked() if place == "folder" else None)

    def check(self, path: str, content: bytes) -> Checked:
        """What CONTENT would give as PATH, with what other files have to do with it."""
        found = check(self.root, path, content)
        with self.store.reading() as tx:
            owners = dags.active_files(tx, {dag.dag_id for dag in found.dags}) if found.dags else {}
        taken = [
            Diagnostic("GF007", f"the DAG {dag.dag_id} is in {owners[dag.dag_id]}", Span(path, dag.line, 1))
            for dag in found.dags
            if owners.get(dag.dag_id, path) != path
        ]
        return Checked(found.dags, (*found.diagnostics, *taken), found.documents)

    def save_new(self, name: str, content: bytes, *, who: str) -> JobFile:
        """Save a file that is not there yet, by its NAME below the folder or among those of the database. Raises
        AlreadyExistsError, BrokenFileError, InvalidRequestError, NotWrittenError."""
        folder.refuse_path(name)
        path = name if self.place == "folder" else f"{job_files.FOLDER}/{name}"
        try:
            return self._save(path, content, None, who)
        except ConflictError as problem:
            raise AlreadyExistsError(path, hint=problem.hint) from None

    def save(self, path: str, content: bytes, expected: str, *, who: str) -> JobFile:
        """Have CONTENT instead of what has the digest EXPECTED. Raises ConflictError where that is not what is there,
        BrokenFileError, InvalidRequestError, NotWrittenError."""
        self.read(path)
        return self._save(path, content, expected, who)

    def _save(self, path: str, content: bytes, expected: str | None, who: str) -> JobFile:
        errors = self.check(path, content).errors
        if errors:
            raise BrokenFileError(errors)
        place = self._open_place(path)
        with self.store.transaction() as tx:
            job_files.lock(tx)
            there = self._content(tx, path)
            job_files.refuse_changed(path, there, expected)
            if there != content:
                job_files.told_saved(tx, path, content, who=who)
                if place == "database":
                    job_files.put(tx, path, content, who=who)
                else:
                    folder.write(self.root, path, content, new=expected is None)
        return JobFile(path, place, content)

    def delete(self, path: str, expected: str, *, who: str) -> None:
        """Delete PATH, whose content has the digest EXPECTED; its DAGs' history stays. Raises as `save`."""
        place = self._open_place(path)
        self.read(path)
        with self.store.transaction() as tx:
            job_files.lock(tx)
            job_files.refuse_changed(path, self._content(tx, path), expected)
            job_files.told_deleted(tx, path, who=who)
            if place == "database":
                job_files.remove(tx, path)
            else:
                folder.delete(self.root, path)

    def _open_place(self, path: str) -> Place:
        """Where PATH is kept. Raises InvalidRequestError where that is not written here."""
        place = job_files.place_of(path)
        if place == "folder" and (why := self.locked()) is not None:
            raise InvalidRequestError(f"{path} is in the DAG folder, and {why}")
        return place

    def _content(self, tx: Tx, path: str) -> bytes | None:
        if job_files.place_of(path) == "database":
            folder.refuse_path(path.removeprefix(f"{job_files.FOLDER}/"))
            return job_files.get(tx, path)
        return folder.read(self.root, path)
