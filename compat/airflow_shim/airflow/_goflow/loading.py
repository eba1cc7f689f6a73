"""Importing the DAG file as it was when it was read: its path, its module name, its inputs."""

import contextlib
import hashlib
import os
import re
import sys
import types

from airflow._goflow.dag import DAG, DagContext
from airflow._goflow.world import World


class DagFileError(Exception):
    """The file does not have what its version says it has."""


def load_dag(task_input, folder):
    """The DAG of TASK_INPUT, its file run from FOLDER with the inputs that were recorded.

    Raises DagFileError, and whatever the file raises.
    """
    info = task_input["folder"]
    path = os.path.join(str(folder), info["file"])
    recorded = os.path.join(info["path"], info["file"])
    add_roots(info, str(folder))
    module = types.ModuleType(module_name(recorded))
    module.__file__ = path
    sys.modules[module.__name__] = module
    DagContext.registered.clear()
    DagContext.stack.clear()
    with open(path, "rb") as file:
        source = file.read()
    World.parsing = (task_input["dag_id"], task_input["task_id"])
    with recorded_inputs(task_input):
        problem = None
        if path.endswith(".zip"):
            from airflow._goflow import zip_files

            problem = zip_files.make(path, module.__dict__, lambda: task_input["dag_id"] in _dags(module))
        elif path.endswith((".yaml", ".yml")):
            from airflow._goflow import yaml_files

            yaml_files.make(source, path, str(folder), module.__dict__)
        else:
            code = compile(source, path, "exec", dont_inherit=True)
            exec(code, module.__dict__)  # the author's own file, in the task's own process
    try:
        found = _find(module, task_input["dag_id"])
    except DagFileError:
        if problem is not None:
            raise problem from None
        raise
    found.fileloc = path
    found.relative_fileloc = info["file"]
    return found


def module_name(path):
    """The name under which Airflow imports the DAG file PATH (``get_unique_dag_module_name``)."""
    stem = re.sub(r"[.-]", "_", os.path.splitext(os.path.basename(path))[0])
    return f"unusual_prefix_{hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()}_{stem}"


def add_roots(info, folder):
    """Let modules be found where they were found: in the folder, and in the import roots, which lie in it or beside."""
    prefix = info["path"].rstrip("/")
    for root in [prefix, *(info.get("import_roots") or ())]:
        inside = root == prefix or root.startswith(f"{prefix}/")
        here = folder + root[len(prefix) :] if inside else root
        if here not in sys.path:
            sys.path.append(here)


@contextlib.contextmanager
def recorded_inputs(task_input):
    """While the file is imported: the Variables and the environment that were recorded. Live ones come back after."""
    inputs = task_input.get("inputs") or {}
    World.recorded = inputs
    wanted = inputs.get("environment") or {}
    before = {name: os.environ.get(name) for name in wanted}
    _set_environment(wanted)
    try:
        yield
    finally:
        _set_environment(before)
        World.recorded = None


def _set_environment(values):
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _dags(module):
    """DAGs by id: those that names of the module hold, and those that registered themselves."""
    found = {dag.dag_id: dag for dag in DagContext.registered}
    found.update({value.dag_id: value for value in list(vars(module).values()) if isinstance(value, DAG)})
    return found


def _find(module, dag_id):
    """The DAG of that id."""
    found = _dags(module)
    if dag_id not in found:
        names = ", ".join(map(repr, sorted(found))) or "none"
        raise DagFileError(f"the file has no DAG {dag_id!r}; it has {names}")
    return found[dag_id]
