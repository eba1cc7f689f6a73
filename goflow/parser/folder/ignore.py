"""`.airflowignore`: patterns in the way of gitignore (Airflow 3's default) or regular expressions (Airflow 2's).

The rules are those of airflow._shared.module_loading.file_discovery (3.x) and airflow.utils.file (2.x): comments are
cut off anywhere in a line, patterns of a folder hold below it too, later patterns may take earlier ones back (``!``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from goflow.parser.folder.regular import read_regular

Syntax = Literal["glob", "regexp"]


class Rule(Protocol):
    """One line of an ignore file."""

    def says(self, path: str, is_folder: bool) -> bool | None:
        """True: PATH is ignored; False: it is not, whatever was said before; None: nothing to do with it."""


@dataclass(frozen=True, slots=True)
class _Regexp:
    pattern: re.Pattern[str]
    root: str

    def says(self, path: str, is_folder: bool) -> bool | None:
        return True if self.pattern.search(_below(path, self.root)) else None


@dataclass(frozen=True, slots=True)
class _Glob:
    pattern: re.Pattern[str]
    include: bool
    anchor: str | None
    folders_only: bool

    def says(self, path: str, is_folder: bool) -> bool | None:
        if self.folders_only and not is_folder:
            return None
        name = _below(path, self.anchor) if self.anchor is not None else path.rpartition("/")[2]
        return self.include if self.pattern.match(f"{name}/" if is_folder else name) else None


def rules_of(file: Path, root: Path, syntax: Syntax) -> list[Rule]:
    """The rules of the ignore FILE in a DAG folder ROOT; lines that are no pattern are passed over, as by Airflow."""
    try:
        text = read_regular(file).decode("utf-8", "replace")
    except OSError:
        return []
    rules: list[Rule] = []
    for line in text.split("\n"):
        pattern = re.sub(r"\s*#.*", "", line)
        rule = (_glob(pattern, file) if syntax == "glob" else _regexp(pattern, root)) if pattern else None
        if rule is not None:
            rules.append(rule)
    return rules


def ignored(path: str, rules: Iterable[Rule], is_folder: bool) -> bool:
    """Whether RULES, in their order, leave PATH out: the folder of the ignore file, as it was given to `rules_of`, and
    what comes below it. It is a text, as a folder may have ten thousand files."""
    answer = False
    for rule in rules:
        said = rule.says(path, is_folder)
        if said is not None:
            answer = said
    return answer


def _below(path: str, folder: str) -> str:
    return path.removeprefix(folder).lstrip("/")


def _regexp(pattern: str, root: Path) -> Rule | None:
    try:
        return _Regexp(re.compile(pattern), str(root))
    except re.error:
        return None


def _glob(pattern: str, file: Path) -> Rule | None:
    from pathspec.patterns.gitignore import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    if pattern.strip() == "/":
        return None
    anchored = pattern.startswith("/") or "/" in pattern.rstrip("/")
    folders_only = pattern.lstrip("!").rstrip().endswith("/")
    try:
        compiled = GitIgnoreSpecPattern(pattern)
    except GitIgnorePatternError:
        return None
    if compiled.include is None or compiled.regex is None:
        return None
    anchor = str(file.parent) if anchored else None
    return _Glob(re.compile(compiled.regex.pattern), compiled.include, anchor, folders_only)
