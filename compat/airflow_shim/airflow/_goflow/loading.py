"""Importing the DAG file as it was when it was read: its path, its name, its inputs."""

import contextlib
import hashlib
import linecache
import os
import sys
import types
from pathlib import Path

from airflow._goflow.dag import DAG, DagContext
from airflow._goflow.live import Session


class DagFileError(Exception):
    """The file does not have what the version says it has."""


def load_dag(task_input, folder):
    """The DAG of TASK_INPUT, its file run from FOLDER with the inputs that were recorded. Raises DagFileError, and
    whatever the file raises."""
    info = task_input["folder"]
    real = Path(folder) / info["file"]
    told = f"{info['path'].rstrip('/')}/{info['file']}"
    if not os.path.exists(told):
        told = str(real)
    for root in [str(Path(told).parents[info["file"].count("/")]), *info["import_roots"]]:
        if root not in sys.path:
            sys.path.append(root)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    source = real.read_text(encoding="utf-8-sig")
    linecache.cache[told] = (len(source), None, source.splitlines(keepends=True), told)
    name = f"unusual_prefix_{hashlib.sha1(told.encode()).hexdigest()}_{real.stem}"
    module = types.ModuleType(name)
    module.__file__ = told
    sys.modules[name] = module
    DagContext.registered.clear()
    with recorded_inputs(task_input):
        exec(compile(source, told, "exec"), module.__dict__)  # the author's own file, in the task's own container
    return _find(module, task_input["dag_id"])


@contextlib.contextmanager
def recorded_inputs(task_input):
    """While the file is imported: the Variables that were recorded, and the environment of its settings."""
    Session.recorded = task_input["inputs"] or {}
    try:
        yield
    finally:
        Session.recorded = None


def _find(module, dag_id):
    found = {dag.dag_id: dag for dag in DagContext.registered}
    found.update({value.dag_id: value for value in list(vars(module).values()) if isinstance(value, DAG)})
    if dag_id not in found:
        raise DagFileError(f"the file has no DAG {dag_id!r}; it has {', '.join(map(repr, sorted(found))) or 'none'}")
    return found[dag_id]
