"""What the database itself cannot do becomes one error that other rooms know; who asks hears that it is away, or back.

A transaction that was chosen to end a deadlock, or has waited for a lock for too long, may be tried again at once:
nothing is away then. PostgreSQL's codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from goflow.domain.errors import InvalidRequestError
from goflow.store.errors import DatabaseBusyError
from goflow.telemetry.waiting import Waits

READING, WRITING = "reading", "writing"
DATABASE, DISK = "database", "disk"
"""What is waited for, as metrics and ``/readyz`` have it."""
QUIET_S = 8.0
"""Seconds without a failure after which a disk has room: a full one takes some writes all the same, what changes a row
in its place, say. Whoever has more to write asks again sooner: runners do so every five seconds."""
_IS_THERE = ("40", "55")
"""Classes of PostgreSQL's codes that a database has which is there: deadlocks, locks that were not to be had."""
_DISK_FULL = "53100"


@contextlib.contextmanager
def told_as_ours(waits: Waits, doing: str) -> Iterator[None]:
    """Raises DatabaseBusyError in place of the driver's own errors, and InvalidRequestError for what no column can hold
    (NUL in a text of PostgreSQL's). DOING: READING or WRITING, which a full disk does not keep from the same things;
    WAITS hears how either fares."""
    try:
        yield
    except (OperationalError, InterfaceError) as problem:
        words = " ".join(str(problem.orig).split())
        _tell(waits, doing, problem, words)
        raise DatabaseBusyError(words) from problem
    except DataError as problem:
        raise InvalidRequestError(f"the database cannot hold this: {' '.join(str(problem.orig).split())}") from problem
    except PoolTimeoutError as problem:
        raise DatabaseBusyError("every connection is in use") from problem
    else:
        waits.end(DATABASE, where=doing)
        waits.end(DISK, where=doing, quiet_s=QUIET_S)


def _tell(waits: Waits, doing: str, problem: OperationalError | InterfaceError, words: str) -> None:
    code = getattr(problem.orig, "sqlstate", None) or ""
    if code[:2] in _IS_THERE:
        return
    is_full = code == _DISK_FULL or "disk is full" in words or "No space left on device" in words
    waits.begin(DISK if is_full else DATABASE, words, where=doing)
