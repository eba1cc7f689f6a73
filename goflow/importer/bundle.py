"""The folders that a file sees while it is run elsewhere, packed: the same bytes for the same content."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from goflow.parser.folder import open_regular

_NEVER = frozenset({".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".venv", "node_modules"})
"""Folders of which only the names are packed: nobody imports what is in them, but their parents may be listed."""
LARGEST = 64 << 20
"""Bytes of all files."""
LARGEST_PACKED = 7 << 20
"""Bytes of the bundle: it goes into Secrets, each of which holds 1 MiB at most."""


class TooLargeError(Exception):
    """The folders do not fit: the text says by how much."""


def packed(mounts: Mapping[str, str]) -> bytes:
    """The folders of MOUNTS (`goflow.parser.api.Errand`) as a ``tar.gz``, each under its number in order.

    Links are followed, but not out of the folders: there a run in a sandbox of this machine finds nothing either.
    Raises TooLargeError, and OSError where a file goes away meanwhile.
    """
    tops = [Path(os.path.realpath(outside)) for outside in mounts.values()]
    content = io.BytesIO()
    left = LARGEST
    with (
        gzip.GzipFile(fileobj=content, mode="wb", compresslevel=6, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for number, top in enumerate(tops):
            for name, path in _entries(top, str(number), tops):
                left -= _add(archive, name, path)
                if left < 0 or content.tell() > LARGEST_PACKED:
                    raise TooLargeError(f"more than {LARGEST >> 20} MiB, or {LARGEST_PACKED >> 20} MiB packed")
    if content.tell() > LARGEST_PACKED:
        raise TooLargeError(f"more than {LARGEST_PACKED >> 20} MiB packed")
    return content.getvalue()


def _add(archive: tarfile.TarFile, name: str, path: Path) -> int:
    """Add the file or folder PATH; the bytes it has."""
    entry = tarfile.TarInfo(name)
    if path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
        return 0
    with open_regular(path) as file:
        entry.size = os.fstat(file.fileno()).st_size
        if entry.size > LARGEST:
            raise TooLargeError(f"a file of {entry.size >> 20} MiB ({path.name})")
        content = file.read()
    entry.size, entry.mode = len(content), 0o755 if os.access(path, os.X_OK) else 0o644
    archive.addfile(entry, io.BytesIO(content))
    return len(content)


def _entries(top: Path, name: str, tops: list[Path]) -> Iterator[tuple[str, Path]]:
    """TOP, and all that is below it, by their names in the bundle."""
    todo = [(top, name, frozenset({top}))]
    while todo:
        folder, name, above = todo.pop()
        yield name, folder
        if folder.name in _NEVER or folder.name.startswith(".."):  # ConfigMaps keep their data in the latter
            continue
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            real = Path(os.path.realpath(entry.path))
            if not any(real.is_relative_to(inside) for inside in tops):
                continue
            if entry.is_dir():
                if real not in above:
                    todo.append((Path(entry.path), f"{name}/{entry.name}", above | {real}))
            elif entry.is_file() and entry.name not in _NEVER:  # in a worktree of git, .git is a file
                yield f"{name}/{entry.name}", Path(entry.path)
