"""Zip archives in the DAG folder: Airflow runs the Python files at their top, which import what else is in them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from goflow.domain.diagnostics import Diagnostic, Span
from goflow.domain.spec import Dialect
from goflow.parser.folder.discovery import looks_like_dag

if TYPE_CHECKING:
    import zipfile

HINT = "unpack it into the DAG folder: what it imports is found beside it as well"
MOST_FILES = 10_000
"""Files in an archive that is looked into."""
LARGEST_FILE = 4 << 20
"""Bytes of a Python file in an archive, unpacked."""
LARGEST = 64 << 20
"""Bytes of all Python files in an archive, unpacked."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive's Python FILES by their names in it, and those of them that Airflow runs, in their order.

    FOLDERS have an entry of their own, with a slash at the end: without one Python finds no package that has no
    ``__init__.py``.
    """

    files: Mapping[str, bytes]
    folders: frozenset[str]
    dag_files: tuple[str, ...]


def open_archive(content: bytes, path: str, dialect: Dialect, *, safe_mode: bool) -> Archive | Diagnostic | None:
    """The archive PATH with CONTENT; None where Airflow would find nothing to run in it; what to say where it cannot be
    read.

    Airflow takes the ``.py`` and ``.pyc`` files at the top of an archive, in safe mode those that look like DAG files
    (``_load_modules_from_zip`` of its DagBag), and passes over a file that is no archive in spite of its name.
    """
    import zipfile

    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        return None
    except Exception as problem:
        return _unreadable(problem, path)
    with archive:
        try:
            return _opened(archive, path, dialect, safe_mode=safe_mode)
        except Exception as problem:  # encrypted, an unknown method, broken: each decompressor has errors of its own
            return _unreadable(problem, path)


def is_archive(path: str) -> bool:
    """Whether PATH is looked into as an archive."""
    return path.endswith(".zip")


def _opened(archive: zipfile.ZipFile, path: str, dialect: Dialect, *, safe_mode: bool) -> Archive | Diagnostic | None:
    names = archive.namelist()
    if len(names) > MOST_FILES:
        return _refused(f"an archive of more than {MOST_FILES:,} files", path)
    files: dict[str, bytes] = {}
    total = 0
    for name in dict.fromkeys(names):
        if not name.endswith(".py"):
            continue
        with archive.open(name) as file:  # what the directory says of sizes may be a lie
            files[name] = file.read(LARGEST_FILE + 1)
        total += len(files[name])
        if len(files[name]) > LARGEST_FILE or total > LARGEST:
            return _refused(f"{name} makes more of this archive than is read ({LARGEST >> 20} MiB of Python)", path)
    compiled = [name for name in names if _is_at_top(name, ".pyc") and f"{name[:-1]}" not in files]
    if compiled:
        return _refused(f"compiled Python files cannot be read: {', '.join(sorted(compiled))}", path)
    tops = [name for name in files if _is_at_top(name, ".py")]
    found = tuple(name for name in tops if not safe_mode or looks_like_dag(files[name], "", dialect))
    folders = frozenset(name for name in names if name.endswith("/"))
    return Archive(files, folders, found) if found else None


def _is_at_top(name: str, suffix: str) -> bool:
    path = PurePosixPath(name)
    return len(path.parts) == 1 and path.suffix == suffix


def _unreadable(problem: Exception, path: str) -> Diagnostic:
    return _refused(f"what is in this archive cannot be read: {problem}", path)


def _refused(words: str, path: str) -> Diagnostic:
    return Diagnostic("GF010", words, Span(path), hint=HINT)
