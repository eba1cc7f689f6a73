"""The DAG folder before any file of it is read: its files, and which Airflow they are for as a whole (decision 5).

A file that says nothing about its Airflow was still written for the one that its neighbours run under. So where nobody
has set a dialect, the files that do tell are counted, and the others go by most of them. As many files for the one as
for the other, or none at all: then a version that a requirements file or Dockerfile in the folder or an import root
asks for tells, and else the default holds. A file that the answer does not suit says so itself (GF501).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from goflow.domain.spec import Dialect
from goflow.parser.folder.asking import ask
from goflow.parser.folder.config import FolderConfig, folder_config
from goflow.parser.folder.discovery import dag_files
from goflow.parser.folder.versions import asked_for_in

DEFAULT = Dialect.AIRFLOW3
"""What holds where nobody says and nothing tells."""


@dataclass(frozen=True, slots=True)
class Survey:
    """CONFIG is the folder's `goflow.yaml`. PATHS are the files that count, relative to the folder. DIALECT holds for
    those of them that do not tell another; INFERRED: nobody has set it, the folder's own files do. WHY is what tells,
    in words; empty where nothing does. STATUSES: what the system said of files that had to be looked at, by path."""

    config: FolderConfig
    paths: list[str]
    dialect: Dialect
    inferred: bool = False
    why: str = ""
    statuses: Mapping[str, os.stat_result] = field(default_factory=dict, repr=False)


def survey(
    root: Path, dialect: Dialect | None, import_roots: Sequence[Path] = (), asked: Dialect | None = None
) -> Survey:
    """Look through the DAG folder ROOT. DIALECT is what holds for it when its `goflow.yaml` is silent, None: what its
    files tell. ASKED: the version that the repository around it asks for, where that is known."""
    config = folder_config(root)
    said = config.dialect or dialect
    paths = dag_files(root, said or DEFAULT, config.ignore_syntax)
    if said is not None:
        return Survey(config, paths, said)
    statuses: dict[str, os.stat_result] = {}
    found, why = _told(root, paths, import_roots, asked, statuses)
    if found is None:
        return Survey(config, paths, DEFAULT, statuses=statuses)
    if found is not DEFAULT and config.ignore_syntax is None:  # each has a syntax of its own for what it ignores
        paths = dag_files(root, found)
    return Survey(config, paths, found, inferred=True, why=why, statuses=statuses)


def _told(
    root: Path,
    paths: Iterable[str],
    import_roots: Sequence[Path],
    asked: Dialect | None,
    statuses: MutableMapping[str, os.stat_result],
) -> tuple[Dialect | None, str]:
    from goflow.parser.libraries.airflow.telling import told_by

    tell: dict[Dialect, list[str]] = {dialect: [] for dialect in Dialect}
    for path in paths:
        if path.endswith(".py"):
            found = ask("dialect", f"{root}/{path}", told_by, statuses)
            if found is not None:
                tell[found].append(path)
    two, three = tell[Dialect.AIRFLOW2], tell[Dialect.AIRFLOW3]
    if len(two) != len(three):
        dialect = Dialect.AIRFLOW2 if len(two) > len(three) else Dialect.AIRFLOW3
        return dialect, _words(tell[dialect], min(two, three, key=len))
    if asked is not None:
        return asked, "the repository asks for it"
    found, path = asked_for_in([root, *import_roots])
    return found, f"{path} asks for it" if found else ""


def _words(most: Sequence[str], least: Sequence[str]) -> str:
    """Which files tell: one by name, and how many against how many."""
    others = f" and {len(most) - 1} more" if len(most) > 1 else ""
    against = f", against {least[0]}{f' and {len(least) - 1} more' if len(least) > 1 else ''}" if least else ""
    return f"{most[0]}{others} can be for no other Airflow{against}"
