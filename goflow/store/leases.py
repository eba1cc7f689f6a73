"""Leases: who of several daemons does what only one may do, for a while."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, insert, select, update

from goflow.store.rows import Lease
from goflow.store.tables import leases
from goflow.store.tx import Tx

_l = leases.c
_GET = select(leases).where(_l.name == bindparam("name"))
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


def get(tx: Tx, name: str) -> Lease | None:
    """The lease as it stands, expired or not; None when nobody ever had it."""
    row = tx.first(_GET, {"name": name})
    return None if row is None else Lease(**row._asdict())


def acquire(tx: Tx, name: str, holder: str, ttl_s: float) -> Lease | None:
    """Take the lease for TTL_S seconds if it is free, expired or HOLDER's own; None when somebody else has it.

    The epoch grows whenever the lease is taken, but not when its holder takes it again before it expired.
    """
    tx.lock_name(f"lease {name}")
    now = tx.now()
    until = now + dt.timedelta(seconds=ttl_s)
    known = get(tx, name)
    if known is None:
        lease = Lease(name=name, holder=holder, epoch=1, expires_at=until)
        tx.change(insert(leases), {"name": name, "holder": holder, "epoch": 1, "expires_at": until})
        return lease
    mine = known.holder == holder and known.expires_at > now
    if known.expires_at > now and not mine:
        return None
    epoch = known.epoch if mine else known.epoch + 1
    params = {"lease": name, "seen": known.epoch, "by": holder, "next": epoch, "until": until}
    if not tx.change(_TAKE, params):
        return None
    return Lease(name=name, holder=holder, epoch=epoch, expires_at=until)


def renew(tx: Tx, lease: Lease, ttl_s: float) -> Lease | None:
    """Hold LEASE for TTL_S more seconds from now; None when it has changed hands meanwhile."""
    until = tx.now() + dt.timedelta(seconds=ttl_s)
    if not tx.change(_RENEW, {"lease": lease.name, "by": lease.holder, "seen": lease.epoch, "until": until}):
        return None
    return Lease(name=lease.name, holder=lease.holder, epoch=lease.epoch, expires_at=until)


def release(tx: Tx, lease: Lease) -> bool:
    """Let go of LEASE, so that another may take it at once; False when it has changed hands."""
    return renew(tx, lease, 0.0) is not None
