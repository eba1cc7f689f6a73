"""Opening nothing but regular files: a pipe or a device in a DAG folder may never end."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

LARGEST_FILE = 4 << 20
"""Bytes of a file that is read whole."""


def open_regular(path: str | Path) -> io.FileIO:
    """The regular file PATH, to be read, without a buffer. Raises OSError for any other."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return io.FileIO(descriptor, "rb")
    os.close(descriptor)
    raise OSError(0, "not a regular file")


def read_regular(path: str | Path, most: int = LARGEST_FILE) -> bytes:
    """The content of a regular file of at most MOST bytes. Raises OSError for any other."""
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(0, f"larger than {most >> 20} MB")
        return io.BufferedReader(file).read(most)
