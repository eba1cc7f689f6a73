"""Leases: who of several daemons does what only one may do, for a while; and the fence that holds off one that slept.

A lease's epoch grows whenever it is taken. Whoever does something because it has a lease asks `in_force` in the same
transaction, with the epoch that it took: no other can take the lease before that transaction has ended, and none that
has lost it gets past the question. Times are by the database's clock (`Tx.shared_now`).
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, insert, select, update

from goflow.store.rows import Lease
from goflow.store.tables import leases
from goflow.store.tx import Tx

LONGEST_WAIT_S = 2.0
"""For a transaction of the one who had the lease: one that lasts longer is asked for again."""

_l = leases.c
_ALL = select(leases).order_by(_l.name)
_GET = select(leases).where(_l.name == bindparam("name"))
_LOCK = _GET.with_for_update()
_TAKE = (
    update(leases)
    .where(_l.name == bindparam("lease"), _l.epoch == bindparam("seen"))
    .values(
        holder=bindparam("by", type_=_l.holder.type),
        epoch=bindparam("next", type_=_l.epoch.type),
        expires_at=bindparam("until", type_=_l.expires_at.type),
    )
)
_RENEW = (
    update(leases)
    .where(_l.name == bindparam("lease"), _l.holder == bindparam("by"), _l.epoch == bindparam("seen"))
    .values(expires_at=bindparam("until", type_=_l.expires_at.type))
)
_IN_FORCE = select(_l.epoch).where(
    _l.name == bindparam("lease"), _l.holder == bindparam("by"), _l.epoch == bindparam("seen")
)
_HELD_IN_FORCE = _IN_FORCE.with_for_update(read=True, key_share=True)
"""A renewal goes on beside this lock, a taking (`_LOCK`) waits for it."""


def get(tx: Tx, name: str) -> Lease | None:
    """The lease as it stands, expired or not; None when nobody ever had it."""
    row = tx.first(_GET, {"name": name})
    return None if row is None else Lease(**row._asdict())


def all_(tx: Tx) -> list[Lease]:
    """Every lease that there ever was, by name."""
    return [Lease(**row._asdict()) for row in tx.rows(_ALL)]


def acquire(tx: Tx, name: str, holder: str, ttl_s: float, *, at_least: int = 1, anew: bool = False) -> Lease | None:
    """Take the lease for TTL_S seconds if it is free, expired or HOLDER's own; None when somebody else has it.

    The epoch grows whenever the lease is taken, to AT_LEAST at the least, but not when its holder takes it again before
    it expired; ANEW: then, too, since an earlier life of the holder had it.
    """
    known = get(tx, name)
    if known is not None and known.holder == holder and not anew and known.expires_at > tx.shared_now():
        return renew(tx, known, ttl_s)
    if known is not None and known.holder != holder and known.expires_at > tx.shared_now():
        return None
    return _take(tx, name, holder, ttl_s, at_least)


def seize(tx: Tx, name: str, holder: str, ttl_s: float, epoch: int) -> Lease | None:
    """Write down that HOLDER has the lease with that EPOCH, whoever had it before: something outside of the database
    has decided that. None when the same or a later epoch was written down already."""
    tx.wait_at_most(LONGEST_WAIT_S)
    tx.lock_name(f"lease {name}")
    known = _locked(tx, name)
    if known is not None and known.epoch >= epoch:
        return None
    return _write(tx, known, name, holder, ttl_s, epoch)


def _take(tx: Tx, name: str, holder: str, ttl_s: float, at_least: int) -> Lease | None:
    tx.wait_at_most(LONGEST_WAIT_S)
    tx.lock_name(f"lease {name}")
    known = _locked(tx, name)
    if known is not None and known.holder != holder and known.expires_at > tx.shared_now():
        return None  # somebody was faster
    return _write(tx, known, name, holder, ttl_s, max(at_least, 1 if known is None else known.epoch + 1))


def _locked(tx: Tx, name: str) -> Lease | None:
    row = tx.first(_LOCK if tx.locks_rows else _GET, {"name": name})
    return None if row is None else Lease(**row._asdict())


def _write(tx: Tx, known: Lease | None, name: str, holder: str, ttl_s: float, epoch: int) -> Lease | None:
    until = tx.shared_now() + dt.timedelta(seconds=ttl_s)
    if known is None:
        tx.change(insert(leases), {"name": name, "holder": holder, "epoch": epoch, "expires_at": until})
    elif not tx.change(_TAKE, {"lease": name, "seen": known.epoch, "by": holder, "next": epoch, "until": until}):
        return None
    return Lease(name=name, holder=holder, epoch=epoch, expires_at=until)


def renew(tx: Tx, lease: Lease, ttl_s: float) -> Lease | None:
    """Hold LEASE for TTL_S more seconds from now; None when it has changed hands meanwhile."""
    until = tx.shared_now() + dt.timedelta(seconds=ttl_s)
    if not tx.change(_RENEW, {"lease": lease.name, "by": lease.holder, "seen": lease.epoch, "until": until}):
        return None
    return Lease(name=lease.name, holder=lease.holder, epoch=lease.epoch, expires_at=until)


def release(tx: Tx, lease: Lease) -> bool:
    """Let go of LEASE, so that another may take it at once; False when it has changed hands."""
    return renew(tx, lease, 0.0) is not None


def in_force(tx: Tx, name: str, holder: str, epoch: int) -> bool:
    """Whether HOLDER's EPOCH is the one in force; in a transaction that writes it stays so until that has ended."""
    statement = _HELD_IN_FORCE if tx.locks_rows else _IN_FORCE
    return tx.first(statement, {"lease": name, "by": holder, "seen": epoch}) is not None
