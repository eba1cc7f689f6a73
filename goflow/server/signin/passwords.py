"""Passwords: hashed with Argon2id by the second choice of RFC 9106 (64 MiB, 3 passes), few at a time.

Each hashing takes 64 MiB and some 50 ms of a core, so that only `AT_ONCE` of them are done at the same time: many who
try to sign in must not take the memory of the daemon.
"""

from __future__ import annotations

import functools
import threading
import unicodedata
from typing import TYPE_CHECKING

from goflow.domain.errors import InvalidRequestError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 8
LONGEST = 1024
"""Characters that a password has. NIST SP 800-63B: at least 8, and no rules about their kinds."""
AT_ONCE = 2
PATIENCE_S = 5.0
"""Seconds that one waits for its turn."""

_turns = threading.BoundedSemaphore(AT_ONCE)


class TooBusyError(Exception):
    """So many sign in that one has waited for its turn for too long."""


def hashed(password: str) -> str:
    """PASSWORD as it is kept. Raises InvalidRequestError for one that is too short or too long, TooBusyError."""
    check_length(password)
    with _Turn():
        return _hasher().hash(_normal(password))


def check_length(password: str) -> None:
    """Raises InvalidRequestError."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidRequestError(f"a password has {SHORTEST} to {LONGEST} characters")


def is_right(password: str, kept: str | None) -> bool:
    """Whether PASSWORD is the one that is KEPT; for None never, after as much time. Raises TooBusyError."""
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > LONGEST:
        return False
    with _Turn():
        try:
            return _hasher().verify(kept or _nobodys(), _normal(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether passwords are hashed in another way today."""
    return _hasher().check_needs_rehash(kept)


class _Turn:
    def __enter__(self) -> None:
        if not _turns.acquire(timeout=PATIENCE_S):
            raise TooBusyError

    def __exit__(self, *_: object) -> None:
        _turns.release()


@functools.cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@functools.cache
def _nobodys() -> str:
    """What a password is held against where there is no such user, so that the answer takes as long."""
    return _hasher().hash("nobody's")


def _normal(password: str) -> bytes:
    """The same bytes however a keyboard writes an accent."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
