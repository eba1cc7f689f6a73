"""Where things are in a repository that was made for Airflow: DAG folders, import roots, and which Airflow it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from goflow.domain.spec import Dialect
from goflow.parser.folder.config import CONFIG_NAME
from goflow.parser.folder.discovery import IGNORE_NAME, is_yaml, looks_like_dag
from goflow.parser.folder.versions import asked_for

FOLDER_NAMES = ("dags", "dag")
IMPORT_NAMES = ("plugins", "src", "include")
_NEVER = frozenset({"node_modules", "__pycache__", "site-packages", "venv", "env", "build", "dist"})
_TESTS = frozenset({"test", "tests"})
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Repository:
    """What was found below ROOT. Paths are relative to it, ``.`` is itself.

    FOLDERS are DAG folders with the reason they are taken for one; OUTSIDE are files that look like DAG files and lie
    in none of them; IMPORT_ROOTS may be imported from; IGNORES are ignore files. DIALECT is that of the Airflow which
    the file DIALECT_FROM asks for, None where nothing tells; REQUIREMENTS are lists of packages.
    """

    root: Path
    folders: tuple[tuple[str, str], ...]
    outside: tuple[str, ...]
    import_roots: tuple[str, ...]
    ignores: tuple[str, ...]
    requirements: tuple[str, ...]
    dialect: Dialect | None
    dialect_from: str


def find_repository(root: Path, given: Sequence[Path] = ()) -> Repository:
    """Look through ROOT; DAG folders that are GIVEN are those. Files in folders of tests count for no DAG files."""
    seen = list(_walk(root))
    looks = [path for path in seen if path.suffix in {".py", ".yaml", ".yml"} and _looks(root, path)]
    folders = [(Path(os.path.relpath(path, root)), "as told") for path in given] or _folders(seen, looks)
    inside = {path for path in looks if any(path.is_relative_to(folder) for folder, _ in folders)}
    dialect, source = asked_for(root, [path.as_posix() for path in seen])
    requirements = [path for path in seen if path.name.startswith("requirements") and path.suffix in {".txt", ".in"}]
    return Repository(
        root=root,
        folders=tuple((folder.as_posix(), why) for folder, why in folders),
        outside=tuple(path.as_posix() for path in looks if path not in inside),
        import_roots=tuple(root.as_posix() for root in _import_roots(seen, [folder for folder, _ in folders])),
        ignores=tuple(path.as_posix() for path in seen if path.name == IGNORE_NAME),
        requirements=tuple(path.as_posix() for path in requirements),
        dialect=dialect,
        dialect_from=source,
    )


def _walk(root: Path) -> Iterator[Path]:
    """The files of the repository, those nearer to its top first."""
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _NEVER and not name.startswith(".") and not (here / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            yield (here / name).relative_to(root)


def _looks(root: Path, path: Path) -> bool:
    if _TESTS & set(path.parts) or path.name == CONFIG_NAME:
        return False
    try:
        content = (root / path).read_bytes() if (root / path).stat().st_size <= _LARGEST else b""
    except OSError:
        return False
    return looks_like_dag(content, path.name) and (is_yaml(path.name) or b"import" in content)


def _folders(seen: Iterable[Path], looks: list[Path]) -> list[tuple[Path, str]]:
    """Folders that say of themselves what they are, else the one that has all files which look like DAG files."""
    found: dict[Path, str] = {}
    for path in seen:
        if path.name in {CONFIG_NAME, IGNORE_NAME}:
            found.setdefault(path.parent, f"it has a {path.name}")
    for path in looks:
        for above in reversed(path.parents):
            if above.name in FOLDER_NAMES:
                found.setdefault(above, f"it is called {above.name}")
    used = {folder: why for folder, why in found.items() if any(path.is_relative_to(folder) for path in looks)}
    top = {
        folder: why
        for folder, why in used.items()
        if not any(other != folder and folder.is_relative_to(other) for other in used)
    }
    if top or not looks:
        return sorted(top.items())
    common = Path(os.path.commonpath([path.parent.as_posix() or "." for path in looks]))
    return [(common, "the files that look like DAG files are below it")]


def _import_roots(seen: Iterable[Path], folders: list[Path]) -> list[Path]:
    """``plugins`` and ``src`` beside a DAG folder or at the top; and what is above ``include`` or the DAG folder, which
    Airflow's home is mostly, so that ``include.x`` and ``dags.x`` can be imported."""
    places = {Path(), *(folder.parent for folder in folders)}
    found: dict[Path, None] = {}
    for path in seen:
        for above in path.parents:
            if path.suffix == ".py" and above.parent in places and above.name in IMPORT_NAMES and above not in folders:
                found[above.parent if above.name == "include" else above] = None
    for folder in folders:
        if folder.parent != folder:
            found[folder.parent] = None
    return [root for root in found if root not in folders]
