"""The YAML files of a folder that dag-factory reads: all that end so and that no `.airflowignore` takes out."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from goflow.domain.spec import Dialect
from goflow.parser.folder.ignore import Rule, Syntax, ignored, rules_of
from goflow.parser.interpreter.values import At
from goflow.parser.libraries.paths import exists, listing

_IGNORE = ".airflowignore"


def config_files(folder: str, endings: Sequence[str], at: At) -> list[str]:
    """The paths of the files below FOLDER whose names end with one of ENDINGS, as dag-factory comes upon them.

    A folder's own files come before those of the folders in it, all by name. Each real folder is entered once. The
    ignore files are read in the syntax that Airflow's ``core.dag_ignore_file_syntax`` has by default.
    """
    walk = _Walk(folder, tuple(endings), at)
    walk.into(folder, [])
    return walk.found


class _Walk:
    def __init__(self, top: str, endings: tuple[str, ...], at: At) -> None:
        self.loader, self.endings, self.at = at.session.loader, endings, at
        self.top = self.loader.real(top)
        self.syntax: Syntax = "regexp" if at.session.dialect is Dialect.AIRFLOW2 else "glob"
        self.seen: set[Path] = set()
        self.found: list[str] = []

    def into(self, folder: str, rules: list[Rule]) -> None:
        """Take the files of FOLDER, for which RULES hold already, and go into the folders in it."""
        self.at.session.budget.step(self.at)
        real = self.loader.real(folder)
        if real.resolve() in self.seen or exists(folder, self.at, "isdir") is not True:
            return
        self.seen.add(real.resolve())
        names = listing(folder, self.at)
        if _IGNORE in names:
            self.loader.read_bytes(real / _IGNORE, self.at)  # what it says belongs to the version
            rules = [*rules, *rules_of(real / _IGNORE, self.top, self.syntax)]
        folders = []
        for name in names:
            path = posixpath.join(folder, name)
            if exists(path, self.at, "isdir") is True:
                folders += [] if ignored(str(real / name), rules, is_folder=True) else [path]
            elif name.endswith(self.endings) and not ignored(str(real / name), rules, is_folder=False):
                self.found.append(path)
        for path in folders:
            self.into(path, rules)
