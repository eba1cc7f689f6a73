"""Which HTTP status an error of the domain is told with."""

from __future__ import annotations

from goflow.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    GoFlowError,
    InvalidRequestError,
    NotFoundError,
    StateChangeRefusedError,
)
from goflow.logs.contract import LogStoreAwayError

STATUS: dict[type[GoFlowError], int] = {
    NotFoundError: 404,
    AlreadyExistsError: 409,
    ConflictError: 409,
    StateChangeRefusedError: 409,
    InvalidRequestError: 400,
    LogStoreAwayError: 503,
}


def status_of(problem: GoFlowError) -> int:
    """The status of PROBLEM's kind, or of the nearest kind that it is one of; 400 for all others."""
    return next((STATUS[kind] for kind in type(problem).__mro__ if kind in STATUS), 400)
