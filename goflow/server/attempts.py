"""Who speaks on the task API: a token is good for one launch only (decision 12)."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Protocol

import structlog

from goflow.domain.runs import Launch
from goflow.executor.tokens import TokenMint
from goflow.kube.errors import KubeError

if TYPE_CHECKING:
    from goflow.kube.api import KubeApi

log = structlog.get_logger(__name__)

REVIEW_KEPT_S = 300.0
"""Seconds for which a reviewed token is believed: a pod's token lives for an hour, and the launch ends it anyway."""


class AttemptGuard(Protocol):
    """Decides whether TOKEN belongs to LAUNCH."""

    def allows(self, launch: Launch, token: str) -> bool:
        """True when it does."""


class MintGuard:
    """The local backend's tokens."""

    def __init__(self, mint: TokenMint) -> None:
        self._mint = mint

    def allows(self, launch: Launch, token: str) -> bool:
        """True when TOKEN is the one that was minted for LAUNCH."""
        return self._mint.check(launch.id, token)


class TokenReviewGuard:
    """Projected service-account tokens with our audience, checked by the API server's TokenReview.

    A pod's token names its pod; the pod's name begins with its Job's, which is made from the launch's id.
    https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
    """

    def __init__(self, api: KubeApi, audience: str) -> None:
        self._api = api
        self._audience = audience
        self._seen: dict[str, tuple[float, str, str]] = {}
        self._lock = threading.Lock()

    def allows(self, launch: Launch, token: str) -> bool:
        """True when TOKEN is a living pod's token, and that pod is LAUNCH's."""
        identity = self._identity(token)
        if identity is None:
            return False
        namespace, pod = identity
        return namespace == launch.namespace and pod.rpartition("-")[0] == launch.job_name

    def _identity(self, token: str) -> tuple[str, str] | None:
        """(namespace, pod's name) of TOKEN; None when it is not good."""
        key = hashlib.sha256(token.encode()).hexdigest()
        now = time.monotonic()
        with self._lock:
            known = self._seen.get(key)
            if known is not None and known[0] > now:
                return known[1], known[2]
        try:
            status = self._api.review_token(token, self._audience)
        except KubeError as problem:
            log.warning("a token could not be reviewed", problem=str(problem))
            raise
        if not status.get("authenticated") or self._audience not in (status.get("audiences") or []):
            return None
        user = status.get("user") or {}
        pods = (user.get("extra") or {}).get("authentication.kubernetes.io/pod-name") or []
        words = str(user.get("username")).split(":")  # system:serviceaccount:NAMESPACE:NAME
        if len(pods) != 1 or len(words) != 4:
            return None
        with self._lock:
            if len(self._seen) > 10_000:
                self._seen = {seen: entry for seen, entry in self._seen.items() if entry[0] > now}
            self._seen[key] = (now + REVIEW_KEPT_S, words[2], str(pods[0]))
        return words[2], str(pods[0])
