"""Archives as DAG files: the Python files at the top of a zip, each imported as a module, as Airflow's DagBag does."""

import importlib
import sys
import zipfile
from pathlib import PurePosixPath


def make(path, names):
    """Import the DAG files of the archive at PATH, and put what they define among NAMES.

    One that cannot be imported leaves the others alone, as under Airflow; the first such exception is given back.
    """
    if path not in sys.path:
        sys.path.insert(0, path)
    problem = None
    for stem in _dag_files(path):
        sys.modules.pop(stem, None)
        try:
            module = importlib.import_module(stem)
        except Exception as found:
            problem = problem or found
        else:
            names.update({f"{stem}.{name}": value for name, value in vars(module).items()})
    return problem


def _dag_files(path):
    """The names of the modules at the top that look like DAG files (Airflow's safe mode)."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            inner = PurePosixPath(name)
            if inner.suffix == ".py" and len(inner.parts) == 1:
                content = archive.read(name).lower()
                if b"airflow" in content and (b"dag" in content or b"asset" in content):
                    yield inner.stem
