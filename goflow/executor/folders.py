"""The DAG folder as it was, unpacked on this machine for the local backend: once per content."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

from goflow.store import Store, blobs


class FolderCache:
    """Folders of STORE below ROOT, each under its digest. Thread-safe; two processes may do the same at once."""

    def __init__(self, store: Store, root: Path) -> None:
        self.store = store
        self.root = root
        self._lock = threading.Lock()

    def path(self, digest: str) -> Path:
        """Where the folder of that content lies; it is written if it is not there yet. Raises NotFoundError."""
        target = self.root / digest
        if target.is_dir():
            return target
        with self._lock:
            if target.is_dir():
                return target
            staging = self.root / f".{digest}.{os.getpid()}.{threading.get_ident()}"
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir(parents=True)
            self._forget_unknown()
            with self.store.reading() as tx:
                blobs.write_tree(tx, digest, staging)
            try:
                staging.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
                shutil.rmtree(staging, ignore_errors=True)
        return target

    def _forget_unknown(self) -> None:
        """Remove folders that the store does not have any more: no run can begin in them."""
        with self.store.reading() as tx:
            for entry in list(self.root.iterdir()):
                if not entry.name.startswith(".") and not blobs.has_folder(tx, entry.name):
                    shutil.rmtree(entry, ignore_errors=True)
