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
    likely, others = _modules(path)
    problems = run(path, likely, names)
    if not is_there():
        problems.update(run(path, others, names))
    return next(iter(problems.values()), None)


def run(path, stems, names):
    """Import the modules STEMS at the top of the archive at PATH, and put what they define among NAMES.

    Gives the exceptions of those that cannot be imported.
    """
    if path not in sys.path:
        sys.path.insert(0, path)
    problems = {}
    for stem in stems:
        sys.modules.pop(stem, None)
        try:
            module = importlib.import_module(stem)
        except Exception as found:
            problems[stem] = found
        else:
            names.update({f"{stem}.{name}": value for name, value in vars(module).items()})
    return problems


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
