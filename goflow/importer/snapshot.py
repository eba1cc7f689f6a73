"""The DAG folder as it is now, to be kept as it was: every file of it and of the import roots, by content."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import structlog

from goflow.domain.canonical import digest_bytes
from goflow.importer.digests import Digester
from goflow.parser.folder import FILE, FOLDER
from goflow.store import Store, blobs
from goflow.store.rows import Manifest

log = structlog.get_logger(__name__)

_NEVER = frozenset({".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".venv", "node_modules"})
LARGEST = 64 << 20
"""Bytes of the largest file that is kept; larger ones are left out, and the log tells so."""
_BATCH = 8 << 20
"""Bytes that are written in one transaction: on SQLite nobody else writes meanwhile."""


class ChangedMeanwhileError(Exception):
    """The folder is not any more as it was when a file in it was read"""


class Snapshot:
    """The folder ROOT and those of IMPORT_ROOTS that lie outside of it, as they are when ``manifest`` is first asked.

    PARSE_PATH is where the evaluation sees the folder. KEPT are files of it that lie in the database.
    """

    def __init__(
        self,
        root: Path,
        import_roots: Iterable[Path],
        parse_path: str,
        digester: Digester,
        kept: Mapping[str, bytes] | None = None,
    ) -> None:
        self._digester = digester
        self._kept = dict(kept or {})
        self._parse_path = parse_path or str(root)
        self.root = root
        self._outside: dict[Path, str] = {}
        for path in import_roots:
            if not _is_inside(path, root) and path not in self._outside:
                self._outside[path] = f"{blobs.ROOTS}/{len(self._outside)}"
        self._paths: dict[str, str] = {}
        self._names: dict[str, str | None] = {}
        self._manifest: Manifest | None = None
        self._stored = False

    def name_of(self, path: Path) -> str | None:
        """What a file or folder is called in the snapshot; None when it is no part of it."""
        if _is_inside(path, self.root):
            return os.path.relpath(path, self.root)
        for outside, name in self._outside.items():
            if _is_inside(path, outside):
                return os.path.normpath(os.path.join(name, os.path.relpath(path, outside)))
        return None

    @property
    def is_stored(self) -> bool:
        """Whether ``store`` has done its work already."""
        return self._stored

    @property
    def manifest(self) -> Manifest:
        """All files by name, each with the digest of its content."""
        if self._manifest is None:
            self._paths = dict(_files(str(self.root), ""))
            for outside, name in self._outside.items():
                self._paths.update(_files(str(outside), name + "/"))
            self._paths.update({name: f"{self.root}/{name}" for name in self._kept})
            found = {}
            for name, path in self._paths.items():
                entry = self._entry(path)
                if entry is not None:
                    found[name] = entry
            self._manifest = blobs.manifest(self._parse_path, found, self._outside.values())
        return self._manifest

    def look(self) -> None:
        """Have the manifest of the folder as it is now, unless it has been asked for before."""
        assert self.manifest

    def agrees_with(self, closure: Mapping[str, str | None]) -> bool:
        """Whether every file that a reading depended on is in the snapshot as it was then."""
        files = self.manifest.files
        for name, known in closure.items():
            if name not in self._names:
                self._names[name] = self.name_of(self.root / name)
            inside = self._names[name]
            if known in {FILE, FOLDER}:  # that it is there is all that was asked
                continue
            if inside is None or (known is not None and inside not in files and self._is_left_out(inside)):
                continue
            if (files[inside][0] if inside in files else None) != known:
                return False
        return True

    def store(self, store: Store) -> str:
        """Keep the folder, in as many transactions as it takes; its digest. Raises ChangedMeanwhileError."""
        manifest = self.manifest
        if not self._stored:
            with store.reading() as tx:
                done = blobs.has_folder(tx, manifest.digest)
                absent = set() if done else blobs.missing(tx, [digest for digest, _ in manifest.files.values()])
            for batch in self._batches(absent):
                with store.transaction() as tx:
                    blobs.put_contents(tx, batch)
            if not done:
                with store.transaction() as tx:
                    blobs.put_folder(tx, manifest)
            self._stored = True
        return manifest.digest

    def _batches(self, absent: set[str]) -> Iterator[list[bytes]]:
        batch: list[bytes] = []
        for name, (digest, _) in self.manifest.files.items():
            if digest not in absent:
                continue
            absent.discard(digest)
            try:
                content = self._kept[name] if name in self._kept else Path(self._paths[name]).read_bytes()
            except OSError:
                raise ChangedMeanwhileError(name) from None
            if digest_bytes(content) != digest:
                raise ChangedMeanwhileError(name)
            batch.append(content)
            if sum(map(len, batch)) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _entry(self, path: str) -> tuple[str, int] | None:
        digest, size = self._digester.look(path, LARGEST)
        if size > LARGEST:
            log.warning("a file of the DAG folder is too large to be kept", path=path, size=size)
        return None if digest is None else (digest, size)

    def _is_left_out(self, name: str) -> bool:
        path = self._paths.get(name, str(self.root / name))
        try:
            return os.stat(path).st_size > LARGEST or bool(_NEVER & set(Path(name).parts))
        except OSError:
            return False


def _is_inside(path: Path, folder: Path) -> bool:
    return os.path.normpath(path) == os.path.normpath(folder) or os.path.normpath(path).startswith(
        os.path.normpath(folder) + os.sep
    )


def _files(root: str, prefix: str) -> Iterator[tuple[str, str]]:
    """The regular files below ROOT, without what a ConfigMap keeps aside. Links are followed, but not in circles."""
    todo = [(root, prefix, frozenset({os.path.realpath(root)}))]
    while todo:
        folder, name, above = todo.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # a link in a circle
                continue
            if is_folder:
                real = os.path.realpath(entry.path)
                if entry.name not in _NEVER and not entry.name.startswith("..") and real not in above:
                    todo.append((entry.path, f"{name}{entry.name}/", above | {real}))
            elif is_file and entry.name not in _NEVER and not entry.name.endswith(".pyc"):
                yield name + entry.name, entry.path
