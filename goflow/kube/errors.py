"""What the API server may answer besides yes. An error holds the server's status code, reason and message."""

from __future__ import annotations


class KubeError(Exception):
    """The API server has refused."""

    def __init__(self, status: int, reason: str, message: str, retry_after_s: float | None = None) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {reason}: {message}")


class NotFoundError(KubeError):
    """404: there is no such object."""


class AlreadyExistsError(KubeError):
    """409 with the reason AlreadyExists."""


class ConflictError(KubeError):
    """409 otherwise: somebody else has changed it."""


class ForbiddenError(KubeError):
    """403 or 401: the service account may not do this."""


class GoneError(KubeError):
    """410: the resource version of a watch is too old; list again."""


class UnavailableError(KubeError):
    """429, 5xx, or no answer at all (status 0): try again."""


def error_for(status: int, reason: str, message: str, retry_after_s: float | None) -> KubeError:
    """The error that stands for an answer of the API server."""
    kinds: dict[int, type[KubeError]] = {
        401: ForbiddenError,
        403: ForbiddenError,
        404: NotFoundError,
        409: AlreadyExistsError if reason == "AlreadyExists" else ConflictError,
        410: GoneError,
        429: UnavailableError,
    }
    kind = kinds.get(status, UnavailableError if status >= 500 else KubeError)
    return kind(status, reason, message, retry_after_s)
