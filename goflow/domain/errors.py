"""The errors that rooms raise to each other. An error holds its objects; its docstring is its message's first words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], *, nearness: float = 0.6) -> str:
    """``did you mean 'retries'?``, or nothing where no name of KNOWN is near; NEARNESS 1 is the same name."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=nearness)
    return f"did you mean {near[0]!r}?" if near else ""


class GoFlowError(Exception):
    """Something went wrong"""

    exit_code = 1
    hint = ""

    def __init__(self, detail: str = "", *, hint: str = "") -> None:
        self.detail = detail
        if hint:
            self.hint = hint
        words = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(f"{words}: {detail}" if detail else words)


class NotFoundError(GoFlowError):
    """Not found"""


class AlreadyExistsError(GoFlowError):
    """It exists already"""


class ConflictError(GoFlowError):
    """Somebody else has changed it meanwhile"""


class InvalidRequestError(GoFlowError):
    """The request cannot be carried out"""


class StateChangeRefusedError(GoFlowError):
    """The state table does not have this change"""


class NotReachableError(GoFlowError):
    """The server does not answer"""


class UnauthorizedError(GoFlowError):
    """A valid token is needed"""


class ForbiddenError(GoFlowError):
    """Your role does not allow this"""
