"""Signing in: a name and a password held against the store, counted, and a session for who is right."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import math
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from goflow.domain.errors import GoFlowError
from goflow.server.signin import passwords
from goflow.server.signin.callers import OF_A_USER
from goflow.server.signin.settings import SignIn
from goflow.store import Store, Tx, sessions, sign_in_tries, users
from goflow.store.rows import User
from goflow.store.sign_in_tries import Allowance
from goflow.telemetry import metrics

log = structlog.get_logger(__name__)

USER_EVERY_S = 60.0
ADDRESS_EVERY_S = 12.0
"""Seconds after which a user, or an address, has one more try."""
BUSY_S = 5
"""Seconds after which one may come again when too many sign in at once."""


class WrongPasswordError(GoFlowError):
    """The name or the password is wrong"""


class TooManyTriesError(GoFlowError):
    """Too many tries to sign in"""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = max(1, math.ceil(wait_s))
        super().__init__(f"the next one may be made in {self.wait_s} s")


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that has begun: its token, and when it ends."""

    user: User
    token: str
    until: dt.datetime


def by_password(store: Store, ways: SignIn, name: str, password: str, *, kind: str, address: str) -> Entered:
    """A session of KIND for the user NAME. Raises as `proven`."""
    with proven(store, ways, name, password, address=address) as (tx, user):
        return enter(tx, ways, user, kind=kind, address=address, way="password")


@contextlib.contextmanager
def proven(store: Store, ways: SignIn, name: str, password: str, *, address: str) -> Iterator[tuple[Tx, User]]:
    """A transaction in which the user NAME has this PASSWORD. Raises WrongPasswordError, TooManyTriesError.

    The try is counted before the password is looked at. A process that ends in between leaves it counted.
    """
    of_user = Allowance(f"user:{store.sealer.keyed_digest(name)}", ways.user_tries, USER_EVERY_S)
    of_address = Allowance(f"address:{neighbourhood(address)}", ways.address_tries, ADDRESS_EVERY_S)
    with store.transaction() as tx:
        wait_s = sign_in_tries.take(tx, [of_user, of_address])
        found = users.find(tx, name)
    if wait_s > 0:
        raise _refused(name, address, "limited", TooManyTriesError(wait_s))
    kept = None if found is None else found.password_hash
    try:
        right = passwords.is_right(password, kept)
        newer = passwords.hashed(password) if right and kept and passwords.is_outdated(kept) else None
    except passwords.TooBusyError:
        raise _refused(name, address, "limited", TooManyTriesError(BUSY_S)) from None
    if not right or kept is None:
        raise _refused(name, address, "refused", WrongPasswordError())
    with store.transaction() as tx:
        now = users.find(tx, name)
        if now is None or now.password_hash != kept:  # somebody has changed it meanwhile
            raise _refused(name, address, "refused", WrongPasswordError())
        sign_in_tries.give_back(tx, of_user, of_address)
        if newer is not None:
            users.rehash(tx, name, kept, newer)
        yield tx, now


def enter(tx: Tx, ways: SignIn, user: User, *, kind: str, address: str, way: str) -> Entered:
    """A session of KIND for USER, who has shown who they are by WAY."""
    who = f"{OF_A_USER}{user.name}"
    token, until = sessions.start(
        tx, user.name, kind=kind, lasts_s=ways.session_s, address=address or None, way=way, who=who
    )
    users.signed_in(tx, user.name)
    metrics.SIGN_INS.labels(way=way, result="entered").inc()
    return Entered(user, token, until)


def neighbourhood(address: str) -> str:
    """ADDRESS as tries are counted by it: of IPv6 the first 64 bits, which are one household's or machine's."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def _refused(name: str, address: str, result: str, problem: GoFlowError) -> GoFlowError:
    metrics.SIGN_INS.labels(way="password", result=result).inc()
    log.warning("a sign-in was refused", user=name[: users.LONGEST_NAME], address=address, why=str(problem))
    return problem
