"""Tracebacks for people: without the frames of shim and runner, with the paths that the author knows."""

import os

_OURS = (os.path.dirname(__file__), os.sep + "goflow_runner" + os.sep)
_moved = ["", ""]


def moved(here, there):
    """Files that lie at HERE are shown as if they lay at THERE."""
    _moved[:] = [here.rstrip("/"), there.rstrip("/")]


def text_of(problem):
    """The traceback of PROBLEM, its causes too."""
    import traceback

    found = traceback.TracebackException.from_exception(problem)
    _clean(found, set())
    return "".join(found.format())


def _clean(found, seen):
    if found is None or id(found) in seen:
        return
    seen.add(id(found))
    for row in found.stack:
        if _moved[0] and row.filename.startswith(_moved[0]):
            row.filename = _moved[1] + row.filename[len(_moved[0]) :]
    found.stack[:] = [
        row for row in found.stack if not row.filename.startswith(_OURS[0]) and _OURS[1] not in row.filename
    ]
    for inner in (found.__cause__, found.__context__, *(getattr(found, "exceptions", None) or ())):
        _clean(inner, seen)


def words_of(problem):
    """PROBLEM in one line: the words of Airflow's own exceptions, others with their class before."""
    from airflow._goflow.exceptions import AirflowException

    text = str(problem).strip()
    kind = type(problem).__name__
    line = (text.splitlines() or [""])[0][:1000]
    if isinstance(problem, AirflowException) and line:
        return line
    return f"{kind}: {line}" if line else kind
