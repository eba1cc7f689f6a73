"""Digests of files, each file hashed once as long as it seems to be the same; and the digest of the reader itself."""

from __future__ import annotations

import functools
import hashlib
import os
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import goflow
from goflow.domain.canonical import Json, digest, digest_bytes
from goflow.importer.settings import ImportSettings
from goflow.parser.folder import open_regular

_Signature = tuple[int, int, int, int, int]
_SETTLED_NS = 100_000_000
"""A file that was written so short a time ago may be written again without any sign that its metadata would show."""


class Digester:
    """Digests of files by path, remembered while device, inode, size and both times stay as they are.

    ``forget`` is called before every periodic scan, so that what a file system does not tell is seen then.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[_Signature, str]] = {}
        self._given: dict[str, tuple[str, int]] = {}
        self._statuses: dict[str, os.stat_result] | None = None

    def digest(self, path: str | Path) -> str | None:
        """The sha256 of the file's content; None where there is no regular file that can be read."""
        return self.look(str(path))[0]

    def look(self, path: str, largest: int | None = None) -> tuple[str | None, int]:
        """The same with the file's size in bytes; no digest either where it is larger than LARGEST."""
        if path in self._given:
            return self._given[path]
        try:
            status = self._statuses.get(path) if self._statuses is not None else None
            if status is None:
                status = os.stat(path)
                if self._statuses is not None:
                    self._statuses[path] = status
        except (OSError, ValueError):
            self._known.pop(path, None)
            return None, 0
        size = status.st_size
        if largest is not None and size > largest:
            return None, size
        signature = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._known.get(path)
        if known is not None and known[0] == signature:
            return known[1], size
        try:
            with open_regular(path) as file:
                value = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return None, size
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS:
            self._known[path] = (signature, value)
        else:
            self._known.pop(path, None)
        return value, size

    def believe(self, statuses: Mapping[str, os.stat_result]) -> None:
        """Until `doubt` files are as they are found now: STATUSES, which has just been seen, and what is looked at
        further. To look at ten thousand files once is what a scan takes most of its time for."""
        self._statuses = dict(statuses)

    def give(self, contents: Mapping[str, bytes]) -> None:
        """From now on these are files as well, by their whole paths; they lie in the database."""
        self._given = {path: (digest_bytes(content), len(content)) for path, content in contents.items()}

    def doubt(self) -> None:
        """From now on look at a file whenever it is asked for."""
        self._statuses = None

    def forget(self) -> None:
        """Look at everything and hash it anew when it is asked for next."""
        self.doubt()
        self._known.clear()


def _is_source(path: Path) -> bool:
    """False for what Python writes there itself: a process that is killed leaves half of it behind, under any name."""
    return "__pycache__" not in path.parts and path.suffix != ".pyc" and path.is_file()


@functools.cache
def parser_version() -> str:
    """GoFlow's version and a digest of the code that decides what a file means: another one may read differently."""
    home = Path(goflow.__file__).parent
    parts = [home / "parser", home / "domain", home / "operators"]
    files = sorted(path for part in parts for path in part.rglob("*") if _is_source(path))
    hasher = hashlib.sha256()
    for path in files:
        hasher.update(str(path.relative_to(home)).encode() + b"\0")
        hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{goflow.__version__}+{hasher.hexdigest()[:12]}"


def _version_of(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def reader_version(settings: ImportSettings) -> str:
    """The same with what the settings have a say in: what was read under others has to be read again."""
    words: dict[str, Json] = {
        "root": str(settings.root),
        "import_roots": [str(root) for root in settings.import_roots],
        "parse_path": settings.parse_path,
        "dialect": settings.dialect,
        "safe_mode": settings.safe_mode,
        "environment": dict(settings.environment),
        "secret_environment": " ".join(sorted(settings.secret_environment)),
        "parser": settings.parser,
        "runs_files": settings.runs_files,
        "runs_in": settings.runs_in,
        "runs_by": [_version_of(name) for name in ("goflow-runner", "goflow-airflow-shim")],
    }
    return f"{parser_version()} {digest(words)[:12]}"
