"""Zip archives in the DAG folder: Airflow runs the Python files at their top, GoFlow says that it does not yet."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

from goflow.domain.diagnostics import Diagnostic, Span
from goflow.domain.spec import Dialect
from goflow.parser.folder.discovery import looks_like_dag

HINT = "unpack it into the DAG folder: what it imports is found beside it as well"
LOOKED_AT = 4 << 20
"""Bytes of each file in an archive that are looked through."""


def archived_dags(content: bytes, path: str, dialect: Dialect, *, safe_mode: bool) -> Diagnostic | None:
    """What to say of the archive PATH with CONTENT; None where Airflow would find nothing to run in it either.

    Airflow takes the ``.py`` and ``.pyc`` files at the top of an archive, in safe mode those that look like DAG files
    (``_load_modules_from_zip`` of its DagBag), and passes over a file that is no archive in spite of its name.
    """
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = [name for name in archive.namelist() if _counts(name)]
            if safe_mode:
                found = [name for name in found if looks_like_dag(archive.open(name).read(LOOKED_AT), "", dialect)]
    except zipfile.BadZipFile:
        return None
    except (RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as problem:  # encrypted, unknown method
        return Diagnostic("GF010", f"what is in this archive cannot be read: {problem}", Span(path), hint=HINT)
    if not found:
        return None
    words = f"GoFlow does not read DAG files in archives yet: {', '.join(sorted(found))}"
    return Diagnostic("GF010", words, Span(path), hint=HINT)


def is_archive(path: str) -> bool:
    """Whether PATH is looked into as an archive."""
    return path.endswith(".zip")


def _counts(name: str) -> bool:
    path = PurePosixPath(name)
    return len(path.parts) == 1 and path.suffix in {".py", ".pyc"}
