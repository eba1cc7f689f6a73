"""Who uses the one cluster of this machine: test sessions by process, and `make cluster` by a mark that says keep it.

Starting and taking down happen under a lock. The last user to leave takes the cluster down, unless it is to be kept. A
user that died without leaving does not count.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.harness import processes
from tests.cluster.harness.layout import work_folder


@contextmanager
def transition() -> Iterator[None]:
    """Only one process at a time starts the cluster, takes it down, or counts its users."""
    work_folder().mkdir(parents=True, exist_ok=True, mode=0o755)
    with (work_folder() / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def enter() -> None:
    """This process uses the cluster from now on."""
    me = processes.identity_of(os.getpid())
    assert me is not None
    _users().mkdir(exist_ok=True)
    (_users() / str(me.pid)).write_text(json.dumps({"start_ticks": me.start_ticks}))


def leave() -> None:
    """This process does not use it any more."""
    (_users() / str(os.getpid())).unlink(missing_ok=True)


def users() -> list[int]:
    """Ids of the living processes that use the cluster; forgets the dead ones."""
    found = []
    for record in _users().glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            ticks = int(json.loads(record.read_text())["start_ticks"])
            if processes.Identity(int(record.name), ticks).is_alive:
                found.append(int(record.name))
                continue
        record.unlink(missing_ok=True)
    return sorted(found)


def keep(wanted: bool) -> None:
    """Whether the cluster stays up without users."""
    _users().mkdir(exist_ok=True)
    mark = _users() / "keep"
    if wanted:
        mark.touch()
    else:
        mark.unlink(missing_ok=True)


def is_kept() -> bool:
    """True after `up` and until `down`."""
    return (_users() / "keep").exists()


def _users() -> Path:
    return work_folder() / "users"
