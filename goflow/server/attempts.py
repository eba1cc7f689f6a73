"""Who speaks on the task API: a token is good for one launch only (decision 12)."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from goflow.domain.runs import Launch
from goflow.executor.tokens import TokenMint
from goflow.kube.errors import KubeError

if TYPE_CHECKING:
    from goflow.kube.api import KubeApi

log = structlog.get_logger(__name__)

REVIEW_KEPT_S = 300.0
"""Seconds for which a reviewed token is believed: a pod's token lives for an hour, and the launch ends it anyway."""


class _Speaker(NamedTuple):
    """Whose token a token is."""

    namespace: str
    account: str
    pod: str


class AttemptGuard(Protocol):
    """Decides whether TOKEN belongs to LAUNCH, or to a trigger runner."""

    def allows(self, launch: Launch, token: str) -> bool:
        """True when it does."""

    def allows_runner(self, runner_id: str, token: str) -> bool:
        """True when TOKEN is that trigger runner's."""


class MintGuard:
    """The local backend's tokens."""

    def __init__(self, mint: TokenMint) -> None:
        self._mint = mint

    def allows(self, launch: Launch, token: str) -> bool:
        """True when TOKEN is the one that was minted for LAUNCH."""
        return self._mint.check(launch.id, token)

    def allows_runner(self, runner_id: str, token: str) -> bool:
        """True when TOKEN is the one that was minted for that trigger runner."""
        return self._mint.check_runner(runner_id, token)


class TokenReviewGuard:
    """Projected service-account tokens with our audience, checked by the API server's TokenReview.

    A pod's token names its pod; the pod's name begins with its Job's, which is made from the launch's id; where
    launches share the Job, its index follows, by which Kubernetes tells the pods apart. All of this is the API server's
    word, and none of it the pod's.
    https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
    https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
    """

    def __init__(self, api: KubeApi, audience: str, *, runner_namespace: str = "", runner_account: str = "") -> None:
        """RUNNER_ACCOUNT: the service account of trigger runners, in RUNNER_NAMESPACE; empty: there are none."""
        self._api = api
        self._audience = audience
        self._runner_place = (runner_namespace, runner_account)
        self._seen: dict[str, tuple[float, _Speaker]] = {}
        self._lock = threading.Lock()

    def allows(self, launch: Launch, token: str) -> bool:
        """True when TOKEN is a living pod's token, and that pod is LAUNCH's."""
        speaker = self._speaker(token)
        if speaker is None:
            return False
        name = launch.job_name if launch.job_index is None else f"{launch.job_name}-{launch.job_index}"
        return speaker.namespace == launch.namespace and speaker.pod.rpartition("-")[0] == name

    def allows_runner(self, runner_id: str, token: str) -> bool:
        """True when TOKEN is that of the living pod RUNNER_ID, and its service account is the trigger runners' own."""
        speaker = self._speaker(token)
        if speaker is None or not self._runner_place[1]:
            return False
        return speaker.pod == runner_id and (speaker.namespace, speaker.account) == self._runner_place

    def _speaker(self, token: str) -> _Speaker | None:
        """Whose token it is; None when it is not good."""
        key = hashlib.sha256(token.encode()).hexdigest()
        now = time.monotonic()
        with self._lock:
            known = self._seen.get(key)
            if known is not None and known[0] > now:
                return known[1]
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
            speaker = _Speaker(words[2], words[3], str(pods[0]))
            self._seen[key] = (now + REVIEW_KEPT_S, speaker)
        return speaker
