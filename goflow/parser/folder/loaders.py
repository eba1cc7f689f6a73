"""dag-factory's YAML in a DAG folder: data of the Python file that loads it, or DAG files by themselves.

Under Airflow such YAML does nothing until a Python file calls dag-factory, and which files that one loads only reading
it tells. So where any Python file of the folder names `dagfactory`, none of this YAML is a DAG file; where none does,
nobody else would read it, and all of it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from goflow.parser.folder.regular import read_regular
from goflow.parser.yaml import Kind, kind_of

_MOST = 200_000
_known: dict[tuple[str, str], tuple[tuple[int, int, int], bool]] = {}
"""What was found in a file: by its path and the question, with the file's inode, size and time."""


def without_loaded(root: Path, found: list[str], python_files: Iterable[Path]) -> list[str]:
    """FOUND, paths relative to ROOT, without the YAML of dag-factory where one of PYTHON_FILES loads such YAML.

    Files that have not changed since they were asked before are not read again.
    """
    ours = {path for path in found if path.endswith((".yaml", ".yml")) and _ask("yaml", root / path, _is_dag_factory)}
    if not ours or not any(_ask("python", path, _names_dag_factory) for path in python_files):
        return found
    return [path for path in found if path not in ours]


def _ask(question: str, path: Path, answer: Callable[[bytes], bool]) -> bool:
    try:
        status = path.stat()
        signature = (status.st_ino, status.st_size, status.st_mtime_ns)
        before = _known.get((question, str(path)))
        if before is not None and before[0] == signature:
            return before[1]
        found = answer(read_regular(path))
    except OSError:
        return False
    if len(_known) >= _MOST:
        _known.clear()
    _known[question, str(path)] = (signature, found)
    return found


def _is_dag_factory(content: bytes) -> bool:
    return kind_of(content) is Kind.DAG_FACTORY


def _names_dag_factory(content: bytes) -> bool:
    return b"dagfactory" in content
