"""dag-factory's YAML in a DAG folder: data of the Python file that loads it, or DAG files by themselves.

Under Airflow such YAML does nothing until a Python file calls dag-factory, and which files that one loads only reading
it tells. So where any Python file of the folder names `dagfactory`, none of this YAML is a DAG file; where none does,
nobody else would read it, and all of it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from goflow.parser.folder.asking import ask
from goflow.parser.yaml import Kind, kind_of


def without_loaded(root: Path, found: list[str], python_files: Iterable[str]) -> list[str]:
    """FOUND, paths relative to ROOT, without the YAML of dag-factory where one of PYTHON_FILES loads such YAML.

    Files that have not changed since they were asked before are not read again.
    """
    ours = {
        path for path in found if path.endswith((".yaml", ".yml")) and ask("yaml", f"{root}/{path}", _is_dag_factory)
    }
    if not ours or not any(ask("python", path, _names_dag_factory) for path in python_files):
        return found
    return [path for path in found if path not in ours]


def _is_dag_factory(content: bytes) -> bool:
    return kind_of(content) is Kind.DAG_FACTORY


def _names_dag_factory(content: bytes) -> bool:
    return b"dagfactory" in content
