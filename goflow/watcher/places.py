"""Which folders have to be watched so that no swap of a symbolic link goes unseen.

A mounted ConfigMap changes by renaming a new link over ``..data``, beside the files; git-sync by renaming a link
somewhere above the DAG folder; others rename the folder itself. So what is watched is: the real folder with everything
below it; what links inside it lead to; and, in each folder that holds a link on the way to any of these, that link.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_NEVER = frozenset({".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", "node_modules"})


@dataclass(frozen=True, slots=True)
class Place:
    """A real folder to be watched: everything below it (NAMES None), or only what happens to NAMES right inside it.

    HAS_FILES: one of NAMES is a file, so that what is written into it is news; of folders and links it is only that
    they come and go, and others may write much beside them. INODE tells a folder from one that was made later at the
    same path: a watch goes with the folder, not the path.
    """

    path: str
    inode: int
    names: frozenset[str] | None = None
    has_files: bool = False

    @property
    def deep(self) -> bool:
        """Whether everything below is watched."""
        return self.names is None


def places(roots: Iterable[Path]) -> frozenset[Place]:
    """Where to watch for ROOTS, as the file system is now. For a root that is not there yet, where it would appear."""
    found = _Found(set(), {})
    for root in roots:
        path = Path(os.path.abspath(root))
        found.link(path)
        real = Path(os.path.realpath(path))
        if real.is_dir():
            found.folder(real)
        else:
            found.missing(real)
    return found.places()


@dataclass(slots=True)
class _Found:
    """Folders to be watched whole, and names to be watched in others."""

    deep: set[str]
    flat: dict[str, set[str]]

    def name(self, path: Path) -> None:
        """Watch what happens to the name PATH, whose folder is given by its real path."""
        if path.name:
            self.flat.setdefault(os.path.realpath(path.parent), set()).add(path.name)

    def link(self, path: Path) -> None:
        """Watch PATH itself and each link on the way to it, and on the way to where those lead."""
        self.name(path)
        seen: set[Path] = set()
        todo = [path]
        while todo:
            current = todo.pop()
            for step in (*reversed(current.parents), current):
                if step in seen or not step.is_symlink():
                    continue
                seen.add(step)
                self.name(step)
                todo.append(Path(os.path.normpath(step.parent / step.readlink())))

    def missing(self, path: Path) -> None:
        """Watch for PATH, or for the outermost folder above it that is not there either."""
        while path.parent != path and not path.parent.is_dir():
            path = path.parent
        self.name(path)

    def folder(self, root: Path) -> None:
        """Watch ROOT with all that is below it, and what links there lead to."""
        todo = [str(root)]
        while todo:
            top = todo.pop()
            if top in self.deep:
                continue
            self.deep.add(top)
            for folder, folders, names in os.walk(top):
                folders[:] = [name for name in folders if name not in _NEVER]
                todo += [target for name in (*folders, *names) if (target := self._target(folder, name))]

    def _target(self, folder: str, name: str) -> str | None:
        """Where the link NAME in FOLDER leads, if that is a folder; a file that it leads to is watched by its name."""
        path = os.path.join(folder, name)
        if not os.path.islink(path):
            return None
        self.link(Path(path))
        target = os.path.realpath(path)
        if os.path.isdir(target):
            return target
        self.name(Path(target))
        return None

    def places(self) -> frozenset[Place]:
        """All of it, without what is inside of something else."""
        whole = {path for path in self.deep if not _covered(path, self.deep - {path})}
        out = {Place(path, _inode(path)) for path in whole}
        for path, names in self.flat.items():
            if path not in whole and not _covered(path, whole):
                has_files = any(_is_file(os.path.join(path, name)) for name in names)
                out.add(Place(path, _inode(path), frozenset(names), has_files))
        return frozenset(out)


def _covered(path: str, folders: set[str]) -> bool:
    return any(path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _is_file(path: str) -> bool:
    return os.path.isfile(path) and not os.path.islink(path)


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0
