"""Which launches are this daemon's to look after, where several share a database.

Two daemons may for a moment both think that a launch is theirs: whatever an executor does may be done twice. That
neither does is what must not last: whoever gets a share that it did not have reconciles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from goflow.domain.runs import SHARED_DIGITS, Launch
from goflow.domain.state import LaunchState
from goflow.members.roster import Roster


class Share(Protocol):
    """What an executor asks before it does anything about a launch. `has` and `take` raise DatabaseBusyError while a
    daemon cannot know: what it was about to do is done later, by whoever has it then."""

    home: str
    """The id of this daemon's home, where launches are its own processes; else empty."""

    def may_have(self, launch_id: str) -> bool:
        """False where the id alone says that another daemon has it."""

    def has(self, launch: Launch) -> bool:
        """Whether it is this daemon's."""

    def take(self, together: Sequence[Launch]) -> bool:
        """The last word before launches are started, all of one Job: whether this daemon is to do it."""


class Everything:
    """The share of a daemon that is alone."""

    home = ""

    def may_have(self, launch_id: str) -> bool:
        """It may."""
        return True

    def has(self, launch: Launch) -> bool:
        """It is."""
        return True

    def take(self, together: Sequence[Launch]) -> bool:
        """It is to."""
        return True


class SharedByName:
    """The share that ROSTER gives by the launch's id: launches that share a Job go together. For a backend that every
    daemon reaches."""

    home = ""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def may_have(self, launch_id: str) -> bool:
        """By its id."""
        return self._roster.may_have(launch_id[:SHARED_DIGITS])

    def has(self, launch: Launch) -> bool:
        """By its id."""
        return self._roster.has(launch.id[:SHARED_DIGITS])

    def take(self, together: Sequence[Launch]) -> bool:
        """Still, as far as is known."""
        return self.has(together[0])


class SharedByHome:
    """The share of a daemon whose launches are processes of its own machine, in its home HOME (the roster's id of it).

    A launch is of the home whose process has claimed it, and before that of the one that has noted that it is there:
    from then on no other daemon can do anything about it. Where that daemon is gone, others have what has not begun: a
    process that comes to claim it later is told that it is not wanted (`transitions.claim_launches`), as is one of two
    that were begun while two daemons thought that it was theirs. What has begun stays that home's until its daemon is
    back.
    """

    def __init__(self, roster: Roster) -> None:
        self.home = roster.id
        self._roster = roster

    def may_have(self, launch_id: str) -> bool:
        """Only its row says that."""
        return True

    def has(self, launch: Launch) -> bool:
        """Its home's; by its id, where it has none or that is gone and it has not begun."""
        mine = self._roster.has(launch.id)
        if launch.home is None:
            return mine
        if launch.home == self._roster.id:
            return True
        begun = launch.claimed_by is not None or launch.state not in {LaunchState.PLANNED, LaunchState.CREATED}
        return mine and not begun and not self._roster.is_live(launch.home)

    def take(self, together: Sequence[Launch]) -> bool:
        """Still, as far as is known."""
        return self.has(together[0])
