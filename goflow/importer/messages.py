"""What the daemon and a reading process say to each other: pickled values with their length before them.

Both ends are ours and of one version; nothing of it is ever stored. This module is loaded by both, so it loads little.
"""

from __future__ import annotations

import os
import pickle
import select
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goflow.domain.diagnostics import Diagnostic
from goflow.domain.spec import Dialect, Inputs, InputsUsed
from goflow.domain.written import WrittenDag
from goflow.parser.api import Errand

_HEADER = struct.Struct(">Q")
_LARGEST = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Said first: the folder, and what files in it may ask for."""

    root: Path
    import_roots: tuple[Path, ...]
    parse_path: str
    dialect: Dialect
    safe_mode: bool
    environment: Mapping[str, str]
    runs_files: bool
    inputs: Inputs
    inferred: bool = False
    answers: Mapping[str, bytes] | None = None
    kept: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What reading one file gave: `goflow.parser.api.ParseResult` without its module, which is heavy to load.

    DAGS are as they are stored: that is worked out beside the daemon, not in it.
    CRASHED: the reading process came to no answer; the one diagnostic tells why, and the closure is empty.
    MEMORY_MB is what the reading process takes after it. With an ERRAND there is nothing to take yet.
    """

    path: str
    file_hash: str = ""
    dags: tuple[WrittenDag, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    closure: Mapping[str, str | None] = field(default_factory=dict)
    inputs: InputsUsed = field(default_factory=InputsUsed)
    looks_like_dag: bool = True
    seconds: float = 0.0
    crashed: bool = False
    memory_mb: int = 0
    errand: Errand | None = None


class TookTooLongError(Exception):
    """The other end did not answer in time."""


def send(descriptor: int, value: Any) -> None:
    """Write VALUE. Raises BrokenPipeError when nobody reads."""
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    view = memoryview(_HEADER.pack(len(content)) + content)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int, *, timeout_s: float | None = None) -> Any:
    """The next value. Raises EOFError when the other end is gone, TookTooLongError after TIMEOUT_S seconds."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    (length,) = _HEADER.unpack(_read(descriptor, _HEADER.size, deadline))
    if length > _LARGEST:
        raise EOFError(f"a message of {length} bytes")
    return pickle.loads(_read(descriptor, length, deadline))  # noqa: S301 - our own process, at the end of our pipe


def _read(descriptor: int, count: int, deadline: float | None) -> bytearray:
    out = bytearray()
    while len(out) < count:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise TookTooLongError
        part = os.read(descriptor, min(count - len(out), 1 << 20))
        if not part:
            raise EOFError
        out += part
    return out
