"""The first user: ``admin``, from a setting, so that a new installation has somebody who may let others in."""

from __future__ import annotations

from goflow.domain.roles import Role
from goflow.server.signin import passwords
from goflow.store import Store, users

NAME = "admin"
WHO = "settings"


def first_user(store: Store, password: str) -> bool:
    """Make `NAME` with PASSWORD if that is given and there is no user; whether that was so.

    Of daemons that start at once one makes it. Raises InvalidRequestError for a password that is too short.
    """
    if not password:
        return False
    with store.reading() as tx:
        if users.any_(tx):
            return False
    hashed = passwords.hashed(password)
    with store.transaction() as tx:
        tx.lock_name("users")
        if users.any_(tx):
            return False
        users.create(tx, NAME, Role.ADMIN, password_hash=hashed, who=WHO)
    return True
