"""What the store raises when it is the database, and not the request, that is in the way."""

from __future__ import annotations

from goflow.domain.errors import GoFlowError


class DatabaseBusyError(GoFlowError):
    """The database does not answer, or cannot do this now"""

    hint = "nothing was changed; it may be tried again"
