"""Which files of a DAG folder are looked at, and which of those look like DAG files."""

from __future__ import annotations

import os
from pathlib import Path

from goflow.domain.errors import GoFlowError
from goflow.domain.spec import Dialect
from goflow.parser.folder.config import CONFIG_NAME, folder_config
from goflow.parser.folder.ignore import Rule, Syntax, ignored, rules_of
from goflow.parser.folder.loaders import without_loaded
from goflow.parser.yaml import kind_of

IGNORE_NAME = ".airflowignore"
_NEVER = frozenset({".git", "__pycache__"})
_YAML = (".yaml", ".yml")
_COUNTED = (".py", ".zip", *_YAML)


def dag_files(root: Path, dialect: Dialect = Dialect.AIRFLOW3, syntax: Syntax | None = None) -> list[str]:
    """The ``.py``, ``.yaml`` and ``.zip`` files below ROOT that `.airflowignore` leaves, relative to it, sorted.

    Symbolic links are followed where they lead to something in the folder (ROOT itself may be one, as git-sync makes
    it), each real folder is entered once. A link that leads out of the folder is named, and not followed, and so is a
    folder that cannot be listed: reading them tells so. The two names under which a mounted ConfigMap keeps its data
    (``..data`` and ``..2024_...``) are passed over: its files are links beside them. SYNTAX is that of the
    ignore files, by default the one that Airflow of that DIALECT takes. YAML of dag-factory is left out where a Python
    file loads it (`loaders`); whether a file looks like a DAG file is not asked otherwise: see `looks_like_dag`.
    Raises GoFlowError when ROOT is there and cannot be listed.
    """
    syntax = syntax or ("regexp" if dialect is Dialect.AIRFLOW2 else "glob")
    found: list[str] = []
    python_files: list[str] = []
    rules_in: dict[Path, list[Rule]] = {root.resolve(): []}
    unlisted: list[OSError] = []
    todo = [root]
    while todo:
        here = todo.pop()
        rules = rules_in[here.resolve()]
        try:
            folders, files, others = _listed(here)
        except OSError as problem:
            unlisted.append(problem)
            continue
        if IGNORE_NAME in files:
            rules = [*rules, *rules_of(here / IGNORE_NAME, root, syntax)]
        outside = {name for name in folders if leads_out(here / name, root)}
        found += [
            (here / name).relative_to(root).as_posix()
            for name in outside
            if not ignored(f"{here}/{name}", rules, is_folder=True)
        ]
        inside = sorted(name for name in folders if name not in outside)
        todo += reversed([here / name for name in inside if _enter(here / name, rules, rules_in)])
        prefix = "" if here == root else f"{here.relative_to(root).as_posix()}/"
        # what is ignored can be imported all the same
        python_files += [f"{here}/{name}" for name in (*files, *others) if name.endswith(".py")]
        counted = (name for name in files if _counts(name, is_top=not prefix))
        found += [
            prefix + name for name in counted if not (rules and ignored(f"{here}/{name}", rules, is_folder=False))
        ]
    found += _hidden(root, unlisted)
    inside_of_it = (path for path in python_files if not leads_out(path, root))
    return without_loaded(root, sorted({storable(path) for path in found}), inside_of_it)


def left_out(root: Path, path: str) -> bool:
    """Whether `.airflowignore` files of ROOT leave out PATH, below it, as `goflow.yaml` has their syntax; the file need
    not be there."""
    config = folder_config(root)
    dialect = config.for_file(path).dialect or Dialect.AIRFLOW3
    syntax: Syntax = config.ignore_syntax or ("regexp" if dialect is Dialect.AIRFLOW2 else "glob")
    rules: list[Rule] = []
    step = root
    parts = path.split("/")
    for place, part in enumerate(parts):
        if (step / IGNORE_NAME).is_file():
            rules += rules_of(step / IGNORE_NAME, root, syntax)
        step = step / part
        if ignored(str(step), rules, is_folder=place < len(parts) - 1):
            return True
    return False


def _listed(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """The names in FOLDER: folders, files, and what is neither. Links are what they lead to. Mostly the folder itself
    tells which is which: it may have ten thousand files."""
    folders: list[str] = []
    files: list[str] = []
    others: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                kind = folders if entry.is_dir() else files if entry.is_file() else others
            except OSError:  # a link in a circle
                kind = others
            kind.append(entry.name)
    return folders, files, others


def _hidden(root: Path, unlisted: list[OSError]) -> list[str]:
    """The folders that could not be listed and are there all the same. Raises GoFlowError when ROOT itself is one."""
    found = []
    for problem in unlisted:
        if os.path.isdir(problem.filename):
            if Path(problem.filename) == root:
                raise GoFlowError(f"the DAG folder {root} cannot be listed: {problem.strerror}")
            found.append(Path(problem.filename).relative_to(root).as_posix())
    return found


def storable(path: str) -> str:
    """PATH with each byte of it that is not UTF-8 written as ``\\xNN``: no database takes it otherwise. No file is
    found by that name, and reading it tells so."""
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def leads_out(path: Path | str, root: Path) -> bool:
    """Whether PATH below ROOT is a symbolic link to something that is not."""
    return os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def is_yaml(path: str) -> bool:
    """Whether PATH is read as YAML."""
    return path.endswith(_YAML)


def looks_like_dag(content: bytes, path: str, dialect: Dialect = Dialect.AIRFLOW3) -> bool:
    """Whether the file PATH with CONTENT is worth reading: Airflow's safe mode for Python, ours for YAML.

    airflow.utils.file.might_contain_dag_via_default_heuristic: both ``airflow`` and ``dag`` somewhere in it, whatever
    their case; Airflow 3 takes ``asset`` for ``dag`` too.
    """
    if is_yaml(path):
        return kind_of(content) is not None
    lowered = content.lower()
    if b"airflow" not in lowered:
        return False
    return b"dag" in lowered or (dialect is Dialect.AIRFLOW3 and b"asset" in lowered)


def _enter(folder: Path, rules: list[Rule], rules_in: dict[Path, list[Rule]]) -> bool:
    """Whether to walk into FOLDER; if so, the rules of what is above it are its own from now on."""
    if folder.name in _NEVER or folder.name.startswith("..") or ignored(str(folder), rules, is_folder=True):
        return False
    real = folder.resolve()
    if real in rules_in:
        return False
    rules_in[real] = rules
    return True


def _counts(name: str, *, is_top: bool) -> bool:
    if not name.endswith(_COUNTED) or name[: name.rindex(".")].strip(".") == "":  # ".py" is a name without an ending
        return False
    return not (is_top and name == CONFIG_NAME)
