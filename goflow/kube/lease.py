"""One Lease object (coordination.k8s.io/v1) as several processes compete for it, by optimistic concurrency.

Nobody compares clocks: who looks takes the lease for expired when what stands in it has not changed for its duration by
its own monotonic clock, as client-go's leader election does it
(https://pkg.go.dev/k8s.io/client-go/tools/leaderelection). ``leaseTransitions`` is the epoch: it grows whenever the
lease is taken. Every change names the ``resourceVersion`` that it was decided on; a 409 says that somebody was faster.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from goflow.domain.clock import Clock
from goflow.kube.api import KubeApi
from goflow.kube.errors import AlreadyExistsError, ConflictError, ForbiddenError, KubeError, NotFoundError

LEASES = "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a lease stands. EXPIRES_IN_S is what is left of it as far as the looker can tell; 0 or less: it is free."""

    holder: str
    epoch: int
    expires_in_s: float


class KubeLease:
    """The Lease NAME in NAMESPACE, for HOLDER, of TTL_S seconds (whole ones: Kubernetes knows no others). LABELS are
    for people. Everything raises the errors of `goflow.kube.errors`."""

    def __init__(
        self, api: KubeApi, namespace: str, name: str, holder: str, ttl_s: float, clock: Clock, labels: dict[str, str]
    ) -> None:
        self.name = name
        self._api = api
        self._path = LEASES.format(namespace=namespace)
        self.holder = holder
        self._ttl_s = math.ceil(ttl_s)
        self._clock = clock
        self._labels = labels
        self._known: Json | None = None
        self._changed_at = 0.0

    def look(self) -> Standing:
        """How it stands now."""
        try:
            found = self._api.request("GET", f"{self._path}/{self.name}")
        except NotFoundError:
            self._known = None
            return Standing("", 0, 0.0)
        return self._note(found)

    @property
    def age_s(self) -> float:
        """Seconds since something in it was last seen to change."""
        return self._clock.monotonic() - self._changed_at

    def forbidden(self) -> str:
        """Why this process may not read it; empty where it may, or nobody answers."""
        try:
            self.look()
        except ForbiddenError as problem:
            return str(problem)
        except KubeError:
            pass
        return ""

    def take(self, at_least: int) -> int | None:
        """Take it after a `look` that found it free: its epoch from now on, AT_LEAST at the least, so that it never
        falls behind what was written elsewhere, even when somebody has deleted it. None: somebody was faster."""
        known = self._known
        epoch = max(at_least, (0 if known is None else _epoch(known)) + 1)
        now = _moment()
        spec = {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self._ttl_s,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": epoch,
        }
        try:
            if known is None:
                made = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec}
                made["metadata"] = {"name": self.name, "labels": self._labels}
                self._note(self._api.request("POST", self._path, query={"fieldManager": "goflow"}, body=made))
            else:
                self._write(known, spec)
        except (AlreadyExistsError, ConflictError, NotFoundError):
            return None
        return epoch

    def renew(self, epoch: int) -> bool:
        """Keep it; false when it has changed hands, or was deleted."""
        for _ in range(2):  # what was known of it may be outdated: somebody has put a label on it, say
            known = self._known
            if known is None or not self._is_mine(known, epoch):
                self.look()
                if self._known is None or not self._is_mine(self._known, epoch):
                    return False
                known = self._known
            try:
                self._write(known, {**known["spec"], "renewTime": _moment(), "leaseDurationSeconds": self._ttl_s})
                return True
            except NotFoundError:
                self._known = None
                return False
            except ConflictError:
                self._known = None
        return False

    def release(self, epoch: int) -> bool:
        """Let another take it at once; false when it has changed hands. The epoch stays in it."""
        self.look()
        known = self._known
        if known is None or not self._is_mine(known, epoch):
            return False
        try:
            self._write(
                known, {**known["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _moment()}
            )
        except (ConflictError, NotFoundError):
            return False
        return True

    def _write(self, known: Json, spec: Json) -> None:
        body = {**known, "spec": spec}
        self._note(self._api.request("PUT", f"{self._path}/{self.name}", query={"fieldManager": "goflow"}, body=body))

    def _note(self, found: Json) -> Standing:
        before, spec = self._known, found.get("spec") or {}
        if before is None or (before.get("spec") or {}) != spec:
            self._changed_at = self._clock.monotonic()
        self._known = {key: found[key] for key in ("apiVersion", "kind", "metadata", "spec") if key in found}
        self._known["spec"] = spec
        holder = str(spec.get("holderIdentity") or "")
        left = float(spec.get("leaseDurationSeconds") or 0) - self.age_s
        return Standing(holder, _epoch(found), left if holder else 0.0)

    def _is_mine(self, known: Json, epoch: int) -> bool:
        return known["spec"].get("holderIdentity") == self.holder and _epoch(known) == epoch


def _epoch(lease: Json) -> int:
    return int((lease.get("spec") or {}).get("leaseTransitions") or 0)


def _moment() -> str:
    """Now, as Kubernetes writes a MicroTime: for people who look at the object."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
