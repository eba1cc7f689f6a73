"""Files of the folder that lie in the database: what is there now, and the contents of those that are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from goflow.store import Tx, job_files


class KeptFiles:
    """The files that people keep in the database (`goflow.store.job_files`), as a part of the folder ROOT. A content is
    fetched once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_digest: dict[str, bytes] = {}
        self.contents: Mapping[str, bytes] = {}
        """Path to content, as it was when `look` was called last."""

    def look(self, tx: Tx) -> None:
        """Take what is there now."""
        digests = job_files.digests(tx)
        known = self._by_digest
        absent = set(digests.values()) - known.keys()
        found = {**known, **job_files.contents(tx, absent)}
        self._by_digest = {digest: found[digest] for digest in digests.values()}
        self.contents = {path: found[digest] for path, digest in digests.items()}

    def full(self) -> dict[str, bytes]:
        """The contents by whole paths, as if they lay in the folder."""
        return {f"{self._root}/{path}": content for path, content in self.contents.items()}
