"""Daemons of the local backend whose home is gone for good, with the word of what they had begun.

What a daemon has begun as processes of its own machine is that daemon's until it has ended, since no other sees the
process: when it is gone, its tasks stay ``running``. Only a person knows that it never comes back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from goflow.domain.errors import ConflictError, NotFoundError
from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.executor.notes import AT_ONCE
from goflow.executor.outcomes import End, settle_all
from goflow.store import Store, Tx, events, members
from goflow.store.rows import Daemon

HOME_LOST = "HomeLost"
"""The reason of an attempt whose daemon was forgotten."""


@dataclass(frozen=True, slots=True)
class KnownDaemon:
    """A daemon, or what is left of one: ROW is None where it has not been heard of for long, TASKS are those that it
    has begun as its own processes and that are not over."""

    id: str
    row: Daemon | None
    is_there: bool
    tasks: int

    @property
    def state(self) -> Literal["running", "gone"]:
        """What a person is told of it."""
        return "running" if self.is_there else "gone"


def all_(tx: Tx) -> list[KnownDaemon]:
    """The daemons that are there, by id, and after them those that are gone and have tasks."""
    now, rows, held = tx.shared_now(), {row.id: row for row in members.all_(tx)}, members.held(tx)
    found = [_known(daemon_id, rows.get(daemon_id), held, now) for daemon_id in sorted({*rows, *held})]
    return sorted((one for one in found if one.is_there or one.tasks), key=lambda one: not one.is_there)


def _known(daemon_id: str, row: Daemon | None, held: dict[str, int], now: dt.datetime) -> KnownDaemon:
    is_there = row is not None and row.expires_at > now
    return KnownDaemon(daemon_id, row, is_there, held.get(daemon_id, 0))


def forget(store: Store, daemon_id: str, *, who: str) -> int:
    """End what a daemon that is gone has begun, as disrupted: the attempts are made anew by others, and cost no retry.
    How many there were. A process that lives all the same is told that it is not wanted, as soon as its daemon is back.
    Raises NotFoundError where nothing is known of that daemon, and ConflictError while it is there."""
    ended, done = 0, False
    while not done:
        with store.transaction() as tx:
            now = tx.shared_now()
            if any(row.id == daemon_id and row.expires_at > now for row in members.all_(tx)):
                hint = "a daemon that is there looks after its tasks itself; end it first"
                raise ConflictError(f"daemon {daemon_id} is there", hint=hint)
            ids = members.held_by(tx, daemon_id, most=AT_ONCE)
            if not (ids or ended):
                hint = "`goflow daemons list` shows who has some"
                raise NotFoundError(f"a daemon {daemon_id} that has tasks", hint=hint)
            ended += sum(settle_all(tx, _ends(ids, daemon_id, tx.now())))
            done = len(ids) < AT_ONCE
            if done:
                events.emit(tx, events.DAEMON_FORGOTTEN, who=who, data={"daemon": daemon_id, "tasks": ended})
    return ended


def _ends(launch_ids: Collection[str], daemon_id: str, now: dt.datetime) -> list[End]:
    words = f"the home of daemon {daemon_id}, which ran it, is lost"
    outcome = Outcome(state=TaskState.FAILED, reason=HOME_LOST, message=words, disrupted=True, at=now)
    return [End(launch_id=one, outcome=outcome, who="executor", lost=True) for one in launch_ids]
