"""What the API server's answers to the creation of a Job mean for its launch: to wait, and who waits too, or to end.

https://kubernetes.io/docs/reference/using-api/api-concepts/#api-verbs-status-codes
"""

from __future__ import annotations

from goflow.executor.backend import BackendAwayError, LaunchRefusedError
from goflow.kube.errors import KubeError, UnavailableError
from goflow.kube.status import QUOTA_EXCEEDED, why_refused

QUOTA_PAUSE_S = 5.0
OWN_PAUSE_S = 5.0
"""Seconds until a launch is tried again that the server could not take (an admission webhook that does not answer)."""
AWAY = frozenset({0, 502, 503, 504})
"""No answer, or one of a proxy's whose server gives none."""


def why_not(problem: KubeError) -> BackendAwayError | LaunchRefusedError:
    """What PROBLEM, the answer to a creation, means."""
    if problem.status == 429:
        return BackendAwayError(str(problem), problem.retry_after_s or 1.0, slow_down=True)
    if problem.status in AWAY or problem.status == 401:  # a token that is not known, as yet or just now
        return BackendAwayError(str(problem), problem.retry_after_s or 1.0)
    if isinstance(problem, UnavailableError):
        reason = problem.reason or "InternalError"
        return BackendAwayError(problem.message, OWN_PAUSE_S, reason=reason, waits="launch")
    reason, words = why_refused(problem.message)
    if problem.status == 403 and reason == QUOTA_EXCEEDED:
        return BackendAwayError(words, QUOTA_PAUSE_S, reason=reason, waits="namespace")
    return LaunchRefusedError(problem.reason or str(problem.status), problem.message)
