"""Where leases are: in the database, by its clock; `goflow.members.kube_lessor` has the ones that Kubernetes keeps."""

from __future__ import annotations

from typing import Protocol

from goflow.store import Store, Tx, events, leases
from goflow.store.rows import Lease

SOON_S = 0.05


class Lessor(Protocol):
    """Gives leases to one daemon. Everything raises where it cannot be told how it stands."""

    def is_free(self, name: str) -> bool:
        """Whether it could be taken now."""

    def take(self, name: str) -> int | None:
        """Take it: the epoch from now on; None when somebody was faster."""

    def renew(self, name: str, epoch: int) -> bool:
        """Keep it; false when it has changed hands."""

    def release(self, name: str, epoch: int) -> None:
        """Let go of it."""

    def wait_s(self, name: str) -> float:
        """Seconds until it is free, as the last look had it."""


class DatabaseLessor:
    """Leases of STORE's database for HOLDER, of TTL_S seconds."""

    def __init__(self, store: Store, holder: str, ttl_s: float) -> None:
        self._store = store
        self._holder = holder
        self._ttl_s = ttl_s
        self._waits: dict[str, float] = {}

    def is_free(self, name: str) -> bool:
        """Free, expired, or of an earlier life of this daemon."""
        with self._store.reading() as tx:
            known, now = leases.get(tx, name), tx.shared_now()
        left = 0.0 if known is None or known.holder == self._holder else (known.expires_at - now).total_seconds()
        self._waits[name] = max(left, SOON_S)
        return left <= 0

    def take(self, name: str) -> int | None:
        """Take it, with an epoch that nobody had."""
        with self._store.transaction() as tx:
            lease = leases.acquire(tx, name, self._holder, self._ttl_s, anew=True)
            if lease is not None:
                tell_taken(tx, lease)
        return None if lease is None else lease.epoch

    def renew(self, name: str, epoch: int) -> bool:
        """Keep it."""
        self._waits[name] = self._ttl_s
        with self._store.transaction() as tx:
            return leases.renew(tx, self._lease(tx, name, epoch), self._ttl_s) is not None

    def release(self, name: str, epoch: int) -> None:
        """Let go of it, and wake the others."""
        with self._store.transaction() as tx:
            tell_released(tx, name, self._holder, epoch)

    def wait_s(self, name: str) -> float:
        """As the last look had it."""
        return self._waits.get(name, self._ttl_s)

    def _lease(self, tx: Tx, name: str, epoch: int) -> Lease:
        return Lease(name=name, holder=self._holder, epoch=epoch, expires_at=tx.now())


def tell_taken(tx: Tx, lease: Lease) -> None:
    """Say that LEASE has changed hands."""
    events.emit(tx, events.LEASE_TAKEN, who=lease.holder, data={"lease": lease.name, "epoch": lease.epoch})


def tell_released(tx: Tx, name: str, holder: str, epoch: int) -> None:
    """Let go of a lease in the database, and say so."""
    if leases.release(tx, Lease(name=name, holder=holder, epoch=epoch, expires_at=tx.now())):
        events.emit(tx, events.LEASE_RELEASED, who=holder, data={"lease": name, "epoch": epoch})
