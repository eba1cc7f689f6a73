"""Where leases are: in the database, by its clock; `goflow.members.kube_lessor` has the ones that Kubernetes keeps."""

from __future__ import annotations

from collections.abc import Mapping
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

    def renew_all(self, held: Mapping[str, int], *, alone: bool = False) -> dict[str, bool | Exception]:
        """Keep those HELD, each with its epoch: for each whether it is kept, or has changed hands; or what keeps this
        one from knowing. ALONE: there is nobody else who would take one that is renewed less often."""

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
        return self._looked(name, left)

    def take(self, name: str) -> int | None:
        """Take it, with an epoch that nobody had."""
        with self._store.transaction() as tx:
            return self._taken(tx, leases.acquire(tx, name, self._holder, self._ttl_s, anew=True))

    def renew_all(self, held: Mapping[str, int], *, alone: bool = False) -> dict[str, bool | Exception]:
        """Keep those HELD, in one transaction, which costs the same for one."""
        self._waits |= dict.fromkeys(held, self._ttl_s)
        with self._store.transaction() as tx:
            ours = [self._held(tx, name, epoch) for name, epoch in sorted(held.items())]
            return {one.name: leases.renew(tx, one, self._ttl_s) is not None for one in ours}

    def release(self, name: str, epoch: int) -> None:
        """Let go of it, and wake the others."""
        with self._store.transaction() as tx:
            if leases.release(tx, self._held(tx, name, epoch)):
                events.emit(tx, events.LEASE_RELEASED, who=self._holder, data={"lease": name, "epoch": epoch})

    def wait_s(self, name: str) -> float:
        """As the last look had it."""
        return self._waits.get(name, self._ttl_s)

    def _looked(self, name: str, left_s: float) -> bool:
        self._waits[name] = max(left_s, SOON_S)
        return left_s <= 0

    def _taken(self, tx: Tx, lease: Lease | None) -> int | None:
        """The epoch of a LEASE that has changed hands, which is told; None when somebody was faster."""
        if lease is None:
            return None
        events.emit(tx, events.LEASE_TAKEN, who=lease.holder, data={"lease": lease.name, "epoch": lease.epoch})
        return lease.epoch

    def _held(self, tx: Tx, name: str, epoch: int) -> Lease:
        return Lease(name=name, holder=self._holder, epoch=epoch, expires_at=tx.now())
