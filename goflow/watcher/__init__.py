"""Seeing that files changed: events of the file system, and a rescan every so often for what events do not tell.

What comes out is a hint, `SourceChanged`, and no more: that something at a path may be different. What it means, and
whether it is so, belongs to whoever reads the files.
"""

from goflow.watcher.debounce import Debouncer
from goflow.watcher.watcher import SourceChanged, Watcher

__all__ = ["Debouncer", "SourceChanged", "Watcher"]
