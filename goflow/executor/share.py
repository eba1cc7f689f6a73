"""Which launches are this daemon's to look after, where several share a database.

Two daemons may for a moment both think that a launch is theirs: whatever an executor does may be done twice. That
neither does is what must not last: whoever gets a share that it did not have reconciles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from goflow.domain.runs import Launch


class Share(Protocol):
    """What an executor asks before it does anything about a launch. `has` and `take` raise DatabaseBusyError while a
    daemon cannot know: what it was about to do is done later, by whoever has it then."""

    def may_have(self, launch_id: str) -> bool:
        """False where the id alone says that another daemon has it."""

    def has(self, launch: Launch) -> bool:
        """Whether it is this daemon's."""

    def take(self, together: Sequence[Launch]) -> bool:
        """The last word before launches are started, all of one Job: whether this daemon is to do it."""


class Everything:
    """The share of a daemon that is alone."""

    def may_have(self, launch_id: str) -> bool:
        """It may."""
        return True

    def has(self, launch: Launch) -> bool:
        """It is."""
        return True

    def take(self, together: Sequence[Launch]) -> bool:
        """It is to."""
        return True
