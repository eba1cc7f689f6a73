"""How diagnostics say that something is not known: what depends on it, on what, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_MOST = 3
_LIBRARY = (
    "what this library gives is not read: call it inside a task, or take the value from a Variable, from a file in the "
    "folder or from the environment in goflow.yaml"
)
_MODULE = (
    "is the module your own? put it into the DAG folder, or name its place in import_roots of goflow.yaml; what an "
    "installed library gives is known to running tasks alone: call it inside one, or take the value from a Variable or "
    "a file in the folder"
)
_NAME = "GoFlow does not know this name of a provider: is it written rightly?"
_ELSE = (
    "take it from a Variable, from a file in the folder or from the environment in goflow.yaml; "
    "what only a running task can know, tasks can be mapped over"
)


def depends(what: Sequence[str], reason: str) -> str:
    """``retries of task 'a', pool of task 'a' depend on ...``; what stands there twice is said once, and of many the
    first ones."""
    names = list(dict.fromkeys(what))
    return f"{listed(names)} {'depends' if len(names) == 1 else 'depend'} on {reason}"


def listed(names: Sequence[str]) -> str:
    """``a, b, c and 4 more``."""
    more = len(names) - _MOST
    return f"{', '.join(names[:_MOST])} and {more} more" if more > 1 else ", ".join(names)


def misplaced(value: object) -> str:
    """What is said of VALUE, an object of the evaluator, where Airflow takes a number or a text alone."""
    kind = getattr(value, "type_name", type(value).__name__)
    return f"a {kind}, where Airflow takes a number or a text"


def way_out(reason: str) -> str:
    """What to do about something that the scheduler plans with and that depends on REASON."""
    if not reason.endswith("which is not read"):
        return _ELSE
    if reason.startswith("airflow."):
        return _NAME
    return _LIBRARY if reason.partition(".")[0] in sys.stdlib_module_names else _MODULE
