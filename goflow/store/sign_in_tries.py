"""How often somebody may try to sign in, by user and by address, for all daemons that share the database.

Each key has a number of tries, which come back one by one. That is kept as one moment, ``free_at``: when all of them
will be back (the generic cell rate algorithm). A try is counted before the password is looked at, so that many at once
are many; who gets in has theirs back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update

from goflow.store.tx import Tx
from goflow.store.user_tables import sign_in_tries

_t = sign_in_tries.c
_OF_KEYS = select(sign_in_tries).where(_t.key.in_(bindparam("keys", expanding=True)))
_SET = update(sign_in_tries).where(_t.key == bindparam("of")).values(free_at=bindparam("at"))
_FORGET = delete(sign_in_tries).where(_t.free_at <= bindparam("now"))
_FORGET_ONE = delete(sign_in_tries).where(_t.key == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What KEY is allowed: TRIES at once, and one more every EVERY_S seconds."""

    key: str
    tries: int
    every_s: float


def take(tx: Tx, allowed: Sequence[Allowance]) -> float:
    """Count a try against each of ALLOWED, and give 0. Where one of them has none left, none is counted: the seconds
    until it has one. By the database's clock, where it has one.
    """
    tx.lock_name("sign_in_tries")  # short transactions, and few of them: they may follow each other
    now = tx.shared_now()
    tx.change(_FORGET, {"now": now})
    by_key = {one.key: one for one in allowed}
    rows = {row.key: row.free_at for row in tx.rows(_OF_KEYS, {"keys": sorted(by_key)})}
    used = {key: max(0.0, (free_at - now).total_seconds()) for key, free_at in rows.items()}
    waits = [used.get(key, 0.0) - (one.tries - 1) * one.every_s for key, one in by_key.items()]
    if (longest := max(waits, default=0.0)) > 0:
        return longest
    for key, one in by_key.items():
        free_at = now + dt.timedelta(seconds=used.get(key, 0.0) + one.every_s)
        tx.upsert(sign_in_tries, {"key": key, "free_at": free_at})
    return 0.0


def give_back(tx: Tx, of_user: Allowance, of_address: Allowance) -> None:
    """Somebody has got in: the user has all tries again, the address the one that was counted."""
    tx.change(_FORGET_ONE, {"of": of_user.key})
    row = tx.first(select(_t.free_at).where(_t.key == of_address.key))
    if row is not None:
        earlier = row.free_at - dt.timedelta(seconds=of_address.every_s)
        tx.change(_SET, {"of": of_address.key, "at": earlier})
