"""What a closure says of a path of which a file asked only whether it is there."""

from __future__ import annotations

import os

FILE, FOLDER = "a file", "a folder"


def kind_of_path(path: str | os.PathLike[str]) -> str | None:
    """`FILE`, `FOLDER`, or None where there is nothing."""
    if os.path.isdir(path):
        return FOLDER
    return FILE if os.path.exists(path) else None
