"""Leases that are Lease objects of Kubernetes (`goflow.kube.lease`), and written down in the database for the fence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping

from goflow.domain.clock import Clock
from goflow.kube.api import KubeApi
from goflow.kube.errors import KubeError, UnavailableError
from goflow.kube.lease import KubeLease
from goflow.members.lessors import DatabaseLessor
from goflow.store import Store, leases

_UNSAFE = re.compile(r"[^a-z0-9.-]+")


def lease_name(installation: str, duty: str) -> str:
    """What the Lease of a duty is called; the chart grants rights to these."""
    head = _UNSAFE.sub("-", installation.lower()).strip("-.")[:200]
    return f"{head}-{duty}"


def leases_in(
    api: KubeApi, namespace: str, installation: str, *, holder: str, ttl_s: float, clock: Clock
) -> Callable[[str], KubeLease]:
    """Makes the Leases of INSTALLATION in NAMESPACE for HOLDER."""
    labels = {"app.kubernetes.io/managed-by": "goflow"}

    def lease_of(name: str) -> KubeLease:
        return KubeLease(api, namespace, lease_name(installation, name), holder, ttl_s, clock, labels)

    return lease_of


class KubeLessor(DatabaseLessor):
    """Leases that are Lease objects, made by LEASE_OF, for the daemon HOLDER; what they say is written down in STORE's
    database, where the fence is.

    A Lease's epoch is never behind the database's. While the API server is away nobody can take a lease there, and who
    has one goes on as long as the database says that the epoch is in force.
    """

    def __init__(self, lease_of: Callable[[str], KubeLease], store: Store, holder: str, ttl_s: float) -> None:
        super().__init__(store, holder, ttl_s)
        self._lease_of = lease_of
        self._leases: dict[str, KubeLease] = {}

    def is_free(self, name: str) -> bool:
        """Free, expired as far as this daemon has watched it, or of an earlier life of this daemon."""
        lease = self._lease(name)
        standing = lease.look()
        return self._looked(name, 0.0 if standing.holder == lease.holder else standing.expires_in_s)

    def take(self, name: str) -> int | None:
        """Take the object, and then write that down."""
        with self._store.reading() as tx:
            written = leases.get(tx, name)
        epoch = self._lease(name).take(1 if written is None else written.epoch + 1)
        if epoch is None:
            return None
        with self._store.transaction() as tx:
            return self._taken(tx, leases.seize(tx, name, self._holder, self._ttl_s, epoch))

    def renew_all(self, held: Mapping[str, int], *, alone: bool = False) -> dict[str, bool | Exception]:
        """Keep both, of each; ALONE, an object only when half of its time has gone by. Who holds them there is not
        asked again once the API server has been found away."""
        kept = super().renew_all(held, alone=alone)
        for name in [name for name, is_kept in kept.items() if is_kept is True]:
            if alone and self._lease(name).age_s < self._ttl_s / 2:
                continue
            try:
                kept[name] = self._lease(name).renew(held[name])
            except UnavailableError:
                break
            except KubeError as problem:
                kept[name] = problem
        return kept

    def release(self, name: str, epoch: int) -> None:
        """Let go of both, and wake the others."""
        with contextlib.suppress(UnavailableError):
            self._lease(name).release(epoch)
        super().release(name, epoch)

    def _lease(self, name: str) -> KubeLease:
        return self._leases.setdefault(name, self._lease_of(name))
