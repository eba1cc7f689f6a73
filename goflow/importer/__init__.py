"""Steps 1 to 5 of the way of the data as one service: find what changed, read it, and put it in force.

What belongs here: which files count as changed, the processes that read them, the folder as it was, and writing all of
it down so that a bad file never takes another one's DAGs along. What does not: what a file means (parser), how it is
stored (store), when something happened in the folder (watcher).

The names are loaded when they are asked for, so that a reading process need not load the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goflow.importer.scan import import_folder_once
    from goflow.importer.service import Importer
    from goflow.importer.settings import ImportSettings, ImportSummary

__all__ = ["ImportSettings", "ImportSummary", "Importer", "import_folder_once"]

_HOMES = {
    "ImportSettings": "goflow.importer.settings",
    "ImportSummary": "goflow.importer.settings",
    "Importer": "goflow.importer.service",
    "import_folder_once": "goflow.importer.scan",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
