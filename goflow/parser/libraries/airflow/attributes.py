"""What Airflow's own objects have that no model here knows: told to be unknown, and never taken to be missing.

``facts/attributes.txt`` has a line per class, ``class|names of both|names of Airflow 2 only|names of Airflow 3 only``,
gained by asking objects of Airflow 2.11.2 and 3.3.2 for their public attributes.
"""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Any

from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import AttributeFallback, Instance
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.logging_ import QUIET

_LOGGERS = frozenset({"log", "logger"})


def unread_attributes(kind: str) -> AttributeFallback:
    """A class's ``fallback`` that knows the attributes of Airflow's KIND: a logger, else Unknown."""

    def fallback(instance: Instance, name: str, at: At) -> Any:
        if name not in _table()[kind][at.session.dialect]:
            return MISSING
        return QUIET if name in _LOGGERS else Unknown(f"{name} of {_ARTICLES[kind]} {kind}, which is not read", at)

    return fallback


_ARTICLES = {"DAG": "a", "Operator": "an", "MappedOperator": "a", "TaskGroup": "a", "XComArg": "an"}


@functools.cache
def _table() -> dict[str, dict[Dialect, frozenset[str]]]:
    found = {}
    for line in (files(__package__) / "facts" / "attributes.txt").read_text("utf-8").splitlines():
        kind, both, only2, only3 = line.split("|")
        common = both.split()
        found[kind] = {
            Dialect.AIRFLOW2: frozenset((*common, *only2.split())),
            Dialect.AIRFLOW3: frozenset((*common, *only3.split())),
        }
    return found
