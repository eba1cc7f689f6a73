"""Archives as DAG files: the Python files at the top of a zip, each imported as a module, as Airflow's DagBag does."""

import importlib
import sys
import zipfile
from pathlib import PurePosixPath


def make(path, names, is_there):
    """Import the DAG files of the archive at PATH, and put what they define among NAMES.

    Those that look like DAG files, as in Airflow's safe mode; and where the DAG that is wanted then not IS_THERE, the
    others too: it was read without safe mode. One that cannot be imported leaves the others alone, as under Airflow;
    the first such exception is given back.
    """
    if path not in sys.path:
        sys.path.insert(0, path)
    likely, others = _modules(path)
    problem = _import(likely, names)
    if not is_there():
        unlikely = _import(others, names)
        problem = problem or unlikely
    return problem


def _import(stems, names):
    """Import those modules; the first exception of one."""
    problem = None
    for stem in stems:
        sys.modules.pop(stem, None)
        try:
            module = importlib.import_module(stem)
        except Exception as found:
            problem = problem or found
        else:
            names.update({f"{stem}.{name}": value for name, value in vars(module).items()})
    return problem


def _modules(path):
    """The names of the modules at the top: those that look like DAG files (Airflow's safe mode), and the others."""
    likely, others = [], []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            inner = PurePosixPath(name)
            if inner.suffix == ".py" and len(inner.parts) == 1:
                content = archive.read(name).lower()
                is_likely = b"airflow" in content and (b"dag" in content or b"asset" in content)
                (likely if is_likely else others).append(inner.stem)
    return likely, others
